"""May the caller pass a role on to a service? A right of its own, asked about the role, wherever a service takes one.

Source: "Granting a user permissions to pass a role to an AWS service" of the IAM User Guide.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared.permissions import authorize_request, request_of
from shared.principal_context import Value, of_caller

if TYPE_CHECKING:
    from services.call import ServiceCall

_ACTION = "iam:PassRole"


def authorize_passing(call: ServiceCall, role_arn: str, *, for_resource: str | None = None) -> None:
    """Refuse a role that the caller may not pass to the service that is called.

    for_resource: the ARN of what the role is to serve.
    Raises: ServiceError("AccessDeniedException").
    """
    context: dict[str, Value] = {
        **of_caller(call.caller, call.clock.now()),
        "iam:passedtoservice": call.identity.principal,
    }
    if for_resource is not None:
        context["iam:associatedresourcearn"] = for_resource
    request = request_of(call.caller, _ACTION, role_arn, context)
    authorize_request(call.caller, request, call.rulings)
