"""The page at /: the comparison live, a button for each event, the trail beside it. It works without script.

Each button is a form; what it did is told by the page that follows. Nobody but a browser on this machine, looking at
this very page, can press one: see `guard`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any

from botocore.exceptions import ClientError
from flask import Blueprint, Response, abort, current_app, make_response, redirect, render_template, request, url_for

from services.blueprints import simulator
from services.console import guard, live, memory
from services.console.background import comparison_run
from services.console.drivers import Driver
from services.console.happenings import ACTIONS, Happening
from services.console.world import World
from shared.explanations import explain_event
from shared.rulings import KEPT

console = Blueprint(
    "console",
    __name__,
    template_folder="templates",
    # Beneath the templates, because the printed comparison includes the same style sheet.
    static_folder="templates/static",
    static_url_path="/_console/static",
)

STEPS = (1, 8, 31, 400)
"""Days by which the page advances the clock: a deletion window, an instance's key and a rotation lie between them."""

_AWS_VIEW = "aws"
_WORLD = "console_world"
_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; img-src 'self' data:; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'",
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Not "no-referrer": under it browsers send "Origin: null" with our own forms, which the guard must refuse.
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@console.before_request
def _guard() -> Response | None:
    try:
        guard.check(request)
    except guard.Refused as refusal:
        return Response(f"{refusal}\n", 403, content_type="text/plain; charset=utf-8")
    return None


@console.after_request
def _secure(response: Response) -> Response:
    response.headers.update(_HEADERS)
    return response


def _in_unit(function: Callable[..., Any]) -> Callable[..., Any]:
    """Run a view as one unit of work."""

    @wraps(function)
    def wrapped(**arguments: Any) -> Any:
        with simulator().database.unit():
            return function(**arguments)

    return wrapped


@console.get("/")
@_in_unit
def page() -> Response:
    of_aws = request.args.get("view") == _AWS_VIEW
    return make_response(render_template("page.html", view=live.view(_world(), of_aws=of_aws), steps=STEPS))


@console.post("/_console/store")
@_in_unit
def store() -> Response:
    """Store the person's data under every owner, once."""
    world = _world()
    if not memory.load_drivers(world):
        with _remembered(world, "Stored one person's data in five services") as met:
            try:
                with world.simulator.database.unit():
                    memory.save_drivers(world.simulator.database, world.store_everything())
            except ClientError as error:
                met.append(f"refused: {error.response['Error']['Code']}: {error.response['Error'].get('Message', '')}")
    return _back()


@console.post("/_console/keys/<card>/<name>")
@_in_unit
def act(card: str, name: str) -> Response:
    """Do one thing to the key of one card."""
    world, action = _world(), ACTIONS.get(name)
    driver = next((one for one in memory.load_drivers(world) if live.card_id(one) == card), None)
    if action is None or driver is None:
        abort(404)
    with _remembered(world, f"{action.title}: {live.full_title(driver)}") as met:
        met.append(_happen(world, driver, action))
    return _back(card)


@console.post("/_console/swap")
@_in_unit
def swap() -> Response:
    """What a thief with the disk can do; twice, and all is as it was."""
    world = _world()
    with _remembered(world, "Swapped rows of A and B on the disk"):
        for driver in memory.load_drivers(world):
            _happen(world, driver, ACTIONS["swap-rows"])
    return _back()


@console.post("/_console/advance/<int:days>")
@_in_unit
def advance(days: int) -> Response:
    """Let days pass, and whatever falls due in them happen."""
    if days not in STEPS:
        abort(404)
    world = _world()
    with _remembered(world, f"{days} day{'s' if days > 1 else ''} passed"):
        world.advance(f"P{days}D")
    return _back()


@console.post("/_console/reset")
@_in_unit
def reset() -> Response:
    """Forget everything."""
    simulator().reset()
    current_app.extensions.pop(_WORLD, None)
    return _back()


@console.get("/_console/explain/<event_id>")
def explanation(event_id: str) -> Response:
    """Which statement or grant decided about an event of the trail, and why each other one did not match."""
    events = [explain_event(event) for event in simulator().trail.rulings.of_event(event_id)]
    return make_response(render_template("explanation.html", events=events, kept=KEPT), 200 if events else 404)


@console.get("/compare")
def comparison() -> Response:
    """The comparison in worlds of its own: how far it is, then what came of it."""
    return make_response(render_template("compare.html", run=comparison_run(simulator()).as_json()))


@console.post("/_console/compare")
def compare() -> Response:
    comparison_run(simulator()).start()
    return _see(url_for("console.comparison"))


def _world() -> World:
    """The running world with clients of its demo administrator, which are made once."""
    if _WORLD not in current_app.extensions:
        current_app.extensions[_WORLD] = World.over(simulator(), current_app.wsgi_app)
    world: World = current_app.extensions[_WORLD]
    return world


@contextmanager
def _remembered(world: World, what: str) -> Iterator[list[str]]:
    """Remember what is done within, with the events that it left. Yields where to put what it met."""
    first, met = world.mark(), list[str]()
    yield met
    action = memory.LastAction(what, "".join(met), first, world.mark())
    memory.save_last_action(world.simulator.database, action)


def _happen(world: World, driver: Driver, action: Happening) -> str:
    try:
        return action.happen(world, driver)
    except LookupError:
        return "there is nothing stored any more"


def _back(card: str | None = None) -> Response:
    """To the page, in the view and at the card that the button was pressed in."""
    chosen = _AWS_VIEW if request.args.get("view") == _AWS_VIEW else None
    return _see(url_for("console.page", view=chosen, _anchor=card))


def _see(url: str) -> Response:
    return make_response(redirect(url, 303))
