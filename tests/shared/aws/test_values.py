from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.aws.values import (
    WHOLE_SECONDS,
    ZERO_MILLISECONDS,
    blob_from_wire,
    blob_to_wire,
    timestamp_from_wire,
    timestamp_to_wire,
)
from shared.errors import ServiceError

MOMENT = datetime(2026, 3, 1, 12, 0, 0, 123456, UTC)


@pytest.mark.parametrize(
    ("timestamp_format", "written"),
    [
        ("unixTimestamp", 1772366400.123),
        ("iso8601", "2026-03-01T12:00:00.123Z"),
        (WHOLE_SECONDS, "2026-03-01T12:00:00Z"),
        (ZERO_MILLISECONDS, "2026-03-01T12:00:00.000Z"),
        ("rfc822", "Sun, 01 Mar 2026 12:00:00 GMT"),
    ],
)
def test_a_timestamp_is_written_in_its_format(timestamp_format: str, written: Any) -> None:
    assert timestamp_to_wire(MOMENT, timestamp_format) == written


@pytest.mark.parametrize("timestamp_format", ["unixTimestamp", "iso8601", "rfc822"])
@given(seconds=st.integers(0, 4_000_000_000))
def test_a_timestamp_that_was_written_is_read_again(timestamp_format: str, seconds: int) -> None:
    moment = datetime.fromtimestamp(seconds, UTC)
    assert timestamp_from_wire(timestamp_to_wire(moment, timestamp_format), timestamp_format) == moment


@pytest.mark.parametrize(
    ("value", "timestamp_format"),
    [
        ("2026-03-01T12:00:00Z", "unixTimestamp"),
        (True, "unixTimestamp"),
        (1e300, "unixTimestamp"),
        (10**400, "unixTimestamp"),
        (5, "iso8601"),
        ("2026-03-01", "iso8601"),
        ("2026-03-01T12:00:00", "iso8601"),
        ("2026-13-01T12:00:00Z", "iso8601"),
        ("soon", "rfc822"),
    ],
)
def test_a_timestamp_in_another_format_cannot_be_read(value: Any, timestamp_format: str) -> None:
    with pytest.raises(ServiceError, match="SerializationException"):
        timestamp_from_wire(value, timestamp_format)


@given(value=st.binary())
def test_a_blob_that_was_written_is_read_again(value: bytes) -> None:
    assert blob_from_wire(blob_to_wire(value)) == value
