"""The program ``impsy``, also as ``python -m impsy``."""

import os
import sys
from contextlib import suppress
from pathlib import Path


def main() -> None:
    """Run the command line.

    Nothing is imported from the folder in which it is started, a workspace that somebody else may have made, unless
    IMPSY itself is there.
    """
    with suppress(OSError):  # the folder may be gone
        here, root = os.path.realpath(Path.cwd()), os.path.realpath(Path(__file__).parents[1])
        if here != root:
            sys.path[:] = [path for path in sys.path if os.path.realpath(path) != here]
    from impsy.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
