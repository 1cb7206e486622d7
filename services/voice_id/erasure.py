"""The end of data whose time is over: deleted domains, voices of speakers that nobody has heard of for years."""

from __future__ import annotations

from services.voice_id.worker import Worker

DOMAIN_ERASURE = "VOICE_ID_DOMAIN_ERASURE"


def erase_domain(worker: Worker, arn: str) -> None:
    """Destroy everything of a domain, with the data keys that would open it, and give its KMS keys up."""
    scope = worker.store.find_scope(arn)
    if scope is None:
        return
    worker.simulator.deadlines.clear_all(arn)
    # Nothing here is refused: a grant that is still there can be retired whatever the key's state, and whatever its
    # policy says; `TestErasure` tries all that a customer can do.
    worker.simulator.reencryption.abandon(scope, worker.store)
    worker.store.delete_scope(scope)
