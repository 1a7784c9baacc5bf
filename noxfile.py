"""The commands that contributors need, in the environment that nox itself is installed in: ``nox -l`` lists them."""

from __future__ import annotations

import sys
from pathlib import Path

import nox

nox.options.sessions = ["check", "quick"]
PYTHON = sys.executable


def run(session: nox.Session, *module: str) -> None:
    """A module of this environment."""
    session.run(PYTHON, "-m", *module, external=True)


@nox.session(venv_backend="none")
def quick(session: nox.Session) -> None:
    """The quick tests, on all cores."""
    run(session, "pytest", "-n", "logical", "-m", "not slow", *session.posargs)


@nox.session(venv_backend="none")
def tests(session: nox.Session) -> None:
    """All tests, on all cores, with their coverage."""
    run(session, "pytest", "-n", "logical", "--cov", *session.posargs)


@nox.session(venv_backend="none")
def check(session: nox.Session) -> None:
    """Format, lint, types, layers, and the pages that are made from the program."""
    run(session, "ruff", "format", "--check", ".")
    run(session, "ruff", "check", ".")
    run(session, "mypy")
    session.run(str(Path(PYTHON).with_name("lint-imports")), external=True)
    session.run(PYTHON, "docs/make_reference.py", "--check", external=True)


@nox.session(venv_backend="none")
def fix(session: nox.Session) -> None:
    """What can be corrected without a person: format, lint, the pages that are made from the program."""
    run(session, "ruff", "check", "--fix", ".")
    run(session, "ruff", "format", ".")
    session.run(PYTHON, "docs/make_reference.py", external=True)


@nox.session(venv_backend="none")
def docs(session: nox.Session) -> None:
    """The documentation, in build/site; with ``-- serve`` shown while you write."""
    run(session, "mkdocs", *(session.posargs or ["build", "--strict"]))


@nox.session(venv_backend="none")
def build(session: nox.Session) -> None:
    """The wheel and the source distribution, in dist."""
    run(session, "hatchling", "build", *session.posargs)
