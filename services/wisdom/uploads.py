"""StartContentUpload: a place for a document, and the link to send it by."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from services.wisdom.data_classes import UPLOAD
from services.wisdom.knowledge_base import require_knowledge_base
from services.wisdom.links import make_link, url_of

if TYPE_CHECKING:
    from services.call import ServiceCall

_MINUTES = 60
"""How long a link works if the caller does not say. Our choice: the most that can be asked for."""

STARTED = "STARTED"


def start_content_upload(parameters: dict[str, Any], call: ServiceCall) -> dict[str, Any]:
    base = require_knowledge_base(call, parameters["knowledgeBaseId"])
    call.store.require_access(base.scope)
    upload_id, content_type = call.randomness.uuid(), parameters["contentType"]
    seconds = 60 * parameters.get("presignedUrlTimeToLive", _MINUTES)
    link = make_link(call, UPLOAD, base.base_id, upload_id, content_type, seconds)
    attributes = {"contentType": content_type, "state": STARTED, "expiresAt": link.expires_at}
    call.store.put_plain(base.arn, UPLOAD, upload_id, attributes)
    return {
        "uploadId": upload_id,
        "url": url_of(call, link),
        "urlExpiry": link.expires_at,
        "headersToInclude": {"content-type": content_type},
    }
