"""Presence that telephones publish (RFC 3903), as a colleague's telephone is told of it (RFC 3856, 3863)."""

from pathlib import Path

import pytest
from tests.integration.listening import eventually
from tests.peers.baresip import telephone
from tests.peers.rawphone import Dialog, RawPhone, raw_phone
from tests.peers.system import Demo

PIDF = """<?xml version="1.0" encoding="UTF-8"?>
<presence xmlns="urn:ietf:params:xml:ns:pidf" xmlns:dm="urn:ietf:params:xml:ns:pidf:data-model"
 xmlns:rpid="urn:ietf:params:xml:ns:pidf:rpid" entity="sip:11@example.com">
<tuple id="a"><status><basic>{basic}</basic></status><note>{note}</note></tuple>
<dm:person id="p"><rpid:activities><rpid:{activity}/></rpid:activities></dm:person></presence>"""


async def watch(raw: RawPhone, address: str) -> Dialog:
    response, dialog = await raw.subscribe(address, "presence")
    assert response.status == 200, response.start
    await eventually(lambda: raw.notified(dialog) or None, f"the first NOTIFY of {address}")
    return dialog


async def told(raw: RawPhone, dialog: Dialog, *words: str, never: str = "nothing of this") -> None:
    def last() -> bool:
        body = raw.notified(dialog)[-1]
        return all(word in body for word in words) and never not in body

    await eventually(last, f"presence: {words}")


@pytest.mark.feature("S4")
@pytest.mark.interop(client="baresip", feature="presence published (RFC 3903)")
async def test_a_colleague_is_told_what_a_telephone_publishes(demo: Demo, tmp_path: Path) -> None:
    """Offline by its menu though it is registered; in a call the line is told beside what was published."""
    anna = telephone(tmp_path, "anna", demo.line("11"), answer="auto", publish=60)
    async with anna as desk, raw_phone(demo.line("12", device=1)) as clara:
        presence = await watch(clara, "11")
        await desk.command("presence_offline")
        await told(clara, presence, "<basic>closed</basic>")
        await desk.command("presence_online")
        await told(clara, presence, "<basic>open</basic>")
        await desk.command("presence_offline")
        await told(clara, presence, "<basic>closed</basic>")
        call = await clara.call("11")
        await told(clara, presence, "<basic>open</basic>", "on-the-phone")
        await clara.ask("BYE", "11", dialog=call)
        await told(clara, presence, "<basic>closed</basic>", never="on-the-phone")


@pytest.mark.feature("S4")
@pytest.mark.interop(client="telephone by hand", feature="presence published: entity tags, expiry (RFC 3903)")
async def test_publications_are_the_owners_and_end(demo: Demo) -> None:
    async with raw_phone(demo.line("11", device=1)) as bernd, raw_phone(demo.line("12", device=1)) as clara:
        presence = await watch(clara, "11")
        away = PIDF.format(basic="open", note="Zurück um zwei", activity="away")
        first = await bernd.publish("11", away)
        assert (first.status, first.headers["expires"]) == (200, "600")
        await told(clara, presence, "<rpid:away/>", "<note>Zurück um zwei</note>", "<basic>open</basic>")
        tag = f"SIP-If-Match: {first.headers['sip-etag']}"
        refreshed = await bernd.publish("11", "", tag)
        assert refreshed.status == 200
        assert (await bernd.publish("11", "", tag)).status == 412, "a tag is good once"
        assert (await bernd.publish("11", away, expires=10)).headers["min-expires"] == "60"
        assert (await clara.publish("11", away)).status == 403
        last = await bernd.publish("11", "", f"SIP-If-Match: {refreshed.headers['sip-etag']}", expires=0)
        assert last.status == 200
        await told(clara, presence, never="<rpid:away/>")
        async with raw_phone(demo.line("11", password="wrong")) as stranger:
            assert (await stranger.publish("11", away)).status == 401
