"""Tags of domains through boto3."""

from __future__ import annotations

from typing import Any

from tests.services.voice_id.support import create_domain
from tests.support import Account, refused


def tags_of(client: Any, arn: str) -> dict[str, str]:
    tags = client.list_tags_for_resource(ResourceArn=arn)["Tags"]
    return {tag["Key"]: tag["Value"] for tag in tags}


class TestShape:
    def test_a_domain_without_tags_has_an_empty_list(self, voice_id: Any, domain: dict[str, Any]) -> None:
        assert tags_of(voice_id, domain["Arn"]) == {}

    def test_a_domain_can_be_born_with_tags(self, voice_id: Any, kms_key: str) -> None:
        domain = create_domain(voice_id, kms_key, Tags=[{"Key": "team", "Value": "red"}])
        assert tags_of(voice_id, domain["Arn"]) == {"team": "red"}

    def test_an_unknown_domain_is_refused(self, voice_id: Any, domain: dict[str, Any]) -> None:
        with refused("ResourceNotFoundException") as refusal:
            tags_of(voice_id, domain["Arn"][:-22] + "a" * 22)
        assert refusal.response["ResourceType"] == "DOMAIN"


class TestAuthorization:
    def test_another_accounts_domain_is_unknown(self, second_account: Account, domain: dict[str, Any]) -> None:
        with refused("ResourceNotFoundException"):
            tags_of(second_account.client("voice-id"), domain["Arn"])

    def test_tags_need_the_key_like_all_free_text(
        self, voice_id: Any, kms: Any, kms_key: str, domain: dict[str, Any]
    ) -> None:
        voice_id.tag_resource(ResourceArn=domain["Arn"], Tags=[{"Key": "team", "Value": "red"}])
        kms.disable_key(KeyId=kms_key)
        with refused("AccessDeniedException"):
            tags_of(voice_id, domain["Arn"])


class TestBehaviour:
    def test_tags_are_added_changed_and_removed(self, voice_id: Any, domain: dict[str, Any]) -> None:
        arn = domain["Arn"]
        voice_id.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "red"}, {"Key": "stage", "Value": ""}])
        voice_id.tag_resource(ResourceArn=arn, Tags=[{"Key": "team", "Value": "blue"}])
        assert tags_of(voice_id, arn) == {"team": "blue", "stage": ""}
        voice_id.untag_resource(ResourceArn=arn, TagKeys=["team", "absent"])
        assert tags_of(voice_id, arn) == {"stage": ""}

    def test_reserved_and_repeated_keys_are_refused(self, voice_id: Any, domain: dict[str, Any]) -> None:
        with refused("ValidationException"):
            voice_id.tag_resource(ResourceArn=domain["Arn"], Tags=[{"Key": "aws:mine", "Value": "1"}])
        with refused("ValidationException"):
            twice = [{"Key": "team", "Value": "red"}, {"Key": "team", "Value": "blue"}]
            voice_id.tag_resource(ResourceArn=domain["Arn"], Tags=twice)
