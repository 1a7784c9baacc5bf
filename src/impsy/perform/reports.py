"""Reports to the performer: each kind is logged once, then counted."""

from __future__ import annotations

import logging
from collections import deque
from threading import Lock

from impsy.events import Report

__all__ = ["Reports"]

logger = logging.getLogger("impsy")

LEVELS = {"info": logging.INFO, "warning": logging.WARNING, "error": logging.ERROR}


KINDS_LIMIT = 500
"""Kinds that are distinguished; a peer chooses some of the words in them."""


class Reports:
    """Logs each kind of report once and counts the rest. Any thread may use it."""

    def __init__(self, remembered: int = 50) -> None:
        self._lock = Lock()
        self._counts: dict[str, int] = {}
        self._recent: deque[Report] = deque(maxlen=remembered)

    def add(self, report: Report) -> bool:
        """Log a report, unless its kind has been logged before; returns whether it was logged."""
        with self._lock:
            kind = report.kind if report.kind in self._counts or len(self._counts) < KINDS_LIMIT else "more"
            seen = self._counts.get(kind, 0)
            self._counts[kind] = seen + 1
            if seen and not report.always:
                return False
            self._recent.append(report)
        logger.log(LEVELS[report.level], "%s", report.text)
        return True

    def recent(self, most: int = 5) -> list[Report]:
        """The latest that were logged, oldest first."""
        with self._lock:
            return list(self._recent)[-most:]

    def counts(self) -> dict[str, int]:
        """How often each kind was reported."""
        with self._lock:
            return dict(self._counts)
