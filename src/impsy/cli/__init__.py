"""The command line: one module for each command; only here is anything printed.

Public: ``main.main``, which is the program ``impsy``. Nothing is imported from the folder in which it is started, a
workspace that somebody else may have made, unless IMPSY itself is there.
"""

import os
import sys
from contextlib import suppress
from pathlib import Path

with suppress(OSError):  # the folder may be gone
    _here, _root = os.path.realpath(Path.cwd()), os.path.realpath(Path(__file__).parents[2])
    sys.path[:] = [path for path in sys.path if os.path.realpath(path) != _here or _here == _root]
