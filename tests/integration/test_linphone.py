"""linphone as a desk telephone: calls both ways, hold and transfer, proved by tones."""

from pathlib import Path

import pytest
from tests.audio import dominant_tone
from tests.integration.listening import eventually, hears_now
from tests.peers.baresip import Baresip, telephone
from tests.peers.linphone import Linphone, linphone
from tests.peers.rawphone import raw_phone
from tests.peers.system import Demo


async def hears(phone: Baresip | Linphone, hz: int) -> None:
    """The telephone hears this tone at last."""

    def now() -> bool:
        if isinstance(phone, Baresip):
            return phone.recorded_bytes() > 8000 and hears_now(phone, hz)
        samples, rate = phone.heard()
        tone, level = dominant_tone(samples[-rate // 4 :], rate)
        return abs(tone - hz) < 5 and level > -20

    await eventually(now, f"{phone.home.name}: {hz} Hz")


@pytest.mark.interop(client="linphone", feature="registration, call, speech both ways, hold and retrieve")
async def test_linphone_calls_holds_and_hangs_up(demo: Demo, tmp_path: Path) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10"), tone=1000) as anna,
        linphone(tmp_path, "clara", demo.line("12"), tone=440) as clara,
    ):
        await clara.command("call 10")
        await anna.event("CALL_INCOMING")
        await clara.says("ringing")
        await anna.answer()
        await clara.says("Media streams established")
        await hears(anna, 440)
        await hears(clara, 1000)
        said = len(clara.said)
        await clara.command("pause")
        await clara.says("is now paused", after=said)
        await eventually(lambda: not hears_now(anna, 440), "anna hears music instead")
        await clara.command("resume")
        await clara.says("Media streams established", after=said)
        await hears(anna, 440)
        await hears(clara, 1000)
        await clara.command("terminate")
        await anna.event("CALL_CLOSED")
        await clara.says("ended")


@pytest.mark.interop(client="linphone", feature="is called; blind transfer by REFER (RFC 3515)")
async def test_linphone_is_called_and_transfers(demo: Demo, tmp_path: Path) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10"), tone=1000) as anna,
        telephone(tmp_path, "bernd", demo.line("11"), tone=700) as bernd,
        linphone(tmp_path, "clara", demo.line("12"), tone=440) as clara,
    ):
        await anna.dial("12")
        await clara.says("Receiving new incoming call")
        await clara.command("answer")
        await hears(anna, 440)
        await hears(clara, 1000)
        await clara.command("transfer 11")
        await bernd.event("CALL_INCOMING")
        await bernd.answer()
        await hears(anna, 700)
        await hears(bernd, 1000)
        await clara.says("ended")
        await anna.hang_up()
        await bernd.event("CALL_CLOSED")


@pytest.mark.interop(client="linphone", feature="messages to and from telephones (RFC 3428)")
async def test_linphone_writes_and_reads(demo: Demo, tmp_path: Path) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10")) as anna,
        raw_phone(demo.line("11")) as bernd,
        linphone(tmp_path, "clara", demo.line("12")) as clara,
    ):
        await clara.command(f'chat sip:10@{demo.facts["domain"]} "Komme um zwei"')
        await eventually(lambda: "Komme um zwei" in anna.trace() or None, "anna reads it")
        kind = "Content-Type: text/plain;charset=utf-8"
        response, _ = await bernd.ask("MESSAGE", "12", kind, body="Bis gleich")
        assert response.status == 200, response.start
        await clara.says("Bis gleich")
        response, _ = await bernd.ask("MESSAGE", "77", kind, body="Wer da?")
        assert response.status == 404
