"""Links by which documents come and go, each good for one thing until it expires: the place of S3's presigned URLs.

A link carries its own proof, a digest keyed with the domain key; nothing of it is stored. The document itself is sealed
as it arrives and opened as it leaves, by the service alone: a link is worth nothing once the key refuses.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from flask import Blueprint, Response, request

from kms.encrypted_store import EncryptedStore
from kms.errors import KmsRefusal
from services.blueprints import refuse_large_body, simulator
from services.wisdom import errors
from services.wisdom.data_classes import CONTENT, UPLOAD
from services.wisdom.knowledge_base import knowledge_base_arn

if TYPE_CHECKING:
    from services.call import ServiceCall
    from services.simulator import Simulator

links = Blueprint("wisdom-links", __name__, url_prefix="/_wisdom")
links.before_request(refuse_large_body)

MAX_DOCUMENT_BYTES = 1024 * 1024
UPLOADED = "UPLOADED"
_HEADERS = {
    # A document may be a page of somebody's making; it must not act as one of ours.
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "Content-Disposition": "attachment",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


@dataclass(frozen=True)
class Link:
    """What one link is good for. kind: CONTENT to fetch, UPLOAD to send. expires_at: whole seconds, virtual clock."""

    kind: str
    region: str
    account_id: str
    base_id: str
    target_id: str
    content_type: str
    expires_at: int

    @property
    def path(self) -> str:
        return f"/_wisdom/{self.kind}/{self.region}/{self.account_id}/{self.base_id}/{self.target_id}"

    @property
    def base_arn(self) -> str:
        return knowledge_base_arn(self.region, self.account_id, self.base_id)

    def proof(self, world: Simulator) -> str:
        text = "\n".join(("wisdom link", self.path, self.content_type, str(self.expires_at)))
        return world.domain_key.digest(text.encode())


def make_link(call: ServiceCall, kind: str, base_id: str, target_id: str, content_type: str, seconds: int) -> Link:
    expires_at = int(call.clock.now()) + seconds
    return Link(kind, call.region, call.account_id, base_id, target_id, content_type, expires_at)


def url_of(call: ServiceCall, link: Link) -> str:
    """The link as a URL at the host that the caller reached us by."""
    query = {"type": link.content_type, "expires": link.expires_at, "signature": link.proof(call.simulator)}
    host = call.request.headers.get("host", "127.0.0.1")
    return f"http://{host}{link.path}?{urlencode(query)}"


@links.put("/upload/<region>/<account_id>/<base_id>/<target_id>")
def receive(region: str, account_id: str, base_id: str, target_id: str) -> Response:
    """Seal a document as it arrives; sending again replaces it, until it has become content."""
    world = simulator()
    link = _given_link(UPLOAD, region, account_id, base_id, target_id)
    refusal = _refusal(world, link)
    if refusal is not None:
        return refusal
    if request.headers.get("Content-Type") != link.content_type:
        return _say(403, "The Content-Type header is not the one that the upload was started with.")
    body = request.get_data()
    if len(body) > MAX_DOCUMENT_BYTES:
        return _say(413, f"A document has at most {MAX_DOCUMENT_BYTES} bytes.")
    return _act(world, lambda store: _seal(store, link, body))


@links.get("/content/<region>/<account_id>/<base_id>/<target_id>")
def send(region: str, account_id: str, base_id: str, target_id: str) -> Response:
    """Open a document as it leaves."""
    world = simulator()
    link = _given_link(CONTENT, region, account_id, base_id, target_id)
    return _refusal(world, link) or _act(world, lambda store: _open(store, link))


def _given_link(kind: str, region: str, account_id: str, base_id: str, target_id: str) -> Link:
    given = request.args.get("expires", "")
    expires_at = int(given) if given.isascii() and given.isdigit() and len(given) < 16 else 0
    return Link(kind, region, account_id, base_id, target_id, request.args.get("type", ""), expires_at)


def _refusal(world: Simulator, link: Link) -> Response | None:
    if not hmac.compare_digest(link.proof(world).encode(), request.args.get("signature", "").encode()):
        return _say(403, "The link is not one of ours.")
    if link.expires_at <= world.clock.now():
        return _say(403, "The link has expired.")
    return None


def _seal(store: EncryptedStore, link: Link, body: bytes) -> Response:
    scope, record = store.find_scope(link.base_arn), store.find(link.base_arn, UPLOAD, link.target_id)
    if scope is None or record is None:
        return _say(404, "The upload is over.")
    store.put(scope, UPLOAD, link.target_id, {"document": body}, {**record.attributes, "state": UPLOADED})
    return _say(200, "")


def _open(store: EncryptedStore, link: Link) -> Response:
    record = store.find(link.base_arn, CONTENT, link.target_id)
    if record is None:
        return _say(404, "The content does not exist.")
    document: bytes = store.reveal(record)["document"]
    return Response(document, 200, _HEADERS, content_type=record.attributes["contentType"])


def _act(world: Simulator, action: Callable[[EncryptedStore], Response]) -> Response:
    """Work as the service alone, in one unit; what KMS did is in the trail whatever came of it."""
    store = world.background_store("wisdom")
    try:
        with world.database.unit():
            response = action(store)
    except KmsRefusal as refusal:
        error = errors.refuse(refusal)
        response = _say(error.status or 403, f"{error.code}: {error.message}")
    with world.database.unit():
        store.kms.flush(undone=response.status_code != 200)
        world.randomness.save_position()
    return response


def _say(status: int, text: str) -> Response:
    return Response(f"{text}\n" if text else "", status, _HEADERS, content_type="text/plain; charset=utf-8")
