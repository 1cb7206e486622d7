"""What breaks a constraint of the service model, where SQS has words of its own for it: attributes of no known name.

Source: from memory of the service.
"""

from __future__ import annotations

import re

from services.sqs import errors
from shared.aws.models import service_model
from shared.errors import InvalidParameters, ServiceError

_LISTS = {"attributeNames": "QueueAttributeName", "messageSystemAttributeNames": "MessageSystemAttributeName"}
_MAP = "attributes"
_NAME_IN_LIST, _NAME_IN_MAP = re.compile(r"[\[ ]([^,\]]+)"), re.compile(r"(?:^\{|, )([^=,{}]+)=")


def refuse_parameters(invalid: InvalidParameters) -> ServiceError:
    """The first of them is told."""
    path, value = invalid.broken[0]
    if value is None or path not in (*_LISTS, _MAP):
        return invalid
    pattern = _NAME_IN_MAP if path == _MAP else _NAME_IN_LIST
    known = service_model("sqs").shape_for(_LISTS.get(path, "QueueAttributeName")).enum
    unknown = next((name for name in pattern.findall(value) if name not in known), None)
    return invalid if unknown is None else errors.unknown_attribute(unknown)
