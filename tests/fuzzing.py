"""How many examples a test with random or damaged data tries."""

from __future__ import annotations

import os


def examples(usual: int) -> int:
    """``usual``, unless the environment variable ``IMPSY_FUZZ_EXAMPLES`` gives another number."""
    return int(os.environ.get("IMPSY_FUZZ_EXAMPLES", usual))
