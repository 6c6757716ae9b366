"""SRTP with keys from the SDP (RFC 4568): baresip's own SRTP against ours, on telephones and trunks."""

import re
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from tests.integration.administering import delete, listed, put
from tests.integration.listening import (
    assert_hears,
    eventually,
    first_second_of,
    hears_again,
    hears_now,
    watching,
)
from tests.peers.baresip import Baresip, Encryption, Line, Transport, telephone
from tests.peers.rawphone import RawPhone, raw_phone
from tests.peers.system import Demo
from tests.ports import free_ports

_CRYPTO = "1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
_KEY = re.compile(r"a=crypto:\S+ \S+ inline:(\S+)")


@contextmanager
def encryption_of(demo: Demo, extension: str, srtp: str) -> Iterator[None]:
    """The first telephone of a user is set to `accept`, `prefer` or `require` for a while."""
    with demo.as_role("customer") as admin:
        device = listed(admin, "devices", "sip_user", demo.line(extension).user)
        kept = admin.get(f"/devices/{device['id']}").raise_for_status().json()
        names = ("user_id", "customer_id", "site_id", "name", "sip_user")
        body = {name: kept[name] for name in names if kept[name] is not None}
        put(admin, f"/devices/{device['id']}", {**body, "srtp": srtp})
        try:
            yield
        finally:
            put(admin, f"/devices/{device['id']}", {**body, "srtp": kept["srtp"]})


async def talk(anna: Baresip, bernd: Baresip) -> None:
    await anna.dial("11")
    await bernd.event("CALL_INCOMING")
    await bernd.answer()
    await anna.event("CALL_ESTABLISHED")
    await assert_hears(anna, 1000)
    await assert_hears(bernd, 440)


@pytest.mark.feature("N3", "K2")
@pytest.mark.interop(client="baresip", feature="SRTP with keys from the SDP (RFC 4568), optional and a must")
@pytest.mark.parametrize("ours", ["srtp", "srtp-mand", "srtp-mandf"])
@pytest.mark.parametrize("theirs", ["srtp", None])
async def test_both_hear_each_other(
    demo: Demo, tmp_path: Path, ours: Encryption, theirs: Encryption | None
) -> None:
    """A telephone without SRTP hears one that has it: each leg is as its telephone wants it."""
    way: Transport = "tls" if theirs is not None else "udp"
    async with (
        telephone(tmp_path, "anna", demo.line("10", "tls"), tone=440, encryption=ours) as anna,
        telephone(tmp_path, "bernd", demo.line("11", way), tone=1000, encryption=theirs) as bernd,
    ):
        await talk(anna, bernd)
        keys = set(_KEY.findall(anna.trace()))
        assert len(keys) >= 2, "each side has said a key of its own"
        assert bool(_KEY.search(bernd.trace())) == (theirs is not None)
        journal = next(demo.data.rglob("calls.journal")).read_bytes()
        assert b"inline:" not in journal
        assert not any(key.encode() in journal for key in keys)
        assert not any(key in demo.log("call-control") for key in keys)


@pytest.mark.feature("N3")
@pytest.mark.interop(client="baresip", feature="called with RTP/SAVP where encryption is a must")
async def test_a_telephone_that_must_encrypt_is_called_so(demo: Demo, tmp_path: Path) -> None:
    with encryption_of(demo, "11", "require"):
        async with (
            telephone(tmp_path, "anna", demo.line("10"), tone=440) as anna,
            telephone(tmp_path, "bernd", demo.line("11", "tls"), tone=1000, encryption="srtp-mand") as bernd,
        ):
            await talk(anna, bernd)
            assert "RTP/SAVP" in bernd.trace()
            assert "RTP/SAVP" not in anna.trace()


@pytest.mark.feature("N3")
async def test_where_encryption_is_a_must_nothing_goes_without(demo: Demo, tmp_path: Path) -> None:
    with encryption_of(demo, "11", "require"):
        async with (
            telephone(tmp_path, "anna", demo.line("10")) as anna,
            telephone(tmp_path, "bernd", demo.line("11", "tls")) as bernd,
        ):
            await bernd.dial("10")
            closed = await bernd.event("CALL_CLOSED")
            assert "488" in closed["param"]
            assert "speech has to be encrypted" in bernd.trace()
            assert not anna.happened("CALL_INCOMING")
        async with (
            telephone(tmp_path, "anna2", demo.line("10")) as anna,
            telephone(tmp_path, "bernd2", demo.line("11", "udp")) as bernd,
        ):
            await anna.dial("11")
            await anna.event("CALL_CLOSED")
            assert not bernd.happened("CALL_INCOMING"), "keys would be readable"


