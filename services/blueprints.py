"""One ordinary Flask blueprint per service: a catch-all route, behind which the service's own model routes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, current_app, request
from werkzeug.datastructures import Headers

from shared.aws.http import HttpResponse
from shared.aws.routing import BODY_TOO_LARGE_KEY, PENDING_KEY, STREAMED_KEY, http_request
from shared.pipeline import Pending, serve
from shared.service import Service

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

    from services.simulator import Simulator

PIECE_BYTES = 1024 * 1024
METHODS = ["GET", "POST", "PUT", "DELETE", "PATCH", "HEAD"]


class _ServiceResponse(Response):
    """Says of what has not changed (304) since when: S3 does, and Werkzeug would leave it out."""

    def get_wsgi_headers(self, environ: WSGIEnvironment) -> Headers:
        headers = super().get_wsgi_headers(environ)
        if "Last-Modified" in self.headers:
            headers["Last-Modified"] = self.headers["Last-Modified"]
        return headers


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
        if isinstance(answered, Pending):
            if PENDING_KEY in request.environ:
                request.environ[PENDING_KEY].append(answered)
                return Response(status=202)
            answered = _finish(answered)
        request.environ[STREAMED_KEY] = not isinstance(answered.body, bytes)
        # An empty body is none: of a HEAD request, the length is the one that the service states.
        response = _ServiceResponse(answered.body or None, answered.status, answered.headers)
        if "Content-Type" not in answered.headers:
            del response.headers["Content-Type"]
        return response

    blueprint.add_url_rule("/", view_func=answer, methods=METHODS)
    blueprint.add_url_rule("/<path:path>", view_func=answer, methods=METHODS)
    return blueprint


def _finish(pending: Pending) -> HttpResponse:
    """For a server that cannot wait: do at once all that is left to do."""
    if pending.takes_body:
        while data := request.stream.read(PIECE_BYTES):
            pending.write(data)
    else:
        while pending.step() and pending.pause(lambda: None) is None:
            pass
    return pending.finish()


def refuse_large_body() -> Response | None:
    """For what is no AWS request: the server hands over no body that is too large, and none is not the same."""
    if request.environ.get(BODY_TOO_LARGE_KEY, False):
        return Response("The request is too large.\n", 413, content_type="text/plain; charset=utf-8")
    return None
