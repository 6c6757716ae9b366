"""Noting a malicious call: which call is meant, and what is written."""

from datetime import UTC, datetime

from tests.unit.pbx.features.test_in_call import leg_of, press, talk, until
from tests.unit.pbx.line import Telephone, telephone
from tests.unit.pbx.test_desks import house

from stimme.pbx.features import commands as c
from stimme.pbx.records import CallNote

SUCCESS = 480  # said without connecting


async def noting() -> tuple[Telephone, list[CallNote]]:
    line = await telephone(house())
    notes: list[CallNote] = []
    line.pbx.note_call = notes.append  # type: ignore[method-assign,assignment]
    return line, notes


async def test_without_a_call_there_is_nothing_to_note() -> None:
    line, notes = await noting()
    assert await line.dials("*39#", password="right") == 404
    assert notes == []


async def test_the_present_call_is_noted_and_then_the_last_one() -> None:
    line, notes = await noting()
    call = talk(line.pbx, leg_of(11), leg_of(10))
    await until(lambda: call.stage.kind == "talking")
    call.called_user_ids = ("u10",)
    assert await line.dials("*39#", password="right") == SUCCESS
    call.hang_up()
    await until(lambda: not line.pbx.calls)
    assert await line.dials("*39#", password="right") == SUCCESS
    assert [(note.call_id, note.user_id, note.kind) for note in notes] == [(call.id, "u10", "malicious")] * 2
    assert all(note.noted_at <= datetime.now(UTC) for note in notes)


async def test_after_a_restart_the_newest_call_of_the_list_is_noted() -> None:
    line, notes = await noting()

    async def newest(user_id: str) -> str | None:
        return f"last of {user_id}"

    line.pbx.last_call_to = newest  # type: ignore[method-assign]
    assert await line.dials("*39#", password="right") == SUCCESS
    assert [note.call_id for note in notes] == ["last of u10"]


async def test_a_call_of_ones_own_is_not_noted() -> None:
    line, notes = await noting()
    call = talk(line.pbx, leg_of(10), leg_of(11))
    await until(lambda: call.stage.kind == "talking")
    assert await line.dials("*39#", password="right") == 404
    await press(line.pbx, call, call.sides[0], c.NoteMaliciousCall())
    assert notes == []
    await press(line.pbx, call, call.sides[1], c.NoteMaliciousCall())
    assert [note.user_id for note in notes] == ["u11"]


async def test_the_call_on_hold_is_noted() -> None:
    line, notes = await noting()
    own = leg_of(10)
    call = talk(line.pbx, leg_of(11), own)
    await until(lambda: call.stage.kind == "talking")
    await press(line.pbx, call, own, c.Hold())
    assert await line.dials("*39#", password="right") == SUCCESS
    assert [note.call_id for note in notes] == [call.id]
