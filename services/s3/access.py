"""One caller at the buckets: what every operation of S3 stands on, for a request or for another service's work.

A service that reads or writes objects for a customer, as Voice ID's jobs do with a role's session, makes an `Access`
for that caller and uses `services.s3.objects`; IAM, bucket policies and KMS then decide as they do for a request.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from kms.encrypted_store import EncryptedStore
from kms.engine import Session
from kms.ownership import AwsOwned
from kms.sealed_contents import OpenContent, SealedContents
from services.s3 import errors
from services.s3.data_classes import BUCKET
from shared.aws import signature_v2
from shared.aws.authorization import ALGORITHM, is_presigned
from shared.identity import Caller
from shared.principal_context import Value
from shared.rulings import Ruling

if TYPE_CHECKING:
    from services.call import ServiceCall
    from services.simulator import Simulator

REGISTER = "arn:aws:s3:::"
"""The scope that all buckets stand in; a bucket's own ARN begins with it."""

HOME_REGION = "us-east-1"
"""The Region that has no location constraint, and whose endpoint makes buckets anywhere."""

_VERSION_2 = "AWS"
"""The second version of signatures, as s3:signatureversion calls it."""


def _region_of(call: ServiceCall) -> str:
    """A signature of version 2 names no Region: it is good for the one that the bucket is in."""
    record = call.store.find(REGISTER, BUCKET, call.parameters.get("Bucket", ""))
    return HOME_REGION if record is None else str(record.attributes["region"])


def _signature_conditions(call: ServiceCall) -> dict[str, Value]:
    return {
        "s3:authtype": "REST-QUERY-STRING" if is_presigned(call.request) else "REST-HEADER",
        "s3:signatureversion": _VERSION_2 if signature_v2.is_signed(call.request.query_string) else ALGORITHM,
    }


@dataclass
class Access:
    """caller: whose rights count. kms: its events are the trail's once its owner flushes it.

    conditions: condition keys of the request as a whole, names in lower case. rulings: what was decided.
    """

    simulator: Simulator
    kms: Session
    caller: Caller
    conditions: Mapping[str, Value] = field(default_factory=dict)
    rulings: list[Ruling] = field(default_factory=list)

    @classmethod
    def of(cls, call: ServiceCall) -> Access:
        """The access of a request."""
        if not call.region:
            call.caller_or_none = replace(call.caller, region=_region_of(call))
        conditions = {} if call.caller.is_anonymous else _signature_conditions(call)
        stated = call.request.headers.get("x-amz-content-sha256")
        if stated is not None:
            conditions["s3:x-amz-content-sha256"] = stated
        return cls(call.simulator, call.kms, call.caller, conditions, call.rulings)

    @cached_property
    def store(self) -> EncryptedStore:
        """What S3 keeps of buckets and objects under its own key."""
        return EncryptedStore(self.kms, self.simulator.ownerships("s3"), "s3", self.caller)

    @cached_property
    def contents(self) -> SealedContents:
        """The contents of objects."""
        return SealedContents(self.kms, self.simulator.ownerships("s3"), "s3", self.caller)

    def open_content(self, content_id: str) -> OpenContent:
        """Ask for the data key of a content that rests. Raises: KmsRefusal, ServiceError InvalidArgument."""
        if self.contents.get(content_id).ownership != AwsOwned.kind:
            self.check_may_use_kms()
        return self.contents.open(content_id)

    def check_may_use_kms(self) -> None:
        """S3 uses KMS keys with the session of whoever signs, by the newest version. Raises: ServiceError."""
        if self.caller.is_anonymous or self.conditions.get("s3:signatureversion") == _VERSION_2:
            raise errors.needs_signature()

    @property
    def now(self) -> float:
        return self.simulator.clock.now()
