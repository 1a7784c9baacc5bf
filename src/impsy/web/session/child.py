"""Runs ``impsy`` with these arguments until its standard input ends: a session must not outlive its parent.

However the process that holds the other end of the pipe ends, ``kill -9`` included, every system closes the pipe; the
session then ends as by SIGTERM, with its log complete.
"""

from __future__ import annotations

import contextlib
import os
import runpy
import signal
import sys
import threading

__all__ = ["main"]

_CHUNK = 4096


def _end_with_input(ends: threading.Thread) -> None:
    # By the descriptor: the interpreter's own object for it has a lock that must be free at its end.
    with contextlib.suppress(OSError):  # what cannot be read any more has ended, too
        while os.read(0, _CHUNK):
            pass
    if hasattr(signal, "pthread_kill") and ends.ident is not None:
        signal.pthread_kill(ends.ident, signal.SIGTERM)
    else:
        signal.raise_signal(signal.SIGTERM)


def main() -> None:
    """Watch standard input, and be ``python -m impsy``."""
    threading.Thread(target=_end_with_input, args=(threading.main_thread(),), name="parent", daemon=True).start()
    sys.argv[0] = "impsy"
    runpy.run_module("impsy", run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
