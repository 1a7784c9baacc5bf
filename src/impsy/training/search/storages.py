"""Where the trials of a search are kept: a file, or a database that many machines reach."""

from __future__ import annotations

import time
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from impsy.errors import ConfigError

__all__ = ["LOCKED", "embedded", "need_optuna", "opened", "without_password"]

OPENED_WITHIN = 5
"""Tries to open a storage: two workers that make its tables at once may fail."""
LOCKED = 60
"""Seconds to wait for another worker's write to an embedded file."""


def embedded(path: Path) -> str:
    """The storage URL of a file."""
    need_optuna()
    from sqlalchemy.engine import URL

    url = URL.create("sqlite", database=str(path.resolve())).render_as_string(hide_password=False)
    # Optuna replaces what is between braces.
    return url.replace("{", "{{").replace("}", "}}")


def need_optuna() -> None:
    """Raise ConfigError if Optuna is not installed; keep it from printing if it is."""
    if find_spec("optuna") is None:
        raise ConfigError(
            "searching needs Optuna, which this installation does not have: install IMPSY with the extra `search`, "
            "as in `pip install 'impsy[search]'` (or `pip install '.[search]'` in its folder)"
        )
    import optuna

    optuna.logging.set_verbosity(optuna.logging.CRITICAL)


def without_password(url: str) -> str:
    """How a storage is called in messages; raises ConfigError if ``url`` is none."""
    from sqlalchemy.engine import make_url
    from sqlalchemy.exc import ArgumentError

    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError(
            "--storage is an address like sqlite:///search.db or postgresql://user:password@host/name: correct it "
            "(it is not repeated here, for the password that may be in it)"
        ) from error
    if parsed.get_backend_name() == "sqlite" and parsed.database:
        return str(parsed.database)
    return parsed.render_as_string(hide_password=True)


def opened(url: str, shown: str) -> Any:
    """An Optuna storage; raises ConfigError, or what SQLAlchemy raises of a database."""
    import sqlalchemy
    from optuna.storages import RDBStorage
    from sqlalchemy.exc import IntegrityError, NoSuchModuleError, OperationalError, ProgrammingError
    from sqlalchemy.pool import NullPool

    sqlite = url.startswith("sqlite")
    # A connection for each transaction: between two there may be minutes, and none is left to be closed at the end.
    more: dict[str, Any] = {"poolclass": NullPool, "connect_args": {"timeout": LOCKED} if sqlite else {}}
    for tries_left in reversed(range(OPENED_WITHIN)):
        try:
            storage = RDBStorage(url, engine_kwargs=more)
            break
        except (ImportError, NoSuchModuleError) as error:
            raise ConfigError(
                f"{shown}: the Python package that speaks to this kind of database is not installed: install it "
                f"with pip, as in `pip install psycopg2-binary`, or leave out --storage ({error.__cause__ or error})"
            ) from error
        except RuntimeError as error:
            raise ConfigError(
                f"{shown}: another version of Optuna made this storage: give another --storage, or -O "
                f"({str(error).splitlines()[0]})"
            ) from error
        except (OperationalError, ProgrammingError, IntegrityError):
            if not tries_left:
                raise
            time.sleep(0.3)
    if sqlite:
        # SQLite has no row locks: two workers could read that a trial waits, and both start it. With a lock from the
        # start of each transaction, they take turns.
        sqlalchemy.event.listen(storage.engine, "begin", _begin_immediately)
    return storage


def _begin_immediately(connection: Any) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")
