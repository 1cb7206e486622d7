"""Host names that begin with a bucket: S3's virtual-hosted style, at AWS's names and at those of this machine.

Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/VirtualHosting.html
"""

from __future__ import annotations

import re

_HOST = re.compile(
    r"(?P<bucket>[^/]+?)(?:\.s3(?:[.-][a-z0-9-]+)?)?\.(?:localhost|amazonaws\.com)(?::[0-9]+)?", re.IGNORECASE
)
_NO_BUCKET = re.compile(r"s3(?:[.-][a-z0-9-]+)?", re.IGNORECASE)


def bucket_of_host(host: str) -> str | None:
    """The bucket of bucket.localhost, bucket.s3.localhost or bucket.s3.us-west-2.amazonaws.com; else None."""
    found = _HOST.fullmatch(host)
    if found is None or _NO_BUCKET.fullmatch(found["bucket"]):
        return None
    return found["bucket"]
