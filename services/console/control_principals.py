"""The control API's accounts, users and roles: who calls, made in one call with policies and credentials."""

from __future__ import annotations

import json
import re
from typing import Any

from flask import Blueprint, Response, jsonify

from services.blueprints import simulator
from services.console.control_calls import BadRequest, body_of, in_unit
from shared.credentials import AccessKey, SessionRequest
from shared.identity import ROLE, USER
from shared.policy import MalformedPolicy, PolicyKind, parse_policy

principals = Blueprint("principals", __name__)

_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)


@principals.get("/accounts")
def list_accounts() -> Response:
    return jsonify({"Accounts": [row["account_id"] for row in simulator().identities.accounts()]})


@principals.post("/accounts")
@in_unit
def create_account() -> Response:
    """A fresh account and the access key of its administrator."""
    body_of()
    account_id, key = simulator().create_account()
    return jsonify(
        {
            "Account": account_id,
            "AccessKeyId": key.access_key_id,
            "SecretAccessKey": key.secret_access_key,
        }
    )


@principals.post("/users")
@in_unit
def create_user() -> Response:
    """{"Account", "Name", "Policies": [...]}: an IAM user with inline policies, and its access key."""
    account_id, name, policies = _principal(body_of("Account", "Name", "Policies"), USER)
    world = simulator()
    return _credentials(world.credentials.create_access_key(world.identities.create_user(account_id, name, policies)))


@principals.post("/roles")
@in_unit
def create_role() -> Response:
    """{"Account", "Name", "Policies": [...], "Session"}: a role, and credentials of a session of it.

    The credentials do not expire: who advances the clock keeps them.
    """
    body = body_of("Account", "Name", "Policies", "Session")
    session = body.get("Session", "session")
    if not isinstance(session, str) or not _NAME.fullmatch(session):
        raise BadRequest('"Session" must be a name of 2 to 64 letters, digits and _+=,.@-.')
    account_id, name, policies = _principal(body, ROLE)
    world = simulator()
    role = world.identities.create_role(account_id, name, policies)
    return _credentials(world.credentials.create_session(role, SessionRequest(session, duration_seconds=None)))


def _principal(body: dict[str, Any], kind: str) -> tuple[str, str, tuple[dict[str, Any], ...]]:
    """Account, name and policies of a principal that does not exist yet. Raises: BadRequest."""
    account_id, name, policies = body.get("Account"), body.get("Name"), body.get("Policies", [])
    if not isinstance(name, str) or not _NAME.fullmatch(name) or not isinstance(policies, list):
        raise BadRequest('"Name" must be 2 to 64 letters, digits and _+=,.@-, and "Policies" a list of documents.')
    identities = simulator().identities
    if not isinstance(account_id, str) or not identities.account_exists(account_id):
        raise BadRequest('"Account" must be the id of an account.')
    if identities.name_is_taken(account_id, kind, name):
        raise BadRequest(f"{name} exists.")
    return account_id, name, tuple(_policy(policy) for policy in policies)


def _credentials(key: AccessKey) -> Response:
    answer = {
        "Arn": key.principal_arn,
        "AccessKeyId": key.access_key_id,
        "SecretAccessKey": key.secret_access_key,
    }
    return jsonify(answer if key.session_token is None else {**answer, "SessionToken": key.session_token})


def _policy(document: Any) -> dict[str, Any]:
    try:
        parse_policy(json.dumps(document), PolicyKind.IDENTITY)
    except MalformedPolicy as error:
        raise BadRequest(f"Malformed policy: {error}") from error
    checked: dict[str, Any] = document
    return checked
