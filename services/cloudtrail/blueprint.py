"""The blueprint of AWS CloudTrail."""

from __future__ import annotations

from services.cloudtrail import lookup
from services.refusals import access_denied
from shared.service import Service

SERVICE = Service(client_name="cloudtrail", modules=(lookup,), refuse=access_denied)
