"""What telephones watch and how they act on it: lamps, pick-up by INVITE with Replaces, attended transfer."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.audio import tone_level
from tests.integration.listening import eventually, hears_now
from tests.peers.baresip import Baresip, telephone
from tests.peers.rawphone import Dialog, RawPhone, raw_phone
from tests.peers.system import Demo

TONES = {"10": 440, "11": 1000, "12": 700}


class Desks:
    """Telephones of the demo customer, baresip or raw."""

    def __init__(self, demo: Demo, folder: Path, stack: AsyncExitStack) -> None:
        self._demo = demo
        self._folder = folder
        self._stack = stack

    async def phone(self, extension: str) -> Baresip:
        made = telephone(self._folder, extension, self._demo.line(extension), tone=TONES[extension])
        return await self._stack.enter_async_context(made)

    async def raw(self, extension: str) -> RawPhone:
        return await self._stack.enter_async_context(raw_phone(self._demo.line(extension, device=1)))


@pytest.fixture
async def desks(demo: Demo, tmp_path: Path) -> AsyncIterator[Desks]:
    async with AsyncExitStack() as stack:
        yield Desks(demo, tmp_path, stack)


async def watch(raw: RawPhone, address: str, package: str = "dialog") -> Dialog:
    response, dialog = await raw.subscribe(address, package)
    assert response.status == 200, response.start
    await eventually(lambda: raw.notified(dialog) or None, f"the first NOTIFY of {address}")
    return dialog


async def lamp(raw: RawPhone, dialog: Dialog, state: str) -> str:
    """Waits until the last NOTIFY tells this state; gives the first dialog there that is in it.

    Another telephone of the line may still be `trying`: its dialog is another one.
    """

    def told() -> str | None:
        dialogs = re.findall(r"<dialog .*?</dialog>", raw.notified(dialog)[-1], re.DOTALL)
        return next((each for each in dialogs if f"<state>{state}</state>" in each), None)

    return await eventually(told, f"the lamp is {state}")


def attribute(body: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]+)"', body)
    assert found is not None, body
    return found[1]


async def hears(phone: Baresip, hz: int) -> None:
    await eventually(
        lambda: phone.recorded_bytes() > 8000 and hears_now(phone, hz), f"{phone.home.name}: {hz} Hz"
    )


@pytest.mark.feature("K7", "P2")
@pytest.mark.interop(client="telephone by hand", feature="dialog-info, pick-up by Replaces (RFC 4235, 3891)")
async def test_lamp_of_a_line_and_pick_up_by_its_key(desks: Desks) -> None:
    anna, bernd, clara = await desks.phone("10"), await desks.phone("11"), await desks.raw("12")
    line = await watch(clara, "11")
    assert "<state>terminated</state>" in clara.notified(line)[-1]
    await anna.dial("11")
    await bernd.event("CALL_INCOMING")
    body = await lamp(clara, line, "early")
    assert attribute(body, "direction") == "recipient"
    assert "sip:10@" not in body, "who calls a colleague is not told"
    dialog = attribute(body, "call-id")
    tags = attribute(body, "remote-tag"), attribute(body, "local-tag")
    taken = await clara.call("11", f"Replaces: {dialog};to-tag={tags[0]};from-tag={tags[1]};early-only")
    await anna.event("CALL_ESTABLISHED")
    await bernd.event("CALL_CLOSED")
    assert 'text="Call completed elsewhere"' in bernd.trace()
    await lamp(clara, line, "terminated")
    await clara.ask("BYE", "11", dialog=taken)
    await anna.event("CALL_CLOSED")


@pytest.mark.feature("P2", "S4")
@pytest.mark.interop(client="telephone by hand", feature="presence (RFC 3856, 3863)")
async def test_lamp_of_a_line_that_talks_and_presence(desks: Desks) -> None:
    anna, bernd, clara = await desks.phone("10"), await desks.phone("11"), await desks.raw("12")
    line, presence = await watch(clara, "11"), await watch(clara, "11", "presence")
    await eventually(lambda: "<basic>open</basic>" in clara.notified(presence)[-1], "present")
    await anna.dial("11")
    await bernd.event("CALL_INCOMING")
    await bernd.answer()
    await lamp(clara, line, "confirmed")
    await eventually(lambda: "on-the-phone" in clara.notified(presence)[-1], "on the phone")
    await bernd.hang_up()
    await lamp(clara, line, "terminated")
    await eventually(lambda: "on-the-phone" not in clara.notified(presence)[-1], "free")


@pytest.mark.feature("P2", "K12")
async def test_keys_light_for_what_is_set_by_code(desks: Desks) -> None:
    anna, raw = await desks.phone("10"), await desks.raw("10")
    dnd, divert, night = [await watch(raw, each) for each in ("dnd", "divert.always", "night.1")]
    for key, on, off in ((dnd, "*26#", "#26#"), (divert, "*21*12#", "#21#"), (night, "*45*1#", "*45*0#")):
        seen = len(anna.events)
        await anna.dial(on)
        try:
            await lamp(raw, key, "confirmed")
        finally:
            await anna.event("CALL_CLOSED", after=seen, seconds=25)
            seen = len(anna.events)
            await anna.dial(off)
            await anna.event("CALL_CLOSED", after=seen, seconds=25)
    for key in (dnd, divert):
        await lamp(raw, key, "terminated")


@pytest.mark.feature("P2", "K8")
async def test_lamp_of_a_park_slot_and_of_a_group(desks: Desks) -> None:
    anna, bernd, raw = await desks.phone("10"), await desks.phone("11"), await desks.raw("11")
    slot, group = await watch(raw, "park.702"), await watch(raw, "group.30")
    await lamp(raw, group, "confirmed")
    await anna.dial("11")
    await bernd.event("CALL_INCOMING")
    await bernd.answer()
    await anna.event("CALL_ESTABLISHED")
    await bernd.command("hold")
    seen = len(bernd.events)
    await bernd.dial("*16*702#")
    await lamp(raw, slot, "confirmed")
    await anna.hang_up()
    await lamp(raw, slot, "terminated")
    await bernd.event("CALL_CLOSED", after=seen, seconds=25)
    await bernd.dial("#50*30#")
    try:
        await lamp(raw, group, "terminated")
    finally:
        await bernd.dial("*50*30#")
        await lamp(raw, group, "confirmed")


@pytest.mark.feature("P2")
@pytest.mark.interop(client="telephone by hand", feature="waiting messages (RFC 3842)")
async def test_messages_are_the_owners_and_strangers_see_nothing(desks: Desks, demo: Demo) -> None:
    raw = await desks.raw("12")
    summary = await watch(raw, demo.line("12", device=1).user, "message-summary")
    assert "Messages-Waiting: no" in raw.notified(summary)[-1]
    statuses = {
        (await raw.subscribe(address, package))[0].status
        for address, package in (("11", "message-summary"), ("99", "dialog"), ("group.77", "dialog"))
    }
    assert statuses == {404}
    assert (await raw.subscribe("11", "conference"))[0].status == 489
    response, _ = await raw.ask("SUBSCRIBE", "11", "Event: dialog", "Expires: 0")
    assert response.status == 200
    async with raw_phone(demo.line("12", password="wrong")) as stranger:
        assert (await stranger.subscribe("11", "dialog"))[0].status == 401


@pytest.mark.feature("K3")
@pytest.mark.interop(client="telephone by hand", feature="attended transfer by REFER (RFC 5589)")
async def test_attended_transfer_by_refer_is_seen_by_nobody(desks: Desks) -> None:
    anna, clara, bernd = await desks.phone("10"), await desks.phone("12"), await desks.raw("11")
    calls: list[Dialog] = []
    for phone, number in ((anna, "10"), (clara, "12")):
        async with asyncio.TaskGroup() as group:
            calling = group.create_task(bernd.call(number))
            await phone.event("CALL_INCOMING")
            await phone.answer()
        calls.append(calling.result())
    before = [phone.trace().count("INVITE sip:") for phone in (anna, clara)]
    second = calls[1]
    replaces = f"{second.call_id}%3Bto-tag%3D{second.their_tag}%3Bfrom-tag%3D{second.our_tag}"
    refer_to = f"Refer-To: <sip:12@{bernd.line.domain}?Replaces={replaces}>"
    response, _ = await bernd.ask("REFER", "10", refer_to, dialog=calls[0])
    assert response.status == 202
    await hears(anna, TONES["12"])
    await hears(clara, TONES["10"])
    assert [phone.trace().count("INVITE sip:") for phone in (anna, clara)] == before, "no re-INVITE"
    ended = {request.headers["call-id"] for request in bernd.requests if request.method == "BYE"}
    assert ended == {dialog.call_id for dialog in calls}, "the transferrer is free"
    assert any("SIP/2.0 200" in each for each in bernd.notified(calls[0]))
    await clara.hang_up()
    await anna.event("CALL_CLOSED")


@pytest.mark.feature("K3")
@pytest.mark.interop(client="telephone by hand", feature="joining one's own conversation (RFC 3911)")
async def test_another_telephone_of_the_user_joins_the_conversation(desks: Desks) -> None:
    """INVITE with Join: both who talk are heard there, and hear each other as before."""
    anna, bernd, second = await desks.phone("10"), await desks.phone("11"), await desks.raw("11")
    own = await watch(second, "11")
    await anna.dial("11")
    await bernd.event("CALL_INCOMING")
    await bernd.answer()
    body = await lamp(second, own, "confirmed")
    tags = attribute(body, "remote-tag"), attribute(body, "local-tag")
    join = f"Join: {attribute(body, 'call-id')};to-tag={tags[0]};from-tag={tags[1]}"
    joined = await second.call("11", join)
    await hears(anna, TONES["11"])
    await hears(bernd, TONES["10"])

    def both() -> bool:
        samples = second.heard()
        return len(samples) >= 8000 and all(
            tone_level(samples[-4000:], 8000, TONES[each]) > -30 for each in ("10", "11")
        )

    await eventually(both, "both tones at the telephone that joined")
    await second.ask("BYE", "11", dialog=joined)
    await hears(anna, TONES["11"])


async def test_nobody_joins_a_colleagues_conversation(desks: Desks) -> None:
    anna, bernd, clara = await desks.phone("10"), await desks.phone("11"), await desks.raw("12")
    line = await watch(clara, "11")
    await anna.dial("11")
    await bernd.event("CALL_INCOMING")
    await bernd.answer()
    body = await lamp(clara, line, "confirmed")
    tags = attribute(body, "remote-tag"), attribute(body, "local-tag")
    join = f"Join: {attribute(body, 'call-id')};to-tag={tags[0]};from-tag={tags[1]}"
    response, _ = await clara.ask("INVITE", "11", join, body=clara.sdp())
    assert response.status in (403, 481), response.start
