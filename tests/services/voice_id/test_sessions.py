"""Calls: streamed by the control API, evaluated through boto3; enrolment by a call; how speakers age."""

from __future__ import annotations

import base64
import json
import re
import urllib.error
from typing import Any

import pytest

from services.voice_id import speaker
from tests.services.voice_id.support import data_keys, documented_conflicts, new_key, switch
from tests.services.voice_id.voices import ADA, BOB, LONG, TINY, Call, enrolled, refusal_of, says
from tests.support import Account, Server, refused


@pytest.fixture
def call(account: Account, domain: dict[str, Any]) -> Call:
    return Call(account, domain["DomainId"])


@pytest.fixture
def ada(account: Account, domain: dict[str, Any]) -> dict[str, Any]:
    """An enrolled speaker."""
    return enrolled(account, domain, "ada", ADA)


def status_of(client: Any, domain: dict[str, Any], speaker_id: str) -> str:
    status: str = client.describe_speaker(DomainId=domain["DomainId"], SpeakerId=speaker_id)["Speaker"]["Status"]
    return status


def refused_control(deed: Any, *arguments: Any, **settings: Any) -> dict[str, Any]:
    with pytest.raises(urllib.error.HTTPError) as raised:
        deed(*arguments, **settings)
    return refusal_of(raised.value)


class TestShape:
    def test_before_any_audio_there_is_no_result(self, call: Call) -> None:
        started = call.start(SpeakerId="ada")
        answer = call.evaluate()
        assert answer["StreamingStatus"] == "PENDING_CONFIGURATION"
        assert answer["SessionId"] == started["SessionId"]
        assert re.fullmatch("id#[a-zA-Z0-9]{22}", answer["SessionId"])
        assert answer["SessionName"] == "call"
        assert not {"AuthenticationResult", "FraudDetectionResult"} & set(answer)

    def test_a_result_says_what_was_compared_with_what(
        self, call: Call, domain: dict[str, Any], ada: dict[str, Any]
    ) -> None:
        call.start(SpeakerId="ada", AcceptanceThreshold=80, RiskThreshold=60)
        call.hears(ADA)
        answer = call.evaluate()
        authentication, fraud = answer["AuthenticationResult"], answer["FraudDetectionResult"]
        assert authentication["CustomerSpeakerId"] == "ada"
        assert authentication["GeneratedSpeakerId"] == ada["GeneratedSpeakerId"]
        assert authentication["Configuration"] == {"AcceptanceThreshold": 80}
        assert authentication["AudioAggregationStartedAt"] <= authentication["AudioAggregationEndedAt"]
        assert re.fullmatch("[a-zA-Z0-9]{22}", authentication["AuthenticationResultId"])
        default = domain["WatchlistDetails"]["DefaultWatchlistId"]
        assert fraud["Configuration"] == {"RiskThreshold": 60, "WatchlistId": default}
        assert fraud["RiskDetails"] == {"KnownFraudsterRisk": {"RiskScore": 0}, "VoiceSpoofingRisk": {"RiskScore": 0}}
        assert (fraud["Decision"], fraud["Reasons"]) == ("LOW_RISK", [])

    def test_a_session_is_found_by_its_id_too(self, call: Call) -> None:
        session_id = call.start()["SessionId"]
        assert call.evaluate(session_id)["SessionName"] == "call"

    def test_an_unknown_session_is_refused_by_its_type(self, call: Call) -> None:
        for name in ("nobody", "id#" + "a" * 22):
            with refused("ResourceNotFoundException") as refusal:
                call.evaluate(name)
            assert refusal.response["ResourceType"] == "SESSION"

    @pytest.mark.parametrize(
        "settings",
        [
            {"AcceptanceThreshold": 101},
            {"RiskThreshold": "high"},
            {"SpeakerId": 7},
            {"SpeakerId": ""},
            {"SpeakerId": "a name"},
            {"SpeakerId": "a" * 257},
            {"WatchlistId": "watchlist"},
            {"Unknown": 1},
        ],
        ids=lambda settings: " ".join(f"{name} {str(value)[:9]}" for name, value in settings.items()),
    )
    def test_settings_that_are_none_are_refused(self, call: Call, settings: dict[str, Any]) -> None:
        assert refused_control(call.start, **settings)["status"] == 400
        speakers = call.account.client("voice-id").list_speakers(DomainId=call.domain_id)["SpeakerSummaries"]
        assert speakers == []

    @pytest.mark.parametrize("audio", ["not base64!", base64.b64encode(b"no WAV").decode()])
    def test_audio_that_is_none_is_refused(self, call: Call, audio: str) -> None:
        call.start()
        place = {"Account": call.account.account_id, "DomainId": call.domain_id, "SessionName": call.name}
        said = refused_control(call.account.server.control, "voice-id/sessions/audio", {**place, "Audio": audio})
        assert said["status"] == 400


