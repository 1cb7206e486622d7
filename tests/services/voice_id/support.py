"""What the Voice ID tests share: domains with little typing, and what is documented, to compare with."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from shared.aws.models import service_model
from tests.support import REGION, Server

CONTEXT_KEY = "aws:voiceid:domain:arn"
SERVICE = "voiceid.amazonaws.com"
USE_VOICE_ID = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "voiceid:*", "Resource": "*"}],
}
VECTORS = Path(__file__).parents[2] / "vectors"


def encryption(key_id: str) -> dict[str, str]:
    return {"KmsKeyId": key_id}


def create_domain(client: Any, key_id: str, name: str = "calls", **more: Any) -> dict[str, Any]:
    made = client.create_domain(Name=name, ServerSideEncryptionConfiguration=encryption(key_id), **more)
    domain: dict[str, Any] = made["Domain"]
    return domain


def describe(client: Any, domain: dict[str, Any]) -> dict[str, Any]:
    described: dict[str, Any] = client.describe_domain(DomainId=domain["DomainId"])["Domain"]
    return described


def switch(client: Any, domain: dict[str, Any], key_id: str, **more: Any) -> dict[str, Any]:
    updated = client.update_domain(
        DomainId=domain["DomainId"],
        Name=domain["Name"],
        ServerSideEncryptionConfiguration=encryption(key_id),
        **more,
    )
    changed: dict[str, Any] = updated["Domain"]
    return changed


def new_key(kms: Any, **more: Any) -> str:
    arn: str = kms.create_key(**more)["KeyMetadata"]["Arn"]
    return arn


def grants_of(kms: Any, key_arn: str) -> list[dict[str, Any]]:
    grants: list[dict[str, Any]] = kms.list_grants(KeyId=key_arn)["Grants"]
    return grants


def printed_statement(user_arn: str) -> dict[str, Any]:
    """The statement of the printed example key policy, its two placeholders filled in."""
    text = (VECTORS / "policies" / "voice_id_key_policy.json").read_text()
    filled = text.replace("your_user_or_role_ARN", user_arn).replace("voiceid.region.", f"voiceid.{REGION}.")
    statement: dict[str, Any] = json.loads(filled)["Statement"][0]
    return statement


def documented_conflicts() -> dict[str, str]:
    """The error messages that the service model's text gives, by ConflictType."""
    shape = service_model("voice-id").shape_for("ConflictException")
    return dict(re.findall(r"<code>(\w+)</code>: (.+?)</p>", shape.members["ConflictType"].documentation))


def data_keys(server: Server, domain: dict[str, Any]) -> list[dict[str, Any]]:
    """The encrypted data keys of a domain as they rest: {"data_class", "key_arn", "ciphertext_blob", ...}."""
    return server.simulator.database.select("data_keys", {"scope_arn": domain["Arn"]})
