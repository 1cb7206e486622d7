"""The Flask application over one simulated world. Nothing happens at import.

It stands here and not in `shared/`, because it knows every service, and imports go one way.
"""

from __future__ import annotations

import logging

from flask import Flask, Response, jsonify
from werkzeug.exceptions import HTTPException

from services.blueprints import service_blueprint, simulator
from services.registry import SERVICES
from services.simulator import Simulator
from services.wisdom.links import links
from shared.aws.routing import ServicePrefix
from shared.bugs import where

log = logging.getLogger(__name__)


def create_app(world: Simulator) -> Flask:
    """All services, the control API and the page, over `world`."""
    from services.console.blueprint import console
    from services.console.control import control

    app = Flask("connect_at_rest", static_folder=None)
    app.url_map.merge_slashes = False  # a path is signed as it stands; a redirect would only break the signature
    app.extensions["simulator"] = world
    for service in SERVICES.values():
        app.register_blueprint(service_blueprint(service))
    app.register_blueprint(links)
    app.register_blueprint(control)
    app.register_blueprint(console)
    app.register_error_handler(404, _not_found)
    app.register_error_handler(Exception, _internal_error)
    app.wsgi_app = ServicePrefix(app.wsgi_app, frozenset(SERVICES))  # type: ignore[method-assign]
    return app


def _not_found(error: Exception) -> Response:
    """What no service, page or control call answers: as AWS meets a request that it cannot attribute."""
    code, message = "UnknownOperationException", "The request names no simulated service."
    response = jsonify({"__type": code, "message": message})
    response.status_code = 404
    response.content_type = "application/x-amz-json-1.1"
    response.headers |= {"x-amzn-RequestId": simulator().randomness.uuid(), "x-amzn-ErrorType": code}
    return response


def _internal_error(error: Exception) -> Response | HTTPException:
    """Our own fault, outside the services' pipeline. The log tells where, and nothing of what was in hand."""
    if isinstance(error, HTTPException):
        return error
    log.error("a request failed: %s", where(error))
    return Response("An internal error.\n", 500, content_type="text/plain; charset=utf-8")
