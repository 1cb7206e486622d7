"""Texts of a policy that stand for many: wildcards and policy variables, compiled once.

`*` is any run of characters and `?` any one. In policies of Version 2012-10-17, `${key}` is the request's
value of a single-valued condition key, `${key, 'text'}` the same with a default, and `${*}`, `${?}`, `${$}`
stand for the characters themselves.

What a variable brings in is plain text: a wildcard in a tag's value matches only itself. Our choice; AWS
does not say.

Source: IAM User Guide, "IAM policy elements: Variables and tags" and "Resource".
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from functools import cached_property, lru_cache

from shared.policy.errors import MalformedPolicy
from shared.policy.request import Context

_VARIABLE = re.compile(r"\$\{(?:([*?$])|([^,'{}$*?]+)(?:,\s*'([^']*)'\s*)?)\}")

Matcher = Callable[[str, Context], bool]
"""Whether a value of the request fits a text of the policy, in a context that gives the variables' values."""


class Wild(Enum):
    """A wildcard."""

    RUN = "*"
    ONE = "?"


@dataclass(frozen=True)
class Variable:
    """A `${name, 'default'}`; the name is in lower case."""

    name: str
    default: str | None

    def value_in(self, context: Context) -> str | None:
        """Its value; None if the key is absent or multi-valued and there is no default."""
        value = context.get(self.name)
        return value if isinstance(value, str) else self.default


@dataclass(frozen=True)
class Template:
    """A text of a policy, cut into plain pieces, wildcards and variables."""

    text: str
    tokens: tuple[str | Wild | Variable, ...]

    @staticmethod
    def parse(text: str, *, variables: bool, wildcards: bool) -> Template:
        """Cut a text. Without variables or wildcards, their characters are plain.

        Raises: MalformedPolicy for a `${` that begins no variable.
        """
        tokens: list[str | Wild | Variable] = []
        start = 0
        for found in _VARIABLE.finditer(text) if variables else ():
            literal, name, default = found.groups()
            tokens += _without_variables(text[start : found.start()], variables, wildcards)
            tokens.append(literal or Variable(name.strip().lower(), default))
            start = found.end()
        tokens += _without_variables(text[start:], variables, wildcards)
        return Template(text, tuple(tokens))

    @cached_property
    def has_variables(self) -> bool:
        return any(isinstance(token, Variable) for token in self.tokens)

    @property
    def variables(self) -> frozenset[Variable]:
        return frozenset(token for token in self.tokens if isinstance(token, Variable))

    def resolve(self, context: Context) -> tuple[str | Wild, ...]:
        """The tokens with the variables' values in place; statements check first that each has one."""
        return tuple((token.value_in(context) or "") if isinstance(token, Variable) else token for token in self.tokens)

    def text_in(self, context: Context) -> str:
        """The whole text, for a template without wildcards."""
        return "".join(token for token in self.resolve(context) if isinstance(token, str))


def _without_variables(text: str, variables: bool, wildcards: bool) -> list[str | Wild | Variable]:
    if variables and "${" in text:
        raise MalformedPolicy(f"{text!r} holds a policy variable that is not well formed.")
    if not wildcards:
        return [text] if text else []
    return [Wild(piece) if piece in ("*", "?") else piece for piece in re.split(r"([*?])", text) if piece]


def matcher(template: Template, *, by_arn_parts: bool = False) -> Matcher:
    """Compile a template; see `glob` for by_arn_parts."""
    if template.has_variables:
        return lambda value, context: glob(template.resolve(context), by_arn_parts)(value)
    matches = glob(template.resolve({}), by_arn_parts)
    return lambda value, _: matches(value)


@lru_cache(maxsize=1024)
def glob(tokens: tuple[str | Wild, ...], by_arn_parts: bool = False) -> Callable[[str], bool]:
    """Compile plain pieces and wildcards into a test of a whole value.

    by_arn_parts: the first five parts of an ARN, between colons, are matched one by one: no wildcard spans
        their colons. The sixth part is the rest. A pattern of fewer parts matches nothing.
    """
    if by_arn_parts and sum(token.count(":") for token in tokens if isinstance(token, str)) < 5:
        return lambda _: False
    if tokens == (Wild.RUN,):
        return lambda _: True
    if not any(isinstance(token, Wild) for token in tokens):
        return "".join(str(token) for token in tokens).__eq__
    fullmatch = re.compile(_regex(tokens, by_arn_parts), re.DOTALL).fullmatch
    return lambda value: fullmatch(value) is not None


def _regex(tokens: tuple[str | Wild, ...], by_arn_parts: bool) -> str:
    """One regular expression for all tokens.

    After each run the text up to the next one is matched as early as it can be, in an atomic group: that is
    enough for globs, and no policy can make the match go back and forth (time is bounded by pattern times
    value).
    """
    colons = 0
    steps = [""]
    runs = []
    for token in tokens:
        one = "[^:]" if by_arn_parts and colons < 5 else "."
        if token is Wild.RUN:
            runs.append(one)
            steps.append("")
        elif token is Wild.ONE:
            steps[-1] += one
        else:
            steps[-1] += re.escape(str(token))
            colons += str(token).count(":")
    first, *middle = steps
    last = f"{runs[-1]}*{middle.pop()}" if middle else ""
    return first + "".join(f"(?>{run}*?{step})" for run, step in zip(runs, middle, strict=False)) + last
