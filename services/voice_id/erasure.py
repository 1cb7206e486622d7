"""The end of data whose time is over: deleted domains, voices of speakers that nobody has heard of for years."""

from __future__ import annotations

from contextlib import suppress

from kms.errors import KmsRefusal
from services.voice_id.worker import Worker

DOMAIN_ERASURE = "VOICE_ID_DOMAIN_ERASURE"


def erase_domain(worker: Worker, arn: str) -> None:
    """Destroy everything of a domain, with the data keys that would open it, and give its KMS keys up."""
    scope = worker.store.find_scope(arn)
    if scope is None:
        return
    worker.simulator.deadlines.clear_all(arn)
    # The data goes all the same: a grant that cannot be retired is the customer's to revoke.
    with suppress(KmsRefusal):
        worker.simulator.reencryption.abandon(scope, worker.store)
    with suppress(KmsRefusal):
        worker.store.delete_scope(scope)
