"""What the commands of `run.py` share: their options, how they ask a running server, and how they fail.

Nothing here imports a service, so that a command starts at once.
"""

from __future__ import annotations

import json
import sys
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn, TypeVar

import click

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_HOST, DEFAULT_PORT = "127.0.0.1", 8470
DEFAULT_DATA_DIR = Path(__file__).parents[2] / "data"


class DefaultCommand(click.Group):
    """A group that runs `serve` when no command is named."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and self.get_command(ctx, args[0]) is None and args[0].startswith("-"):
            args = ["serve", *args]
        return super().resolve_command(ctx, args)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        if not args or (args[0].startswith("-") and args[0] not in ctx.help_option_names):
            args = ["serve", *args]
        return super().parse_args(ctx, args)


def _named(ctx: click.Context, option: click.Parameter, host: str) -> str:
    if not host.strip():
        raise click.BadParameter("it must be a name or an address.", ctx, option)
    return host


def address(command: F) -> F:
    """The options that say which server is meant."""
    for option in (
        click.option(
            "--port",
            type=click.IntRange(0, 65535),
            default=DEFAULT_PORT,
            show_default=True,
            help="Port of the server; 0 takes a free one.",
        ),
        click.option("--host", default=DEFAULT_HOST, show_default=True, callback=_named, help="Address of the server."),
    ):
        command = option(command)
    return command


def place(command: F) -> F:
    """The options that say which server or data directory is meant."""
    data_dir = click.option(
        "--data-dir",
        type=click.Path(path_type=Path),
        default=DEFAULT_DATA_DIR,
        show_default="./data",
        help="Directory of the database and the domain key.",
    )
    return address(data_dir(command))


def ask(url: str, body: bytes | None = None, *, absent: int | None = None) -> Any:
    """The JSON that the control API of a running server answers; a body is posted. absent: the status that is None."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, data=body), timeout=30) as answer:  # noqa: S310
            return json.loads(answer.read())
    except urllib.error.HTTPError as error:
        if error.code == absent:
            return None
        fail(f"{url} answered {error.code}: {json.loads(error.read() or b'{}').get('message', '')}")
    except OSError as error:
        fail(f"no server answers at {url}: {error}")


def or_fail(action: Callable[[], Any], what: str) -> Any:
    try:
        return action()
    except (OSError, OverflowError) as error:
        fail(f"{what}: {getattr(error, 'strerror', None) or error}.")


def fail(message: str) -> NoReturn:
    """One clear line, exit status 2."""
    click.echo(f"connect-at-rest: {message}", err=True)
    sys.exit(2)


def is_loopback(host: str) -> bool:
    from services.console.guard import is_local_host

    return is_local_host(_bracketed(host))


def url_of(host: str, port: int) -> str:
    """Where a client on this machine finds a server that listens there."""
    return f"http://{_bracketed(_reachable(host))}:{port}"


def _reachable(host: str) -> str:
    """The address a client on this machine uses for a server that listens everywhere."""
    return {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host
