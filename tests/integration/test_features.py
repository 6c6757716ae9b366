"""What people do with their telephones beyond a plain call: each by real telephones, heard by its tones."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import pytest
from tests.audio import level
from tests.integration.listening import assert_hears, eventually, hears_now, last_tone
from tests.integration.test_public_network import outside_line
from tests.peers.baresip import Baresip, telephone
from tests.peers.system import Demo

TONES = {"10": 440, "11": 1000, "12": 700, "13": 1500, "14": 520}


class Office:
    """Telephones of the demo customer, each with a tone of its own."""

    def __init__(self, demo: Demo, folder: Path, stack: AsyncExitStack) -> None:
        self._demo = demo
        self._folder = folder
        self._stack = stack

    async def phone(self, extension: str) -> Baresip:
        """The desk telephone of a user."""
        line = self._demo.line(extension)
        made = telephone(self._folder, extension, line, tone=TONES[extension])
        return await self._stack.enter_async_context(made)

    async def outside(self) -> Baresip:
        """A subscriber of the public network, with 620 Hz."""
        made = telephone(self._folder, "outside", outside_line(self._demo), tone=620, register=False)
        return await self._stack.enter_async_context(made)

    async def code(self, phone: Baresip, digits: str) -> str:
        """Dial a feature code and give the reason with which its call ends."""
        seen = len(phone.events)
        await phone.dial(digits)
        return str((await phone.event("CALL_CLOSED", after=seen, seconds=25))["param"])


@pytest.fixture
async def office(demo: Demo, tmp_path: Path) -> AsyncIterator[Office]:
    async with AsyncExitStack() as stack:
        yield Office(demo, tmp_path, stack)


async def talk(caller: Baresip, callee: Baresip, number: str) -> None:
    """One calls the other, who answers."""
    seen_caller, seen_callee = len(caller.events), len(callee.events)
    await caller.dial(number)
    await callee.event("CALL_INCOMING", after=seen_callee)
    await callee.answer()
    await caller.event("CALL_ESTABLISHED", after=seen_caller)


async def hears(phone: Baresip, hz: int) -> None:
    await eventually(
        lambda: phone.recorded_bytes() > 8000 and hears_now(phone, hz), f"{phone.home.name}: {hz} Hz"
    )


@pytest.mark.interop(client="baresip", feature="music on hold")
async def test_held_party_hears_music_and_nothing_else(office: Office) -> None:
    anna, bernd = await office.phone("10"), await office.phone("11")
    await talk(anna, bernd, "11")
    await assert_hears(bernd, 440)
    invites = bernd.trace().count("INVITE sip:")
    await anna.command("hold")

    def music() -> bool:
        samples, rate = bernd.heard()
        recent = samples[-rate // 2 :]
        return level(recent) > -45 and abs(last_tone(bernd)[0] - 440) > 5

    await eventually(music, "music on hold")
    await anna.command("resume")
    await hears(bernd, 440)
    assert bernd.trace().count("INVITE sip:") == invites, "the held party sees no re-INVITE"


@pytest.mark.interop(client="baresip", feature="blind transfer by REFER (RFC 3515)")
async def test_blind_transfer_by_refer(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await talk(anna, bernd, "11")
    await assert_hears(anna, 1000)
    invites = anna.trace().count("INVITE sip:")
    await bernd.command("transfer", "12")
    await bernd.event("CALL_CLOSED")
    await clara.event("CALL_INCOMING")
    await clara.answer()
    await clara.event("CALL_ESTABLISHED")
    await hears(anna, TONES["12"])
    await hears(clara, TONES["10"])
    assert anna.trace().count("INVITE sip:") == invites, "the transferred party sees no re-INVITE"
    await clara.hang_up()
    await anna.event("CALL_CLOSED")


async def test_transfer_to_a_busy_telephone_comes_back(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await talk(anna, bernd, "11")
    seen = len(bernd.events)
    await bernd.command("transfer", "12")
    await bernd.event("CALL_CLOSED", after=seen)
    await clara.event("CALL_INCOMING")
    await clara.hang_up()
    recall = await bernd.event("CALL_INCOMING", after=seen)
    assert recall["peeruri"].startswith("sip:10@")
    await bernd.answer()
    await hears(bernd, TONES["10"])


async def test_transfer_by_code_for_telephones_without_a_key(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await talk(anna, bernd, "11")
    await assert_hears(anna, 1000)
    await bernd.command("hold")
    await bernd.dial("*90*12#")
    await clara.event("CALL_INCOMING")
    await clara.answer()
    await hears(anna, TONES["12"])
    await hears(clara, TONES["10"])


async def test_attended_transfer_by_code(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await talk(anna, bernd, "11")
    await assert_hears(anna, 1000)
    await bernd.command("hold")
    await talk(bernd, clara, "12")
    await bernd.command("hold")
    await bernd.dial("*90#")
    await hears(anna, TONES["12"])
    await hears(clara, TONES["10"])
    await anna.hang_up()
    await clara.event("CALL_CLOSED")


async def test_pickup_of_a_colleagues_ringing_call(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await anna.dial("11")
    await bernd.event("CALL_INCOMING")
    await clara.dial("*8*11#")
    await clara.event("CALL_ESTABLISHED")
    await bernd.event("CALL_CLOSED")
    await hears(anna, TONES["12"])
    await hears(clara, TONES["10"])
    assert 'text="Call completed elsewhere"' in bernd.trace()


async def test_pickup_with_nothing_ringing_is_refused(office: Office) -> None:
    anna = await office.phone("10")
    assert (await office.code(anna, "*8*11#")).startswith("404")


async def test_park_and_retrieve_from_another_telephone(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await talk(anna, bernd, "11")
    await assert_hears(anna, 1000)
    await bernd.command("hold")
    await bernd.dial("*16*701#")
    await eventually(lambda: level(anna.heard()[0][-4000:]) > -45 and not hears_now(anna, 1000), "music")
    assert (await office.code(clara, "#16*702#")).startswith("404")
    await clara.dial("#16*701#")
    await clara.event("CALL_ESTABLISHED")
    await hears(anna, TONES["12"])
    await hears(clara, TONES["10"])


@pytest.mark.interop(client="baresip", feature="conference of three")
async def test_conference_of_three_lives_on_without_its_starter(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await talk(anna, bernd, "11")
    await anna.command("hold")
    await talk(anna, clara, "12")
    await anna.command("hold")
    seen = len(anna.events)
    await anna.dial("*91#")
    await anna.event("CALL_ESTABLISHED", after=seen)
    await hears_both(bernd, TONES["10"], TONES["12"])
    await hears_both(clara, TONES["10"], TONES["11"])
    await anna.hang_up()
    await hears(bernd, TONES["12"])
    await hears(clara, TONES["11"])


async def hears_both(phone: Baresip, one: int, other: int) -> None:
    """Two tones at once: each within 25 dB of the loudest."""
    from tests.audio import tone_level  # noqa: PLC0415

    def both() -> bool:
        samples, rate = phone.heard()
        recent = samples[-rate // 2 :]
        return min(tone_level(recent, rate, one), tone_level(recent, rate, other)) > -30

    await eventually(both, f"{phone.home.name}: {one} and {other} Hz")


async def test_diversion_always_by_code(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    assert (await office.code(bernd, "*21*12#")).startswith("480")
    try:
        await anna.dial("11")
        await clara.event("CALL_INCOMING")
        assert not bernd.happened("CALL_INCOMING")
        assert "Diversion: <sip:11@muster.example>;reason=unconditional" in clara.trace()
        await clara.answer()
        await hears(anna, TONES["12"])
        await anna.hang_up()
    finally:
        await office.code(bernd, "#21#")
    seen = len(bernd.events)
    await anna.dial("11")
    await bernd.event("CALL_INCOMING", after=seen)


async def test_diversion_on_busy_and_do_not_disturb(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await office.code(bernd, "*26#")
    try:
        await anna.dial("11")
        assert (await anna.event("CALL_CLOSED"))["param"].startswith("486")
        await office.code(bernd, "*67*12#")
        await anna.dial("11")
        await clara.event("CALL_INCOMING")
    finally:
        await anna.hang_up()
        await office.code(bernd, "#67#")
        await office.code(bernd, "#26#")


@pytest.mark.interop(client="Kamailio", feature="Diversion to the provider (RFC 5806)")
async def test_diversion_to_outside_shows_who_diverted(office: Office, demo: Demo) -> None:
    anna, bernd = await office.phone("10"), await office.phone("11")
    await office.code(bernd, f"*21*{demo.facts['outside']['echo']}#".replace("+", "00"))
    try:
        await anna.dial("11")
        await anna.event("CALL_ESTABLISHED")
        await hears(anna, TONES["10"])
        await anna.hang_up()
    finally:
        await office.code(bernd, "#21#")


async def test_diversions_in_a_circle_ring_somewhere(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await office.code(bernd, "*21*12#")
    await office.code(clara, "*21*11#")
    try:
        await anna.dial("11")
        await clara.event("CALL_INCOMING")
        await anna.hang_up()
    finally:
        await office.code(bernd, "#21#")
        await office.code(clara, "#21#")


async def test_group_rings_everybody_and_log_out_counts(office: Office) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await anna.dial("30")
    await bernd.event("CALL_INCOMING")
    await clara.event("CALL_INCOMING")
    await anna.hang_up()
    await office.code(clara, "#50*30#")
    try:
        seen_bernd, seen_clara = len(bernd.events), len(clara.events)
        await anna.dial("30")
        await bernd.event("CALL_INCOMING", after=seen_bernd)
        await bernd.answer()
        await hears(anna, TONES["11"])
        assert all(event["type"] != "CALL_INCOMING" for event in clara.events[seen_clara:])
    finally:
        await office.code(clara, "*50*30#")


async def test_head_number_reaches_the_attendant_and_night_service_diverts(
    office: Office, demo: Demo
) -> None:
    anna, bernd, outside = await office.phone("10"), await office.phone("11"), await office.outside()
    head = f"sip:{demo.facts['provider']['trunk_number']}@{demo.facts['provider']['sip']}"
    await office.code(anna, "#45#")
    try:
        await outside.dial(head)
        await anna.event("CALL_INCOMING")
        await anna.answer()
        await outside.event("CALL_ESTABLISHED")
        await hears(anna, 620)
        await outside.hang_up()
        await anna.event("CALL_CLOSED")
        await office.code(anna, "*45#")
        seen, seen_anna = len(bernd.events), len(anna.events)
        await outside.dial(head)
        await bernd.event("CALL_INCOMING", after=seen)
        assert all(event["type"] != "CALL_INCOMING" for event in anna.events[seen_anna:])
        await outside.hang_up()
    finally:
        await office.code(anna, "*45*0#")


@pytest.mark.interop(client="baresip", feature="hidden number (RFC 3323)")
async def test_hidden_number(office: Office) -> None:
    anna, bernd = await office.phone("10"), await office.phone("11")
    await anna.dial("*31*11#")
    incoming = await bernd.event("CALL_INCOMING")
    assert "anonymous" in incoming["peeruri"]
    await anna.hang_up()


async def test_emergency_with_everything_set_against_it(office: Office, demo: Demo) -> None:
    log = Path(demo.facts["emergency_log"])
    before = len(log.read_text().splitlines())
    anna = await office.phone("10")
    for code in ("*26#", "*32#", "*21*11#", "#43#"):
        await office.code(anna, code)
    try:
        seen = len(anna.events)
        await anna.dial("*31#112")
        await anna.event("CALL_ESTABLISHED", after=seen)
        line = await eventually(lambda: log.read_text().splitlines()[before:] or None, "the control centre")
        assert "+493023125010" in line[0]
        assert "anonymous" not in line[0]
        await anna.hang_up()
    finally:
        for code in ("#26#", "#32#", "#21#", "*43#"):
            await office.code(anna, code)


async def test_settings_outlive_call_control(office: Office, demo: Demo) -> None:
    anna, bernd, clara = [await office.phone(each) for each in ("10", "11", "12")]
    await office.code(bernd, "*21*12#")
    try:
        await asyncio.sleep(0.3)
        pid = demo.pid("call-control")
        demo.kill("call-control")
        await eventually(lambda: demo.alive("call-control", other_than=pid), "a new call control")
        await eventually(lambda: demo.health() == "ok", "call control is up")
        await anna.dial("11")
        await clara.event("CALL_INCOMING")
        await anna.hang_up()
    finally:
        await office.code(bernd, "#21#")
