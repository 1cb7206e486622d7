"""Key specs: which usages a kind of key has, with which algorithms, and which operations a grant on it can allow."""

from __future__ import annotations

from kms import errors, tables
from kms.key import KmsKey

SYMMETRIC_DEFAULT = "SYMMETRIC_DEFAULT"
ENCRYPT_DECRYPT, SIGN_VERIFY = "ENCRYPT_DECRYPT", "SIGN_VERIFY"
KEY_AGREEMENT, GENERATE_VERIFY_MAC = "KEY_AGREEMENT", "GENERATE_VERIFY_MAC"
ENCAPSULATE_DECAPSULATE = "ENCAPSULATE_DECAPSULATE"

ALGORITHMS_MEMBER = {
    ENCRYPT_DECRYPT: "encryptionAlgorithms",
    SIGN_VERIFY: "signingAlgorithms",
    KEY_AGREEMENT: "keyAgreementAlgorithms",
    GENERATE_VERIFY_MAC: "macAlgorithms",
    ENCAPSULATE_DECAPSULATE: "encapsulationAlgorithms",
}
"""Key usage -> where a key's metadata lists its algorithms; on the wire with a capital."""

_TABLE = tables.load("key_specs")
SPECS: dict[str, dict[str, list[str]]] = _TABLE["specs"]
_GRANTABLE: dict[str, list[str]] = _TABLE["grantOperations"]

DATA_KEY_PAIR_SPECS: frozenset[str] = frozenset(_TABLE["dataKeyPairs"])


def usage_of(spec: str, usage: str | None) -> str:
    """The usage of a new key. Raises: UnsupportedOperation for a spec not simulated; InvalidRequest."""
    if spec not in SPECS:
        raise errors.UnsupportedOperation(f"KeySpec {spec} is not simulated.")
    if usage is None:
        if spec != SYMMETRIC_DEFAULT:
            raise errors.InvalidRequest(
                "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
            )
        return ENCRYPT_DECRYPT
    if usage not in SPECS[spec]:
        raise errors.InvalidRequest(f"KeyUsage {usage} is not compatible with KeySpec {spec}")
    return usage


def algorithms(spec: str, usage: str) -> list[str]:
    """The algorithms of a key, in the order in which AWS names them."""
    return SPECS[spec][usage]


def is_symmetric(key: KmsKey) -> bool:
    """Whether a key is a symmetric encryption key: the only kind that rotates and takes an encryption context."""
    return key.key_spec == SYMMETRIC_DEFAULT


def has_key_pair(key: KmsKey) -> bool:
    return key.key_spec != SYMMETRIC_DEFAULT and key.key_usage != GENERATE_VERIFY_MAC


def are_alike(one: KmsKey, other: KmsKey) -> bool:
    """Whether an alias may go from one key to the other: both symmetric, asymmetric or HMAC, and of one usage.

    Source: UpdateAlias of the KMS API reference.
    """
    return (has_key_pair(one), one.key_usage) == (has_key_pair(other), other.key_usage)


def check(name: str, key: KmsKey, usage: str, algorithm: str) -> None:
    """Refuse a key of another usage, or one that does not know the algorithm.

    name: the operation's. Raises: InvalidKeyUsage, in the recorded words of AWS KMS.
    """
    if key.key_usage != usage:
        raise errors.InvalidKeyUsage(f"{key.arn} key usage is {key.key_usage} which is not valid for {name}.")
    if algorithm not in algorithms(key.key_spec, usage):
        raise errors.InvalidKeyUsage(f"Algorithm {algorithm} is incompatible with key spec {key.key_spec}.")


def grantable(key: KmsKey) -> frozenset[str]:
    """The operations that a grant on a key can allow."""
    own = _GRANTABLE.get(f"{key.key_spec}/{key.key_usage}") or _GRANTABLE[key.key_usage]
    return frozenset(own) | frozenset(_GRANTABLE["_every"])
