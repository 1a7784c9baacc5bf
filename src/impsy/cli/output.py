"""Log lines for a performance, which never delay the engine's thread."""

from __future__ import annotations

import contextlib
import logging
import sys
from collections.abc import Iterator
from logging.handlers import QueueHandler, QueueListener
from queue import SimpleQueue

from impsy.cli.terminal import visible

__all__ = ["logging_to"]

WAITING_LIMIT = 10_000


class _Handler(QueueHandler):
    """Queues records as they are; another thread formats and prints them."""

    def __init__(self, queue: SimpleQueue[logging.LogRecord]) -> None:
        super().__init__(queue)
        self._waiting = queue

    def prepare(self, record: logging.LogRecord) -> logging.LogRecord:
        return record

    def enqueue(self, record: logging.LogRecord) -> None:
        if self._waiting.qsize() < WAITING_LIMIT:
            self._waiting.put_nowait(record)


class _Stream(logging.StreamHandler):  # type: ignore[type-arg]
    """Ignores errors of a stream that is closed."""

    def handleError(self, record: logging.LogRecord) -> None:
        if not isinstance(sys.exc_info()[1], OSError | ValueError):
            super().handleError(record)


class _Lines(logging.Formatter):
    """Records as text without control characters: reports contain names of devices and peers."""

    def format(self, record: logging.LogRecord) -> str:
        return visible(super().format(record))


@contextlib.contextmanager
def logging_to(handler: logging.Handler | None = None, level: int = logging.INFO) -> Iterator[None]:
    """Send IMPSY's log records to ``handler`` (default: lines on standard output) through a queue and a thread."""
    if handler is None:
        handler = _Stream(sys.stdout)
        handler.setFormatter(_Lines("%(asctime)s.%(msecs)03d %(levelname)-7s %(message)s", "%H:%M:%S"))
    queue: SimpleQueue[logging.LogRecord] = SimpleQueue()
    logger = logging.getLogger("impsy")
    # Otherwise a library that logs would print each bad packet; those are counted and reported once.
    logging.getLogger().addHandler(logging.NullHandler())
    entrance = _Handler(queue)
    listener = QueueListener(queue, handler)
    before = logger.level
    logger.setLevel(level)
    logger.addHandler(entrance)
    propagate, logger.propagate = logger.propagate, False
    listener.start()
    try:
        yield
    finally:
        listener.stop()
        logger.removeHandler(entrance)
        logger.setLevel(before)
        logger.propagate = propagate
