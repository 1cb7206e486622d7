"""The consent that the use of biometric data needs, once per account and Region, before the first domain.

AWS asks for it in the console ("BIPA consent"), with no API. Here it counts as given until the control API takes it
back.
"""

from __future__ import annotations

from services.voice_id import errors
from services.voice_id.worker import Worker
from shared.catalog import arn

_CONSENT = "compliance-consent"


def check_consent(worker: Worker, account_id: str, region: str) -> None:
    """Raises: ServiceError("ResourceNotFoundException")."""
    record = worker.store.find(_account_arn(account_id, region), _CONSENT, _CONSENT)
    if record is not None and not record.attributes["Acknowledged"]:
        raise errors.no_consent()


def set_consent(worker: Worker, account_id: str, region: str, *, acknowledged: bool) -> None:
    worker.store.put_plain(_account_arn(account_id, region), _CONSENT, _CONSENT, {"Acknowledged": acknowledged})


def _account_arn(account_id: str, region: str) -> str:
    return arn("voiceid", region, account_id, "consent")