class TestAuthentication:
    def test_the_same_voice_is_accepted_and_another_rejected(self, call: Call, ada: dict[str, Any]) -> None:
        other = Call(call.account, call.domain_id, "other")
        for one, voice in ((call, ADA), (other, BOB)):
            one.start(SpeakerId="ada")
            one.hears(voice)
        accepted, rejected = call.evaluate()["AuthenticationResult"], other.evaluate()["AuthenticationResult"]
        assert (accepted["Decision"], rejected["Decision"]) == ("ACCEPT", "REJECT")
        assert accepted["Score"] >= 90 > 50 > rejected["Score"]

    def test_the_threshold_decides(self, call: Call, ada: dict[str, Any]) -> None:
        call.start(SpeakerId="ada")
        call.hears(ADA)
        score = call.evaluate()["AuthenticationResult"]["Score"]
        call.update(AcceptanceThreshold=score)
        assert call.decision() == "ACCEPT"
        call.update(AcceptanceThreshold=100)
        assert call.decision() == ("ACCEPT" if score == 100 else "REJECT")

    def test_each_decision_without_a_comparison(
        self, server: Server, account: Account, call: Call, domain: dict[str, Any], ada: dict[str, Any]
    ) -> None:
        voice_id = account.client("voice-id")
        call.start()
        call.hears(ADA, seconds=TINY)
        assert call.decision() == "SPEAKER_ID_NOT_PROVIDED"
        call.update(SpeakerId="stranger")
        assert call.decision() == "SPEAKER_NOT_ENROLLED"
        assert status_of(voice_id, domain, "stranger") == "PENDING"
        call.update(SpeakerId="ada")
        result = call.evaluate()["AuthenticationResult"]
        assert (result["Decision"], "Score" in result) == ("NOT_ENOUGH_SPEECH", False)
        call.hears(ADA)
        assert call.decision() == "ACCEPT"
        server.advance("P1096D")
        again = Call(account, domain["DomainId"], "years-later")
        again.start(SpeakerId="ada")
        again.hears(ADA)
        assert again.decision() == "SPEAKER_EXPIRED"
        voice_id.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="ada")
        assert again.decision() == "SPEAKER_OPTED_OUT"

    def test_a_result_stays_until_something_changes(self, call: Call, ada: dict[str, Any]) -> None:
        call.start(SpeakerId="ada")
        call.hears(ADA)
        first = call.evaluate()
        assert call.evaluate()["AuthenticationResult"] == first["AuthenticationResult"]
        assert call.evaluate()["FraudDetectionResult"] == first["FraudDetectionResult"]
        call.update(RiskThreshold=70)
        second = call.evaluate()
        assert second["AuthenticationResult"] == first["AuthenticationResult"]
        assert second["FraudDetectionResult"] != first["FraudDetectionResult"]
        call.hears(ADA, words=3)
        third = call.evaluate()["AuthenticationResult"]
        assert third["AuthenticationResultId"] != first["AuthenticationResult"]["AuthenticationResultId"]

    def test_audio_may_come_in_pieces_and_from_either_channel(self, call: Call, ada: dict[str, Any]) -> None:
        from services.voice_id.recordings import write_wav

        call.start(SpeakerId="ada")
        agent, caller = says(BOB, 2), says(ADA, 2)
        for start in range(0, len(caller), 16_000):
            piece = slice(start, start + 16_000)
            call.takes(write_wav(agent[piece], caller[piece]), Channel=1)
        assert call.decision() == "ACCEPT"

    def test_a_spoofing_score_above_the_threshold_is_a_high_risk(self, call: Call) -> None:
        call.start(VoiceSpoofingRiskScore=90)
        call.hears(ADA)
        fraud = call.evaluate()["FraudDetectionResult"]
        assert (fraud["Decision"], fraud["Reasons"]) == ("HIGH_RISK", ["VOICE_SPOOFING"])


