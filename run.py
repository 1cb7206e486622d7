#!/usr/bin/env python3
"""connect-at-rest: a local simulator of how Amazon Connect encrypts what it stores."""

from __future__ import annotations

import gc
import json
import sys
import urllib.parse
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from services.console.command_line import (
    DEFAULT_DATA_DIR,
    DEFAULT_HOST,
    DEFAULT_PORT,
    DefaultCommand,
    address,
    ask,
    fail,
    is_loopback,
    or_fail,
    place,
    url_of,
)
from services.console.data_directory import locked, wipe
from shared import demo_world

if TYPE_CHECKING:
    from services.simulator import Simulator
    from shared.credentials import AccessKey


@click.group(cls=DefaultCommand, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """A local simulator of how Amazon Connect encrypts what it stores.

    Without a command it starts the server. boto3, the AWS CLI and curl are its clients.
    """


@main.command()
@place
@click.option("--ephemeral", is_flag=True, help="Keep everything in memory; nothing is written to disk.")
@click.option("--empty", is_flag=True, help="Start a new world without the demo accounts.")
@click.option("--seed", type=int, help="Make ids predictable: the same seed and calls give the same ids.")
@click.option("--trace", is_flag=True, help="Print one line per request.")
def serve(host: str, port: int, data_dir: Path, ephemeral: bool, empty: bool, seed: int | None, trace: bool) -> None:
    """Start the server (the default command)."""
    from services.app import create_app
    from services.simulator import Configuration
    from shared.pipeline import MAX_BODY_BYTES
    from shared.server import bind, make_server

    on_loopback = is_loopback(host)
    listener = or_fail(lambda: bind(host, port), f"cannot listen on {host} port {port}")
    with listener, locked(None if ephemeral else data_dir):
        configuration = Configuration(None if ephemeral else data_dir, empty, seed, on_loopback)
        simulator = _open_simulator(configuration)
        keys = {} if on_loopback else simulator.generate_credentials()
        app = create_app(simulator)
        greet = partial(_greet, host, listener.getsockname()[1], simulator, keys, ephemeral, data_dir)
        server = make_server(_traced(app) if trace else app, simulator, MAX_BODY_BYTES, on_ready=greet)
        # What start-up has made lives as long as the process; the collector need not walk it over and over.
        gc.freeze()
        try:
            server.run(sockets=[listener])
        except KeyboardInterrupt:
            pass
        finally:
            simulator.close()


@main.command()
@place
@click.option("--account", default=demo_world.DEFAULT_ACCOUNT, show_default=True, help="Account id.")
@click.option("--user", default=demo_world.DEFAULT_USER, show_default=True, help="IAM user name.")
def env(host: str, port: int, data_dir: Path, account: str, user: str) -> None:
    """Print the lines that point a shell at the server: eval "$(python run.py env)"."""
    key_id, secret = _credentials(host, data_dir, account, user)
    for name, value in {
        "AWS_ENDPOINT_URL": url_of(host, port),
        "AWS_REGION": demo_world.REGION,
        "AWS_DEFAULT_REGION": demo_world.REGION,
        "AWS_ACCESS_KEY_ID": key_id,
        "AWS_SECRET_ACCESS_KEY": secret,
    }.items():
        click.echo(f"export {name}={value}")
    click.echo("unset AWS_SESSION_TOKEN AWS_PROFILE")


@main.command()
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json", "markdown", "html"]),
    default="table",
    show_default=True,
    help="How to print the result.",
)
def compare(form: str) -> None:
    """Store one person's data everywhere, break the keys, and show what died under which owner.

    Runs in fresh worlds of its own; no server is needed and none is touched.
    """
    from services.console import report
    from services.console.comparison import compare as run_comparison

    with report.progress() as on_progress:
        comparison = run_comparison(on_progress)
    report.render(comparison, form)


@main.command()
@place
@click.option("--account", default=demo_world.DEFAULT_ACCOUNT, show_default=True, help="Account id.")
@click.option("--month", help="Such as 2026-11.  [default: this one, by the server's clock]")
@click.option("--format", "form", type=click.Choice(["table", "json"]), default="table", show_default=True)
def costs(host: str, port: int, data_dir: Path, account: str, month: str | None, form: str) -> None:
    """Show what KMS costs an account: its keys, and the requests by key and by the service that made them.

    Asks the running server.
    """
    from services.console import bill

    query = urllib.parse.urlencode({"account": account, **({"month": month} if month else {})})
    told = ask(f"{url_of(host, port)}/_simulator/costs?{query}")
    bill.render(told, form)


