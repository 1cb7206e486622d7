"""Who signed a request, and for what; and the two refusals that every form of signature has."""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import ServiceError

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


@dataclass(frozen=True)
class Credential:
    """The credential scope of a request. A signature of version 2 has no date and no Region: both are empty."""

    access_key_id: str
    date: str
    region: str
    service: str
    session_token: str | None = None


def unknown_credential() -> ServiceError:
    """An access key that nobody has, or one with a session token that is not its own."""
    return ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.")


def expired_credential() -> ServiceError:
    """Temporary credentials after their time. Source: observed."""
    return ServiceError("ExpiredTokenException", "The security token included in the request is expired")


def mismatch() -> ServiceError:
    return ServiceError("InvalidSignatureException", MISMATCH)
