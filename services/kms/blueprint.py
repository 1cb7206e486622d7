"""The blueprint of AWS KMS."""

from __future__ import annotations

from services.kms import aliases, cryptographic, errors, grants, keys, policies, rotation, tags
from shared.service import Service

SERVICE = Service(
    client_name="kms",
    modules=(keys, aliases, cryptographic, grants, policies, rotation, tags),
    refuse=errors.refuse,
    authorizes_itself=True,
)