@pytest.mark.feature("N3", "T5")
async def test_an_emergency_call_goes_out_even_unencrypted(demo: Demo, tmp_path: Path) -> None:
    with encryption_of(demo, "11", "require"):
        async with telephone(tmp_path, "bernd", demo.line("11"), tone=1000) as bernd:
            await bernd.dial("112")
            await bernd.event("CALL_ESTABLISHED")


@pytest.mark.feature("N3")
async def test_keys_that_others_can_read_are_refused_in_words(demo: Demo, tmp_path: Path) -> None:
    async with (
        raw_phone(demo.line("12")) as clara,
        telephone(tmp_path, "bernd", demo.line("11"), answer="auto"),
    ):
        secured = clara.sdp().replace("RTP/AVP", "RTP/SAVP") + f"a=crypto:{_CRYPTO}\r\n"
        response, _ = await clara.ask("INVITE", "11", body=secured)
        assert response.status == 488
        assert "over TLS only" in response.headers["warning"]
        offered_both = clara.sdp() + _second_stream(clara)
        response, dialog = await clara.ask("INVITE", "11", body=offered_both)
        assert response.status == 200
        assert re.findall(r"m=audio (\d+) (\S+)", response.body)[1] == ("0", "RTP/SAVP")
        await clara.ask("BYE", "11", dialog=dialog)


def _second_stream(clara: RawPhone) -> str:
    stream = clara.sdp().partition("t=0 0\r\n")[2].replace("RTP/AVP", "RTP/SAVP")
    return f"{stream}a=crypto:{_CRYPTO}\r\n"


@pytest.mark.feature("N3", "T3")
async def test_a_fax_is_no_way_around_encryption(demo: Demo, tmp_path: Path) -> None:
    """T.38 knows no SRTP: it is refused without asking whoever must encrypt; the speech goes on."""
    with encryption_of(demo, "11", "require"):
        async with (
            raw_phone(demo.line("12")) as fax,
            telephone(
                tmp_path, "bernd", demo.line("11", "tls"), tone=1000, answer="auto", encryption="srtp-mand"
            ) as bernd,
        ):
            dialog = await fax.call("11")
            await _hears_anew(fax, 1000)
            response, _ = await fax.ask("INVITE", "11", body=_image(fax), dialog=dialog)
            assert response.status == 488
            assert "m=image" not in bernd.trace()
            await _hears_anew(fax, 1000)
            response, _ = await fax.ask("INVITE", "11", body=fax.sdp(), dialog=dialog)
            assert response.status == 200
            await _hears_anew(fax, 1000)
            assert not bernd.happened("CALL_CLOSED")
            await fax.ask("BYE", "11", dialog=dialog)


async def _hears_anew(phone: RawPhone, hz: float) -> None:
    phone.heard()
    phone.sound.clear()
    await eventually(lambda: first_second_of(phone.heard(), 8000, hz), f"hears {hz} Hz")


def _image(phone: RawPhone) -> str:
    """An offer of T.38 in the place of the speech."""
    head = phone.sdp().partition("m=audio")[0].replace("o=- 1 1", "o=- 1 2")
    return f"{head}m=image {phone.rtp.getsockname()[1]} udptl t38\r\na=T38FaxUdpEC:t38UDPRedundancy\r\n"


@pytest.mark.feature("N3", "K3")
@pytest.mark.interop(client="baresip", feature="SRTP through hold, retrieve and a transfer")
async def test_speech_stays_encrypted_through_hold_and_transfer(demo: Demo, tmp_path: Path) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10", "tls"), tone=440, encryption="srtp-mand") as anna,
        telephone(tmp_path, "bernd", demo.line("11", "tls"), tone=1000, encryption="srtp") as bernd,
        telephone(tmp_path, "clara", demo.line("12"), tone=700, answer="auto") as clara,
    ):
        await talk(anna, bernd)
        keys = set(_KEY.findall(anna.trace()))
        await hold_and_retrieve(anna, bernd)
        assert set(_KEY.findall(anna.trace())) == keys, "the keys of the call stay"
        await anna.command("transfer", "12")
        await hears_again(bernd, 700)
        await hears_again(clara, 1000)


