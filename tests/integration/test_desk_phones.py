"""Two desk telephones of one customer: speech both ways, and every way in which a call can end."""

from pathlib import Path

import pytest
from tests.integration.listening import assert_hears, call_record, eventually, record_ids
from tests.peers.baresip import Transport, telephone
from tests.peers.system import Demo


@pytest.mark.feature("K2")
@pytest.mark.interop(client="baresip", feature="registration, call, speech both ways; UDP, TCP, TLS")
@pytest.mark.parametrize("transport", ["udp", "tcp", "tls"])
async def test_both_hear_each_other(demo: Demo, tmp_path: Path, transport: Transport) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10", transport), tone=440) as anna,
        telephone(tmp_path, "bernd", demo.line("11", transport), tone=1000) as bernd,
    ):
        await anna.dial("11")
        await bernd.event("CALL_INCOMING")
        await anna.event("CALL_RINGING")
        await bernd.answer()
        await anna.event("CALL_ESTABLISHED")
        await assert_hears(anna, 1000)
        await assert_hears(bernd, 440)
        await anna.hang_up()
        await bernd.event("CALL_CLOSED")


@pytest.mark.feature("K2")
@pytest.mark.interop(client="baresip", feature="G.722 and Opus passed through")
@pytest.mark.parametrize(("codec", "transport"), [("G722", "udp"), ("opus", "tls")])
async def test_other_codecs_untouched(demo: Demo, tmp_path: Path, codec: str, transport: Transport) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10", transport), tone=440, codecs=codec) as anna,
        telephone(tmp_path, "bernd", demo.line("11", transport), tone=1000, codecs=codec) as bernd,
    ):
        await anna.dial("11")
        await bernd.event("CALL_INCOMING")
        await bernd.answer()
        await anna.event("CALL_ESTABLISHED")
        await assert_hears(anna, 1000)
        await assert_hears(bernd, 440)


@pytest.mark.feature("K2")
@pytest.mark.interop(client="baresip", feature="transcoding between codecs")
@pytest.mark.parametrize(("ours", "theirs"), [("PCMA", "G722"), ("G722", "opus"), ("opus", "PCMU")])
async def test_telephones_without_a_common_codec(demo: Demo, tmp_path: Path, ours: str, theirs: str) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10"), tone=440, codecs=ours) as anna,
        telephone(tmp_path, "bernd", demo.line("11"), tone=1000, codecs=theirs) as bernd,
    ):
        await anna.dial("11")
        await bernd.event("CALL_INCOMING")
        await bernd.answer()
        await anna.event("CALL_ESTABLISHED")
        await assert_hears(anna, 1000)
        await assert_hears(bernd, 440)


@pytest.mark.feature("K1", "K2")
async def test_callee_hangs_up_and_both_call_lists_show_it(demo: Demo, tmp_path: Path) -> None:
    with demo.as_user("10") as anna_api, demo.as_user("11") as bernd_api, demo.as_role("customer") as admin:
        known = record_ids(admin)
        async with (
            telephone(tmp_path, "anna", demo.line("10")) as anna,
            telephone(tmp_path, "bernd", demo.line("11")) as bernd,
        ):
            await anna.dial("11")
            await bernd.event("CALL_INCOMING")
            await bernd.answer()
            await anna.event("CALL_ESTABLISHED")
            await assert_hears(anna, 440)
            await bernd.hang_up()
            await anna.event("CALL_CLOSED")
        record = await call_record(admin, "11", known=known)
        assert (record["direction"], record["result"], record["hangup_by"]) == (
            "internal",
            "answered",
            "callee",
        )
        mine = anna_api.get("/me/calls").json()["items"][0]
        assert (mine["call_id"], mine["direction"], mine["name"]) == (
            record["id"],
            "outgoing",
            "Bernd Brandt",
        )
        theirs = bernd_api.get("/me/calls").json()["items"][0]
        assert (theirs["call_id"], theirs["direction"], theirs["result"]) == (
            record["id"],
            "incoming",
            "answered",
        )


@pytest.mark.feature("K1")
@pytest.mark.interop(client="baresip", feature="declined call")
async def test_decline(demo: Demo, tmp_path: Path) -> None:
    with demo.as_role("customer") as admin:
        known = record_ids(admin)
        async with (
            telephone(tmp_path, "anna", demo.line("10")) as anna,
            telephone(tmp_path, "bernd", demo.line("11")) as bernd,
        ):
            await anna.dial("11")
            await bernd.event("CALL_INCOMING")
            await bernd.hang_up()
            closed = await anna.event("CALL_CLOSED")
            assert closed["param"].startswith(("486", "603"))
        record = await call_record(admin, "11", known=known)
        assert record["result"] in ("busy", "declined")


