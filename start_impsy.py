#!/usr/bin/env python3
"""Start IMPSY from a checkout: ``./start_impsy.py run`` is ``impsy run``."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent / "src"))

from impsy.cli.main import main

if __name__ == "__main__":
    main()
