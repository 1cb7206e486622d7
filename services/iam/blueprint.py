"""The blueprint of AWS IAM. It is global: its identities have no Region, and its calls happen in us-east-1."""

from __future__ import annotations

from services.iam import (
    access_keys,
    account_details,
    attachments,
    boundaries,
    errors,
    groups,
    inline_policies,
    managed_policies,
    policy_versions,
    roles,
    tags,
    users,
)
from shared.service import Service

SERVICE = Service(
    client_name="iam",
    modules=(
        users,
        access_keys,
        roles,
        groups,
        inline_policies,
        managed_policies,
        policy_versions,
        attachments,
        boundaries,
        tags,
        account_details,
    ),
    refuse=errors.refuse,
    authorizes_itself=True,
    only_region="us-east-1",
)
