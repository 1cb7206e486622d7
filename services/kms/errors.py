"""Each exception of the engine as the AWS error that it is on the wire. All are HTTP 400 but where noted.

KMS's model gives no statuses. Source: the error lists of the KMS API reference; codes and messages recorded from the
service where the facts say so.
"""

from __future__ import annotations

from kms import errors
from shared.errors import Refusal, ServiceError

CODES: dict[type[errors.KmsRefusal], str] = {
    errors.NotFound: "NotFoundException",
    errors.InvalidArn: "InvalidArnException",
    errors.AccessDenied: "AccessDeniedException",
    errors.KeyDisabled: "DisabledException",
    errors.InvalidKeyState: "KMSInvalidStateException",
    errors.InvalidKeyUsage: "InvalidKeyUsageException",
    errors.UnsupportedOperation: "UnsupportedOperationException",
    errors.IncorrectKey: "IncorrectKeyException",
    errors.CiphertextRejected: "InvalidCiphertextException",
    errors.InvalidSignature: "KMSInvalidSignatureException",
    errors.InvalidMac: "KMSInvalidMacException",
    errors.CustomKeyStoreNotFound: "CustomKeyStoreNotFoundException",
    errors.CustomKeyStoreInvalidState: "CustomKeyStoreInvalidStateException",
    errors.CustomKeyStoreNameInUse: "CustomKeyStoreNameInUseException",
    errors.CustomKeyStoreHasKeys: "CustomKeyStoreHasCMKsException",
    errors.CloudHsmClusterInUse: "CloudHsmClusterInUseException",
    errors.XksProxyUriInUse: "XksProxyUriInUseException",
    errors.XksKeyAlreadyInUse: "XksKeyAlreadyInUseException",
    errors.InvalidImportToken: "InvalidImportTokenException",
    errors.ExpiredImportToken: "ExpiredImportTokenException",
    errors.IncorrectKeyMaterial: "IncorrectKeyMaterialException",
    errors.MalformedPolicyDocument: "MalformedPolicyDocumentException",
    errors.InvalidGrantToken: "InvalidGrantTokenException",
    errors.InvalidGrantId: "InvalidGrantIdException",
    errors.InvalidMarker: "InvalidMarkerException",
    errors.InvalidAliasName: "InvalidAliasNameException",
    errors.AlreadyExists: "AlreadyExistsException",
    errors.NotAuthorized: "NotAuthorizedException",
    errors.LimitExceeded: "LimitExceededException",
    errors.TagRefused: "TagException",
    errors.Conflict: "ConflictException",
    errors.InvalidRequest: "ValidationException",
    errors.DryRunSucceeded: "DryRunOperationException",
}


def refuse(refusal: Refusal) -> ServiceError:
    if isinstance(refusal, errors.KmsRefusal):
        return ServiceError(CODES[type(refusal)], refusal.message, status=400)
    raise refusal
