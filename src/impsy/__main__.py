"""The program ``impsy``, also as ``python -m impsy``."""

import os
import sys


def main() -> None:
    """Run the command line.

    Nothing is imported from the folder in which it is started, a workspace that somebody else may have made, unless
    IMPSY itself is there.
    """
    # Nothing is imported before this that Python has not loaded by itself: it could come from there, too.
    root = os.path.dirname(os.path.dirname(os.path.realpath(__file__)))
    try:
        here = os.path.realpath(os.curdir)
        if here != root:
            sys.path[:] = [path for path in sys.path if os.path.realpath(path) != here]
    except OSError:  # the folder is gone, and nothing lies in it
        pass
    from impsy.cli.main import main as command_line

    command_line()


if __name__ == "__main__":
    main()
