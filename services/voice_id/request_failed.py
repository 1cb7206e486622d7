"""One request of a batch job that cannot be met: it stands in the job's output file, the others go on."""

from __future__ import annotations


class RequestFailed(Exception):
    """code: as in the output file, in the manner of HTTP. Source of 402 for a quota: the documentation; else ours."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


INVALID, QUOTA, DENIED, CONFLICT, BROKEN = 400, 402, 403, 409, 500
