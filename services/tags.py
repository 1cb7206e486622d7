"""Tags as lists of key and value, as most services take them."""

from __future__ import annotations

from collections.abc import Callable

from shared.errors import ServiceError


def check_tags(tags: list[dict[str, str]], invalid: Callable[[str], ServiceError]) -> dict[str, str]:
    """Tag key -> value. invalid: words the service's refusal of a reserved key, and of one that stands twice.

    Raises: what `invalid` makes.
    """
    values = {tag["Key"]: tag["Value"] for tag in tags}
    if len(values) < len(tags):
        raise invalid("A tag key must not stand twice.")
    if any(key.lower().startswith("aws:") for key in values):
        raise invalid("Tag keys that begin with aws: are reserved.")
    return values
