"""The files of batch jobs: what the input file asks for, and what the output file tells.

Source: "Batch enrollment using audio data from prior calls" and "Create and edit a fraudster watchlist" of the Connect
Administrator Guide. A file that cannot be read fails the job; a request that cannot be met fails alone.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from shared.aws.models import service_model

VERSION = "1.0"
MAX_AUDIO_FILES = 10
_S3_URI = re.compile(r"s3://([a-z0-9][.\-a-z0-9]{1,61}[a-z0-9])/(.+)", re.DOTALL)


class InvalidFile(Exception):
    """The input file is not what a job takes; the text says why, and repeats nothing of it."""


class InvalidRequest(Exception):
    """One request of the input file cannot be met; the text says why."""


@dataclass(frozen=True)
class FileForm:
    """How the files of one kind of job are worded, and how many requests one may have."""

    requests: str
    successes: str
    max_requests: int


@dataclass(frozen=True)
class Audio:
    """One recording: where it is, and which channel is the speaker's."""

    bucket: str
    key: str
    channel: int


def parse(unverified_file: bytes, form: FileForm) -> list[dict[str, Any]]:
    """The requests of an input file, each with a "RequestId". Raises: InvalidFile."""
    try:
        document = json.loads(unverified_file)
    except (ValueError, RecursionError) as error:
        raise InvalidFile("The input file is not JSON.") from error
    if not isinstance(document, dict) or document.get("Version") != VERSION:
        raise InvalidFile(f'The input file must be a JSON object of "Version" "{VERSION}".')
    requests = document.get(form.requests)
    if not isinstance(requests, list) or not requests:
        raise InvalidFile(f'The input file must have a list "{form.requests}" that is not empty.')
    if len(requests) > form.max_requests:
        raise InvalidFile(f"The input file has more than {form.max_requests} requests.")
    ids = [request.get("RequestId") if isinstance(request, dict) else None for request in requests]
    if not all(isinstance(request_id, str) and request_id for request_id in ids) or len(set(ids)) < len(ids):
        raise InvalidFile('Each request must be an object with a "RequestId" of its own.')
    return [_what_counts(request) for request in requests]


def _what_counts(request: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a request that mean something, if they are of the right kind; the rest is not kept."""
    recordings = request.get("AudioSpecifications")
    return {
        "RequestId": request["RequestId"],
        "SpeakerId": _text(request.get("SpeakerId")),
        "AudioSpecifications": [
            {"S3Uri": _text(recording.get("S3Uri")), "ChannelId": _whole(recording.get("ChannelId", 0))}
            if isinstance(recording, dict)
            else None
            for recording in recordings[: MAX_AUDIO_FILES + 1]
        ]
        if isinstance(recordings, list)
        else None,
    }


def _text(value: Any) -> str | None:
    """A text that UTF-8 can say: JSON's may have halves of characters."""
    return value if isinstance(value, str) and not any("\ud800" <= one <= "\udfff" for one in value) else None


def _whole(value: Any) -> int | None:
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def speaker_id_of(request: Mapping[str, Any]) -> str:
    """Raises: InvalidRequest."""
    speaker_id = request["SpeakerId"] or ""
    shape = service_model("voice-id").shape_for("CustomerSpeakerId")
    if len(speaker_id) > shape.metadata["max"] or not re.fullmatch(shape.metadata["pattern"], speaker_id):
        raise InvalidRequest("The SpeakerId is not valid.")
    return str(speaker_id)


def audio_of(request: Mapping[str, Any]) -> list[Audio]:
    """Raises: InvalidRequest."""
    specifications = request["AudioSpecifications"]
    if specifications is None or not 0 < len(specifications) <= MAX_AUDIO_FILES:
        raise InvalidRequest(f"A request must name 1 to {MAX_AUDIO_FILES} audio files.")
    return [_audio(specification) for specification in specifications]


def _audio(specification: Any) -> Audio:
    if specification is None:
        raise InvalidRequest("An audio specification must be an object.")
    if specification["ChannelId"] not in (0, 1):
        raise InvalidRequest("The ChannelId must be 0 or 1.")
    bucket, key = split_uri(specification["S3Uri"])
    return Audio(bucket, key, specification["ChannelId"])


def split_uri(uri: Any) -> tuple[str, str]:
    """Bucket and key of an s3:// URI. Raises: InvalidRequest."""
    text = _text(uri)
    match = None if text is None else _S3_URI.fullmatch(text)
    if match is None:
        raise InvalidRequest("The S3Uri does not name an object.")
    return match[1], match[2]


def output_uri(folder: str, job_id: str, input_uri: str) -> str:
    """Where the output file goes: the folder, the job, the input file's own name and ".out"."""
    return f"{folder.rstrip('/')}/{job_id}/{input_uri.rpartition('/')[2]}.out"


def render(form: FileForm, outcomes: Iterable[Mapping[str, Any]]) -> bytes:
    """The output file. An outcome with an "ErrorCode" is a failure."""
    errors: list[dict[str, Any]] = []
    successes: list[dict[str, Any]] = []
    for outcome in outcomes:
        (errors if "ErrorCode" in outcome else successes).append(dict(outcome))
    return json.dumps({"Version": VERSION, "Errors": errors, form.successes: successes}, indent=2).encode()
