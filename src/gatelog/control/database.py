"""The database of the control data: `<data>/control.db`, SQLite in WAL mode, migrated when it is opened."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from gatelog.errors import ControlError

CONTROL_FILE = "control.db"
BUSY_TIMEOUT_MS = 5_000
"""Wait for another process that writes (a backup, a person with the sqlite3 shell)."""

_MIGRATIONS = Path(__file__).parent / "migrations"


@contextmanager
def open_control(data: Path) -> Iterator[sa.Engine]:
    """The control data of a data directory, brought up to date; ControlError if a newer gatelog wrote it."""
    engine = sa.create_engine(f"sqlite:///{data / CONTROL_FILE}")
    sa.event.listen(engine, "connect", _prepare)
    try:
        _migrate(engine)
        (data / CONTROL_FILE).chmod(0o600)
        yield engine
    except sa.exc.DatabaseError as error:
        raise ControlError(f"{data / CONTROL_FILE} cannot be used: {error.orig}") from error
    finally:
        engine.dispose()


def _prepare(connection: Any, _: object) -> None:
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")


def _migrate(engine: sa.Engine) -> None:
    config = Config()
    config.set_main_option("script_location", str(_MIGRATIONS).replace("%", "%%"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            head = ScriptDirectory.from_config(config).get_current_head()
            raise ControlError(
                f"{CONTROL_FILE} was written by a newer gatelog, this one knows version {head}:"
                " use a newer gatelog"
            ) from error
