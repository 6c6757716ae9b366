"""Phone books from LDIF files (RFC 2849): the content records of an LDAP directory, with the usual schema."""

import base64
import binascii

from stimme.directory.entry import NumberKind
from stimme.directory.reading import Draft, NewId, Problem, Reading, decode, unfold

_TEXTS = {
    "givenname": "given",
    "sn": "family",
    "surname": "family",
    "cn": "full",
    "commonname": "full",
    "displayname": "full",
    "o": "company",
    "organizationname": "company",
    "company": "company",
    "mail": "email",
}
_NUMBERS = {
    "telephonenumber": NumberKind.WORK,
    "mobile": NumberKind.MOBILE,
    "mobiletelephonenumber": NumberKind.MOBILE,
    "cellphone": NumberKind.MOBILE,
    "homephone": NumberKind.HOME,
    "facsimiletelephonenumber": NumberKind.FAX,
    "fax": NumberKind.FAX,
}


def read_ldif(data: bytes, new_id: NewId, area: str) -> Reading:
    """Reads all records; those that describe changes instead of entries are refused."""
    reading = Reading()
    draft: Draft | None = None
    skip = False
    for line, text in unfold(decode(data)):
        if not text.strip():
            _finish(draft, reading, new_id, area)
            draft, skip = None, False
            continue
        if text.startswith("#") or text.lower().startswith("version:") or skip:
            continue
        name, value = _attribute(text)
        if value is None:
            reading.problems.append(Problem(line, f"{name or text.strip()[:40]!r} cannot be read"))
        elif name == "changetype":
            reading.problems.append(Problem(line, "a change, not an entry"))
            draft, skip = None, True
        elif name == "dn":
            _finish(draft, reading, new_id, area)
            draft = Draft(line)
        elif draft is not None:
            _take(draft, name, value)
    _finish(draft, reading, new_id, area)
    return reading


def _finish(draft: Draft | None, reading: Reading, new_id: NewId, area: str) -> None:
    # A record without number and mail is a branch of the tree, not a person: no problem to tell.
    if draft is not None and (draft.numbers or draft.email):
        draft.finish(reading, new_id, area)


def _take(draft: Draft, name: str, value: str) -> None:
    if name in _NUMBERS:
        draft.numbers.append((value, _NUMBERS[name]))
    elif name in _TEXTS and not getattr(draft, _TEXTS[name]):
        setattr(draft, _TEXTS[name], value)


def _attribute(text: str) -> tuple[str, str | None]:
    """Name without options, and value; None when it is missing, elsewhere (`:<`), or not base64."""
    name, colon, value = text.partition(":")
    plain = name.partition(";")[0].strip().lower()
    if not colon or value.startswith("<"):
        return plain, None
    if not value.startswith(":"):
        return plain, value.strip()
    try:
        return plain, base64.b64decode(value[1:].strip(), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return plain, None
