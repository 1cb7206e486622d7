"""Who may drive the simulator: programs on this machine, and no web page from elsewhere.

A browser sends Origin (or Sec-Fetch-Site) with what a page makes it do, and Host with the name the page used: a
foreign origin is refused, and so is a host name that is not ours, which a page could have made resolve to loopback.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

from flask import Request

LOCAL_NAMES = frozenset({"localhost"})


class Refused(Exception):
    """The request may not drive the simulator; the text says why."""


def check(request: Request) -> None:
    """Raises: Refused."""
    if not _is_loopback(request.remote_addr or ""):
        raise Refused("The control API answers on loopback only.")
    if not is_local_host(request.host):
        raise Refused("The Host header names another host.")
    origin = request.headers.get("Origin")
    if origin is not None and _netloc(origin) != request.host:
        raise Refused("The Origin header names another site.")
    if request.headers.get("Sec-Fetch-Site", "none") not in ("none", "same-origin"):
        raise Refused("The request comes from another site.")


def _netloc(origin: str) -> str | None:
    """Host and port of an Origin header; None if it is none."""
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def is_local_host(host: str) -> bool:
    """Whether a Host header (name or address, with or without port) means this machine's loopback."""
    try:
        name = urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return False
    return name in LOCAL_NAMES or _is_loopback(name)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
