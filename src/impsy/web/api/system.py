"""The machine over HTTP: what a check-up finds, versions, disk and memory."""

from __future__ import annotations

import os
import platform
import shutil
import time
from collections.abc import Iterable
from importlib import metadata
from pathlib import Path
from typing import Any, Literal

import psutil

from impsy.protocol.session import Disk, Finding, Memory, System
from impsy.version import __version__
from impsy.web.api.endpoints import Endpoints
from impsy.web.site import Site

__all__ = ["ENDPOINTS"]

ENDPOINTS = Endpoints()

_LEVELS: dict[str, Literal["good", "note", "problem"]] = {"ok": "good", "warning": "note", "problem": "problem"}

_PACKAGES = (
    "numpy", "ai-edge-litert", "python-rtmidi", "python-osc", "serialx", "websockets", "starlette", "uvicorn",
    "keras", "jax",
)  # fmt: skip


@ENDPOINTS.add("GET", "/api/system", "check-up, versions, disk and memory", anywhere=True)
def system(site: Site) -> System:
    state = site.link.state
    return System(
        versions=_versions(),
        findings=[
            Finding(each.check, _LEVELS[each.level], each.text, each.advice) for each in site.checkups.findings()
        ],
        workspace=str(site.workspace.root),
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
        _held(site.trainings.pids()),
    )


def _held(pids: Iterable[int]) -> int | None:
    """Bytes in memory of all of them; None if there are none."""
    held = []
    for pid in pids:
        try:
            held.append(int(psutil.Process(pid).memory_info().rss))
        except (psutil.Error, ValueError, OverflowError):
            continue
    return sum(held) if held else None
