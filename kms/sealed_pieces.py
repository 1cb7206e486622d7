"""The pieces of sealed contents, in chunks as they come.

A piece is written in chunks of 1 MiB: a record each, sealed like any other, whose AAD binds besides its place the
piece, the part number, the chunk's index and whether it is the last, so that no chunk can be moved, swapped with
another, left out or cut off.

Chunks go into the database as they come, in transactions of their own size: memory is bounded by a chunk, plaintext
never rests, and what a crash leaves behind is chunks that nothing names. A piece becomes part of something only with
the transaction that names it; those that never did, and those that are not wanted any more, are garbage, overwritten a
few chunks at a time between requests.

Why rows and not files: one mechanism for durability, one place to look for plaintext, and nothing of it knows whether
the database is a file, memory, or a server.
"""

from __future__ import annotations

import weakref
from collections.abc import Generator, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kms import errors
from kms.sealed_contents import OpenContent
from shared.database import Database, Row
from shared.randomness import Randomness

CHUNK_BYTES = 1024 * 1024

_WRITING, _KEPT, _GARBAGE = "WRITING", "KEPT", "GARBAGE"
_SWEEP_CHUNKS = 8


@dataclass(frozen=True)
class Piece:
    """A part of a content that was written. part: its number, as it is bound in the chunks. length: in bytes."""

    piece_id: str
    part: int
    length: int


class PieceWriter:
    """Seals one piece as it comes. `write` and `finish` are to run in units of work of their own."""

    def __init__(self, pieces: Pieces, content: OpenContent, part: int) -> None:
        self._pieces = pieces
        self._content = content
        self._part = part
        self._pending = bytearray()
        self._index = 0
        self._length = 0
        self._piece_id = pieces.begin(content.content.content_id)

    def write(self, data: bytes) -> None:
        """Raises: ContentGone."""
        self._pending += data
        self._length += len(data)
        # The last chunk says so: a full one is sealed only when more has come.
        while len(self._pending) > CHUNK_BYTES:
            self._seal(bytes(self._pending[:CHUNK_BYTES]), is_last=False)
            del self._pending[:CHUNK_BYTES]

    def finish(self) -> Piece:
        """Seal the rest and keep the piece: for the transaction that names it. Raises: ContentGone."""
        self._seal(bytes(self._pending), is_last=True)
        self._pending.clear()
        self._pieces.keep(self._piece_id)
        return Piece(self._piece_id, self._part, self._length)

    def abandon(self) -> None:
        """Leave what was written to the sweep."""
        self._pending.clear()
        self._pieces.drop(self._piece_id)

    def _seal(self, data: bytes, *, is_last: bool) -> None:
        place = self._content.place(self._piece_id, self._part, self._index, is_last=is_last)
        self._pieces.add_chunk(self._piece_id, self._index, self._content.key.seal(data, place))
        self._index += 1


