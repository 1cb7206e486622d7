"""Contents of any length, each sealed under a data key of its own.

A content is what one data key protects: an object. It is written in pieces (the parts of an upload, or one piece for
all), which are in `sealed_pieces`. What pieces make up a content, and in which order, the owner of the content keeps
sealed. Dropping a content drops its data key with it, so that its pieces are unreadable at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from kms import cryptographic, data_keys, errors
from kms.engine import Session
from kms.envelope import ChunkPlace, RecordPlace, SealingKey
from kms.ownership import Ownership, Scope
from shared.identity import Caller


@dataclass(frozen=True)
class Content:
    """One data key and what it is for. scope_arn: of the bucket or the like. record_id: of the object in it."""

    content_id: str
    service: str
    scope_arn: str
    record_id: str
    account_id: str
    region: str
    ownership: str
    key_arn: str
    encryption_context: dict[str, str]
    ciphertext_blob: bytes
    created_at: float

    def as_scope(self) -> Scope:
        """The content as owners of keys know what they protect."""
        return Scope(
            arn=self.scope_arn,
            service=self.service,
            account_id=self.account_id,
            region=self.region,
            ownership=self.ownership,
            key_arn=self.key_arn,
            grant_id=None,
            encryption_context=self.encryption_context,
            generation=1,
            not_after=None,
            created_at=self.created_at,
        )


@dataclass(frozen=True)
class OpenContent:
    """A content whose data key KMS has given out."""

    content: Content
    key: SealingKey

    def place(self, piece_id: str, part: int, index: int, *, is_last: bool) -> ChunkPlace:
        content = self.content
        record = RecordPlace(content.service, content.scope_arn, "content", content.record_id)
        return ChunkPlace(record, piece_id, part, index, is_last)


class SealedContents:
    """The contents of one service, for one request. caller: None for background work of the service itself."""

    def __init__(self, kms: Session, ownerships: Mapping[str, Ownership], service: str, caller: Caller | None) -> None:
        self._kms = kms
        self._database = kms.engine.database
        self._ownerships = ownerships
        self._service = service
        self._caller = caller

    def create(
        self,
        scope_arn: str,
        record_id: str,
        ownership: str,
        encryption_context: dict[str, str],
        *,
        account_id: str,
        region: str,
        key_id: str | None = None,
    ) -> OpenContent:
        """Let an owner provide a data key for a new content, which rests only once it is kept. Raises: KmsRefusal."""
        if self._caller is None:
            raise errors.AccessDenied("Only a caller can give a content a key.")
        engine = self._kms.engine
        provision = self._ownerships[ownership].provide(self._kms, self._caller, scope_arn, encryption_context, key_id)
        content = Content(
            content_id=engine.randomness.uuid(),
            service=self._service,
            scope_arn=scope_arn,
            record_id=record_id,
            account_id=account_id,
            region=region,
            ownership=ownership,
            key_arn=provision.key_arn,
            encryption_context=encryption_context,
            ciphertext_blob=b"",
            created_at=engine.clock.now(),
        )
        data_key = self._kms.perform(
            self._users(content)[0],
            data_keys.generate_data_key,
            key_id=provision.key_arn,
            encryption_context=encryption_context,
            key_spec="AES_256",
        )
        content = replace(content, key_arn=data_key.key_id, ciphertext_blob=data_key.ciphertext_blob)
        return OpenContent(content, SealingKey(content.content_id, data_key.plaintext))

    def keep(self, content: Content) -> None:
        """Let a content rest: for the transaction that names it."""
        self._database.insert("sealed_contents", content.__dict__)

    def get(self, content_id: str) -> Content:
        """Raises: RecordRejected if the content is gone, which only damage can bring about."""
        row = self._database.find("sealed_contents", {"content_id": content_id})
        if row is None:
            raise errors.RecordRejected("The data key of this content does not exist.")
        return Content(**row)

    def open(self, content_id: str) -> OpenContent:
        """Ask KMS for a content's data key. Raises: KmsRefusal."""
        content = self.get(content_id)
        plaintext = b""
        for user in self._users(content):
            plaintext = self._kms.perform(
                user,
                cryptographic.decrypt,
                ciphertext_blob=content.ciphertext_blob,
                encryption_context=content.encryption_context,
                key_id=content.key_arn,
            ).plaintext
        return OpenContent(content, SealingKey(content.content_id, plaintext))

    def _users(self, content: Content) -> Sequence[Caller]:
        users = self._ownerships[content.ownership].users(content.as_scope(), self._caller)
        return [user if self._caller is None else replace(user, request_id=self._caller.request_id) for user in users]
