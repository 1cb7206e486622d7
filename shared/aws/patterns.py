"""The models' patterns, which are written for Java, as Python's `re` understands them.

Differences that matter: `\\p{..}` classes, code points beyond U+FFFF written as surrogate pairs, ASCII-only
`\\d`, `\\w` and `\\s`. A value must match as a whole, alternatives included, as AWS's validation does.
"""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Mapping
from functools import cache
from itertools import groupby
from types import MappingProxyType

_ESCAPED_TWICE = "its backslashes are escaped twice: it asks for literal ones, which no real value has"
_WITH_SLASHES = "it is printed with the slashes of a JavaScript literal, which no real value has"

NOT_ENFORCED: Mapping[str, str] = MappingProxyType(
    {
        r"^arn:[a-z0-9\\-]+:vpc-lattice:[a-zA-Z0-9\\-]+:\\d{12}:servicenetworkresourceassociation/snra-[0-9a-z]{17}$": _ESCAPED_TWICE,  # noqa: E501
        r"^[\\P{C}\r\n\t]+$": _ESCAPED_TWICE,
        r"^[\\P{C}\r\n\t]*$": _ESCAPED_TWICE,
        r"^[\\P{C}]*$": _ESCAPED_TWICE,
        r".*\\S.*": _ESCAPED_TWICE,
        r"^(?!\\.$)(?!\\.\\.$)[\\p{L}\\p{Z}\\p{N}\\-_.:=@'|]+$": _ESCAPED_TWICE,
        r"^$|^[\\p{L}\\p{Z}\\p{N}\\-_.:=@'|]{3,}$": _ESCAPED_TWICE,
        r"\\+[1-9]\\d{1,14}$": _ESCAPED_TWICE,
        r"\\+?[0-9]{1,11}": _ESCAPED_TWICE,
        r"s3://\S+/.+|https://\\S+\\.s3\\.\\S+\\.amazonaws\\.com/\\S+": _ESCAPED_TWICE,
        r"/^(?=.*[a-z])(?=.*[A-Z])(?=.*\d)[a-zA-Z\d\S]{8,64}$/": _WITH_SLASHES,
    }
)
"""Pattern -> why it is not enforced. All are misprints of connect's and events' models."""

_PROPERTY = re.compile(r"\\([pP])\{(\^?)(\w+)\}")
_SURROGATE_PAIR = re.compile(r"\\u([dD][89abAB][0-9a-fA-F]{2})\\u([dD][c-fC-F][0-9a-fA-F]{2})")


@cache
def compiled(pattern: str) -> re.Pattern[str] | None:
    """The translated pattern, to be used with `fullmatch`; None if it is not enforced."""
    return None if pattern in NOT_ENFORCED else re.compile(translate(pattern), re.ASCII)


def translate(pattern: str) -> str:
    """Rewrite a pattern of a service model for `re`."""
    return _translate_properties(_SURROGATE_PAIR.sub(_joined_pair, pattern))


def _joined_pair(match: re.Match[str]) -> str:
    high, low = int(match[1], 16), int(match[2], 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def _translate_properties(pattern: str) -> str:
    """Replace \\p{..}: inside a character class by ranges, outside by a class of its own."""
    parts: list[str] = []
    in_class, i = False, 0
    while i < len(pattern):
        found = _PROPERTY.match(pattern, i)
        if found is not None:
            ranges = _ranges(found[3], negated=(found[1] == "P") != bool(found[2]))
            parts.append(ranges if in_class else f"[{ranges}]")
            i = found.end()
            continue
        step = 2 if pattern[i] == "\\" else 1
        if step == 1:
            in_class = pattern[i] == "[" or (in_class and pattern[i] != "]")
        parts.append(pattern[i : i + step])
        i += step
    return "".join(parts)


@cache
def _ranges(name: str, *, negated: bool) -> str:
    """The code points of a Unicode general category, or of ASCII, as the inside of a character class."""
    if name == "ASCII":
        return "\\u0080-\\U0010ffff" if negated else "\\x00-\\x7f"
    chosen = ((first, last) for category, first, last in _category_runs() if category.startswith(name) != negated)
    return "".join(f"\\U{first:08x}-\\U{last:08x}" for first, last in chosen)


@cache
def _category_runs() -> tuple[tuple[str, int, int], ...]:
    """(general category, first, last) of all code points; takes a tenth of a second, and is seldom needed."""
    runs, first = [], 0
    for category, members in groupby(map(unicodedata.category, map(chr, range(sys.maxunicode + 1)))):
        length = sum(1 for _ in members)
        runs.append((category, first, first + length - 1))
        first += length
    return tuple(runs)
