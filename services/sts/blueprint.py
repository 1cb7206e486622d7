"""The blueprint of AWS STS."""

from __future__ import annotations

from services.refusals import access_denied
from services.sts import identity
from shared.service import Service

SERVICE = Service(
    client_name="sts",
    modules=(identity,),
    refuse=access_denied,
    needs_no_permission=frozenset({"GetCallerIdentity"}),
)
