"""The blueprint of AWS KMS."""

from __future__ import annotations

from kms.operation import FACTS
from services.kms import (
    aliases,
    cryptographic,
    custom_key_stores,
    data_keys,
    errors,
    grants,
    imports,
    key_pairs,
    keys,
    macs,
    multi_region,
    policies,
    rotation,
    tags,
)
from shared.service import Service

SERVICE = Service(
    client_name="kms",
    modules=(
        keys,
        aliases,
        cryptographic,
        data_keys,
        key_pairs,
        macs,
        imports,
        multi_region,
        custom_key_stores,
        grants,
        policies,
        rotation,
        tags,
    ),
    refuse=errors.refuse,
    # For requests that are refused before the engine sees them; it words all other events itself.
    hidden_members=frozenset({"GrantToken", "GrantTokens", "Recipient"}),
    authorizes_itself=True,
    read_only_operations={name: facts.read_only for name, facts in FACTS.items()},
)