class ContentReader:
    """A range of a content, chunk by chunk. Its pieces are not swept away while it lives and is not closed."""

    def __init__(self, pieces: Pieces, content: OpenContent, parts: Sequence[Piece], start: int, end: int) -> None:
        """start, end: in bytes of the whole content, the end exclusive."""
        self.piece_ids = frozenset(piece.piece_id for piece in parts)
        self._source = self._chunks(pieces, content, parts, start, end)
        pieces.pin(self)
        # The first chunk is opened now: damage is told before anything is answered.
        self._first: bytes | None = next(self._source, b"")

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        """Raises: RecordRejected if a chunk is not what was sealed, or not there."""
        if self._first is not None:
            first, self._first = self._first, None
            return first
        return next(self._source)

    def close(self) -> None:
        self._source.close()
        self._first = b""
        self.piece_ids = frozenset()

    def _chunks(
        self, pieces: Pieces, content: OpenContent, parts: Sequence[Piece], start: int, end: int
    ) -> Generator[bytes, None, None]:
        begins = 0
        for piece in parts:
            ends = begins + piece.length
            if begins < end and ends > start:
                first, last = max(start - begins, 0), min(end - begins, piece.length)
                yield from self._chunks_of(pieces, content, piece, first, last)
            begins = ends

    def _chunks_of(self, pieces: Pieces, content: OpenContent, piece: Piece, start: int, end: int) -> Iterator[bytes]:
        last_index = max(piece.length - 1, 0) // CHUNK_BYTES
        for index in range(start // CHUNK_BYTES, (end - 1) // CHUNK_BYTES + 1):
            place = content.place(piece.piece_id, piece.part, index, is_last=index == last_index)
            opened = content.key.open(pieces.chunk(piece.piece_id, index), place)
            offset = index * CHUNK_BYTES
            yield opened[max(start - offset, 0) : end - offset]


class Pieces:
    """All pieces of a world as they rest, and the sweep of those that are garbage."""

    def __init__(self, database: Database, randomness: Randomness) -> None:
        self._database = database
        self._randomness = randomness
        self._readers: weakref.WeakSet[ContentReader] = weakref.WeakSet()
        # Nobody goes on writing what was not finished when the last process ended.
        with database.unit():
            database.update("sealed_pieces", {"state": _WRITING}, {"state": _GARBAGE})
        self._has_garbage = True

    def begin(self, content_id: str) -> str:
        piece_id = self._randomness.uuid()
        self._database.insert("sealed_pieces", {"piece_id": piece_id, "content_id": content_id, "state": _WRITING})
        return piece_id

    def add_chunk(self, piece_id: str, index: int, sealed: bytes) -> None:
        """Raises: ContentGone, so that nothing is added to what the sweep takes away."""
        if self._database.find("sealed_pieces", {"piece_id": piece_id, "state": _WRITING}) is None:
            raise errors.ContentGone("What was being written has been dropped.")
        self._database.insert("sealed_chunks", {"piece_id": piece_id, "chunk_index": index, "sealed": sealed})

    def chunk(self, piece_id: str, index: int) -> bytes:
        """Raises: RecordRejected."""
        row = self._database.find("sealed_chunks", {"piece_id": piece_id, "chunk_index": index})
        if row is None:
            raise errors.RecordRejected("A chunk of the content is missing.")
        sealed: bytes = row["sealed"]
        return sealed

    def keep(self, piece_id: str) -> None:
        self._database.update("sealed_pieces", {"piece_id": piece_id, "state": _WRITING}, {"state": _KEPT})

    def drop(self, piece_id: str) -> None:
        self._drop({"piece_id": piece_id})

    def drop_content(self, content_id: str) -> None:
        """Destroy a content's data key; its chunks are unreadable from here on."""
        self._database.delete("sealed_contents", {"content_id": content_id})
        self._drop({"content_id": content_id})

    def drop_scope(self, scope_arn: str) -> None:
        """Drop all contents of a scope."""
        for row in self._database.select("sealed_contents", {"scope_arn": scope_arn}):
            self.drop_content(row["content_id"])

    def _drop(self, where: Mapping[str, Any]) -> None:
        self._database.update("sealed_pieces", where, {"state": _GARBAGE})
        self._has_garbage = True

    def pin(self, reader: ContentReader) -> None:
        self._readers.add(reader)

    def sweep(self) -> bool:
        """Remove a few chunks that nothing names; returns whether there was anything to do."""
        if not self._has_garbage:
            return False
        pinned = frozenset[str]().union(*(reader.piece_ids for reader in self._readers))
        with self._database.unit():
            garbage = self._database.select("sealed_pieces", {"state": _GARBAGE}, limit=len(pinned) + 1)
            unused = [row for row in garbage if row["piece_id"] not in pinned]
            if unused:
                self._sweep_piece(unused[0])
        self._has_garbage = bool(garbage)
        return bool(unused)

    def _sweep_piece(self, piece: Row) -> None:
        where = {"piece_id": piece["piece_id"]}
        indexes = tuple(
            row["chunk_index"]
            for row in self._database.select("sealed_chunks", where, order=["chunk_index"], limit=_SWEEP_CHUNKS)
        )
        if indexes:
            self._database.delete("sealed_chunks", {**where, "chunk_index": indexes})
        if len(indexes) < _SWEEP_CHUNKS:
            self._database.delete("sealed_pieces", where)
