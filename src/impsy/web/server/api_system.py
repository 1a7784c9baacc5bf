"""The machine over HTTP: what a check-up finds, versions, disk and memory."""

from __future__ import annotations

import os
import platform
import shutil
import threading
import time
from collections.abc import Iterable, Iterator
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import psutil

from impsy import __version__
from impsy.perform.diagnostics.checkup import CHECKS, Finding, Workspace
from impsy.perform.diagnostics.ways import Way
from impsy.protocol.session import Disk, Memory, System
from impsy.protocol.session import Finding as FindingAnswer
from impsy.web.devices.api import ways_now
from impsy.web.parts import part
from impsy.web.server.endpoints import Call, Endpoint
from impsy.web.site import Site

__all__ = ["ENDPOINTS", "CheckUps"]

CACHE_SECONDS = 3.0
"""A check-up takes about a second and keeps a processor busy."""

_LEVELS: dict[str, Literal["good", "note", "problem"]] = {"ok": "good", "warning": "note", "problem": "problem"}

_PACKAGES = (
    "numpy", "ai-edge-litert", "python-rtmidi", "python-osc", "serialx", "websockets", "starlette", "uvicorn",
    "keras", "jax",
)  # fmt: skip


class CheckUps:
    """Findings, kept for three seconds; who asks while they are looked for waits for them. For several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._found: tuple[float, bool, list[FindingAnswer]] | None = None

    def findings(self, site: Site, state: dict[str, Any] | None) -> list[FindingAnswer]:
        """What ``impsy doctor`` would find; the ports by the session's own ``state``, where one plays."""
        with self._lock:
            plays = state is not None
            if self._found is not None:
                when, was_playing, found = self._found
                if time.monotonic() - when < CACHE_SECONDS and was_playing == plays:
                    return found
            found = [
                FindingAnswer(each.check, _LEVELS[each.level], each.text, each.advice)
                for each in _findings(site, state)
            ]
            self._found = (time.monotonic(), plays, found)
            return found


def _findings(site: Site, state: dict[str, Any] | None) -> Iterator[Finding]:
    workspace = Workspace(site.workspace.config)
    for check in CHECKS:
        if check.name != "ports":
            yield from check.look(workspace)
        elif workspace.loaded is not None:
            # Here, unlike for `impsy doctor`, the page is an instrument, too: no device need be there.
            yield from _ports(ways_now(site, workspace.loaded.config, state))


def _ports(ways: list[Way]) -> Iterator[Finding]:
    for way in ways:
        yield Finding("ports", "ok" if way.usable else "warning", f"{way.key}: {way.text}", way.advice)
    if ways and not any(way.usable and (way.hears or way.plays) for way in ways):
        yield Finding("ports", "ok", "no device takes part now: this page is the instrument")


def _system(call: Call) -> System:
    site = call.site
    state = site.link.state
    checks = part(site, "check-ups", CheckUps)
    return System(
        versions=_versions(),
        findings=checks.findings(site, state),
        disk=_disk(site.workspace.root),
        memory=_memory(site, state),
        uptime=round(time.time() - psutil.Process().create_time(), 1),
    )


def _versions() -> dict[str, str]:
    found = {"impsy": __version__, "python": platform.python_version(), "system": platform.platform()}
    for package in _PACKAGES:
        try:
            found[package] = metadata.version(package)
        except metadata.PackageNotFoundError:
            continue
    return found


def _disk(folder: Path) -> Disk | None:
    """Of the nearest folder that is there: the workspace may have vanished."""
    for place in (folder, *folder.parents):
        try:
            usage = shutil.disk_usage(place)
        except OSError:
            continue
        return Disk(usage.free, usage.total)
    return None


def _memory(site: Site, state: dict[str, Any] | None) -> Memory:
    whole = psutil.virtual_memory()
    pid = (state or {}).get("pid")
    return Memory(
        whole.total,
        whole.available,
        _held([os.getpid()]) or 0,
        _held([pid] if isinstance(pid, int) else []),
        _held(_training(site)),
    )


def _training(site: Site) -> Iterable[int]:
    """The processes that train, if the part that starts them tells."""
    tell = getattr(site.parts.get("training"), "pids", None)
    return tell() if callable(tell) else ()


def _held(pids: Iterable[int]) -> int | None:
    """Bytes in memory of all of them; None if there are none."""
    held = []
    for pid in pids:
        try:
            held.append(int(psutil.Process(pid).memory_info().rss))
        except (psutil.Error, ValueError, OverflowError):
            continue
    return sum(held) if held else None


ENDPOINTS = (
    Endpoint("GET", "/api/system", _system, "check-up, versions, disk and memory", returns=System, anywhere=True),
)
