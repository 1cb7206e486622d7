"""From JSON text to a policy: the grammar, and what KMS adds to it for key policies.

Every pattern, condition and principal is compiled here, once per text, so that evaluation only looks.

Source: IAM User Guide, "Grammar of the IAM JSON policy language"; AWS KMS API Reference, PutKeyPolicy, and
Developer Guide, "Key policies in AWS KMS". Left out: the 32,768 bytes a key policy may have, a quota of KMS.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import Any

from shared.policy.conditions import Condition, parse_condition
from shared.policy.errors import INVALID_PRINCIPAL, NO_VENDOR, MalformedPolicy, PolicySyntaxError
from shared.policy.json_text import check_elements, check_object, load, one_of, text_of, texts_of
from shared.policy.patterns import Matcher, Template, Variable, matcher
from shared.policy.principals import Principals, parse_principals

_KEY_POLICY_TEXT = re.compile(r"[\t\n\r\x20-\xff]*")
_IDENTITY_SID = re.compile(r"[A-Za-z0-9]*")
_ACTION = re.compile(r"\*|(?:\*|[A-Za-z0-9.-]+):[^\s:]+")
_VENDOR = re.compile(r"\*|[A-Za-z0-9.-]+")
_ONE_COLON = "Actions/Condition can contain only one colon."
_VERSIONS = {"2012-10-17": True, "2008-10-17": False}  # -> whether it has policy variables
_STATEMENT_ELEMENTS = {"Sid", "Effect", "Condition"}.union(
    f"{negation}{name}" for name in ("Principal", "Action", "Resource") for negation in ("", "Not")
)
_OVERLY_PERMISSIVE = {"kms:encryptioncontext:": "encryption context", "aws:requesttag/": "tag"}


class PolicyKind(Enum):
    """Where a policy hangs: on a principal; on a resource, a KMS key; on a role, whose sessions it entrusts."""

    IDENTITY = "identity"
    RESOURCE = "resource"
    TRUST = "trust"


@dataclass(frozen=True)
class Selection:
    """An Action or Resource element, or with `negated` its Not form: everything but `texts`.

    variables: those that must have a value, or a default, for the statement to match.
    """

    texts: tuple[str, ...]
    negated: bool
    matchers: tuple[Matcher, ...] = field(compare=False, repr=False)
    variables: frozenset[Variable] = frozenset()


@dataclass(frozen=True)
class Statement:
    """One statement. index: its place in the document, from 0.

    principals: None in an identity policy. actions, resources: None where a key policy leaves them out, which
    AWS KMS takes and which has no effect.
    variables: those that must have a value, or a default, for the statement to match.
    """

    index: int
    sid: str | None
    effect: str
    principals: Principals | None
    actions: Selection | None
    resources: Selection | None
    conditions: tuple[Condition, ...]
    variables: frozenset[Variable]

    @property
    def allows(self) -> bool:
        return self.effect == "Allow"


@dataclass(frozen=True)
class Policy:
    """A parsed policy. version: the default, "2008-10-17", where the document names none."""

    kind: PolicyKind
    version: str
    policy_id: str | None
    statements: tuple[Statement, ...]

    def principal_arns(self) -> frozenset[str]:
        """The ARNs that AWS principals are named by; for an account its root ARN."""
        named = [statement.principals for statement in self.statements if statement.principals]
        return (
            frozenset()
            .union(*(principals.arns for principals in named))
            .union(*(principals.accounts.values() for principals in named))
        )


def parse_policy(text: str, kind: PolicyKind) -> Policy:
    """Parse and validate a policy; the same text again costs a look-up. Raises: MalformedPolicy."""
    return _parse_policy(text, kind)


@lru_cache(maxsize=512)
def _parse_policy(text: str, kind: PolicyKind) -> Policy:
    if kind is PolicyKind.RESOURCE and not _KEY_POLICY_TEXT.fullmatch(text):
        raise MalformedPolicy("A key policy may hold tab, line feed, carriage return and U+0020 to U+00FF only.")
    document = load(text)
    elements = {"Version", "Statement"} if kind is PolicyKind.IDENTITY else {"Version", "Id", "Statement"}
    check_elements(document, elements, "a policy")
    version = text_of(document.get("Version", "2008-10-17"), "Version")
    if version not in _VERSIONS:
        raise PolicySyntaxError(f"The policy language has no version {version!r}.")
    written = document.get("Statement")
    objects = [written] if isinstance(written, dict) else written
    if not isinstance(objects, list) or not objects:
        raise PolicySyntaxError("A policy must have at least one statement.")
    parser = _StatementParser(kind, variables=_VERSIONS[version])
    statements = tuple(parser.parse(index, item) for index, item in enumerate(objects))
    _check_sids(statements, kind)
    policy_id = text_of(document["Id"], "Id") if "Id" in document else None
    return Policy(kind, version, policy_id, statements)


@dataclass(frozen=True)
class _StatementParser:
    kind: PolicyKind
    variables: bool

    def parse(self, index: int, written: Any) -> Statement:
        if not isinstance(written, dict):
            raise PolicySyntaxError("A statement must be a JSON object.")
        check_elements(written, _STATEMENT_ELEMENTS, "a statement")
        effect = written.get("Effect")
        if effect not in ("Allow", "Deny"):
            raise PolicySyntaxError("The Effect of a statement must be Allow or Deny.")
        actions, resources = self._actions(written), self._resources(written)
        conditions = self._conditions(written.get("Condition", {}))
        variables = [part.variables for part in (resources, *conditions) if part]
        return Statement(
            index=index,
            sid=text_of(written["Sid"], "Sid") if "Sid" in written else None,
            effect=effect,
            principals=self._principals(written),
            actions=actions,
            resources=resources,
            conditions=conditions,
            variables=frozenset().union(*variables),
        )

    def _principals(self, written: dict[str, Any]) -> Principals | None:
        name = one_of(written, "Principal")
        if self.kind is PolicyKind.IDENTITY:
            if name is not None:
                raise MalformedPolicy("Policy document should not specify a principal.")
            return None
        if name is None:
            of_trust = self.kind is PolicyKind.TRUST
            text = "Missing required field Principal" if of_trust else "A statement must name one or more principals."
            raise MalformedPolicy(text)
        element = written[name]
        if element == "*":
            element = {"AWS": "*"}
        if not isinstance(element, dict):
            raise MalformedPolicy(INVALID_PRINCIPAL)
        names = {kind: texts_of(values, name) for kind, values in element.items()}
        return parse_principals(names, negated=name != "Principal")

    def _actions(self, written: dict[str, Any]) -> Selection | None:
        name, texts = self._selected(written, "Action")
        for text in texts:
            if not _ACTION.fullmatch(text):
                raise _bad_action(text)
            if self.kind is PolicyKind.TRUST and not text.lower().startswith("sts:"):
                raise MalformedPolicy("AssumeRole policy may only specify STS AssumeRole actions.")
        if name is None:
            return None
        templates = [Template.parse(text.lower(), variables=False, wildcards=True) for text in texts]
        return Selection(texts, name != "Action", tuple(matcher(template) for template in templates))

    def _resources(self, written: dict[str, Any]) -> Selection | None:
        if self.kind is PolicyKind.TRUST:
            return self._its_role(written)
        name, texts = self._selected(written, "Resource")
        for text in texts:
            self._check_resource(text)
        if name is None:
            return None
        templates = [Template.parse(text, variables=self.variables, wildcards=True) for text in texts]
        used = frozenset(variable for template in templates for variable in template.variables)
        matchers = tuple(matcher(template) for template in templates)
        return Selection(texts, name != "Resource", matchers, used)

    def _its_role(self, written: dict[str, Any]) -> Selection:
        """A trust policy is about the role it hangs on, and names no resource."""
        for name in ("Resource", "NotResource"):
            if name in written:
                raise MalformedPolicy(f"Has prohibited field {name}")
        everything = Template.parse("*", variables=False, wildcards=True)
        return Selection(("*",), False, (matcher(everything),))

    def _selected(self, written: dict[str, Any], base: str) -> tuple[str | None, tuple[str, ...]]:
        """The element's name and its texts. A key policy may leave it out, or empty."""
        name = one_of(written, base)
        texts = () if name is None else texts_of(written[name], name)
        if texts:
            return name, texts
        if self.kind is not PolicyKind.RESOURCE:
            of_trust = self.kind is PolicyKind.TRUST
            words = f"Missing required field {base}" if of_trust else f"Policy statement must contain {base.lower()}s."
            raise MalformedPolicy(words)
        return None, ()

    def _check_resource(self, text: str) -> None:
        if self.kind is PolicyKind.IDENTITY and text != "*" and not text.startswith("arn:"):
            raise MalformedPolicy(f'Resource {text} must be in ARN format or "*".')
        before, variable, _ = text.partition("${")
        if self.variables and variable and before.count(":") < 5:
            raise MalformedPolicy(f"Resource {text} has a policy variable before the fifth colon.")

    def _conditions(self, block: Any) -> tuple[Condition, ...]:
        check_object(block, "A Condition")
        conditions = []
        for operator, keys in block.items():
            check_object(keys, f"Condition operator {operator!r}")
            for key, values in keys.items():
                texts = texts_of(values, key, numbers=True)
                conditions.append(parse_condition(operator, key, texts, variables=self.variables))
                if self.kind is PolicyKind.RESOURCE:
                    _check_overly_permissive(conditions[-1])
        return tuple(conditions)


