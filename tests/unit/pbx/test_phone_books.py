"""Short numbers and names of the phone book in calls."""

from tests.unit.pbx.line import telephone
from tests.unit.pbx.test_desks import house

from stimme.directory.books import Book, Books
from stimme.directory.entry import Entry, EntryNumber
from stimme.directory.index import Index
from stimme.pbx.events import CallChanged


async def test_a_short_number_is_dialled_as_its_number() -> None:
    tenant = house()
    entries = [
        Entry("1", "Oma", (EntryNumber("+491701234567"),), short="1"),
        Entry("2", "Bernd", (EntryNumber("11"),), short="2"),
    ]
    tenant.phone_books = Books([Book("b", "B", index=Index(entries, searchable=False))])
    line = await telephone(tenant)
    told = await line.published()
    assert await line.dials("*70*9#", password="right") == 404
    assert await line.dials("*70*2#", password="right") == 480  # Bernd has no telephone that is registered
    assert line.pbx.features.last_dialled.of("u10") == "11"
    assert await line.dials("*70*1#", password="right") == 503  # there is no media engine
    assert line.pbx.features.last_dialled.of("u10") == "+491701234567"
    callees = [(each.callee.number, each.callee.name) for each in told if isinstance(each, CallChanged)]
    assert ("+491701234567", "Oma") in callees
