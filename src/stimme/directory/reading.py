"""Phone books from files: CSV, vCard, LDIF.

Policy: what can be read is taken, what cannot is told with its line; one bad line never costs the rest. An
entry needs a name or a company, and a number. Numbers become E.164; a number without an area code gets the
one of the customer.
"""

import csv
import io
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from stimme.directory.entry import Entry, EntryNumber, NumberKind
from stimme.directory.words import digits_of
from stimme.pbx.emergency_numbers import emergency_number
from stimme.pbx.routing import normalise

_LONGEST_INTERNAL = 5
NewId = Callable[[], str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something that was not taken: the line of the file (1 is the first) and why, in words."""

    line: int
    reason: str


@dataclass(slots=True)
class Reading:
    """What came out of a file."""

    entries: list[Entry] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


@dataclass(slots=True)
class Draft:
    """An entry as it is read; `finish` makes it one, or says what it lacks."""

    line: int
    given: str = ""
    family: str = ""
    full: str = ""
    company: str = ""
    email: str = ""
    numbers: list[tuple[str, NumberKind]] = field(default_factory=list)

    def finish(self, reading: Reading, new_id: NewId, area: str) -> None:
        """Adds the entry, or the problem, to what was read."""
        given, family = self.given.strip(), self.family.strip()
        name = self.full.strip() or " ".join(part for part in (given, family) if part)
        numbers: dict[str, EntryNumber] = {}
        for text, kind in self.numbers:
            number = number_of(text, area)
            if number is None:
                reading.problems.append(Problem(self.line, f"{text.strip()!r} is not a telephone number"))
            else:
                numbers.setdefault(number, EntryNumber(number, kind))
        if not name and not self.company.strip():
            reading.problems.append(Problem(self.line, "an entry without name and company"))
        elif not numbers:
            reading.problems.append(Problem(self.line, f"{name or self.company.strip()} has no number"))
        else:
            sort = " ".join(part for part in (family, given) if part)
            reading.entries.append(
                Entry(
                    new_id(),
                    name or self.company.strip(),
                    tuple(numbers.values()),
                    self.company.strip(),
                    self.email.strip(),
                    sort,
                )
            )


def number_of(text: str, area: str) -> str | None:
    """A number in a file as E.164; short ones stay internal.

    Args:
        area: country and area code of the customer (`+4930`), for numbers without one.
    """
    cleaned = text.strip().removeprefix("tel:").partition(";")[0].replace("(0)", "")
    digits = digits_of(cleaned)
    if not digits or emergency_number(digits) is not None:
        return None
    if cleaned.lstrip().startswith("+"):
        return normalise(f"+{digits}")
    if digits.startswith("0"):
        return normalise(digits)
    return digits if len(digits) <= _LONGEST_INTERNAL else normalise(f"{area}{digits}")


def decode(data: bytes) -> str:
    """The text of a file: UTF-8 or UTF-16 with a mark, UTF-8, else Windows-1252 as old programs write it."""
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16", "replace")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("cp1252", "replace")


# -- CSV ----------------------------------------------------------------------------------------------------

_TITLES = {
    "given": "vorname, first name, given name, givenname, firstname",
    "family": "nachname, last name, family name, surname, lastname, familienname",
    "full": "name, full name, display name, anzeigename, vollständiger name",
    "company": "firma, company, organization, organisation, unternehmen",
    "email": "e-mail, email, mail, e-mail-adresse, e-mail address, email address",
}
_COLUMNS = {title: column for column, titles in _TITLES.items() for title in titles.split(", ")}
_FAX, _MOBILE, _HOME, _WORK = NumberKind.FAX, NumberKind.MOBILE, NumberKind.HOME, NumberKind.WORK
_NUMBER_WORDS: tuple[tuple[tuple[str, ...], NumberKind], ...] = (
    (("fax",), _FAX),
    (("mobil", "handy", "cell"), _MOBILE),
    (("privat", "home"), _HOME),
    (("geschäft", "business", "work", "büro", "dienst"), _WORK),
    (("telefon", "phone", "nummer", "number", "tel."), NumberKind.OTHER),
)
_EXACT_NUMBER = {"tel", "tel.", "rufnummer"}


def read_csv(data: bytes, new_id: NewId, area: str) -> Reading:
    """Reads a table whose first line names the columns, in German or English, as Outlook writes it."""
    reading = Reading()
    text = decode(data)
    lines = text.splitlines()
    header = lines[0] if lines else ""
    delimiter = max(";,\t", key=header.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = [_column(name) for name in next(rows, [])]
        if not any(isinstance(name, NumberKind) for name in names):
            reading.problems.append(Problem(1, "no column is called a telephone number"))
            return reading
        for row in rows:
            if any(value.strip() for value in row):
                _draft_of(row, names, rows.line_num).finish(reading, new_id, area)
    except csv.Error as error:
        reading.problems.append(Problem(rows.line_num, f"the table cannot be read: {error}"))
    return reading


def _column(name: str) -> str | NumberKind | None:
    plain = name.strip().strip('"').casefold()
    if plain in _COLUMNS:
        return _COLUMNS[plain]
    if plain in _EXACT_NUMBER:
        return NumberKind.OTHER
    for words, kind in _NUMBER_WORDS:
        if any(word in plain for word in words):
            return kind
    return None


def _draft_of(row: list[str], names: list[str | NumberKind | None], line: int) -> Draft:
    draft = Draft(line)
    for name, value in zip(names, row, strict=False):
        if isinstance(name, NumberKind):
            if value.strip():
                draft.numbers.append((value, name))
        elif name is not None and value.strip():
            setattr(draft, name, value)
    return draft


# -- lines that are folded: vCard, LDIF ---------------------------------------------------------------------


def unfold(text: str) -> Iterable[tuple[int, str]]:
    """Joins folded lines (RFC 6350 §3.2, RFC 2849 note 2); gives each with the number of its first line."""
    whole, first = "", 0
    for number, line in enumerate(text.splitlines(), start=1):
        if line[:1] in (" ", "\t") and first:
            whole += line[1:]
            continue
        if first:
            yield first, whole
        whole, first = line, number
    if first:
        yield first, whole
