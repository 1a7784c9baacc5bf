"""Announces the page in the network, by the title of the workspace's configuration. The token is never announced."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from impsy.errors import ImpsyError
from impsy.events import Report
from impsy.io.announcing import HTTP, Announcer, Service, service_name
from impsy.web.config.file import ConfigFile

__all__ = ["announced"]


@contextmanager
def announced(config: ConfigFile, host: str, port: int, tell: Callable[[str], object]) -> Iterator[Announcer]:
    """While the context lasts, the page that listens here is announced.

    Args:
        config: has the title; it is announced anew when that changes.
        host, port: where the page listens.
        tell: called with what happens, from any thread.
    """
    title = _title(config)

    def services() -> list[Service]:
        return [Service(HTTP, service_name(title), host, port, {"path": "/"})]

    def changed() -> None:
        nonlocal title
        title = _title(config)
        announcer.changed()

    def report(report: Report) -> None:
        tell(report.text)

    announcer = Announcer(services)
    config.subscribe(changed)
    announcer.open(report)
    try:
        yield announcer
    finally:
        announcer.close()


def _title(config: ConfigFile) -> str:
    """The configuration's title; "" where it has none, or cannot be read."""
    try:
        return config.load().config.title
    except ImpsyError:
        return ""
