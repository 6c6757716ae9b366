"""Phone books from files."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.directory.entry import Entry, EntryNumber, NumberKind
from stimme.directory.ldif import read_ldif
from stimme.directory.reading import Problem, Reading, number_of, read_csv
from stimme.directory.vcard import read_vcard

AREA = "+4930"
WORK, MOBILE, HOME = NumberKind.WORK, NumberKind.MOBILE, NumberKind.HOME
FAX, OTHER = NumberKind.FAX, NumberKind.OTHER


class Ids:
    """1, 2, 3 …"""

    def __init__(self) -> None:
        self._count = itertools.count(1)

    def __call__(self) -> str:
        return str(next(self._count))


def csv_of(text: str, encoding: str = "utf-8") -> Reading:
    return read_csv(text.encode(encoding), Ids(), AREA)


def vcard_of(text: str) -> Reading:
    return read_vcard(text.replace("\n", "\r\n").encode(), Ids(), AREA)


def ldif_of(text: str) -> Reading:
    return read_ldif(text.encode(), Ids(), AREA)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("030 / 90 18-20", "+4930901820"),
        ("+49 (0)30 901820", "+4930901820"),
        ("0049 30 901820", "+4930901820"),
        ("901820", "+4930901820"),
        ("tel:+49-30-901820;ext=1", "+4930901820"),
        ("+44 20 7946 0958", "+442079460958"),
        ("12", "12"),
        ("", None),
        ("n/a", None),
        ("112", None),
        ("0110", None),
        ("+1", None),
        ("٠٣٠", None),
    ],
)
def test_numbers_become_e164(text: str, number: str | None) -> None:
    assert number_of(text, AREA) == number


# -- CSV ----------------------------------------------------------------------------------------------------

OUTLOOK = (
    "Vorname;Nachname;Firma;Telefon geschäftlich;Mobiltelefon;Fax geschäftlich;E-Mail-Adresse;Notizen\n"
    'Jürgen;Müller;Müller & Söhne;030 901820;+49 170 1234567;030 901821;j@m.example;"er sagte: ""ja"""\n'
    ";;Nur Firma GmbH;030 5;;;;\n"
)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
def test_a_table_as_outlook_writes_it(encoding: str) -> None:
    reading = csv_of(OUTLOOK, encoding)
    assert reading.entries[0] == Entry(
        "1",
        "Jürgen Müller",
        (
            EntryNumber("+4930901820", WORK),
            EntryNumber("+491701234567", MOBILE),
            EntryNumber("+4930901821", FAX),
        ),
        "Müller & Söhne",
        "j@m.example",
        "Müller Jürgen",
    )


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_a_table_in_english(delimiter: str) -> None:
    text = "Name,Company,Business Phone,Home Phone,Mobile Phone\nAda,,0309018,03090189,\n"
    (entry,) = csv_of(text.replace(",", delimiter)).entries
    assert entry.name == "Ada"
    assert [number.kind for number in entry.numbers] == [WORK, HOME]


def test_bad_lines_are_told_and_cost_nothing_else() -> None:
    reading = csv_of("Name;Telefon\nAda;030901820\nBob;\n;030901821\nCora;sometimes\n\nDora;030901822\n")
    assert [entry.name for entry in reading.entries] == ["Ada", "Dora"]
    assert reading.problems == [
        Problem(3, "Bob has no number"),
        Problem(4, "an entry without name and company"),
        Problem(5, "'sometimes' is not a telephone number"),
        Problem(5, "Cora has no number"),
    ]


def test_the_same_number_twice_is_one() -> None:
    (entry,) = csv_of("Name;Telefon;Mobil\nAda;030901820;+4930901820\n").entries
    assert entry.numbers == (EntryNumber("+4930901820", OTHER),)


@pytest.mark.parametrize("text", ["", "\n", "Name;Firma\nAda;x\n", "no header at all"])
def test_a_table_without_numbers_is_none(text: str) -> None:
    reading = csv_of(text)
    assert reading.entries == []
    assert reading.problems == [Problem(1, "no column is called a telephone number")]


# -- vCard --------------------------------------------------------------------------------------------------


