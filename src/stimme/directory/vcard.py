"""Phone books from vCard files (2.1, RFC 2426, RFC 6350): many cards in one file."""

import quopri

from stimme.directory.entry import NumberKind
from stimme.directory.reading import Draft, NewId, Problem, Reading, decode, unfold

_KINDS = (
    ("fax", NumberKind.FAX),
    ("cell", NumberKind.MOBILE),
    ("work", NumberKind.WORK),
    ("home", NumberKind.HOME),
)


def read_vcard(data: bytes, new_id: NewId, area: str) -> Reading:
    """Reads all cards of a file; what is not a name, company, number or address of mail is passed over."""
    reading = Reading()
    draft: Draft | None = None
    for line, text in unfold(_join_quoted_printable(decode(data))):
        name, params, value = _property(text)
        if name == "BEGIN" and value.strip().upper() == "VCARD":
            if draft is not None:
                reading.problems.append(Problem(draft.line, "a card without an end"))
            draft = Draft(line)
        elif draft is None:
            if text.strip():
                reading.problems.append(Problem(line, "a line outside a card"))
        elif name == "END":
            draft.finish(reading, new_id, area)
            draft = None
        else:
            _take(draft, name, params, value)
    if draft is not None:
        reading.problems.append(Problem(draft.line, "a card without an end"))
    return reading


def _take(draft: Draft, name: str, params: str, value: str) -> None:
    match name:
        case "FN":
            draft.full = _unescape(value)
        case "N":
            parts = [_unescape(part) for part in _split(value, ";")]
            draft.family, draft.given = (*parts, "", "")[:2]
        case "ORG":
            draft.company = _unescape(_split(value, ";")[0])
        case "EMAIL" if not draft.email:
            draft.email = _unescape(value)
        case "TEL":
            lowered = params.lower()
            kind = next((kind for word, kind in _KINDS if word in lowered), NumberKind.OTHER)
            draft.numbers.append((_unescape(value), kind))


def _property(line: str) -> tuple[str, str, str]:
    """Name (without group), parameters, decoded value."""
    head, _, value = _cut(line)
    name, _, params = head.partition(";")
    name = name.rpartition(".")[2].strip().upper()
    if "QUOTED-PRINTABLE" in params.upper():
        charset = "latin-1" if "8859-1" in params else "utf-8"
        raw = quopri.decodestring(value.encode("utf-8", "replace"))
        value = raw.decode(charset, "replace")
    return name, params, value


def _cut(line: str) -> tuple[str, str, str]:
    """At the first colon outside quotes: a parameter may be quoted and hold one."""
    quoted = False
    for place, char in enumerate(line):
        if char == '"':
            quoted = not quoted
        elif char == ":" and not quoted:
            return line[:place], ":", line[place + 1 :]
    return line, "", ""


def _join_quoted_printable(text: str) -> str:
    """vCard 2.1 breaks quoted-printable values by `=` at the end of a line, with no space in the next."""
    lines: list[str] = []
    for line in text.splitlines():
        if lines and lines[-1].endswith("=") and "QUOTED-PRINTABLE" in lines[-1].upper():
            lines[-1] = lines[-1][:-1] + line
        else:
            lines.append(line)
    return "\n".join(lines)


def _split(value: str, separator: str) -> list[str]:
    parts, current, escaped = [], "", False
    for char in value:
        if escaped:
            current += f"\\{char}"
            escaped = False
        elif char == "\\":
            escaped = True
        elif char == separator:
            parts.append(current)
            current = ""
        else:
            current += char
    return [*parts, current]


def _unescape(value: str) -> str:
    out, escaped = "", False
    for char in value:
        if escaped:
            out += " " if char in "nN" else char
            escaped = False
        elif char == "\\":
            escaped = True
        else:
            out += char
    return out.strip()
