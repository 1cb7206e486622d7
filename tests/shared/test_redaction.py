"""What the trail keeps of a refusal's words."""

from __future__ import annotations

import pytest

from shared.aws.models import service_model
from shared.redaction import HIDDEN, without_hidden


@pytest.mark.parametrize(
    ("message", "kept"),
    [
        ("The speaker 4711 was not found.", f"The speaker {HIDDEN} was not found."),
        ("4711", HIDDEN),
        ("The quota of 47110 speakers is reached.", "The quota of 47110 speakers is reached."),
        ("The domain dddddddddddddddddddddd is not active.", "The domain dddddddddddddddddddddd is not active."),
    ],
    ids=["in-words", "alone", "only-a-part-of-a-word", "what-is-not-hidden"],
)
def test_a_message_is_kept_without_what_the_trail_hides(message: str, kept: str) -> None:
    shape = service_model("voice-id").operation_model("DescribeSpeaker").input_shape
    parameters = {"DomainId": "d" * 22, "SpeakerId": "4711"}
    assert without_hidden(message, shape, parameters, frozenset()) == kept


def test_a_member_that_the_service_protects_is_hidden_too() -> None:
    shape = service_model("connectcases").operation_model("CreateField").input_shape
    parameters = {"name": "colour", "description": "of the car"}
    told = without_hidden("colour: of the car", shape, parameters, frozenset({"description"}))
    assert told == f"colour: {HIDDEN}"
