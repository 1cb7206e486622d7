"""For how long a signature holds: some minutes around its date, or as long as its presigned URL says.

Source: https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-troubleshooting.html; texts as observed.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from shared.aws.authorization import Authorization, bad_query, incomplete, invalid
from shared.aws.credential import S3
from shared.errors import ServiceError

ALLOWED_SKEW = timedelta(minutes=5)
LONG_SKEW = timedelta(minutes=15)
LONGEST_EXPIRY = timedelta(days=7)
_WITH_LONG_SKEW = frozenset({S3, "sts", "iam"})
"""Services that take a clock to be wrong for longer. Source: observed for S3 and STS; inferred for IAM."""
_AMZ_DATE_FORMAT = "%Y%m%dT%H%M%SZ"


def check_date(authorization: Authorization, now: datetime) -> None:
    """Raises: ServiceError if a request was signed too long before or after `now`, or its URL works no more."""
    now = now.astimezone(UTC)
    amz_date = authorization.amz_date
    signed_at = _moment(amz_date)
    skew = LONG_SKEW if authorization.service in _WITH_LONG_SKEW else ALLOWED_SKEW
    lifetime = skew if authorization.expires is None else _lifetime(authorization.expires)
    earliest, latest = now - lifetime, now + skew
    minutes = skew // timedelta(minutes=1)
    if signed_at < earliest.replace(microsecond=0):
        if authorization.service == S3:
            raise _too_old(authorization, now)
        limit = f"{_amz(earliest)} ({_amz(now)} - {minutes} min.)"
        raise invalid(f"Signature expired: {amz_date} is now earlier than {limit}")
    if signed_at > latest:
        if authorization.service == S3:
            raise _skewed(authorization, now)
        limit = f"{_amz(latest)} ({_amz(now)} + {minutes} min.)"
        raise invalid(f"Signature not yet current: {amz_date} is still later than {limit}")


def _lifetime(expires: str) -> timedelta:
    """Raises: ServiceError."""
    if expires.startswith("-") and expires[1:].isdecimal():
        raise bad_query("X-Amz-Expires must be non-negative")
    if not (expires.isascii() and expires.isdecimal() and len(expires) < 10):
        raise bad_query("X-Amz-Expires should be a number")
    lifetime = timedelta(seconds=int(expires))
    if lifetime > LONGEST_EXPIRY:
        raise bad_query(
            "X-Amz-Expires must be less than a week (in seconds); that is, the given X-Amz-Expires "
            "must be less than 604800 seconds"
        )
    return lifetime


def _too_old(authorization: Authorization, now: datetime) -> ServiceError:
    if authorization.expires is None:
        return _skewed(authorization, now)
    expired_at = _moment(authorization.amz_date) + _lifetime(authorization.expires)
    return ServiceError(
        "AccessDenied",
        "Request has expired",
        status=403,
        **{
            "X-Amz-Expires": authorization.expires,
            "Expires": expired_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "ServerTime": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        },
    )


def _skewed(authorization: Authorization, now: datetime) -> ServiceError:
    return ServiceError(
        "RequestTimeTooSkewed",
        "The difference between the request time and the current time is too large.",
        status=403,
        RequestTime=authorization.amz_date,
        ServerTime=now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        MaxAllowedSkewMilliseconds=str(LONG_SKEW // timedelta(milliseconds=1)),
    )


def _moment(amz_date: str) -> datetime:
    try:
        # Faster than strptime by an order of magnitude, and as strict once the form is checked.
        return datetime(
            int(amz_date[:4]), int(amz_date[4:6]), int(amz_date[6:8]),
            int(amz_date[9:11]), int(amz_date[11:13]), int(amz_date[13:15]), tzinfo=UTC,
        )  # fmt: skip
    except ValueError:
        raise incomplete(f"Date must be in ISO-8601 'basic format'. Got '{amz_date}'.") from None


def _amz(moment: datetime) -> str:
    return moment.strftime(_AMZ_DATE_FORMAT)
