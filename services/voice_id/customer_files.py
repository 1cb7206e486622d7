"""The customer's buckets, in the hands of Voice ID as the role that a job was given.

IAM, the bucket's policy and KMS decide on each file as they do for any other request of that role.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Any

from kms.errors import KmsRefusal
from services.s3 import errors as s3_errors
from services.s3 import objects
from services.s3.access import Access
from services.voice_id.worker import Worker
from shared.errors import ServiceError
from shared.identity import Caller

_INVALID = 400


class FileRefused(Exception):
    """A file that the role does not get or may not write. code: in the manner of HTTP."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class CustomerFiles:
    """role: a session of the customer's role."""

    def __init__(self, worker: Worker, role: Caller) -> None:
        self._access = Access(worker.simulator, worker.store.kms, role)

    def read(self, bucket: str, key: str, max_bytes: int) -> bytes:
        """Raises: FileRefused."""
        with _refusals():
            found = objects.find(self._access, bucket, key)
            size = found.stored.size
            if size > max_bytes:
                raise FileRefused(_INVALID, f"The file has {size} bytes; it may have {max_bytes}.")
            with closing(objects.open_range(self._access, found, 0, size)) as content:
                return b"".join(content)

    def write(self, bucket: str, key: str, content: bytes, key_id: str | None) -> None:
        """key_id: of the KMS key to encrypt the file under; None for what the bucket does by default.

        Raises: FileRefused.
        """
        encryption: dict[str, Any] = {}
        if key_id is not None:
            encryption = {"ServerSideEncryption": "aws:kms", "SSEKMSKeyId": key_id}
        with _refusals():
            writer = objects.write(self._access, bucket, key, encryption=encryption)
            writer.write(content)
            writer.finish()


@contextmanager
def _refusals() -> Iterator[None]:
    """What S3 and KMS refuse the role, as S3 would have answered."""
    try:
        yield
    except ServiceError as refusal:
        raise FileRefused(refusal.status or _INVALID, f"{refusal.code}: {refusal.message}") from refusal
    except KmsRefusal as refusal:
        answered = s3_errors.refuse(refusal)
        raise FileRefused(answered.status or _INVALID, f"{answered.code}: {answered.message}") from refusal
