"""Reports to the performer: each kind is logged once, then counted."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import replace
from threading import Lock

from impsy.events import Report
from impsy.text import visible

__all__ = ["Reports"]

logger = logging.getLogger("impsy")

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


KINDS_LIMIT = 100
"""Kinds that are distinguished of those that begin alike, up to a colon; a peer chooses some words after it."""

TEXT_LIMIT = 2000
"""Characters of a report."""


class Reports:
    """Logs each kind of report once and counts the rest. Any thread may use it."""

    def __init__(self, remembered: int = 50) -> None:
        self._lock = Lock()
        self._counts: dict[str, int] = {}
        self._families: dict[str, int] = {}
        self._recent: deque[Report] = deque(maxlen=remembered)

    def add(self, report: Report) -> bool:
        """Log a report, unless its kind has been logged before; returns whether it was logged."""
        text = visible(report.text[: TEXT_LIMIT - 1] + "…" * (len(report.text) >= TEXT_LIMIT))
        if text != report.text:
            report = replace(report, text=text)
        with self._lock:
            kind = self._kind(report.kind)
            seen = self._counts.get(kind, 0)
            self._counts[kind] = seen + 1
            if seen and not report.always:
                return False
            self._recent.append(report)
        logger.log(LEVELS[report.level], "%s", report.text)
        return True

    def _kind(self, kind: str) -> str:
        """The kind that a report counts as."""
        if kind in self._counts:
            return kind
        family = kind.partition(":")[0]
        if self._families.get(family, 0) >= KINDS_LIMIT:
            return f"{family}:more"
        self._families[family] = self._families.get(family, 0) + 1
        return kind

    def recent(self, most: int = 5) -> list[Report]:
        """The latest that were logged, oldest first."""
        with self._lock:
            return list(self._recent)[-most:]

    def counts(self) -> dict[str, int]:
        """How often each kind was reported."""
        with self._lock:
            return dict(self._counts)