def test_cards_of_three_versions() -> None:
    reading = vcard_of(
        "BEGIN:VCARD\nVERSION:3.0\nN:Müller;Jürgen;;Dr.;\nFN:Dr. Jürgen Müller\n"
        "ORG:Müller\\, Söhne;Vertrieb\nTEL;TYPE=WORK,VOICE:030 901820\n"
        "item1.TEL;TYPE=CELL:+49 170\n  1234567\nEMAIL:a@b.example\nEND:VCARD\n"
        "BEGIN:VCARD\nVERSION:2.1\nN;CHARSET=UTF-8;ENCODING=QUOTED-PRINTABLE:M=C3=BC=\nller;Anna\n"
        "TEL;HOME:030901822\nEND:VCARD\n"
        'BEGIN:VCARD\nVERSION:4.0\nFN:Cora\nTEL;VALUE=uri;TYPE="work,fax":tel:+49-30-901823\nEND:VCARD\n'
    )
    assert reading.problems == []
    assert reading.entries == [
        Entry(
            "1",
            "Dr. Jürgen Müller",
            (EntryNumber("+4930901820", WORK), EntryNumber("+491701234567", MOBILE)),
            "Müller, Söhne",
            "a@b.example",
            "Müller Jürgen",
        ),
        Entry("2", "Anna Müller", (EntryNumber("+4930901822", HOME),), sort="Müller Anna"),
        Entry("3", "Cora", (EntryNumber("+4930901823", FAX),)),
    ]


def test_broken_cards_are_told() -> None:
    reading = vcard_of(
        "x\nBEGIN:VCARD\nFN:Ada\nBEGIN:VCARD\nFN:Bob\nTEL:030901820\nEND:VCARD\nBEGIN:VCARD\nFN:C"
    )
    assert [entry.name for entry in reading.entries] == ["Bob"]
    assert reading.problems == [
        Problem(1, "a line outside a card"),
        Problem(2, "a card without an end"),
        Problem(8, "a card without an end"),
    ]


# -- LDIF ---------------------------------------------------------------------------------------------------


def test_records_of_a_directory() -> None:
    reading = ldif_of(
        "version: 1\n# a comment\n  that goes on\ndn: dc=muster\nobjectClass: domain\n\n"
        "dn: cn=Ada,dc=muster\ncn: Ada Love\n lace\nsn: Lovelace\ngivenName: Ada\no: Engines\n"
        "telephoneNumber: 030 901820\nmobile;x-a: +49 170 1234567\nmail: ada@e.example\n\n"
        "dn:: Y249TcO8bGxlcg==\ncn:: TcO8bGxlcg==\nhomePhone: 030901821\n"
    )
    assert reading.problems == []
    assert reading.entries == [
        Entry(
            "1",
            "Ada Lovelace",
            (EntryNumber("+4930901820", WORK), EntryNumber("+491701234567", MOBILE)),
            "Engines",
            "ada@e.example",
            "Lovelace Ada",
        ),
        Entry("2", "Müller", (EntryNumber("+4930901821", HOME),)),
    ]


def test_what_is_no_record_is_told() -> None:
    reading = ldif_of(
        "dn: cn=a\nchangetype: delete\ntelephoneNumber: 030901820\n\n"
        "dn: cn=b\ncn:: ***\ntelephoneNumber: 030901821\njpegPhoto:< file:///x\nnonsense\n\n"
    )
    assert reading.entries == []
    assert [problem.line for problem in reading.problems] == [2, 6, 8, 9, 5]


@given(st.binary(max_size=300))
def test_no_file_stops_the_reading(data: bytes) -> None:
    for read in (read_csv, read_vcard, read_ldif):
        reading = read(data, Ids(), AREA)
        assert all(entry.numbers and entry.name for entry in reading.entries)


@given(st.text("BEGINVCARDTEL:;=\\,\n\r \"'0123456789FNdn<#", max_size=300))
def test_no_text_stops_the_reading(text: str) -> None:
    for read in (read_csv, read_vcard, read_ldif):
        read(f"BEGIN:VCARD\ndn: x\nName;Tel\n{text}".encode(), Ids(), AREA)
