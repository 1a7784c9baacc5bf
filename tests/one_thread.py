"""NumPy computes in one thread: where the tests share the processors, several would mostly wait for each other."""

from __future__ import annotations

import os

VARIABLE = "OPENBLAS_NUM_THREADS"


def numpy_computes_in_one_thread() -> None:
    """In this process, as in ``impsy evaluate``; programs that tests start find the environment as it was.

    The variable is read when NumPy is loaded first, so that this has to come before.
    """
    before = os.environ.get(VARIABLE)
    os.environ[VARIABLE] = before or "1"
    import numpy  # noqa: F401 - to be loaded now

    if before is None:
        del os.environ[VARIABLE]
