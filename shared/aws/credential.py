"""Who signed a request, and for what; and the refusals that every form of signature has.

S3 words them in its own way, with the text that it signed. Source: "Error responses" of the S3 API reference; observed.
"""

from __future__ import annotations

from dataclasses import dataclass

from shared.errors import ServiceError

MISMATCH = (
    "The request signature we calculated does not match the signature you provided. "
    "Check your AWS Secret Access Key and signing method. Consult the service documentation for details."
)


S3 = "s3"


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


def unknown_access_key(service: str, access_key_id: str) -> ServiceError:
    """An access key that nobody has."""
    if service != S3:
        return unknown_credential()
    message = "The AWS Access Key Id you provided does not exist in our records."
    return ServiceError("InvalidAccessKeyId", message, status=403, AWSAccessKeyId=access_key_id)


def foreign_token(credential: Credential) -> ServiceError:
    """An access key with a session token that is not its own, or without the one that it needs."""
    if credential.service != S3 or credential.session_token is None:
        return unknown_access_key(credential.service, credential.access_key_id)
    message = "The provided token is malformed or otherwise invalid."
    return ServiceError("InvalidToken", message, status=400, **{"Token-0": credential.session_token})


def expired_credential(credential: Credential) -> ServiceError:
    """Temporary credentials after their time. Source: observed."""
    if credential.service == S3:
        message = "The provided token has expired."
        return ServiceError("ExpiredToken", message, status=400, **{"Token-0": credential.session_token})
    return ServiceError("ExpiredTokenException", "The security token included in the request is expired")


def mismatch() -> ServiceError:
    return ServiceError("InvalidSignatureException", MISMATCH)


def s3_mismatch(access_key_id: str, signature: str, string_to_sign: str, canonical: str | None = None) -> ServiceError:
    """signature: the one that was sent. canonical: the canonical request, which version 2 has not."""
    shown = {"StringToSign": string_to_sign, "CanonicalRequest": canonical}
    return ServiceError(
        "SignatureDoesNotMatch",
        "The request signature we calculated does not match the signature you provided. Check your key and signing "
        "method.",
        status=403,
        AWSAccessKeyId=access_key_id,
        SignatureProvided=signature,
        **shown,
        **{f"{name}Bytes": None if text is None else _spelt(text) for name, text in shown.items()},
    )


def _spelt(text: str) -> str:
    return text.encode("utf-8", "surrogateescape").hex(" ")
