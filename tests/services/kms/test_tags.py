"""Tags through boto3, with the recorded words of their refusals."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support import refused


def tags(**pairs: str) -> list[dict[str, str]]:
    return [{"TagKey": key, "TagValue": value} for key, value in pairs.items()]


REFUSED = {
    "twice": ([*tags(a="1"), *tags(a="2")], "Duplicate tag keys"),
    "too-many": (tags(**{f"tag{number}": "" for number in range(51)}), "Too many tags"),
    "reserved": ([{"TagKey": "aws:mine", "TagValue": "x"}], "Tags beginning with aws: are reserved"),
    "reserved-in-upper-case": ([{"TagKey": "AWS:mine", "TagValue": "x"}], "Tags beginning with aws: are reserved"),
}


class TestShape:
    def test_tags_are_listed_as_they_were_given(self, kms: Any) -> None:
        key = kms.create_key(Tags=tags(b="2", a="1"))["KeyMetadata"]["KeyId"]
        answer = kms.list_resource_tags(KeyId=key)
        assert answer["Tags"] == tags(a="1", b="2")
        assert answer["Truncated"] is False

    def test_a_key_without_tags_has_an_empty_list(self, kms: Any, kms_key: str) -> None:
        assert kms.list_resource_tags(KeyId=kms_key)["Tags"] == []


class TestBehaviour:
    def test_tagging_again_changes_the_value_and_leaves_the_others(self, kms: Any, kms_key: str) -> None:
        kms.tag_resource(KeyId=kms_key, Tags=tags(a="1", b="2"))
        kms.tag_resource(KeyId=kms_key, Tags=tags(b="3"))
        assert kms.list_resource_tags(KeyId=kms_key)["Tags"] == tags(a="1", b="3")

    def test_tag_keys_are_case_sensitive(self, kms: Any, kms_key: str) -> None:
        kms.tag_resource(KeyId=kms_key, Tags=tags(Team="1", team="2"))
        assert kms.list_resource_tags(KeyId=kms_key)["Tags"] == tags(Team="1", team="2")

    def test_untagging_takes_what_is_there_and_minds_no_other(self, kms: Any, kms_key: str) -> None:
        kms.tag_resource(KeyId=kms_key, Tags=tags(a="1", b="2"))
        kms.untag_resource(KeyId=kms_key, TagKeys=["a", "never"])
        assert kms.list_resource_tags(KeyId=kms_key)["Tags"] == tags(b="2")

    @pytest.mark.parametrize("case", REFUSED)
    def test_tags_that_cannot_be_are_refused_and_none_is_kept(self, kms: Any, kms_key: str, case: str) -> None:
        wanted, message = REFUSED[case]
        with refused("TagException") as refusal:
            kms.tag_resource(KeyId=kms_key, Tags=wanted)
        assert refusal.message == message
        assert kms.list_resource_tags(KeyId=kms_key)["Tags"] == []

    @pytest.mark.parametrize("case", REFUSED)
    def test_a_key_is_not_made_with_tags_that_cannot_be(self, kms: Any, case: str) -> None:
        wanted, message = REFUSED[case]
        with refused("TagException") as refusal:
            kms.create_key(Tags=wanted)
        assert refusal.message == message
        assert kms.list_keys()["Keys"] == []

    def test_the_limit_of_fifty_counts_what_is_there(self, kms: Any, kms_key: str) -> None:
        kms.tag_resource(KeyId=kms_key, Tags=tags(**{f"tag{number}": "" for number in range(50)}))
        kms.tag_resource(KeyId=kms_key, Tags=tags(tag0="changed"))
        with refused("TagException"):
            kms.tag_resource(KeyId=kms_key, Tags=tags(one_more=""))