class TestStreaming:
    def test_the_status_follows_the_stream(self, call: Call) -> None:
        assert call.start()["StreamingStatus"] == "PENDING_CONFIGURATION"
        assert call.hears(ADA, seconds=TINY)["StreamingStatus"] == "ONGOING"
        assert call.end()["StreamingStatus"] == "ENDED"
        assert call.evaluate()["StreamingStatus"] == "ENDED"
        assert refused_control(call.hears, ADA, seconds=TINY)["code"] == "ValidationException"

    def test_a_call_without_a_word_has_no_results(self, call: Call) -> None:
        call.start(SpeakerId="ada")
        call.end()
        answer = call.evaluate()
        assert answer["StreamingStatus"] == "ENDED"
        assert not {"AuthenticationResult", "FraudDetectionResult"} & set(answer)

    def test_a_call_that_never_ends_is_forgotten_after_a_day_too(
        self, server: Server, call: Call, domain: dict[str, Any]
    ) -> None:
        call.start()
        call.hears(ADA)
        server.advance("PT25H")
        with refused("ResourceNotFoundException"):
            call.evaluate()
        assert server.simulator.database.count("records", {"scope_arn": domain["Arn"], "data_class": "audio"}) == 0

    def test_a_session_streams_once_at_a_time(self, call: Call) -> None:
        first = call.start()
        assert refused_control(call.start)["ConflictType"] == "ANOTHER_ACTIVE_STREAM"
        call.hears(ADA)
        call.end()
        assert call.start()["SessionId"] == first["SessionId"]
        assert "FraudDetectionResult" not in call.evaluate()

    def test_a_domain_has_fifty_active_sessions(self, account: Account, domain: dict[str, Any]) -> None:
        calls = [Call(account, domain["DomainId"], f"call-{number}") for number in range(51)]
        for call in calls[:50]:
            call.start()
        assert refused_control(calls[50].start)["code"] == "ServiceQuotaExceededException"
        calls[0].end()
        calls[50].start()

    def test_a_deleted_domain_takes_no_calls(self, account: Account, call: Call) -> None:
        account.client("voice-id").delete_domain(DomainId=call.domain_id)
        assert refused_control(call.start)["ConflictType"] == "DOMAIN_NOT_ACTIVE"

    def test_a_call_is_forgotten_a_day_after_its_end(self, server: Server, call: Call, domain: dict[str, Any]) -> None:
        call.start()
        call.hears(ADA)
        call.end()
        server.advance("PT23H")
        assert call.evaluate()["FraudDetectionResult"]["Decision"] == "LOW_RISK"
        audio = {"scope_arn": domain["Arn"], "data_class": "audio"}
        assert server.simulator.database.count("records", audio) == 1
        server.advance("PT2H")
        with refused("ResourceNotFoundException"):
            call.evaluate()
        assert server.simulator.database.count("records", audio) == 0


