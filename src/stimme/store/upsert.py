"""Insert or replace, made once and executed many times: the statement as text, the rows as tuples.

What SQLAlchemy does for each execution of a statement with many rows (finding the compiled form, processing
parameters by name) costs more than the database does for them; here it is done once, when the writer is made.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from sqlalchemy import Connection, Dialect, Table
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.sql.schema import ScalarElementColumnDefault

Row = Mapping[str, Any]
Processor = Callable[[Any], Any]


class RowError(Exception):
    """A value that no database could take, such as a time without zone."""


class Upsert:
    """Writes rows of one table; what is under the same key is replaced, in a ``write_once`` table kept."""

    def __init__(self, table: Table, dialect: Dialect) -> None:
        (key_column,) = table.primary_key.columns
        key = key_column.name
        insert = postgresql.insert(table) if dialect.name == "postgresql" else sqlite.insert(table)
        if table.info.get("write_once"):
            statement = insert.on_conflict_do_nothing(index_elements=[key])
        else:
            changed = {
                column.name: insert.excluded[column.name] for column in table.columns if column.name != key
            }
            statement = insert.on_conflict_do_update(index_elements=[key], set_=changed)
        compiled = statement.compile(dialect=dialect, column_keys=[column.name for column in table.columns])
        names = getattr(compiled, "positiontup", None) or [column.name for column in table.columns]
        self._sql = str(compiled)
        self._columns = [(name, *_conversion(table, name, dialect)) for name in names]

    def prepared(self, rows: Sequence[Row]) -> list[tuple[Any, ...]]:
        """Make of rows what the driver takes, before the database is asked. Raises RowError."""
        return [self._values(row) for row in rows]

    def write(self, connection: Connection, prepared: list[tuple[Any, ...]]) -> None:
        """Write what was prepared. Raises SQLAlchemyError when the database refuses."""
        connection.exec_driver_sql(self._sql, prepared)

    def _values(self, row: Row) -> tuple[Any, ...]:
        try:
            return tuple(
                value if convert is None or value is None else convert(value)
                for value, convert in [
                    (row.get(name, default), convert) for name, default, convert in self._columns
                ]
            )
        except (TypeError, ValueError) as error:
            raise RowError(str(error)) from error


def _conversion(table: Table, name: str, dialect: Dialect) -> tuple[Any, Processor | None]:
    """What stands for a missing value, and how a value becomes the driver's."""
    column = table.columns[name]
    default = column.default.arg if isinstance(column.default, ScalarElementColumnDefault) else None
    kind = column.type.dialect_impl(dialect)
    return default, kind.bind_processor(dialect)