@pytest.mark.feature("K1")
@pytest.mark.interop(client="baresip", feature="CANCEL")
async def test_caller_gives_up(demo: Demo, tmp_path: Path) -> None:
    with demo.as_role("customer") as admin:
        known = record_ids(admin)
        async with (
            telephone(tmp_path, "anna", demo.line("10")) as anna,
            telephone(tmp_path, "bernd", demo.line("11")) as bernd,
        ):
            await anna.dial("11")
            await bernd.event("CALL_INCOMING")
            await anna.hang_up()
            await bernd.event("CALL_CLOSED")
        record = await call_record(admin, "11", known=known)
        assert (record["result"], record["sip_status"]) == ("cancelled", 487)


@pytest.mark.interop(client="baresip", feature="digest (RFC 8760), wrong password refused")
async def test_wrong_password_is_refused_and_others_go_on(demo: Demo, tmp_path: Path) -> None:
    line = demo.line("12", password="not the password")
    async with telephone(tmp_path, "clara", line, register=False) as clara:
        await clara.dial("11")
        closed = await clara.event("CALL_CLOSED")
        assert closed["param"].startswith(("401", "403", "407"))
    async with telephone(tmp_path, "anna", demo.line("10")) as anna:
        await anna.dial("55")
        assert (await anna.event("CALL_CLOSED"))["param"].startswith("404")


@pytest.mark.feature("P2")
@pytest.mark.interop(client="baresip", feature='parallel ringing, "completed elsewhere" (RFC 3326)')
async def test_all_telephones_of_a_user_ring_and_one_gets_the_call(demo: Demo, tmp_path: Path) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10"), tone=440) as anna,
        telephone(tmp_path, "desk", demo.line("11"), tone=1000) as desk,
        telephone(tmp_path, "lab", demo.line("11", "tcp", device=1), tone=700) as lab,
    ):
        await anna.dial("11")
        await desk.event("CALL_INCOMING")
        await lab.event("CALL_INCOMING")
        await lab.answer()
        await anna.event("CALL_ESTABLISHED")
        await desk.event("CALL_CLOSED")
        await assert_hears(anna, 700)
        await assert_hears(lab, 440)
        cancel = desk.trace().partition("CANCEL sip:")[2].partition("\r\n\r\n")[0]
        assert 'Reason: SIP;cause=200;text="Call completed elsewhere"' in cancel


@pytest.mark.feature("K5")
@pytest.mark.interop(client="baresip", feature="DTMF (RFC 4733)")
async def test_digits_arrive(demo: Demo, tmp_path: Path) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10")) as anna,
        telephone(tmp_path, "bernd", demo.line("11")) as bernd,
    ):
        await anna.dial("11")
        await bernd.event("CALL_INCOMING")
        await bernd.answer()
        await anna.event("CALL_ESTABLISHED")
        await assert_hears(bernd, 440)
        for digit in "15#":
            seen = len(bernd.events)
            await anna.press(digit)
            assert (await bernd.event("CALL_DTMF_START", after=seen))["param"] == digit


@pytest.mark.feature("K3")
@pytest.mark.interop(client="baresip", feature="hold and retrieve by re-INVITE")
async def test_hold_and_retrieve(demo: Demo, tmp_path: Path) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10"), tone=440) as anna,
        telephone(tmp_path, "bernd", demo.line("11"), tone=1000) as bernd,
    ):
        await anna.dial("11")
        await bernd.event("CALL_INCOMING")
        await bernd.answer()
        await anna.event("CALL_ESTABLISHED")
        await assert_hears(bernd, 440)
        invites = bernd.trace().count("INVITE sip:")
        await anna.command("hold")
        await eventually(lambda: "a=sendonly" in anna.trace(), "the re-INVITE")
        await anna.command("resume")
        await assert_hears(bernd, 440)
        assert bernd.trace().count("INVITE sip:") == invites, "the other side sees no re-INVITE"


async def test_telephone_that_vanishes_frees_its_call(demo: Demo, tmp_path: Path) -> None:
    with demo.as_role("customer") as admin:
        known = record_ids(admin)
        async with (
            telephone(tmp_path, "anna", demo.line("10")) as anna,
            telephone(tmp_path, "bernd", demo.line("11")) as bernd,
        ):
            await anna.dial("11")
            await bernd.event("CALL_INCOMING")
            await bernd.answer()
            await anna.event("CALL_ESTABLISHED")
            await assert_hears(anna, 440)
            bernd.kill()
            await anna.event("CALL_CLOSED", seconds=50)
        record = await call_record(admin, "11", known=known)
        assert (record["result"], record["hangup_by"]) == ("answered", "system")
