"""AssumeRole: who may, for how long, with how much, and what it is called afterwards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from services.sts.assume_role import assume_role_as_service
from shared.catalog import SERVICES
from shared.errors import ServiceError
from tests.services.iam.support import EVERYTHING, allow, aws, deny, document, managed, role, session, trust, user
from tests.support import REGION, Account, Server, events_of, refused

VOICE_ID = {"Service": "voiceid.amazonaws.com"}


def encrypt(caller: Account, key: str) -> None:
    caller.client("kms").encrypt(KeyId=key, Plaintext=b"x")


def refusal_of(caller: Account, key: str) -> str:
    with refused("AccessDeniedException") as refusal:
        encrypt(caller, key)
    return refusal.message.partition(f"on resource: {key} ")[2]


class TestShape:
    def test_a_session_is_told_as_aws_tells_it(self, account: Account) -> None:
        arn = role(account, "r", trust(account.account_id), Path="/app/")
        answer = account.client("sts").assume_role(RoleArn=arn, RoleSessionName="ann")
        unique_id = account.client("iam").get_role(RoleName="r")["Role"]["RoleId"]
        session_arn = f"arn:aws:sts::{account.account_id}:assumed-role/r/ann"
        assert answer["AssumedRoleUser"] == {"AssumedRoleId": f"{unique_id}:ann", "Arn": session_arn}
        assert answer["Credentials"]["AccessKeyId"].startswith("ASIA")
        assert "PackedPolicySize" not in answer

    def test_a_role_that_is_not_there_is_refused_in_the_same_words(self, account: Account) -> None:
        closed = role(account, "closed", trust(VOICE_ID))
        absent = closed.replace("closed", "absent")
        messages = []
        for arn in (closed, absent):
            with refused("AccessDenied") as refusal:
                session(account, arn)
            assert refusal.status == 403
            messages.append(refusal.message.replace(arn, "ROLE"))
        assert messages[0] == messages[1]
        assert messages[0].endswith("is not authorized to perform: sts:AssumeRole on resource: ROLE")

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"DurationSeconds": 3601}, "ValidationError"),
            ({"Policy": "{"}, "MalformedPolicyDocument"),
            ({"Policy": document(allow(*["kms:Encrypt"] * 150))}, "ValidationError"),
            ({"PolicyArns": [{"arn": "arn:aws:iam::aws:policy/NoSuch"}]}, "ValidationError"),
            ({"Tags": [{"Key": f"k{n}", "Value": "v" * 200} for n in range(20)]}, "PackedPolicyTooLarge"),
            ({"TransitiveTagKeys": ["absent"]}, "InvalidParameterValue"),
            ({"Tags": [{"Key": "a", "Value": "1"}, {"Key": "A", "Value": "2"}]}, "InvalidParameterValue"),
        ],
        ids=["over-the-maximum", "no-policy", "long-policy", "unknown-policy", "large-tags", "transitive", "twice"],
    )
    def test_a_request_that_aws_would_not_take(self, account: Account, more: dict[str, Any], code: str) -> None:
        arn = role(account, "r", trust(account.account_id, "sts:AssumeRole", "sts:TagSession"))
        with refused(code) as refusal:
            session(account, arn, **more)
        assert refusal.status == 400

    def test_a_policy_with_syntax_errors_is_told_no_more_about(self, account: Account) -> None:
        arn = role(account, "r", trust(account.account_id))
        with refused("MalformedPolicyDocument") as refusal:
            session(account, arn, Policy="{}")
        assert refusal.message == "Syntax errors in policy."

    def test_no_code_of_an_mfa_device_is_right(self, account: Account) -> None:
        arn = role(account, "r", trust(account.account_id))
        with refused("AccessDenied") as refusal:
            session(account, arn, SerialNumber="GAHT12345678", TokenCode="123456")
        assert refusal.message.startswith("MultiFactorAuthentication failed, unable to validate MFA code.")

    def test_no_message_is_an_encoded_refusal(self, account: Account) -> None:
        with refused("InvalidAuthorizationMessageException") as refusal:
            account.client("sts").decode_authorization_message(EncodedMessage="x")
        assert refusal.status == 400
        with refused("AccessDenied"):
            user(account, "ann").client("sts").decode_authorization_message(EncodedMessage="x")

    def test_credentials_expire_at_a_whole_second(self, account: Account) -> None:
        answer = account.client("sts").get_session_token()
        assert answer["Credentials"]["Expiration"].microsecond == 0


class TestTrust:
    def test_an_account_is_trusted_and_leaves_it_to_iam(self, account: Account) -> None:
        arn = role(account, "r", trust(account.account_id))
        session(user(account, "may", document(allow("sts:AssumeRole", Resource=arn))), arn)
        with refused("AccessDenied"):
            session(user(account, "may-not"), arn)

    def test_a_user_that_is_named_needs_no_iam(self, account: Account) -> None:
        ann = user(account, "ann")
        session(ann, role(account, "r", trust(ann.arn)))

    def test_iam_alone_is_not_enough(self, account: Account) -> None:
        ann = user(account, "ann")
        with refused("AccessDenied"):
            session(account, role(account, "r", trust(ann.arn)))

    def test_a_deny_in_iam_wins(self, account: Account) -> None:
        ann = user(account, "ann", document(deny("sts:AssumeRole")))
        with refused("AccessDenied") as refusal:
            session(ann, role(account, "r", trust(ann.arn)))
        assert refusal.message.endswith("with an explicit deny in an identity-based policy")

    def test_across_accounts_both_sides_must_allow(self, account: Account, second_account: Account) -> None:
        ann = user(second_account, "ann")
        arn = role(account, "r", trust(ann.arn))
        with refused("AccessDenied"):
            session(ann, arn)
        second_account.client("iam").put_user_policy(
            UserName="ann", PolicyName="may", PolicyDocument=document(allow("sts:AssumeRole"))
        )
        told = session(ann, arn).client("sts").get_caller_identity()
        assert told["Account"] == account.account_id
        for each in (account, second_account):
            [event] = [event for event in events_of(each, "AssumeRole") if "errorCode" not in event]
            assert event["resources"] == [{"accountId": account.account_id, "type": "AWS::IAM::Role", "ARN": arn}]

    def test_an_external_id_is_what_the_trust_policy_asks_for(self, account: Account) -> None:
        arn = role(account, "r", trust(account.account_id, StringEquals={"sts:ExternalId": "one-two"}))
        for more in ({}, {"ExternalId": "three"}):
            with refused("AccessDenied"):
                session(account, arn, **more)
        session(account, arn, ExternalId="one-two")

    def test_tags_and_a_source_identity_need_permissions_of_their_own(self, account: Account) -> None:
        bare = role(account, "bare", trust(account.account_id))
        tags = [{"Key": "team", "Value": "red"}]
        for more in ({"Tags": tags}, {"SourceIdentity": "ann"}):
            with refused("AccessDenied"):
                session(account, bare, **more)
        actions = ("sts:AssumeRole", "sts:TagSession", "sts:SetSourceIdentity")
        session(account, role(account, "full", trust(account.account_id, *actions)), Tags=tags, SourceIdentity="ann")


class TestSessions:
    def test_a_session_has_what_its_role_has_now(self, account: Account, kms_key: str) -> None:
        arn = role(account, "r", trust(account.account_id))
        caller = session(account, arn)
        assert refusal_of(caller, kms_key) == "because no identity-based policy allows the kms:Encrypt action"
        account.client("iam").put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=EVERYTHING)
        encrypt(caller, kms_key)

    @pytest.mark.parametrize(
        "limit",
        [
            lambda account: {"Policy": document(allow("kms:List*"))},
            lambda account: {"PolicyArns": [{"arn": managed(account, "limit", document(allow("kms:List*")))}]},
        ],
        ids=["inline", "managed"],
    )
    def test_a_session_policy_limits(self, account: Account, kms_key: str, limit: Any) -> None:
        arn = role(account, "r", trust(account.account_id), EVERYTHING)
        caller = session(account, arn, **limit(account))
        caller.client("kms").list_keys()
        assert refusal_of(caller, kms_key) == "because no session policy allows the kms:Encrypt action"
        encrypt(session(account, arn), kms_key)

    def test_one_of_several_session_policies_is_enough(self, account: Account, kms_key: str) -> None:
        arn = role(account, "r", trust(account.account_id), EVERYTHING)
        other = managed(account, "limit", document(allow("kms:Encrypt")))
        caller = session(account, arn, Policy=document(allow("kms:List*")), PolicyArns=[{"arn": other}])
        caller.client("kms").list_keys()
        encrypt(caller, kms_key)
        account.client("iam").delete_policy(PolicyArn=other)
        assert refusal_of(caller, kms_key) == "because no session policy allows the kms:Encrypt action"

    def test_a_deny_in_a_session_policy_beats_every_allow(self, account: Account, kms_key: str) -> None:
        arn = role(account, "r", trust(account.account_id), EVERYTHING)
        caller = session(account, arn, Policy=document(allow("*"), deny("kms:Encrypt")))
        assert refusal_of(caller, kms_key) == "with an explicit deny in a session policy"

    @pytest.mark.parametrize(("named", "limited"), [("role", True), ("everyone", True), ("session", False)])
    def test_a_session_policy_and_who_the_key_policy_names(self, account: Account, named: str, limited: bool) -> None:
        arn = role(account, "r", trust(account.account_id))
        caller = session(account, arn, Policy=document(allow("iam:*")))
        names = {"role": arn, "everyone": "*", "session": caller.arn}
        policy = document(
            allow("kms:*", Principal={"AWS": account.account_id}),
            allow("kms:Encrypt", Principal={"AWS": names[named]}),
        )
        key = account.client("kms").create_key(Policy=policy)["KeyMetadata"]["Arn"]
        if limited:
            assert refusal_of(caller, key) == "because no session policy allows the kms:Encrypt action"
        else:
            encrypt(caller, key)

    def test_credentials_expire_by_the_clock(self, account: Account) -> None:
        caller = session(account, role(account, "r", trust(account.account_id), EVERYTHING), DurationSeconds=900)
        caller.client("kms").list_keys()
        account.server.advance("PT15M")
        with refused("ExpiredTokenException") as refusal:
            caller.client("kms").list_keys()
        assert refusal.status == 400
        with refused("ExpiredToken") as refusal:
            caller.client("sts").get_caller_identity()
        assert refusal.status == 403
        with refused("ExpiredTokenException") as refusal:
            caller.client("connectcases").list_domains()
        assert refusal.status == 403

    def test_a_chained_session_lasts_an_hour_at_most(self, account: Account) -> None:
        long = role(account, "r", trust(account.account_id), EVERYTHING, MaxSessionDuration=43_200)
        first = session(account, long, DurationSeconds=43_200)
        with refused("ValidationError") as refusal:
            session(first, long, "again", DurationSeconds=3601)
        assert "role chaining" in refusal.message
        session(first, long, "again", DurationSeconds=3600)

    def test_tags_of_a_session_win_and_transitive_ones_stay(self, account: Account) -> None:
        actions = ("sts:AssumeRole", "sts:TagSession")
        condition = {"StringEquals": {"aws:PrincipalTag/team": "red"}}
        policy = document(allow("sts:*"), allow("kms:ListKeys", Condition=condition))
        tags = [{"Key": "team", "Value": "blue"}]
        arn = role(account, "r", trust(account.account_id, *actions), policy, Tags=tags)
        with refused("AccessDeniedException"):
            session(account, arn).client("kms").list_keys()
        red = [{"Key": "team", "Value": "red"}]
        first = session(account, arn, Tags=red, TransitiveTagKeys=["team"])
        first.client("kms").list_keys()
        session(first, arn, "second").client("kms").list_keys()
        with refused("InvalidParameterValue"):
            session(first, arn, "second", Tags=tags)
        passing = session(account, arn, "passing", Tags=red)
        with refused("AccessDeniedException"):
            session(passing, arn, "third").client("kms").list_keys()

    def test_a_source_identity_goes_with_every_further_session(self, account: Account) -> None:
        actions = ("sts:AssumeRole", "sts:SetSourceIdentity")
        arn = role(account, "r", trust(account.account_id, *actions), EVERYTHING)
        first = session(account, arn, SourceIdentity="ann")
        second = first.client("sts").assume_role(RoleArn=arn, RoleSessionName="second")
        assert second["SourceIdentity"] == "ann"
        with refused("AccessDenied"):
            session(first, arn, "third", SourceIdentity="bob")
        first.client("kms").list_keys()
        [event] = events_of(account, "ListKeys")
        assert event["userIdentity"]["sessionContext"]["sourceIdentity"] == "ann"


class TestTrail:
    def test_a_session_is_told_by_its_role_and_start(self, account: Account) -> None:
        arn = role(account, "r", trust(account.account_id), EVERYTHING)
        caller = session(account, arn, "ann")
        caller.client("kms").list_keys()
        [event] = events_of(account, "ListKeys")
        identity = event["userIdentity"]
        assert (identity["type"], identity["arn"]) == ("AssumedRole", caller.arn)
        assert identity["sessionContext"]["sessionIssuer"]["arn"] == arn
        assert identity["sessionContext"]["attributes"]["mfaAuthenticated"] == "false"

    def test_secrets_never_reach_it(self, account: Account) -> None:
        caller = session(account, role(account, "r", trust(account.account_id)))
        [event] = events_of(account, "AssumeRole")
        text = json.dumps(event)
        assert event["responseElements"]["credentials"]["accessKeyId"] == caller.access_key_id
        assert caller.secret_access_key not in text
        assert caller.session_token is not None
        assert caller.session_token not in text


class TestServices:
    """What a service does with a role of its customer: the door that services use."""

    def assume(self, server: Server, arn: str, source_arn: str | None = None) -> Any:
        with server.simulator.database.unit():
            return assume_role_as_service(
                server.simulator,
                SERVICES["voice-id"],
                arn,
                region=REGION,
                session_name="enrolment",
                source_arn=source_arn,
            )

    def test_a_trusted_service_gets_a_session(self, account: Account, server: Server) -> None:
        arn = role(account, "data", trust(VOICE_ID), EVERYTHING)
        caller = self.assume(server, arn)
        assert caller.arn == f"arn:aws:sts::{account.account_id}:assumed-role/data/enrolment"
        [event] = events_of(account, "AssumeRole")
        assert event["userIdentity"] == {"type": "AWSService", "invokedBy": "voiceid.amazonaws.com"}
        assert event["requestParameters"]["roleArn"] == arn

    def test_a_service_must_be_named(self, account: Account, server: Server) -> None:
        arn = role(account, "data", trust({"Service": "connect.amazonaws.com"}))
        with pytest.raises(ServiceError) as refusal:
            self.assume(server, arn)
        assert refusal.value.code == "AccessDeniedException"

    def test_a_trust_policy_asks_for_whom_the_service_works(self, account: Account, server: Server) -> None:
        source = f"arn:aws:voiceid:{REGION}:{account.account_id}:domain/x"
        condition = {"StringEquals": {"aws:SourceAccount": account.account_id}, "ArnLike": {"aws:SourceArn": source}}
        arn = role(account, "data", trust(VOICE_ID, **condition))
        self.assume(server, arn, source)
        for wrong in (None, source.replace(account.account_id, "999999999999")):
            with pytest.raises(ServiceError):
                self.assume(server, arn, wrong)


class TestCommandLine:
    def test_the_aws_cli_assumes_a_role(self, account: Account) -> None:
        arn = role(account, "r", trust(account.account_id), document(allow("kms:ListKeys")))
        made = aws(account, "sts", "assume-role", "--role-arn", arn, "--role-session-name", "ann")["Credentials"]
        caller = Account(
            account.server,
            account.account_id,
            made["AccessKeyId"],
            made["SecretAccessKey"],
            session_token=made["SessionToken"],
        )
        assert aws(caller, "sts", "get-caller-identity")["Arn"].endswith(":assumed-role/r/ann")
        assert aws(caller, "kms", "list-keys")["Keys"] == []
