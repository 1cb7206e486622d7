"""What makes a policy document well formed, what KMS adds for key policies, and the guide's own samples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from shared.policy import MalformedPolicy, Policy, PolicyKind, parse_policy
from tests.shared.policy.samples import (
    ACCOUNT,
    OTHER_ACCOUNT,
    ROLE,
    ROOT,
    SERVICE,
    USER,
    decide,
    identity_policy,
    key_policy,
    request_by,
    statement,
)

SAMPLES = Path(__file__).parents[2] / "vectors" / "policies"
DOMAIN_ARN = "arn:aws:voiceid:us-west-2:111122223333:domain/sampleDomainId"


def parse(text: str, kind: PolicyKind = PolicyKind.RESOURCE) -> Policy:
    return parse_policy(text, kind)


def refusal(text: str, kind: PolicyKind = PolicyKind.RESOURCE) -> str:
    with pytest.raises(MalformedPolicy) as refused:
        parse_policy(text, kind)
    return refused.value.message


class TestGrammar:
    def test_a_document_is_read_whole(self) -> None:
        policy = parse(key_policy(statement(Sid="first"), statement("Deny"), Id="key-default-1"))
        assert (policy.version, policy.policy_id) == ("2012-10-17", "key-default-1")
        assert [(each.index, each.sid, each.effect) for each in policy.statements] == [
            (0, "first", "Allow"),
            (1, None, "Deny"),
        ]

    def test_a_missing_version_is_the_old_one(self) -> None:
        assert parse(key_policy(statement(), version=None)).version == "2008-10-17"

    def test_a_single_statement_may_stand_without_an_array(self) -> None:
        assert parse(json.dumps({"Statement": statement()})).statements == parse(key_policy(statement())).statements

    @pytest.mark.parametrize("effect", [None, "allow", "DENY", "Permit", ["Allow"], True])
    def test_an_effect_is_allow_or_deny_in_exact_case(self, effect: Any) -> None:
        assert "Allow or Deny" in refusal(key_policy({**statement(), "Effect": effect}))

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param("", id="empty"),
            pytest.param("{", id="cut-off"),
            pytest.param('{"Statement": [],}', id="trailing-comma"),
            pytest.param("{'Statement': []}", id="single-quotes"),
            pytest.param("[" * 20_000, id="deep"),
            pytest.param('{"Version": NaN}', id="not-a-number"),
        ],
    )
    def test_a_text_that_is_not_json_is_refused(self, text: str) -> None:
        assert "not valid JSON" in refusal(text)

    @pytest.mark.parametrize("text", ["[]", '"policy"', "1", "null"])
    def test_a_policy_is_an_object(self, text: str) -> None:
        assert "JSON object" in refusal(text)

    @pytest.mark.parametrize(
        "document",
        [
            pytest.param({}, id="missing"),
            pytest.param({"Statement": []}, id="empty"),
            pytest.param({"Statement": None}, id="null"),
            pytest.param({"Statement": "Allow"}, id="text"),
        ],
    )
    def test_a_policy_has_at_least_one_statement(self, document: dict[str, Any]) -> None:
        assert "at least one statement" in refusal(json.dumps(document))

    @pytest.mark.parametrize(
        "text",
        [
            pytest.param('{"Version": "2012-10-17", "Version": "2012-10-17", "Statement": {}}', id="policy"),
            pytest.param('{"Statement": {"Effect": "Deny", "Effect": "Allow"}}', id="statement"),
            pytest.param('{"Statement": {"Effect": "Allow", "Principal": {"AWS": "*", "AWS": "*"}}}', id="principal"),
            pytest.param(
                '{"Statement": {"Effect": "Allow", "Principal": "*", '
                '"Condition": {"StringEquals": {"aws:x": "a", "aws:x": "b"}}}}',
                id="condition",
            ),
        ],
    )
    def test_a_key_twice_in_one_object_is_refused(self, text: str) -> None:
        assert "same key twice" in refusal(text)

    @pytest.mark.parametrize(
        "document",
        [
            pytest.param({"Statement": [statement()], "Comment": "x"}, id="in-a-policy"),
            pytest.param({"Statement": [statement(Actions="kms:*")]}, id="in-a-statement"),
            pytest.param({"Statement": [statement(effect_="Allow")]}, id="in-lower-case"),
        ],
    )
    def test_an_unknown_element_is_refused(self, document: dict[str, Any]) -> None:
        assert "is no element of" in refusal(json.dumps(document))

    @pytest.mark.parametrize(
        ("document", "message"),
        [
            pytest.param({"Version": "2020-01-01", "Statement": statement()}, "no version", id="version"),
            pytest.param({"Version": 20121017, "Statement": statement()}, "must be a string", id="version-number"),
            pytest.param({"Id": {}, "Statement": statement()}, "must be a string", id="id"),
            pytest.param({"Statement": ["Allow"]}, "JSON object", id="statement"),
            pytest.param({"Statement": statement(Sid=1)}, "must be a string", id="sid"),
            pytest.param({"Statement": statement(Action=[["kms:*"]])}, "must be a string", id="nested-array"),
            pytest.param({"Statement": statement(Action=5)}, "must be a string", id="action-number"),
            pytest.param({"Statement": statement(Resource={"a": "b"})}, "must be a string", id="resource-object"),
            pytest.param({"Statement": statement(Condition=[])}, "JSON object", id="condition-array"),
            pytest.param({"Statement": statement(Condition={"Bool": "x"})}, "JSON object", id="operator-text"),
            pytest.param(
                {"Statement": statement(Condition={"StringEquals": {"aws:x": {"a": 1}}})},
                "must be a string",
                id="condition-value-object",
            ),
            pytest.param(
                {"Statement": statement(Condition={"StringEquals": {"aws:x": None}})},
                "must be a string",
                id="null",
            ),
        ],
    )
    def test_an_element_of_the_wrong_type_is_refused(self, document: dict[str, Any], message: str) -> None:
        assert message in refusal(json.dumps(document))

    @pytest.mark.parametrize("element", ["Principal", "Action", "Resource"])
    def test_an_element_and_its_not_form_exclude_each_other(self, element: str) -> None:
        written = {**statement(), f"Not{element}": statement()[element]}
        assert "must not have both" in refusal(key_policy(written))

    @pytest.mark.parametrize(
        ("action", "message"),
        [
            ("Decrypt", "prefaced by a vendor"),
            ("", "prefaced by a vendor"),
            ("kms:", "names no operation"),
            ("kms: Decrypt", "names no operation"),
            (":Decrypt", "Vendor  is not valid"),
            ("k*:Decrypt", "Vendor k* is not valid"),
            ("kms:Decrypt:x", "only one colon"),
        ],
    )
    def test_an_action_has_a_service_prefix(self, action: str, message: str) -> None:
        assert message in refusal(key_policy(statement(Action=action)))
        assert message in refusal(identity_policy(statement(Action=action)), PolicyKind.IDENTITY)

    def test_a_text_is_parsed_once(self) -> None:
        text = key_policy(statement(Sid="parsed once"))
        assert parse(text) is parse(text)


class TestIdentityPolicies:
    @pytest.mark.parametrize("element", ["Principal", "NotPrincipal"])
    def test_an_identity_policy_names_no_principal(self, element: str) -> None:
        written = {**statement(Principal=None), element: "*"}
        assert "should not specify a principal" in refusal(key_policy(written), PolicyKind.IDENTITY)

    def test_an_identity_policy_has_no_id(self) -> None:
        written = key_policy(statement(Principal=None), Id="x")
        assert "is no element of" in refusal(written, PolicyKind.IDENTITY)

    @pytest.mark.parametrize("sid", ["with blank", "dash-ed", "dot.", "é"])
    def test_a_sid_is_alphanumeric(self, sid: str) -> None:
        assert "alpha-numeric" in refusal(identity_policy(statement(Sid=sid)), PolicyKind.IDENTITY)

    def test_a_sid_occurs_once(self) -> None:
        twice = identity_policy(statement(Sid="Same"), statement(Sid="Same"))
        assert "must be unique" in refusal(twice, PolicyKind.IDENTITY)
        parse(identity_policy(statement(Sid=""), statement(Sid=""), statement(Sid="A1")), PolicyKind.IDENTITY)

    @pytest.mark.parametrize("element", ["Action", "Resource"])
    @pytest.mark.parametrize("value", [None, []])
    def test_actions_and_resources_are_required(self, element: str, value: Any) -> None:
        written = identity_policy({**statement(), element: value})
        assert f"must contain {element.lower()}s" in refusal(written, PolicyKind.IDENTITY)

    @pytest.mark.parametrize("resource", ["key/1234", "", "alias/demo"])
    def test_a_resource_is_an_arn_or_everything(self, resource: str) -> None:
        written = identity_policy(statement(Resource=resource))
        assert "must be in ARN format" in refusal(written, PolicyKind.IDENTITY)


class TestKeyPolicies:
    def test_a_sid_may_hold_blanks_and_occur_twice(self) -> None:
        policy = parse(key_policy(statement(Sid="Allow use."), statement(Sid="Allow use.")))
        assert [each.sid for each in policy.statements] == ["Allow use.", "Allow use."]

    @pytest.mark.parametrize("principal", [None, {}, {"AWS": []}, {"AWS": [], "Service": []}])
    def test_a_statement_names_one_or_more_principals(self, principal: Any) -> None:
        assert "one or more principals" in refusal(key_policy(statement(Principal=principal)))

    @pytest.mark.parametrize(
        "character",
        ["\u0000", "\u000b", "\u001f", "\u0100", "\u2019", "\U0001f511"],
        ids=lambda character: f"U+{ord(character):04X}",
    )
    def test_a_character_outside_the_set_is_refused(self, character: str) -> None:
        assert "U+0020 to U+00FF" in refusal(key_policy(statement()).replace("Allow", f"Allow{character}"))

    def test_characters_of_the_set_are_taken(self) -> None:
        text = key_policy(statement(Sid="x")).replace('"x"', '"Schlüssel ÿ"') + "\t\r\n"
        assert parse(text).statements[0].sid == "Schlüssel ÿ"

    @pytest.mark.parametrize("element", ["Action", "Resource"])
    @pytest.mark.parametrize("effect", ["Allow", "Deny"])
    @pytest.mark.parametrize("value", [None, []])
    def test_a_statement_without_an_action_or_resource_has_no_effect(
        self, effect: str, element: str, value: Any
    ) -> None:
        decision = decide(key_policy(statement(effect, **{element: value})), request_by())
        assert (decision.denied_by, decision.allowed_by, decision.delegated_by) == (None, None, None)

    @pytest.mark.parametrize(
        ("key", "what"),
        [
            ("kms:EncryptionContext:Department", "encryption context"),
            ("KMS:encryptioncontext:aws:voiceid:domain:arn", "encryption context"),
            ("aws:RequestTag/team", "tag"),
        ],
    )
    @pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringEqualsIfExists"])
    def test_for_all_values_of_a_single_valued_key_is_overly_permissive(
        self, operator: str, key: str, what: str
    ) -> None:
        message = refusal(key_policy(statement(Condition={f"ForAllValues:{operator}": {key: "x"}})))
        assert message.startswith("OverlyPermissiveCondition: Using the ForAllValues set operator")
        assert f"without the specified {what} or" in message

    @pytest.mark.parametrize(
        ("operator", "key"),
        [
            ("ForAllValues:StringEquals", "kms:EncryptionContextKeys"),
            ("ForAllValues:StringEquals", "aws:TagKeys"),
            ("ForAnyValue:StringEquals", "kms:EncryptionContext:Department"),
            ("StringEquals", "aws:RequestTag/team"),
        ],
    )
    def test_other_conditions_on_contexts_and_tags_are_taken(self, operator: str, key: str) -> None:
        parse(key_policy(statement(Condition={operator: {key: "x"}})))

    @pytest.mark.parametrize(
        "principal",
        [
            pytest.param("arn:aws:iam::111122223333:user/ann", id="arn-outside-a-map"),
            pytest.param(["*"], id="array-outside-a-map"),
            pytest.param({"AWS": f"arn:aws:iam::{ACCOUNT}:group/admins"}, id="group"),
            pytest.param({"AWS": "your_user_or_role_ARN"}, id="placeholder"),
            pytest.param({"AWS": "11112222333"}, id="eleven-digits"),
            pytest.param({"AWS": "arn:aws:iam::*:root"}, id="wildcard-account"),
            pytest.param({"AWS": "arn:aws:iam::111122223333:user/"}, id="user-without-name"),
            pytest.param({"AWS": "arn:aws:iam:us-west-2:111122223333:user/ann"}, id="user-with-region"),
            pytest.param({"AWS": "arn:aws:sts::111122223333:assumed-role/reader"}, id="session-without-name"),
            pytest.param({"AWS": "arn:aws:s3:::bucket"}, id="arn-of-no-principal"),
            pytest.param({"AWS": [USER, ""]}, id="empty-name"),
            pytest.param({"AWS": SERVICE}, id="service-as-aws"),
            pytest.param({"Service": "*"}, id="every-service"),
            pytest.param({"Service": "voiceid"}, id="service-without-domain"),
            pytest.param({"Service": USER}, id="user-as-service"),
            pytest.param({"Federated": "*"}, id="every-provider"),
            pytest.param({"AWS": USER, "Service": []}, id="no-service"),
        ],
    )
    def test_what_is_no_principal_is_refused(self, principal: Any) -> None:
        message = "Policy contains a statement with one or more invalid principals."
        assert refusal(key_policy(statement(Principal=principal))) == message

    def test_an_unknown_type_of_principal_is_refused(self) -> None:
        assert "no type of principal" in refusal(key_policy(statement(Principal={"aws": "*"})))

    @pytest.mark.parametrize(
        "principal",
        [
            pytest.param({"AWS": [ROOT, OTHER_ACCOUNT, USER, ROLE]}, id="aws"),
            pytest.param({"AWS": "arn:aws:iam::111122223333:role/a/path/reader"}, id="path"),
            pytest.param({"AWS": "arn:aws-cn:iam::111122223333:role/reader"}, id="other-partition"),
            pytest.param({"AWS": "arn:aws:sts::111122223333:assumed-role/reader/monday"}, id="session"),
            pytest.param({"AWS": "arn:aws:sts::111122223333:federated-user/ann"}, id="federated-user"),
            pytest.param({"Service": ["voiceid.amazonaws.com", "s3.us-west-2.amazonaws.com"]}, id="service"),
            pytest.param({"Federated": "arn:aws:iam::111122223333:saml-provider/x"}, id="federated"),
            pytest.param({"CanonicalUser": "79a59df900b949e55d96a1e698fbaced"}, id="canonical-user"),
        ],
    )
    def test_every_kind_of_principal_is_taken(self, principal: Any) -> None:
        parse(key_policy(statement(Principal=principal)))

    def test_a_policy_lists_the_arns_it_names(self) -> None:
        named = statement(Principal={"AWS": [USER, OTHER_ACCOUNT, "*"], "Service": SERVICE, "Federated": "x.com"})
        spared = statement("Deny", NotPrincipal={"AWS": [ROOT, ROLE]})
        other_root = f"arn:aws:iam::{OTHER_ACCOUNT}:root"
        assert parse(key_policy(named, spared)).principal_arns() == {USER, ROLE, ROOT, other_root}


class TestSamples:
    def test_the_voice_id_key_policy_with_its_placeholders_filled_in(self) -> None:
        printed = (SAMPLES / "voice_id_key_policy.json").read_text()
        text = printed.replace("your_user_or_role_ARN", USER).replace(".region.", ".us-west-2.")
        through = {"kms:viaservice": "voiceid.us-west-2.amazonaws.com"}
        assert decide(text, request_by(context=through)).allowed_by
        assert decide(text, request_by(action="kms:CreateGrant", context=through)).allowed_by
        assert not decide(text, request_by(action="kms:Encrypt", context=through)).allowed_by
        assert not decide(text, request_by()).allowed_by
        assert not decide(text, request_by(ROLE, context=through)).allowed_by

    def test_the_voice_id_key_policy_is_refused_with_its_placeholder_principal(self) -> None:
        assert "invalid principals" in refusal((SAMPLES / "voice_id_key_policy.json").read_text())

    def test_the_encryption_context_statements_are_refused_as_printed(self) -> None:
        printed = (SAMPLES / "voice_id_encryption_context_statements.txt").read_text()
        assert "not valid JSON" in refusal(f'{{"Statement": [{printed}]}}')

    def test_the_encryption_context_statements_with_their_quotes_repaired(self) -> None:
        printed = (SAMPLES / "voice_id_encryption_context_statements.txt").read_text()
        repaired = printed.replace('Context:"aws', "Context:aws").replace('sampleDomainId""', 'sampleDomainId"')
        text = f'{{"Version": "2012-10-17", "Statement": [{repaired}]}}'
        role = f"arn:aws:iam::{ACCOUNT}:role/ExampleReadOnlyRole"
        bound = {"kms:encryptioncontext:aws:voiceid:domain:arn": DOMAIN_ARN}
        assert decide(text, request_by(role, action="kms:DescribeKey")).allowed_by
        assert decide(text, request_by(role, action="kms:CreateGrant", context=bound)).allowed_by
        assert not decide(text, request_by(role, action="kms:CreateGrant")).allowed_by
        other = {"kms:encryptioncontext:aws:voiceid:domain:arn": DOMAIN_ARN.lower()}
        assert not decide(text, request_by(role, action="kms:CreateGrant", context=other)).allowed_by
