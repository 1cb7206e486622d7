"""Paths of rest-json services: from a method and a raw, percent-encoded path to an operation and its labels.

Segments are compared encoded and labels decoded once afterwards, so that an ARN's slashes (%2F) stay in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from urllib.parse import unquote

from botocore.model import OperationModel, ServiceModel

from shared.aws.values import serialization_error


@dataclass
class _Node:
    """What may follow after some segments of a path; a literal segment goes before a label."""

    literals: dict[str, _Node] = field(default_factory=dict)
    label: _Node | None = None
    greedy: _Node | None = None
    operation: OperationModel | None = None
    label_names: tuple[str, ...] = ()


class PathTable:
    """All operations of a service by method and path."""

    def __init__(self, model: ServiceModel) -> None:
        self._roots: dict[str, _Node] = {}
        for name in model.operation_names:
            operation = model.operation_model(name)
            self._add(operation, operation.http.get("method", "POST"), operation.http["requestUri"])

    def find(self, method: str, raw_path: str) -> tuple[OperationModel, Mapping[str, str]] | None:
        """The operation and its labels, decoded; None if nothing matches. A slash at the end is ignored.

        Raises: ServiceError SerializationException if a label is not UTF-8.
        """
        root = self._roots.get(method)
        found = None if root is None else _walk(root, _segments(raw_path), 0, ())
        if found is None:
            return None
        operation, names, values = found
        return operation, {name: _decoded(value) for name, value in zip(names, values, strict=True)}

    def _add(self, operation: OperationModel, method: str, template: str) -> None:
        node = self._roots.setdefault(method, _Node())
        names: list[str] = []
        for segment in _segments(template.partition("?")[0]):
            if segment.startswith("{"):
                names.append(segment.strip("{+}"))
                node = _label_node(node, greedy=segment.endswith("+}"))
            else:
                node = node.literals.setdefault(segment, _Node())
        node.operation, node.label_names = operation, tuple(names)


@cache
def path_table(model: ServiceModel) -> PathTable:
    """The table of a service, built on first use."""
    return PathTable(model)


def _segments(path: str) -> list[str]:
    return path.removeprefix("/").removesuffix("/").split("/")


def _label_node(node: _Node, *, greedy: bool) -> _Node:
    if greedy:
        node.greedy = node.greedy or _Node()
        return node.greedy
    node.label = node.label or _Node()
    return node.label


_Found = tuple[OperationModel, tuple[str, ...], tuple[str, ...]]


def _walk(node: _Node, segments: list[str], depth: int, values: tuple[str, ...]) -> _Found | None:
    if depth == len(segments):
        return None if node.operation is None else (node.operation, node.label_names, values)
    segment = segments[depth]
    literal = node.literals.get(segment)
    if literal is not None:
        found = _walk(literal, segments, depth + 1, values)
        if found is not None:
            return found
    if node.label is not None and segment:
        found = _walk(node.label, segments, depth + 1, (*values, segment))
        if found is not None:
            return found
    return _walk_greedily(node, segments, depth, values)


def _walk_greedily(node: _Node, segments: list[str], depth: int, values: tuple[str, ...]) -> _Found | None:
    """A greedy label takes as many segments as leave the rest a match."""
    if node.greedy is None:
        return None
    for end in range(len(segments), depth, -1):
        taken = "/".join(segments[depth:end])
        found = _walk(node.greedy, segments, end, (*values, taken)) if taken else None
        if found is not None:
            return found
    return None


def _decoded(label: str) -> str:
    try:
        return unquote(label, errors="strict")
    except UnicodeDecodeError:
        raise serialization_error("A label of the path is not valid UTF-8.") from None