class TestEnrolment:
    def test_a_speaker_is_pending_until_there_is_enough_speech(
        self, account: Account, call: Call, domain: dict[str, Any]
    ) -> None:
        voice_id = account.client("voice-id")
        call.start(SpeakerId="ada")
        call.hears(ADA)
        assert call.enroll()["Enrolment"] == "REQUESTED"
        assert status_of(voice_id, domain, "ada") == "PENDING"
        assert call.hears(ADA, words=3, seconds=LONG)["Enrolment"] == "DONE"
        assert status_of(voice_id, domain, "ada") == "ENROLLED"
        assert call.decision() == "ACCEPT"

    def test_what_keeps_an_enrolment_from_being_made(self, account: Account, call: Call, ada: dict[str, Any]) -> None:
        call.start()
        met = [refused_control(call.enroll)]
        call.update(SpeakerId="ada")
        call.enroll()
        met += [refused_control(call.enroll), refused_control(call.update, SpeakerId="bob")]
        account.client("voice-id").opt_out_speaker(DomainId=call.domain_id, SpeakerId="bob")
        other = Call(account, call.domain_id, "other")
        other.start(SpeakerId="bob")
        met.append(refused_control(other.enroll))
        assert [refusal["ConflictType"] for refusal in met] == [
            "SPEAKER_NOT_SET",
            "ENROLLMENT_ALREADY_EXISTS",
            "CANNOT_CHANGE_SPEAKER_AFTER_ENROLLMENT",
            "SPEAKER_OPTED_OUT",
        ]
        for refusal in met:
            assert refusal["message"] == documented_conflicts()[refusal["ConflictType"]]

    def test_whoever_opts_out_during_the_call_is_not_enrolled(
        self, account: Account, call: Call, domain: dict[str, Any]
    ) -> None:
        voice_id = account.client("voice-id")
        call.start(SpeakerId="ada")
        call.enroll()
        voice_id.opt_out_speaker(DomainId=domain["DomainId"], SpeakerId="ada")
        call.hears(ADA, seconds=LONG)
        assert status_of(voice_id, domain, "ada") == "OPTED_OUT"

    @pytest.mark.parametrize("how", ["opt_out_speaker", "delete_speaker"])
    def test_opting_out_and_deleting_destroy_voice_and_audio(
        self, server: Server, account: Account, domain: dict[str, Any], ada: dict[str, Any], how: str
    ) -> None:
        def kept() -> int:
            where = {"scope_arn": domain["Arn"], "record_id": ada["GeneratedSpeakerId"]}
            return server.simulator.database.count("records", {**where, "data_class": ("voiceprint", "audio")})

        assert kept() == 2
        getattr(account.client("voice-id"), how)(DomainId=domain["DomainId"], SpeakerId="ada")
        assert kept() == 0

    def test_a_speaker_expires_three_years_after_the_last_access(
        self, server: Server, account: Account, call: Call, domain: dict[str, Any], ada: dict[str, Any]
    ) -> None:
        voice_id = account.client("voice-id")
        server.advance("P1000D")
        call.start(SpeakerId="ada")
        call.hears(ADA)
        assert call.decision() == "ACCEPT"
        accessed = voice_id.describe_speaker(DomainId=domain["DomainId"], SpeakerId="ada")["Speaker"]["LastAccessedAt"]
        assert accessed > ada["LastAccessedAt"]
        server.advance("P1000D")
        assert status_of(voice_id, domain, "ada") == "ENROLLED"
        server.advance("P100D")
        assert status_of(voice_id, domain, "ada") == "EXPIRED"
        where = {"scope_arn": domain["Arn"], "data_class": "voiceprint"}
        assert server.simulator.database.count("records", where) == 0
        assert enrolled(account, domain, "ada", BOB)["Status"] == "ENROLLED"

    def test_a_bug_in_one_deadline_keeps_no_other_waiting_and_is_mended_by_itself(
        self,
        server: Server,
        account: Account,
        domain: dict[str, Any],
        ada: dict[str, Any],
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        enrolled(account, domain, "bob", BOB)
        forget = speaker.forget_voice

        def forget_or_break(worker: Any, domain_arn: str, generated_id: str) -> None:
            forget(worker, domain_arn, generated_id)
            if generated_id == ada["GeneratedSpeakerId"]:
                raise ZeroDivisionError(domain_arn)

        monkeypatch.setattr(speaker, "forget_voice", forget_or_break)
        server.advance("P1100D")
        voice_id = account.client("voice-id")
        assert status_of(voice_id, domain, "bob") == "EXPIRED"
        assert status_of(voice_id, domain, "ada") == "ENROLLED"
        where = {"scope_arn": domain["Arn"], "data_class": "voiceprint"}
        assert server.simulator.database.count("records", where) == 1
        assert "ZeroDivisionError" in caplog.text
        assert domain["Arn"] not in caplog.text
        monkeypatch.undo()
        server.advance("PT1M")
        assert status_of(voice_id, domain, "ada") == "EXPIRED"
        assert server.simulator.database.count("records", where) == 0


class TestKeys:
    @pytest.mark.claim("V1", "V7", "V8", "G9")
    def test_no_voice_is_on_disk_in_the_clear_or_in_any_answer(
        self, server: Server, account: Account, call: Call, ada: dict[str, Any], trail: Any
    ) -> None:
        from services.voice_id.voiceprints import speech_of, voiceprint_of

        call.start(SpeakerId="ada")
        call.hears(ADA)
        call.evaluate()
        speech = speech_of(says(ADA, 1, LONG), 60)
        voiceprint = voiceprint_of(speech).to_bytes()
        secrets = [voiceprint[1:33], speech.tobytes()[4000:4032], says(ADA, 2).tobytes()[20_000:20_032]]
        on_disk = server.bytes_on_disk()
        seen = json.dumps([trail(account), server.control("trail")], default=str)
        for secret in secrets:
            assert secret not in on_disk
            assert base64.b64encode(secret)[2:-4] not in on_disk
            assert base64.b64encode(secret)[2:-4].decode() not in seen

    @pytest.mark.claim("V7", "V8")
    def test_voice_and_audio_lie_under_data_keys_of_the_domains_key(
        self, server: Server, kms_key: str, domain: dict[str, Any], ada: dict[str, Any]
    ) -> None:
        by_class = {row["data_class"]: row["key_arn"] for row in data_keys(server, domain)}
        assert by_class["voiceprint"] == by_class["audio"] == kms_key

    @pytest.mark.claim("V7", "V8", "V16")
    def test_with_the_key_disabled_nobody_is_authenticated_and_no_audio_is_taken(
        self, kms: Any, kms_key: str, call: Call, ada: dict[str, Any]
    ) -> None:
        call.start(SpeakerId="ada")
        call.hears(ADA)
        kms.disable_key(KeyId=kms_key)
        with refused("AccessDeniedException") as refusal:
            call.evaluate()
        assert "is disabled" in refusal.message
        assert refused_control(call.hears, ADA)["code"] == "AccessDeniedException"
        kms.enable_key(KeyId=kms_key)
        assert call.decision() == "ACCEPT"

    @pytest.mark.claim("V7", "V8", "V5")
    def test_voices_move_with_the_key(
        self, server: Server, kms: Any, kms_key: str, call: Call, domain: dict[str, Any], ada: dict[str, Any]
    ) -> None:
        call.start(SpeakerId="ada")
        call.hears(ADA)
        switch(call.account.client("voice-id"), domain, new_key(kms))
        server.run_jobs()
        kms.schedule_key_deletion(KeyId=kms_key, PendingWindowInDays=7)
        assert kms_key not in {row["key_arn"] for row in data_keys(server, domain)}
        assert call.decision() == "ACCEPT"

    def test_a_call_is_streamed_by_the_service_alone(
        self, account: Account, call: Call, ada: dict[str, Any], trail: Any
    ) -> None:
        before = len(trail(account, source="kms.amazonaws.com"))
        call.start(SpeakerId="ada")
        call.hears(ADA)
        events = trail(account, source="kms.amazonaws.com")[before:]
        assert events
        assert {event["userIdentity"]["type"] for event in events} == {"AWSService"}
