"""One request of a batch job that cannot be met: it stands in the job's output file, the others go on."""

from __future__ import annotations


class RequestFailed(Exception):
    """code: as in the output file, in the manner of HTTP. Source of 402 for a quota: the documentation; else ours.

    without_names: the message for whoever may see no name that the customer gave, if it has one in it.
    """

    def __init__(self, code: int, message: str, without_names: str | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.without_names = without_names or message


INVALID, QUOTA, DENIED, CONFLICT, BROKEN = 400, 402, 403, 409, 500