def _bad_action(text: str) -> MalformedPolicy:
    vendor, colon, name = text.partition(":")
    if not colon:
        return MalformedPolicy(NO_VENDOR)
    if ":" in name:
        return MalformedPolicy(_ONE_COLON)
    if not _VENDOR.fullmatch(vendor):
        return MalformedPolicy(f"Vendor {vendor} is not valid")
    return PolicySyntaxError(f"Action {text!r} names no operation.")


def _check_overly_permissive(condition: Condition) -> None:
    for prefix, what in _OVERLY_PERMISSIVE.items():
        if condition.operator.startswith("ForAllValues:") and condition.name.startswith(prefix):
            raise MalformedPolicy(
                "OverlyPermissiveCondition: Using the ForAllValues set operator with a single-valued "
                f"condition key matches requests without the specified {what} or with an unspecified {what}. "
                "To fix, remove ForAllValues."
            )


def _check_sids(statements: tuple[Statement, ...], kind: PolicyKind) -> None:
    if kind is PolicyKind.RESOURCE:
        return
    sids = [statement.sid for statement in statements if statement.sid]
    if not all(_IDENTITY_SID.fullmatch(sid) for sid in sids):
        raise MalformedPolicy(
            "Statement IDs (SID) must be alpha-numeric. "
            "Check that your input satisfies the regular expression [0-9A-Za-z]*"
        )
    if len(set(sids)) < len(sids):
        raise MalformedPolicy("Statement IDs (SID) in a single policy must be unique.")