@main.command()
@place
def reset(host: str, port: int, data_dir: Path) -> None:
    """Forget everything: of the running server, or of the data directory if none is running on it."""
    try:
        with locked(data_dir, quiet=True):
            wipe(data_dir)
            click.echo(f"{data_dir} is empty.")
    except BlockingIOError:
        ask(f"{url_of(host, port)}/_simulator/reset", b"{}")
        click.echo("The running server has been reset.")


@main.command()
@address
@click.argument("event_or_request_id", required=False)
@click.option("--last-refused", is_flag=True, help="Explain the newest event that was refused.")
@click.option("--json", "as_json", is_flag=True, help="Print what the control API tells.")
def explain(host: str, port: int, event_or_request_id: str | None, last_refused: bool, as_json: bool) -> None:
    """Say which statement or grant decided about a call, and why each other one did not match.

    Takes the id of an event of the trail, or the request id that a client was told. The running server remembers the
    newest calls.
    """
    from services.console.explained import print_explanations

    if (event_or_request_id is None) is not last_refused:
        raise click.UsageError("Name an event or a request by its id, or ask for --last-refused.")
    url = f"{url_of(host, port)}/_simulator/explain"
    queries = (
        ("last=refused",)
        if last_refused
        else tuple(f"{kind}={urllib.parse.quote(event_or_request_id or '')}" for kind in ("event", "request"))
    )
    answer = next((told for query in queries if (told := ask(f"{url}?{query}", absent=404)) is not None), None)
    if answer is None:
        fail("the server remembers nothing of it.")
    if as_json:
        click.echo(json.dumps(answer, indent=2))
    else:
        print_explanations(answer["Explanations"])


def _greet(
    host: str, port: int, simulator: Simulator, keys: dict[str, AccessKey], ephemeral: bool, data_dir: Path
) -> None:
    url = url_of(host, port)
    options = "".join(
        (
            "" if port == DEFAULT_PORT else f" --port {port}",
            "" if host == DEFAULT_HOST else f" --host {host}",
            "" if ephemeral or data_dir == DEFAULT_DATA_DIR else f" --data-dir {data_dir}",
        )
    )
    kept = "in memory" if ephemeral else f"in {data_dir}"
    click.echo(f"connect-at-rest listens on {url}, keeps its data {kept}. A simulator, not a vault. Ctrl-C ends it.")
    click.echo(f'  eval "$({sys.executable} run.py env{options})"')
    click.echo("  aws sts get-caller-identity")
    click.echo(f"  {url}/   the comparison, live")
    for arn, key in keys.items():
        click.echo(f"  {arn}  {key.access_key_id}  {key.secret_access_key}")
    sys.stdout.flush()


def _credentials(host: str, data_dir: Path, account: str, user: str) -> tuple[str, str]:
    """The user's access key: from the data directory if it knows one, else from the demo world."""
    from services.simulator import DATABASE_FILE, Configuration
    from shared.identity import user_arn

    if (data_dir / DATABASE_FILE).exists():
        simulator = _open_simulator(Configuration(data_dir, demo_keys_work=is_loopback(host)))
        key = simulator.credentials.find_access_key(user_arn(account, user))
        simulator.close()
        if key is not None:
            return key.access_key_id, key.secret_access_key
    if not is_loopback(host):
        fail(f"{data_dir} has no generated credentials for {user} in {account}; start the server there first.")
    try:
        demo = demo_world.credentials(account, user)
    except KeyError as error:
        fail(
            f"there is no account or user {error.args[0]}; accounts: {', '.join(demo_world.ACCOUNTS)}; "
            f"users: {', '.join(demo_world.USERS)}."
        )
    return demo.access_key_id, demo.secret_access_key


def _open_simulator(configuration: Any) -> Simulator:
    from services.simulator import DataDirectoryUnusable, Simulator

    try:
        return Simulator(configuration)
    except DataDirectoryUnusable as error:
        fail(str(error))


def _traced(app: Callable[..., Any]) -> Callable[..., Any]:
    """One line per request: method, service or path, operation, status. Never a header, a query or a body."""
    from shared.aws.routing import SERVICE_KEY

    def traced(environ: dict[str, Any], start_response: Callable[..., Any]) -> Any:
        def noting(status: str, headers: list[tuple[str, str]], exc_info: Any = None) -> Any:
            target = environ.get("HTTP_X_AMZ_TARGET", environ.get("PATH_INFO", ""))
            words = (environ["REQUEST_METHOD"], environ.get(SERVICE_KEY), target, status)
            click.echo(" ".join(filter(None, words)), err=True)
            return start_response(status, headers, exc_info)

        return app(environ, noting)

    return traced


if __name__ == "__main__":
    main()
