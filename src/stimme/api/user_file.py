"""A CSV file of users, read line by line with the mistakes of each."""

import csv
import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import ValidationError

from stimme.api import problems
from stimme.api.field_faults import field_sentence
from stimme.api.resources import UserRow
from stimme.sentences import Sentence

MAX_ROWS = 5000
_NEEDED = frozenset({"extension", "name", "package"})
_KNOWN = _NEEDED | {"number", "language"}


@dataclass(frozen=True, slots=True)
class FileLine:
    """A line: its values, or what is wrong with it."""

    line: int
    extension: str
    values: dict[str, Any] | None
    field: str | None = None
    message: Sentence | None = None


def read_users(text: str) -> list[FileLine]:
    """Read a file; separators are commas, semicolons or tabs.

    Raises:
        ProblemError: 422 when the heading or the size is wrong, or it is no CSV.
    """
    heading = text.lstrip("\ufeff").split("\n", 1)[0]
    separator = max(",;\t", key=heading.count)
    reader = csv.DictReader(io.StringIO(text.lstrip("\ufeff")), delimiter=separator, strict=True)
    try:
        columns = {(name or "").strip().lower() for name in reader.fieldnames or ()}
        if missing := sorted(_NEEDED - columns):
            raise problems.invalid(
                "csv", Sentence("column-missing", "The column {column} is missing.", column=missing[0])
            )
        if unknown := sorted(columns - _KNOWN):
            raise problems.invalid(
                "csv", Sentence("column-unknown", "The column {column} is not known.", column=unknown[0])
            )
        lines = list(_lines(reader))
    except csv.Error as error:
        raise problems.invalid(
            "csv", Sentence("no-csv", "Line {line} is no CSV.", line=reader.line_num)
        ) from error
    if len(lines) > MAX_ROWS:
        raise problems.invalid(
            "csv", Sentence("too-many-lines", "The file has more than {count} users.", count=MAX_ROWS)
        )
    return lines


def _lines(reader: "csv.DictReader[str]") -> Iterator[FileLine]:
    for row in reader:
        values = {
            name.strip().lower(): value.strip()
            for name, value in row.items()
            if isinstance(name, str) and isinstance(value, str) and value.strip()
        }
        if not values:
            continue
        yield _line(reader.line_num, values, surplus=None in row)


def _line(number: int, values: dict[str, str], *, surplus: bool) -> FileLine:
    extension = values.get("extension", "")
    if surplus:
        return FileLine(
            number,
            extension,
            None,
            None,
            Sentence("surplus-values", "This line has more values than the heading."),
        )
    try:
        checked = UserRow.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        return FileLine(number, extension, None, str(first["loc"][0]), field_sentence(first))
    return FileLine(number, extension, checked.model_dump(exclude_unset=True))
