"""Principals under another name: what becomes of a policy when a user or role that it names is renamed or deleted.

AWS keeps the unique id of a principal that a policy names, and shows its ARN as long as there is one. So a renamed
user stays named; and who is deleted stands in the policy with the unique id, which a new one of the same name does
not have.
Source: IAM User Guide, "AWS JSON policy elements: Principal".
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

from shared.identity import root_arn

_ACCOUNT_ID = re.compile(r"[0-9]{12}")

Rename = Callable[[str], str | None]
"""Takes the name of an AWS principal; returns its new name, or None if it keeps its own."""


def rename_principals(text: str, rename: Rename) -> str | None:
    """The JSON text of a policy with its principals renamed; None if that changes nothing."""
    document = json.loads(text)
    written = document["Statement"]
    changed = [_in_statement(statement, rename) for statement in (written if isinstance(written, list) else [written])]
    return json.dumps(document) if any(changed) else None


def with_root_arns(text: str) -> str:
    """The JSON text of a policy with accounts named by the ARNs of their roots, as AWS saves it.

    Source: IAM User Guide, "AWS JSON policy elements: Principal", AWS account principals.
    """

    def to_root_arn(name: str) -> str | None:
        return root_arn(name) if _ACCOUNT_ID.fullmatch(name) else None

    return rename_principals(text, to_root_arn) or text


def _in_statement(statement: dict[str, Any], rename: Rename) -> bool:
    changed = False
    for element in ("Principal", "NotPrincipal"):
        principals = statement.get(element)
        if not isinstance(principals, dict) or "AWS" not in principals:
            continue
        names = principals["AWS"]
        listed = names if isinstance(names, list) else [names]
        renamed = [rename(name) or name for name in listed]
        if renamed != listed:
            principals["AWS"] = renamed if isinstance(names, list) else renamed[0]
            changed = True
    return changed
