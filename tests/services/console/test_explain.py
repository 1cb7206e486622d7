"""Explanations: which statement or grant decided, why each other one did not match; by event, by request, on paper."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from typing import Any
from urllib.parse import urlsplit

import pytest

from shared import rulings
from tests.process import run, serving
from tests.services.kms.support import administrator_arn, allow, deny, document, key_under, named, open_key
from tests.services.s3.support import new_bucket
from tests.support import Account, Server, account_policy, events_of, refused, started

VOICE_ID = "voiceid.amazonaws.com"
RESOURCE = "arn:aws:voiceid:us-west-2:111122223333:domain/x"


def explained(server: Server, query: str) -> list[dict[str, Any]]:
    told: list[dict[str, Any]] = server.control(f"explain?{query}")["Explanations"]
    return told


def decision_of(server: Server, account: Account, name: str) -> dict[str, Any]:
    """The only decision about the newest event of a name."""
    (event,) = explained(server, f"event={events_of(account, name)[-1]['eventID']}")
    (decision,) = event["Decisions"]
    found: dict[str, Any] = decision
    return found


def statements(decision: dict[str, Any], policy: str) -> list[dict[str, Any]]:
    (found,) = (one for one in decision["Policies"] if one["Name"] == policy)
    written: list[dict[str, Any]] = found["Statements"]
    return written


def encrypt(caller: Account, key: str, **context: str) -> None:
    caller.client("kms").encrypt(KeyId=key, Plaintext=b"very secret", EncryptionContext=context)


class TestRefusedCalls:
    def test_each_statement_says_why_it_did_not_match(self, server: Server, account: Account) -> None:
        via = {"StringEquals": {"kms:ViaService": "voiceid.us-west-2.amazonaws.com"}}
        user = account.user(
            "user",
            document(
                allow("kms:Encrypt", Condition=via),
                allow("s3:*"),
                allow("kms:Encrypt", Resource="arn:aws:kms:us-west-2:111122223333:key/other"),
            ),
        )
        key = open_key(account, allow("kms:Encrypt", Principal=named(administrator_arn(account)), Sid="mine"))
        with refused("AccessDeniedException") as refusal:
            encrypt(user, key)
        decision = decision_of(server, account, "Encrypt")
        assert (decision["Allowed"], decision["DecidedBy"]) == (False, [])
        assert (decision["Principal"], decision["Action"], decision["Resource"]) == (user.arn, "kms:Encrypt", key)
        assert refusal.message.endswith(decision["Reason"])
        assert [(one["Matched"], one["Missed"], one["Sid"]) for one in statements(decision, "key policy")] == [
            (True, None, "account"),
            (False, "Principal", "mine"),
        ]
        assert [one["Missed"] for one in statements(decision, "policy-1")] == ["kms:ViaService", "Action", "Resource"]
        assert statements(decision, "policy-1")[0]["Reason"] == (
            "Condition StringEquals wants kms:ViaService [voiceid.us-west-2.amazonaws.com]; "
            "in this request it is absent."
        )

    def test_a_caller_on_whom_no_policy_hangs_is_told_so(self, server: Server, account: Account, kms_key: str) -> None:
        with refused("AccessDeniedException"):
            encrypt(account.user("nobody"), kms_key)
        assert decision_of(server, account, "Encrypt")["EmptyLayers"] == ["identity-based policy"]
        event_id = events_of(account, "Encrypt")[-1]["eventID"]
        with urllib.request.urlopen(f"{server.url}/_console/explain/{event_id}") as page:
            assert "identity-based policy</th><td></td><td></td><td>The caller has none." in page.read().decode()
        port = str(urlsplit(server.url).port)
        assert "The caller has none." in run("explain", "--port", port, event_id).stdout

    def test_a_call_that_failed_behind_its_service_leads_to_what_was_refused_there(
        self, server: Server, account: Account
    ) -> None:
        key, voice_id = open_key(account), account.client("voice-id")
        domain = voice_id.create_domain(Name="a", ServerSideEncryptionConfiguration={"KmsKeyId": key})["Domain"]
        never = account_policy(account.account_id, deny("kms:Decrypt", Principal="*", Sid="never"))
        account.client("kms").put_key_policy(KeyId=key, PolicyName="default", Policy=never)
        with refused("AccessDeniedException"):
            voice_id.describe_domain(DomainId=domain["DomainId"])
        events = account.server.control(f"trail?account={account.account_id}")["Events"]
        failed = next(event["eventID"] for event in events if event["eventName"] == "DescribeDomain")
        own, behind = explained(server, f"event={failed}")
        assert (own["EventName"], own["Decisions"][0]["Allowed"]) == ("DescribeDomain", True)
        assert (behind["EventName"], behind["Decisions"][0]["DecidedBy"][0]["Sid"]) == ("Decrypt", "never")

    def test_policy_variables_show_what_they_stood_for(self, server: Server, account: Account) -> None:
        own = "arn:aws:kms:us-west-2:111122223333:key/${aws:username}"
        team = {"StringEquals": {"aws:username": "${aws:PrincipalTag/team}"}}
        user = account.user("ann", document(allow("kms:Encrypt", Resource=own), allow("kms:Encrypt", Condition=team)))
        with refused("AccessDeniedException"):
            encrypt(user, open_key(account))
        by_resource, by_condition = statements(decision_of(server, account, "Encrypt"), "policy-1")
        assert (by_resource["Missed"], by_condition["Missed"]) == ("Resource", "Variable")
        assert by_resource["Reason"].endswith(" ${aws:username} is ann.")
        assert by_condition["Reason"].endswith(" ${aws:principaltag/team} is without a single value.")

    @pytest.mark.parametrize("where", ["key-policy", "iam"])
    def test_the_deny_that_decided_is_named(self, server: Server, account: Account, where: str) -> None:
        denial = deny("kms:Encrypt", Sid="never")
        user = account.user("user", document(allow("kms:*"), *([denial] if where == "iam" else [])))
        key = open_key(account, *([{**denial, "Principal": named("*")}] if where != "iam" else []))
        account.client("kms").create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Encrypt"])
        with refused("AccessDeniedException"):
            encrypt(user, key)
        decision = decision_of(server, account, "Encrypt")
        (ground,) = decision["DecidedBy"]
        assert (ground["Policy"], ground["Sid"]) == ("policy-1" if where == "iam" else "key policy", "never")
        (grant,) = decision["Grants"]
        assert (grant["Matched"], grant["Decided"]) == (True, False)

    @pytest.mark.parametrize(
        ("grant", "reason"),
        [
            ({"Operations": ["Decrypt"]}, "Its operations do not include Encrypt."),
            (
                {"Operations": ["Encrypt"], "Constraints": {"EncryptionContextEquals": {"a": "b"}}},
                "Its constraint EncryptionContextEquals wants a=b; the encryption context is c=d.",
            ),
            (
                {"Operations": ["Encrypt"], "Constraints": {"SourceArn": RESOURCE}},
                f"Its constraint SourceArn wants {RESOURCE}; the call is made for no resource.",
            ),
        ],
        ids=["operation", "context", "source-arn"],
    )
    def test_each_grant_of_the_caller_says_why_it_did_not_match(
        self, server: Server, account: Account, kms: Any, kms_key: str, grant: dict[str, Any], reason: str
    ) -> None:
        user = account.user("grantee")
        made = kms.create_grant(KeyId=kms_key, GranteePrincipal=user.arn, Name="mine", **grant)
        other = kms.create_grant(KeyId=kms_key, GranteePrincipal=administrator_arn(account), Operations=["Encrypt"])
        with refused("AccessDeniedException"):
            encrypt(user, kms_key, c="d")
        own, others = decision_of(server, account, "Encrypt")["Grants"]
        assert (own["GrantId"], own["Name"], own["Reason"]) == (made["GrantId"], "mine", reason)
        assert (others["GrantId"], others["Reason"]) == (
            other["GrantId"],
            f"Its grantee is {administrator_arn(account)}.",
        )

    def test_a_parent_grant_says_what_it_cannot_hand_on(
        self, server: Server, account: Account, kms: Any, kms_key: str
    ) -> None:
        user = account.user("grantee")
        kms.create_grant(KeyId=kms_key, GranteePrincipal=user.arn, Operations=["CreateGrant", "Encrypt"])
        with refused("AccessDeniedException"):
            user.client("kms").create_grant(KeyId=kms_key, GranteePrincipal=user.arn, Operations=["Decrypt"])
        (grant,) = decision_of(server, account, "CreateGrant")["Grants"]
        assert grant["Reason"] == "It cannot hand on Decrypt, which it does not hold."

    def test_a_call_from_an_account_that_may_not_says_so(
        self, server: Server, account: Account, second_account: Account
    ) -> None:
        key = open_key(account, allow("kms:*", Principal=named(second_account.account_id)))
        with refused("AccessDeniedException"):
            second_account.client("kms").disable_key(KeyId=key)
        decision = decision_of(server, second_account, "DisableKey")
        assert decision["Note"] == "This operation does not work across accounts."

    def test_calls_of_other_services_are_explained_too(self, server: Server, account: Account) -> None:
        user = account.user("user", document(allow("voiceid:ListDomains"), deny("voiceid:*", Sid="none")))
        with refused("AccessDeniedException"):
            user.client("voice-id").list_domains()
        decision = decision_of(server, account, "ListDomains")
        assert (decision["Action"], decision["Reason"]) == (
            "voiceid:ListDomains",
            "with an explicit deny in an identity-based policy",
        )
        assert [ground["Sid"] for ground in decision["DecidedBy"]] == ["none"]

    def test_a_trust_policy_says_why_it_gives_no_session(self, server: Server, account: Account) -> None:
        user = account.user("user", document(allow("sts:AssumeRole", "iam:CreateRole")))
        trust = {"Effect": "Allow", "Principal": named(administrator_arn(account)), "Action": "sts:AssumeRole"}
        policy = json.dumps({"Version": "2012-10-17", "Statement": [trust]})
        role = user.client("iam").create_role(RoleName="worker", AssumeRolePolicyDocument=policy)["Role"]["Arn"]
        with refused("AccessDenied") as refusal:
            user.client("sts").assume_role(RoleArn=role, RoleSessionName="monday")
        (event,) = explained(server, f"request={refusal.response['ResponseMetadata']['RequestId']}")
        (decision,) = event["Decisions"]
        (statement,) = statements(decision, "trust policy")
        assert (statement["Missed"], decision["Allowed"]) == ("Principal", False)


class TestAllowedCalls:
    def test_the_statements_that_allow_together_are_named(self, server: Server, account: Account, kms_key: str) -> None:
        user = account.user("user", document(allow("s3:*"), allow("kms:Encrypt", Sid="use")))
        encrypt(user, kms_key)
        decision = decision_of(server, account, "Encrypt")
        assert (decision["Allowed"], decision["GrantsAsked"]) == (True, False)
        assert [(ground["Policy"], ground["Index"]) for ground in decision["DecidedBy"]] == [
            ("key policy", 0),
            ("policy-1", 1),
        ]

    def test_a_key_policy_that_names_the_caller_is_named_alone(self, server: Server, account: Account) -> None:
        user = account.user("user", document(allow("kms:*")))
        encrypt(user, open_key(account, allow("kms:Encrypt", Principal=named(user.arn), Sid="named")))
        (ground,) = decision_of(server, account, "Encrypt")["DecidedBy"]
        assert ground["Sid"] == "named"

    def test_the_grant_that_allows_is_named(self, server: Server, account: Account, kms: Any, kms_key: str) -> None:
        user = account.user("grantee")
        made = kms.create_grant(KeyId=kms_key, GranteePrincipal=user.arn, Operations=["Encrypt"])
        encrypt(user, kms_key)
        decision = decision_of(server, account, "Encrypt")
        assert (decision["Reason"], decision["DecidedBy"]) == (
            "because a grant allows it",
            [{"Grant": made["GrantId"]}],
        )

    def test_a_retired_grant_says_who_retired_it(
        self, server: Server, account: Account, kms: Any, kms_key: str
    ) -> None:
        user = account.user("retiring")
        made = kms.create_grant(
            KeyId=kms_key,
            GranteePrincipal=administrator_arn(account),
            RetiringPrincipal=user.arn,
            Operations=["Encrypt"],
        )
        user.client("kms").retire_grant(KeyId=kms_key, GrantId=made["GrantId"])
        decision = decision_of(server, account, "RetireGrant")
        assert (decision["Allowed"], decision["DecidedBy"]) == (True, [{"Grant": made["GrantId"]}])

    def test_a_call_of_two_decisions_shows_both(self, server: Server, account: Account, kms: Any, kms_key: str) -> None:
        other = kms.create_key()["KeyMetadata"]["Arn"]
        blob = kms.encrypt(KeyId=kms_key, Plaintext=b"x")["CiphertextBlob"]
        kms.re_encrypt(CiphertextBlob=blob, DestinationKeyId=other)
        (event,) = explained(server, f"event={events_of(account, 'ReEncrypt')[-1]['eventID']}")
        assert [(one["Action"], one["Resource"]) for one in event["Decisions"]] == [
            ("kms:ReEncryptFrom", kms_key),
            ("kms:ReEncryptTo", other),
        ]

    def test_an_error_that_is_no_refusal_is_told_as_such(
        self, server: Server, account: Account, kms: Any, kms_key: str
    ) -> None:
        kms.disable_key(KeyId=kms_key)
        with refused("DisabledException"):
            encrypt(account, kms_key)
        (event,) = explained(server, f"event={events_of(account, 'Encrypt')[-1]['eventID']}")
        assert (event["ErrorCode"], event["Decisions"][0]["Allowed"]) == ("DisabledException", True)


def explained_call(server: Server, request_id: str) -> dict[str, Any]:
    """What is told of a request itself, and not of what KMS was asked for it."""
    (call,) = (one for one in explained(server, f"request={request_id}") if one["EventSource"] != "kms.amazonaws.com")
    return call


class TestCallsOnData:
    """Calls that the trail does not hold: they are found by the id of their request."""

    def test_a_refused_read_of_an_object_is_explained(self, server: Server, account: Account) -> None:
        s3, user = account.client("s3"), account.user("user", document(allow("s3:Put*")))
        bucket = new_bucket(s3)
        s3.put_object(Bucket=bucket, Key="key", Body=b"very secret")
        never = {
            **deny("s3:GetObject", Sid="never"),
            "Principal": named(user.arn),
            "Resource": f"arn:aws:s3:::{bucket}/*",
        }
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document(never)))
        with refused("AccessDenied") as refusal:
            user.client("s3").get_object(Bucket=bucket, Key="key")
        request_id = refusal.response["ResponseMetadata"]["RequestId"]
        assert [event for event in events_of(account) if event["eventName"] == "GetObject"] == []
        event = explained_call(server, request_id)
        assert explained(server, "last=refused") == [event]
        assert (event["EventName"], event["EventIds"], event["ErrorCode"]) == ("GetObject", [], "AccessDenied")
        (decision,) = event["Decisions"]
        assert decision["Resource"] == f"arn:aws:s3:::{bucket}/key"
        assert decision["DecidedBy"] == [
            {"Kind": "resource-based policy", "Policy": "bucket policy", "Index": 0, "Sid": "never"}
        ]
        assert statements(decision, "policy-1")[0]["Missed"] == "Action"

    @pytest.mark.parametrize("by", ["iam", "bucket"])
    def test_what_allowed_a_read_is_named(self, server: Server, account: Account, by: str) -> None:
        s3 = account.client("s3")
        bucket = new_bucket(s3)
        s3.put_object(Bucket=bucket, Key="key", Body=b"content")
        user = account.user("user", *([document(allow("s3:GetObject"))] if by == "iam" else []))
        statement = {
            **allow("s3:GetObject" if by == "bucket" else "s3:PutObject", Sid="gives"),
            "Principal": named(user.arn),
            "Resource": f"arn:aws:s3:::{bucket}/*",
        }
        s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document(statement)))
        answer = user.client("s3").get_object(Bucket=bucket, Key="key")
        event = explained_call(server, answer["ResponseMetadata"]["RequestId"])
        (decision,) = event["Decisions"]
        assert (decision["Allowed"], decision["Reason"]) == (True, "because the policies allow it")
        assert [one["Policy"] for one in decision["DecidedBy"]] == ["policy-1" if by == "iam" else "bucket policy"]

    def test_a_key_that_is_denied_in_a_batch_is_explained(self, server: Server, account: Account) -> None:
        s3 = account.client("s3")
        user = account.user("user", document(allow("s3:DeleteObject", Resource="arn:aws:s3:::*/mine")))
        bucket = new_bucket(s3)
        answer = user.client("s3").delete_objects(
            Bucket=bucket, Delete={"Objects": [{"Key": "mine"}, {"Key": "yours"}]}
        )
        event = explained_call(server, answer["ResponseMetadata"]["RequestId"])
        assert [(one["Resource"], one["Allowed"]) for one in event["Decisions"]] == [
            (f"arn:aws:s3:::{bucket}/mine", True),
            (f"arn:aws:s3:::{bucket}/yours", False),
        ]

    def test_a_refused_stranger_is_explained(self, server: Server, account: Account) -> None:
        bucket = new_bucket(account.client("s3"))
        with pytest.raises(urllib.error.HTTPError) as refusal:
            urllib.request.urlopen(f"{server.url}/{bucket}/key", timeout=30)
        assert refusal.value.code == 403
        event = explained_call(server, refusal.value.headers["x-amz-request-id"])
        (decision,) = event["Decisions"]
        assert (decision["Principal"], decision["Allowed"]) == ("anonymous", False)
        assert decision["Reason"] == "because no resource-based policy allows the s3:GetObject action"

    def test_a_refused_message_is_explained(self, server: Server, account: Account) -> None:
        url = account.client("sqs").create_queue(QueueName="work")["QueueUrl"]
        with refused("AccessDenied") as refusal:
            account.user("user").client("sqs").send_message(QueueUrl=url, MessageBody="very secret")
        request_id = refusal.response["ResponseMetadata"]["RequestId"]
        event = explained_call(server, request_id)
        assert (event["EventName"], event["EventIds"]) == ("SendMessage", [])
        reason = event["Decisions"][0]["Reason"]
        assert refusal.message.endswith(reason.replace("SendMessage", "sendmessage"))  # as SQS writes it
        assert "very secret" not in json.dumps(event)

    def test_the_command_prints_it(self) -> None:
        with serving("--ephemeral") as process:
            s3, port = process.client("s3"), process.url.rpartition(":")[2]
            bucket = new_bucket(s3)
            with refused("AccessDenied"):
                process.client("s3", "nobody").put_object(Bucket=bucket, Key="key", Body=b"content")
            printed = run("explain", "--port", port, "--last-refused")
        assert printed.returncode == 0, printed.stderr
        told = " ".join(printed.stdout.split())
        assert "no event: a call on data" in told
        assert "s3:PutObject" in told
        assert "because no identity-based policy allows" in told


class TestTime:
    def test_it_tells_of_the_policies_as_they_were(self, server: Server, account: Account, kms: Any) -> None:
        user = account.user("user")
        key = open_key(account, allow("kms:Decrypt", Principal=named(user.arn), Sid="then"))
        made = kms.create_grant(KeyId=key, GranteePrincipal=user.arn, Operations=["Decrypt"])
        kms.create_alias(AliasName=f"alias/{account.account_id}", TargetKeyId=key)
        with refused("AccessDeniedException"):
            encrypt(user, key)
        before = decision_of(server, account, "Encrypt")
        kms.revoke_grant(KeyId=key, GrantId=made["GrantId"])
        kms.delete_alias(AliasName=f"alias/{account.account_id}")
        kms.put_key_policy(KeyId=key, Policy=json.dumps(document(allow("kms:*", Principal=named("*"), Sid="now"))))
        encrypt(user, key)
        refused_id = events_of(account, "Encrypt")[-2]["eventID"]
        (event,) = explained(server, f"event={refused_id}")
        assert event["Decisions"] == [before]
        assert statements(before, "key policy")[1]["Statement"]["Sid"] == "then"
        assert before["Grants"][0]["GrantId"] == made["GrantId"]
        assert before["Context"]["kms:resourcealiases"] == [f"alias/{account.account_id}"]

    def test_the_newest_are_remembered_and_refused_ones_apart(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(rulings, "KEPT", 3)
        with started(None) as server:
            account = server.new_account()
            nobody = account.user("nobody").client("kms")
            for _ in range(4):
                with refused("AccessDeniedException"):
                    nobody.list_keys()
            for _ in range(5):
                account.client("kms").list_keys()
            remembered = []
            # Not by LookupEvents, which is remembered itself.
            for event in reversed(server.control(f"trail?account={account.account_id}")["Events"]):
                try:
                    remembered.append(explained(server, f"event={event['eventID']}")[0]["Decisions"][0]["Allowed"])
                except urllib.error.HTTPError as error:
                    assert error.code == 404
                    error.close()
            assert remembered == [False] * 3 + [True] * 3

    def test_a_reset_forgets(self) -> None:
        with started(None) as server:
            account = server.new_account()
            account.client("kms").list_keys()
            (event,) = events_of(account, "ListKeys")
            server.control("reset", {})
            with pytest.raises(urllib.error.HTTPError) as raised:
                explained(server, f"event={event['eventID']}")
            raised.value.close()


class TestAddresses:
    def test_a_request_of_a_service_shows_its_own_call_and_those_to_kms(
        self, server: Server, account: Account, kms: Any, kms_key: str
    ) -> None:
        voice = account.client("voice-id")
        domain = voice.create_domain(Name="calls", ServerSideEncryptionConfiguration={"KmsKeyId": kms_key})["Domain"]
        voice.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="someone")
        for grant in kms.list_grants(KeyId=kms_key)["Grants"]:
            kms.revoke_grant(KeyId=kms_key, GrantId=grant["GrantId"])
        with refused("AccessDeniedException") as refusal:
            voice.describe_speaker(DomainId=domain["DomainId"], SpeakerId="someone")
        events = explained(server, f"request={refusal.response['ResponseMetadata']['RequestId']}")
        outcomes = {event["EventName"]: [one["Allowed"] for one in event["Decisions"]] for event in events}
        assert outcomes == {"Decrypt": [False], "DescribeSpeaker": [True]}
        assert events[0]["Decisions"][0]["Principal"] == VOICE_ID

    def test_both_trails_of_a_call_across_accounts_lead_to_it(
        self, server: Server, account: Account, second_account: Account
    ) -> None:
        key = open_key(account, allow("kms:*", Principal=named(second_account.account_id)))
        encrypt(second_account, key)
        (here,), (there,) = (
            explained(server, f"event={events_of(one, 'Encrypt')[-1]['eventID']}") for one in (account, second_account)
        )
        assert here == there

    @pytest.mark.parametrize(
        ("query", "status"), [("", 400), ("last=allowed", 400), ("event=x", 404), ("request=x", 404)]
    )
    def test_what_is_not_there_is_told(self, server: Server, query: str, status: int) -> None:
        with pytest.raises(urllib.error.HTTPError) as raised:
            explained(server, query)
        assert raised.value.code == status
        assert json.loads(raised.value.read())["message"]

    def test_no_plaintext_is_remembered(self, server: Server, account: Account, kms_key: str) -> None:
        encrypt(account, kms_key, tenant="a")
        (event,) = explained(server, f"event={events_of(account, 'Encrypt')[-1]['eventID']}")
        text = json.dumps(event)
        assert "very secret" not in text
        assert "dmVyeSBzZWNyZXQ" not in text
        assert event["Decisions"][0]["Context"]["kms:encryptioncontext:tenant"] == "a"


class TestQuestions:
    """POST: how would it be decided now?"""

    def ask(self, server: Server, **question: Any) -> dict[str, Any]:
        told: dict[str, Any] = server.control("explain", question)
        return told

    def test_it_answers_as_the_call_would(self, server: Server, account: Account, kms_key: str) -> None:
        condition = {"StringEquals": {"kms:EncryptionContext:a": "b"}}
        user = account.user("user", document(allow("kms:Encrypt", Condition=condition)))
        question = {"Principal": user.arn, "Action": "kms:Encrypt", "Key": kms_key}
        assert self.ask(server, **question)["Allowed"] is False
        assert self.ask(server, **question, EncryptionContext={"a": "b"})["Allowed"] is True
        assert self.ask(server, **{**question, "Action": "kms:Decrypt"})["Allowed"] is False
        assert events_of(account, "Encrypt") == []

    def test_it_takes_condition_keys_that_no_direct_call_has(self, server: Server, account: Account) -> None:
        via = {"StringEquals": {"kms:ViaService": "voiceid.us-west-2.amazonaws.com"}}
        user = account.user("user")
        key = open_key(account, allow("kms:Decrypt", Principal=named(user.arn), Condition=via))
        question = {"Principal": user.arn, "Action": "kms:Decrypt", "Key": key}
        assert self.ask(server, **question)["Allowed"] is False
        assert self.ask(server, **question, Context={"kms:ViaService": "voiceid.us-west-2.amazonaws.com"})["Allowed"]

    def test_it_answers_for_a_service_and_its_resource(self, server: Server, account: Account, kms: Any) -> None:
        key = key_under(kms, allow("kms:CreateGrant", Principal=named(administrator_arn(account))))
        resource = f"arn:aws:voiceid:us-west-2:{account.account_id}:domain/x"
        kms.create_grant(
            KeyId=key,
            GranteeServicePrincipal=VOICE_ID,
            RetiringServicePrincipal=VOICE_ID,
            Operations=["Decrypt"],
            Constraints={"SourceArn": resource},
        )
        question = {"Principal": VOICE_ID, "Action": "kms:Decrypt", "Key": key}
        assert self.ask(server, **question, SourceArn=resource)["Allowed"] is True
        assert self.ask(server, **question, SourceArn=f"{resource}2")["Allowed"] is False

    @pytest.mark.parametrize("action", ["kms:Decrypt", "KMS:decrypt"])
    def test_it_takes_an_action_in_any_case(self, server: Server, account: Account, action: str) -> None:
        key = open_key(account, deny("kms:Decrypt", Principal=named("*")))
        told = self.ask(server, Principal=administrator_arn(account), Action=action, Key=key)
        assert (told["Allowed"], told["Action"], told["Resource"]) == (False, "kms:Decrypt", key)

    @pytest.mark.parametrize("by", ["role", "session"])
    def test_a_role_is_asked_for_as_a_session_of_it(self, server: Server, account: Account, by: str) -> None:
        session = account.role("limited")
        role = f"arn:aws:iam::{account.account_id}:role/limited"
        limit = json.dumps(document(allow("s3:*")))
        boundary = account.client("iam").create_policy(PolicyName="limit", PolicyDocument=limit)["Policy"]["Arn"]
        account.client("iam").put_role_permissions_boundary(RoleName="limited", PermissionsBoundary=boundary)
        key = open_key(account, allow("kms:Encrypt", Principal=named(role)))
        open_to_session = open_key(account, allow("kms:Encrypt", Principal=named(session.arn)))
        question = {"Principal": {"role": role, "session": session.arn}[by], "Action": "kms:Encrypt"}
        told = self.ask(server, **question, Key=key)
        assert told["Principal"] == session.arn
        assert told["Reason"] == "because no permissions boundary allows the kms:Encrypt action"
        with refused("AccessDeniedException"):
            session.client("kms").encrypt(KeyId=key, Plaintext=b"x")
        assert self.ask(server, **question, Key=open_to_session)["Allowed"] is True

    def test_the_right_to_retire_is_no_matter_of_the_key_policy(self, server: Server, account: Account) -> None:
        user = account.user("user")
        key = open_key(account, allow("kms:RetireGrant", Principal=named(user.arn)))
        told = self.ask(server, Principal=user.arn, Action="kms:RetireGrant", Key=key)
        assert told["Allowed"] is False
        assert told["Note"].startswith("A grant is retired by")

    def test_without_a_key_it_says_that_iam_alone_was_asked(self, server: Server, account: Account) -> None:
        told = self.ask(server, Principal=administrator_arn(account), Action="kms:Decrypt")
        assert told["Note"] == "No key was named, so IAM alone was asked."

    def test_it_answers_for_other_services(self, server: Server, account: Account) -> None:
        user = account.user("user", document(allow("voiceid:List*")))
        assert self.ask(server, Principal=user.arn, Action="voiceid:ListDomains")["Allowed"] is True
        assert self.ask(server, Principal=user.arn, Action="voiceid:CreateDomain")["Allowed"] is False

    @pytest.mark.parametrize(
        "question",
        [
            {},
            {"Principal": "arn:aws:iam::111122223333:user/agent"},
            {"Principal": "arn:aws:iam::111122223333:user/nobody-at-all", "Action": "kms:Encrypt"},
            {"Principal": "arn:aws:iam::111122223333:user/agent", "Action": "Encrypt"},
            {"Principal": "arn:aws:iam::111122223333:user/agent", "Action": "kms:Sing"},
            {"Principal": "arn:aws:iam::111122223333:user/agent", "Action": "kms:ReEncrypt"},
            {"Principal": "arn:aws:iam::111122223333:user/agent", "Action": "s3:GetObject", "Key": "alias/demo"},
            {"Principal": "arn:aws:sts::111122223333:assumed-role/none-at-all/session", "Action": "kms:Encrypt"},
            {"Principal": "arn:aws:iam::111122223333:user/agent", "Action": "kms:Encrypt", "Key": "alias/none"},
            {"Principal": "arn:aws:iam::111122223333:user/agent", "Action": "kms:Encrypt", "Context": ["a"]},
            {"Principal": "arn:aws:iam::111122223333:user/agent", "Action": "kms:Encrypt", "Context": {"a": 1}},
            {
                "Principal": "arn:aws:iam::111122223333:user/agent",
                "Action": "kms:Encrypt",
                "EncryptionContext": {"a": 1},
            },
            {
                "Principal": "arn:aws:iam::111122223333:user/agent",
                "Action": "kms:Encrypt",
                "Context": {"kms:ResourceAliases": ["alias/x"]},
            },
            {"Principal": VOICE_ID, "Action": "kms:Decrypt", "SourceArn": "domain"},
            {"Principal": 1, "Action": "kms:Encrypt"},
            {"Principal": "arn:aws:iam::111122223333:user/agent", "Action": 1},
            {"Principal": "arn:aws:iam::111122223333:user/agent", "Action": "kms:Encrypt", "Strange": 1},
        ],
        ids=lambda question: json.dumps(question)[-60:],
    )
    def test_a_question_that_makes_no_sense_is_refused(self, server: Server, question: dict[str, Any]) -> None:
        with pytest.raises(urllib.error.HTTPError) as raised:
            self.ask(server, **question)
        assert raised.value.code == 400
        assert json.loads(raised.value.read())["message"]


class TestCommand:
    def test_it_prints_what_decided_and_why_the_rest_did_not(self) -> None:
        with serving("--ephemeral") as process:
            kms = process.client("kms")
            key = kms.create_key()["KeyMetadata"]["KeyId"]
            request_id = kms.encrypt(KeyId=key, Plaintext=b"x")["ResponseMetadata"]["RequestId"]
            with refused("NotFoundException"):
                kms.disable_key(KeyId="00000000-0000-0000-0000-000000000000")
            kms.put_key_policy(KeyId=key, BypassPolicyLockoutSafetyCheck=True, Policy=json.dumps(document(NOBODY)))
            with refused("AccessDeniedException") as refusal:
                kms.encrypt(KeyId=key, Plaintext=b"x")
            port = str(urlsplit(process.url).port)
            allowed = run("explain", "--port", port, request_id)
            denied = run("explain", "--port", port, "--last-refused")
            as_json = run("explain", "--port", port, "--json", refusal.response["ResponseMetadata"]["RequestId"])
            unknown = run("explain", "--port", port, "no such id")
        assert (allowed.returncode, denied.returncode, as_json.returncode, unknown.returncode) == (0, 0, 0, 2)
        assert "because the policies allow it" in " ".join(allowed.stdout.split())
        assert "because no resource-based policy allows" in " ".join(denied.stdout.split())
        assert "Its actions do not cover kms:Encrypt." in " ".join(denied.stdout.split())
        assert json.loads(as_json.stdout)["Explanations"][0]["EventName"] == "Encrypt"
        assert "remembers nothing" in unknown.stderr

    @pytest.mark.parametrize("arguments", [[], ["id", "--last-refused"]], ids=["nothing", "both"])
    def test_it_wants_one_thing_to_explain(self, arguments: list[str]) -> None:
        assert run("explain", *arguments).returncode == 2


NOBODY = allow("kms:Decrypt", Principal=named("*"))
