"""One ordinary Flask blueprint per service: a catch-all route, behind which the service's own model routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request

from shared.aws.routing import BODY_TOO_LARGE_KEY, http_request
from shared.pipeline import serve
from shared.service import Service

if TYPE_CHECKING:
    from services.simulator import Simulator

METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]


def simulator() -> Simulator:
    """The world of the running app."""
    world: Simulator = current_app.extensions["simulator"]
    return world


def service_blueprint(service: Service) -> Blueprint:
    """The blueprint under which all requests to a service arrive."""
    blueprint = Blueprint(service.client_name, __name__, url_prefix=f"/{service.client_name}")

    def answer(path: str = "") -> Response:
        call = simulator().begin(http_request(request.environ), service)
        answered = serve(call)
        return Response(answered.body, answered.status, answered.headers)

    blueprint.add_url_rule("/", view_func=answer, methods=METHODS)
    blueprint.add_url_rule("/<path:path>", view_func=answer, methods=METHODS)
    return blueprint


def refuse_large_body() -> Response | None:
    """For what is no AWS request: the server hands over no body that is too large, and none is not the same."""
    if request.environ.get(BODY_TOO_LARGE_KEY, False):
        return Response("The request is too large.\n", 413, content_type="text/plain; charset=utf-8")
    return None
