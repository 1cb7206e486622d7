"""The engine's own exceptions. `services/kms/errors.py` gives each its AWS code; other services word them as theirs."""

from __future__ import annotations

from shared.errors import Refusal


class KmsRefusal(Refusal):
    """Base of every refusal of the engine."""


class NotFound(KmsRefusal):
    """No such key, alias or grant in this account and Region."""


class InvalidArn(KmsRefusal):
    """An ARN that is none, or of a kind that the operation does not take."""


class AccessDenied(KmsRefusal):
    """Neither key policy, IAM nor a grant allows the call, or a statement denies it.

    explicit: a Deny statement matched; no grant can mend that.
    """

    def __init__(self, message: str = "", *, explicit: bool = False) -> None:
        super().__init__(message)
        self.explicit = explicit


class KeyDisabled(KmsRefusal):
    """The key is disabled."""


class InvalidKeyState(KmsRefusal):
    """The key's state does not allow the operation."""


class InvalidKeyUsage(KmsRefusal):
    """The key's usage or spec does not fit the operation."""


class UnsupportedOperation(KmsRefusal):
    """The operation does not work for keys of this origin or kind."""


class IncorrectKey(KmsRefusal):
    """The key named in the request is not the one that encrypted."""


class CiphertextRejected(KmsRefusal):
    """A ciphertext blob that is damaged, foreign, or bound to another encryption context. Never says which."""


class InvalidSignature(KmsRefusal):
    """A signature that is not of this message under this key."""


class InvalidMac(KmsRefusal):
    """A message authentication code that is not of this message under this key."""


class RecordRejected(KmsRefusal):
    """A sealed record that does not open under its data key at its place: damaged, moved or swapped."""


class ContentGone(KmsRefusal):
    """A content that was dropped while a piece of it was being written."""


class CustomKeyStoreNotFound(KmsRefusal):
    """No such custom key store in this account and Region."""


class CustomKeyStoreInvalidState(KmsRefusal):
    """The connection of a custom key store is not in the state that the operation needs."""


class CustomKeyStoreNameInUse(KmsRefusal):
    """The name of a custom key store is taken."""


class CustomKeyStoreHasKeys(KmsRefusal):
    """A custom key store that is to go has keys."""


class CloudHsmClusterInUse(KmsRefusal):
    """Another custom key store has this CloudHSM cluster."""


class CloudHsmClusterNotRelated(KmsRefusal):
    """A CloudHSM cluster with another certificate than the one that a store had."""


class CloudHsmClusterNotFound(KmsRefusal):
    """The CloudHSM cluster of a store is gone."""


class CloudHsmClusterNotActive(KmsRefusal):
    """The CloudHSM cluster of a store has no active HSM."""


class CloudHsmClusterInvalidConfiguration(KmsRefusal):
    """The CloudHSM cluster of a store has not the network that it needs."""


class IncorrectTrustAnchor(KmsRefusal):
    """A certificate that is not that of the CloudHSM cluster."""


class XksProxyUriInUse(KmsRefusal):
    """Another custom key store has this proxy."""


class XksProxyUriEndpointInUse(KmsRefusal):
    """Another custom key store has this private DNS name."""


class XksProxyVpcEndpointServiceInUse(KmsRefusal):
    """Another custom key store has this VPC endpoint service."""


class XksProxyUriUnreachable(KmsRefusal):
    """The proxy of an external key store does not answer."""


class XksProxyIncorrectAuthenticationCredential(KmsRefusal):
    """The proxy of an external key store does not know the credential."""


class XksProxyInvalidResponse(KmsRefusal):
    """The proxy of an external key store answers what KMS cannot read."""


class XksProxyInvalidConfiguration(KmsRefusal):
    """The proxy of an external key store is not set up as KMS needs it."""


class XksProxyVpcEndpointServiceNotFound(KmsRefusal):
    """The VPC endpoint service before a proxy is gone."""


class XksProxyVpcEndpointServiceInvalidConfiguration(KmsRefusal):
    """The VPC endpoint service before a proxy is not set up as KMS needs it."""


class XksKeyAlreadyInUse(KmsRefusal):
    """Another KMS key stands for this external key."""


class KeyUnavailable(KmsRefusal):
    """The key's material cannot be reached just now; the call can be tried again."""


class DependencyTimeout(KmsRefusal):
    """What stands behind a custom key store did not answer in time; the call can be tried again."""


class InvalidImportToken(KmsRefusal):
    """An import token that is none, or one of another key."""


class ExpiredImportToken(KmsRefusal):
    """An import token whose 24 hours are over."""


class IncorrectKeyMaterial(KmsRefusal):
    """Imported material that does not fit the key, or is not what was imported before."""


class MalformedPolicyDocument(KmsRefusal):
    """A key policy that AWS KMS would not take."""


class InvalidGrantToken(KmsRefusal):
    """A grant token of no grant."""


class InvalidGrantId(KmsRefusal):
    """A grant id of no grant on this key."""


class InvalidMarker(KmsRefusal):
    """A pagination marker that was not given out."""


class InvalidAliasName(KmsRefusal):
    """An alias name with characters that none may have."""


class AlreadyExists(KmsRefusal):
    """The name is taken."""


class NotAuthorized(KmsRefusal):
    """A reserved name: alias/aws/ belongs to AWS."""


class LimitExceeded(KmsRefusal):
    """A quota is full."""


class TagRefused(KmsRefusal):
    """Tags that are duplicated, reserved or too many."""


class Throttling(KmsRefusal):
    """More requests in a second than the account may make."""


class Conflict(KmsRefusal):
    """Another change of the same key is under way."""


class InvalidRequest(KmsRefusal):
    """Parameters that each are valid and together are not."""


class DryRunSucceeded(KmsRefusal):
    """The call would have succeeded, had it not been a dry run."""


class DomainKeyError(Exception):
    """The domain key file cannot be used: missing, too open, damaged, or not the one of this database."""
