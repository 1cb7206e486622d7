"""Each exception of the engine as the AWS error that it is on the wire: code, status, and whence both are known.

KMS's model gives no statuses. All errors are HTTP 400 but those that the model calls KMS's own fault.
"""

from __future__ import annotations

from typing import NamedTuple

from kms import errors
from shared.errors import Refusal, ServiceError

MODEL = "error shapes and error lists of the KMS API's model"
RECORDED = "answers recorded from AWS KMS, as other open simulators of it publish them"
COMMON = "common errors of the KMS API reference"
QUOTED = "widely quoted answers of AWS KMS"


class WireError(NamedTuple):
    """source: one of the four above, for code and status."""

    code: str
    source: str
    status: int = 400


_AS_THE_MODEL_NAMES_THEM = (
    errors.CustomKeyStoreNotFound,
    errors.CustomKeyStoreInvalidState,
    errors.CustomKeyStoreNameInUse,
    errors.CloudHsmClusterInUse,
    errors.CloudHsmClusterNotRelated,
    errors.CloudHsmClusterNotFound,
    errors.CloudHsmClusterNotActive,
    errors.CloudHsmClusterInvalidConfiguration,
    errors.IncorrectTrustAnchor,
    errors.XksProxyUriInUse,
    errors.XksProxyUriEndpointInUse,
    errors.XksProxyVpcEndpointServiceInUse,
    errors.XksProxyUriUnreachable,
    errors.XksProxyIncorrectAuthenticationCredential,
    errors.XksProxyInvalidResponse,
    errors.XksProxyInvalidConfiguration,
    errors.XksProxyVpcEndpointServiceNotFound,
    errors.XksProxyVpcEndpointServiceInvalidConfiguration,
    errors.XksKeyAlreadyInUse,
)
"""Exceptions that bear the names of the model's shapes."""

WIRE_ERRORS: dict[type[errors.KmsRefusal], WireError] = {
    errors.NotFound: WireError("NotFoundException", RECORDED),
    errors.InvalidArn: WireError("InvalidArnException", MODEL),
    errors.AccessDenied: WireError("AccessDeniedException", COMMON),
    errors.KeyDisabled: WireError("DisabledException", RECORDED),
    errors.InvalidKeyState: WireError("KMSInvalidStateException", RECORDED),
    errors.KeyUnavailable: WireError("KeyUnavailableException", MODEL, status=500),
    errors.DependencyTimeout: WireError("DependencyTimeoutException", MODEL, status=500),
    errors.InvalidKeyUsage: WireError("InvalidKeyUsageException", RECORDED),
    errors.UnsupportedOperation: WireError("UnsupportedOperationException", RECORDED),
    errors.IncorrectKey: WireError("IncorrectKeyException", RECORDED),
    errors.CiphertextRejected: WireError("InvalidCiphertextException", RECORDED),
    errors.InvalidSignature: WireError("KMSInvalidSignatureException", RECORDED),
    errors.InvalidMac: WireError("KMSInvalidMacException", RECORDED),
    errors.CustomKeyStoreHasKeys: WireError("CustomKeyStoreHasCMKsException", MODEL),
    errors.InvalidImportToken: WireError("InvalidImportTokenException", MODEL),
    errors.ExpiredImportToken: WireError("ExpiredImportTokenException", MODEL),
    errors.IncorrectKeyMaterial: WireError("IncorrectKeyMaterialException", MODEL),
    errors.MalformedPolicyDocument: WireError("MalformedPolicyDocumentException", MODEL),
    errors.InvalidGrantToken: WireError("InvalidGrantTokenException", MODEL),
    errors.InvalidGrantId: WireError("InvalidGrantIdException", MODEL),
    errors.InvalidMarker: WireError("InvalidMarkerException", MODEL),
    errors.InvalidAliasName: WireError("InvalidAliasNameException", MODEL),
    errors.AlreadyExists: WireError("AlreadyExistsException", MODEL),
    errors.NotAuthorized: WireError("NotAuthorizedException", QUOTED),
    errors.LimitExceeded: WireError("LimitExceededException", RECORDED),
    errors.Throttling: WireError("ThrottlingException", COMMON),
    errors.TagRefused: WireError("TagException", RECORDED),
    errors.Conflict: WireError("ConflictException", MODEL),
    errors.InvalidRequest: WireError("ValidationException", RECORDED),
    errors.DryRunSucceeded: WireError("DryRunOperationException", RECORDED),
    **{kind: WireError(f"{kind.__name__}Exception", MODEL) for kind in _AS_THE_MODEL_NAMES_THEM},
}


def refuse(refusal: Refusal) -> ServiceError:
    if isinstance(refusal, errors.KmsRefusal):
        wire = WIRE_ERRORS[type(refusal)]
        return ServiceError(wire.code, refusal.message, status=wire.status)
    raise refusal
