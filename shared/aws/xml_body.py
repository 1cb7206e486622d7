"""XML bodies of the query and rest-xml protocols: structures to elements, and elements to documents.

Documents that declare a type are refused before anything of it is read: no entity is ever expanded.
Source: https://smithy.io/2.0/spec/protocol-traits.html#xml-bindings
"""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from shared.aws.models import wire_name
from shared.aws.values import from_text, to_text

_TIMESTAMP_FORMAT = "iso8601"
_ILLEGAL_IN_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class MalformedXml(Exception):
    """Bytes that are no XML document, or one that declares a document type."""


class _NoDoctype(ElementTree.TreeBuilder):
    def doctype(self, name: str, pubid: str | None, system: str | None) -> None:
        raise MalformedXml("A document type declaration is not accepted.")


def load(body: bytes) -> ElementTree.Element:
    """The root of a document. Raises: MalformedXml."""
    parser = ElementTree.XMLParser(target=_NoDoctype())  # noqa: S314
    try:
        parser.feed(body)
        root: ElementTree.Element = parser.close()
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise MalformedXml from error
    return root


def read(shape: Any, element: ElementTree.Element) -> Any:
    """An element as a document for `shared.aws.schema.validate`, keyed by wire names.

    Raises: ServiceError SerializationException.
    """
    match shape.type_name:
        case "structure":
            return _read_structure(shape, element)
        case "list":
            return [read(shape.member, child) for child in element]
        case _:
            return from_text(shape, element.text or "", _TIMESTAMP_FORMAT)


def _read_structure(shape: Any, element: ElementTree.Element) -> dict[str, Any]:
    children: dict[str, list[ElementTree.Element]] = {}
    for child in element:
        children.setdefault(_local(child.tag), []).append(child)
    document: dict[str, Any] = {}
    for name, member in shape.members.items():
        tag = wire_name(name, member)
        if member.serialization.get("xmlAttribute"):
            found = [value for key, value in element.items() if _local(key) == tag.rpartition(":")[2]]
            document |= {tag: found[0]} if found else {}
        elif tag in children:
            flattened = member.type_name == "list" and member.serialization.get("flattened")
            given = children[tag]
            document[tag] = [read(member.member, child) for child in given] if flattened else read(member, given[-1])
    return document


def _local(tag: str) -> str:
    """A name without its namespace: clients write S3's, an older one, or none."""
    return tag.rpartition("}")[2]


def list_tag(name: str, shape: Any) -> str:
    """A flattened list goes by the name of its elements, if they have one."""
    if shape.type_name == "list" and shape.serialization.get("flattened"):
        return wire_name(wire_name(name, shape), shape.member)
    return wire_name(name, shape)


def write_members(
    parent: ElementTree.Element, shape: Any, members: dict[str, Any], dates: str = _TIMESTAMP_FORMAT
) -> None:
    """Write a structure's members as children. dates: the format of those whose shapes name none.

    Raises: LookupError for a member that the model does not know.
    """
    for name, value in members.items():
        if value is None:
            continue
        if name not in shape.members:
            raise LookupError(f"{shape.name} has no member {name}.")
        write(parent, list_tag(name, shape.members[name]), shape.members[name], value, dates)


def write(parent: ElementTree.Element, tag: str, shape: Any, value: Any, dates: str = _TIMESTAMP_FORMAT) -> None:
    """Write a value of a shape as a child of `parent`."""
    flattened = bool(shape.serialization.get("flattened"))
    match shape.type_name:
        case "structure":
            write_members(ElementTree.SubElement(parent, tag), shape, value, dates)
        case "list":
            inside = parent if flattened else ElementTree.SubElement(parent, tag)
            element_tag = tag if flattened else wire_name("member", shape.member)
            for element in value:
                write(inside, element_tag, shape.member, element, dates)
        case "map":
            inside = parent if flattened else ElementTree.SubElement(parent, tag)
            _write_entries(inside, tag if flattened else "entry", shape, value, dates)
        case _:
            ElementTree.SubElement(parent, tag).text = legal(to_text(shape, value, dates))


def _write_entries(parent: ElementTree.Element, tag: str, shape: Any, mapping: dict[str, Any], dates: str) -> None:
    for key, value in mapping.items():
        entry = ElementTree.SubElement(parent, tag)
        write(entry, wire_name("key", shape.key), shape.key, key)
        write(entry, wire_name("value", shape.value), shape.value, value, dates)


def legal(text: str) -> str:
    """Text that XML 1.0 can hold: what it cannot becomes U+FFFD."""
    return _ILLEGAL_IN_XML.sub("\ufffd", text)