async def both_understand(anna: Baresip, bernd: Baresip) -> None:
    """baresip records nothing of what it hears after a hold; a key that it understands, it has decrypted."""
    await hears_again(bernd, 440)
    seen = len(anna.events)
    await bernd.press("5")
    assert (await anna.event("CALL_DTMF_START", after=seen))["param"] == "5"
    await anna.event("CALL_DTMF_END", after=seen)


async def hold_and_retrieve(anna: Baresip, bernd: Baresip) -> None:
    await anna.command("hold")
    await eventually(lambda: not hears_now(bernd, 440) or None, "music on hold")
    await anna.command("resume")
    await both_understand(anna, bernd)


@pytest.mark.feature("N3")
async def test_encrypted_calls_outlive_call_control_and_engine(demo: Demo, tmp_path: Path) -> None:
    async with (
        telephone(tmp_path, "anna", demo.line("10", "tls"), tone=440, encryption="srtp-mand") as anna,
        telephone(tmp_path, "bernd", demo.line("11"), tone=1000) as bernd,
    ):
        await talk(anna, bernd)
        with watching(bernd) as at_bernd:
            pid = demo.pid("call-control")
            demo.kill("call-control")
            await eventually(lambda: demo.alive("call-control", other_than=pid) or None, "a new call control")
            await eventually(lambda: demo.health() == "ok" or None, "it is healthy")
            await both_understand(anna, bernd)
        assert at_bernd.longest_stall < 2
        await hold_and_retrieve(anna, bernd)
        pid = demo.pid("media")
        demo.kill("media")
        await eventually(lambda: demo.alive("media", other_than=pid) or None, "a new engine")
        await both_understand(anna, bernd)


@pytest.mark.feature("N3", "T1")
@pytest.mark.interop(client="baresip", feature="trunk with TLS and SRTP")
async def test_a_provider_that_must_encrypt(demo: Demo, tmp_path: Path) -> None:
    trunk_id, block_id, head = str(uuid.uuid4()), str(uuid.uuid4()), "+493099977"
    called = demo.facts["outside"]["echo"]
    pem = tmp_path / "provider.pem"
    folder = Path(demo.facts["ca"]).parent
    pem.write_text((folder / "server.pem").read_text() + (folder / "server.key").read_text())
    port = free_ports(1)[0]
    provider = Line(_dialled(called), "-", "127.0.0.1", f"127.0.0.1:{port}", "tls", Path(demo.facts["ca"]))
    with demo.as_role("customer") as admin:
        user = listed(admin, "users", "extension", "18")
        kept = admin.get(f"/users/{user['id']}").json()
        names = ("customer_id", "extension", "name", "package", "language", "site_id")
        body = {name: kept[name] for name in names}
        way = {"host": "127.0.0.1", "port": port + 1, "transport": "tls", "srtp": "require"}
        trunk = {"customer_id": kept["customer_id"], "kind": "static", "name": "Zz Encrypted", **way}
        put(admin, f"/trunks/{trunk_id}", trunk)
        try:
            put(admin, f"/numbers/{block_id}", {"trunk_id": trunk_id, "head": head, "extension_digits": 3})
            put(admin, f"/users/{user['id']}", {**body, "number": f"{head}018"})
            async with (
                telephone(
                    tmp_path,
                    "provider",
                    provider,
                    tone=1000,
                    answer="auto",
                    register=False,
                    encryption="srtp-mand",
                    extra=lambda: [f"sip_certificate {pem}"],
                    port=port,
                ) as outside,
                telephone(tmp_path, "hanna", demo.line("18"), tone=440) as hanna,
            ):
                await hanna.dial(called)
                await hanna.event("CALL_ESTABLISHED")
                await assert_hears(hanna, 1000)
                await assert_hears(outside, 440)
                assert "RTP/SAVP" in outside.trace()
        finally:
            put(admin, f"/users/{user['id']}", {**body, "number": kept.get("number")})
            for path in (f"/numbers/{block_id}", f"/trunks/{trunk_id}"):
                delete(admin, path)


def _dialled(number: str) -> str:
    """A number as our INVITE has it: E.164."""
    return "+49" + number.removeprefix("0") if number.startswith("0") else number
