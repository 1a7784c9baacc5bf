"""A device on a pseudo-terminal, which can be pulled out and plugged in again under the same name."""

from __future__ import annotations

import os
import select
import time
import tty
from pathlib import Path


class Device:
    def __init__(self, path: Path) -> None:
        self.path = path
        self.plugged = False

    def plug(self) -> None:
        self.main, self._other = os.openpty()
        tty.setraw(self._other)
        self.path.symlink_to(os.ttyname(self._other))
        self.plugged = True

    def pull(self) -> None:
        if self.plugged:
            self.plugged = False
            self.path.unlink()
            os.close(self._other)
            os.close(self.main)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self.main, data) :]

    def read(self, until: bytes = b"", seconds: float = 3.0, count: int = 0) -> bytes:
        """What arrives until it ends in ``until`` and is ``count`` bytes long; without either, for ``seconds``."""
        data = b""
        end = time.monotonic() + seconds
        while not (until or count) or not (data.endswith(until) and len(data) >= count):
            left = end - time.monotonic()
            if left <= 0 or not select.select([self.main], [], [], left)[0]:
                if until or count:
                    raise AssertionError(f"only this arrived: {data[-200:]!r}")
                break
            data += os.read(self.main, 65536)
        return data
