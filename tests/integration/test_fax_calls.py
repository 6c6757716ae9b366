"""Fax through calls: machines begin over G.711, one asks for T.38, and the pages arrive pixel by pixel.

The machines are telephones made of text whose media is an engine of the test's own, with spandsp behind it.
"""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.integration.listening import eventually
from tests.integration.media.fax_documents import check_document, document
from tests.integration.media.harness import Client, EngineProcess
from tests.integration.media.test_media_fax import PCMA, finished
from tests.integration.test_public_network import outside_line
from tests.peers.rawphone import Dialog, RawPhone, Text, raw_phone
from tests.peers.system import Demo

from stimme.media import T38, Endpoint, RemoteMedia

_HEAD = "v=0\r\no=- 1 {version} IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
_IMAGE = (
    "m=image {port} udptl t38\r\na=T38FaxVersion:0\r\na=T38MaxBitRate:14400\r\n"
    "a=T38FaxRateManagement:transferredTCF\r\na=T38FaxMaxBuffer:1800\r\na=T38FaxMaxDatagram:320\r\n"
    "a=T38FaxUdpEC:t38UDPRedundancy\r\n"
)


def stream(description: str) -> tuple[str, RemoteMedia]:
    """Kind and address of the first stream that is not refused."""
    for kind, port in re.findall(r"m=(\w+) (\d+)", description):
        if port != "0":
            return kind, RemoteMedia("127.0.0.1", int(port))
    return "none", RemoteMedia("127.0.0.1", 0)


@dataclass(slots=True)
class FaxMachine:
    """A telephone with a fax behind it; `t38` says whether it takes part in T.38."""

    phone: RawPhone
    endpoint: Endpoint
    t38: bool
    version: int = 1
    kind: str = "none"
    _following: asyncio.Future[None] | None = None

    def audio(self) -> str:
        self.version += 1
        line = f"m=audio {self.endpoint.local.port} RTP/AVP 8\r\n"
        return _HEAD.format(version=self.version) + line

    def image(self) -> str:
        self.version += 1
        return _HEAD.format(version=self.version) + _IMAGE.format(port=self.endpoint.local.port)

    async def follow(self, description: str) -> None:
        """Speaks as was negotiated."""
        self.kind, remote = stream(description)
        if self.kind == "image":
            await self.endpoint.configure(remote, [], t38=T38(max_datagram=320))
        else:
            await self.endpoint.configure(remote, [PCMA])

    def answer(self, invite: Text) -> tuple[int, str]:
        """To a call, or to an offer within it."""
        kind, _ = stream(invite.body)
        if kind == "image" and not self.t38:
            return 488, ""
        self._following = asyncio.ensure_future(self.follow(invite.body))
        return 200, self.image() if kind == "image" else self.audio()

    async def offer(self, dialog: Dialog, description: str) -> int:
        """A re-INVITE; its status."""
        response, _ = await self.phone.ask("INVITE", "", body=description, dialog=dialog, seconds=20)
        if response.status == 200:
            await self.follow(response.body)
        return response.status


class Machines:
    """Fax machines inside and outside of the demo."""

    def __init__(self, demo: Demo, client: Client, stack: AsyncExitStack) -> None:
        self.demo = demo
        self.client = client
        self._stack = stack

    async def inside(self, extension: str, *, t38: bool = True) -> FaxMachine:
        phone = await self._stack.enter_async_context(raw_phone(self.demo.line(extension)))
        machine = await self._machine(phone, extension, t38)
        await phone.register()
        self._stack.push_async_callback(phone.register, ";expires=0")
        return machine

    async def outside(self, number: str, *, t38: bool = True) -> FaxMachine:
        phone = await self._stack.enter_async_context(raw_phone(outside_line(self.demo, number)))
        return await self._machine(phone, number, t38)

    async def _machine(self, phone: RawPhone, name: str, t38: bool) -> FaxMachine:
        machine = FaxMachine(phone, await self.client.engine.create_endpoint("rtp", tag=name), t38)
        phone.answers = machine.answer
        return machine

    async def call(self, caller: FaxMachine, callee: FaxMachine, number: str) -> tuple[Dialog, Dialog]:
        """The call as the caller and as the callee knows it, over G.711."""
        response, dialog = await caller.phone.ask("INVITE", number, body=caller.audio(), seconds=20)
        assert response.status == 200, response.start
        await caller.follow(response.body)
        (invite,) = [each for each in callee.phone.requests if each.method == "INVITE"]
        return dialog, callee.phone.dialog_of(invite)


@pytest.fixture
async def machines(demo: Demo, tmp_path: Path) -> AsyncIterator[Machines]:
    process = EngineProcess(tmp_path, "31000-31200")
    await process.ready()
    async with AsyncExitStack() as stack:
        yield Machines(demo, await Client.connect(process), stack)
    process.stop()


@pytest.mark.interop(client="telephone by hand", feature="fax: T.38 through a trunk, and by gateway")
async def test_a_page_arrives_whoever_speaks_t38(machines: Machines, tmp_path: Path) -> None:
    """From outside to an adapter that asks for T.38: the provider does it, or refuses and gets a gateway."""
    async with asyncio.TaskGroup() as group:
        group.create_task(_page(machines, tmp_path, "+494066969071", "11", t38=True))
        group.create_task(_page(machines, tmp_path, "+494066969072", "12", t38=False))


async def _page(machines: Machines, folder: Path, outside: str, extension: str, *, t38: bool) -> None:
    sender, receiver = await machines.outside(outside, t38=t38), await machines.inside(extension)
    number = machines.demo.user(extension)["number"]
    dialog, called = await machines.call(sender, receiver, number)
    received = folder / f"{extension}.tif"
    await receiver.endpoint.receive_fax(received, ident="+49 30 231250")
    await sender.endpoint.send_fax(document(folder / f"sent-{extension}.tif", 1), ident="+49 40 669690")
    await asyncio.sleep(1.5)
    assert await receiver.offer(called, receiver.image()) == 200
    assert (receiver.kind, sender.kind) == ("image", "image" if t38 else "audio")
    ends = await finished(machines.client, outside), await finished(machines.client, extension)
    assert [(end.result, end.pages) for end in ends] == [("ok", 1)] * 2, ends
    check_document(received, 1)
    await sender.phone.ask("BYE", "", dialog=dialog)


async def test_back_to_audio_and_what_is_refused(machines: Machines) -> None:
    a, b = await machines.inside("11"), await machines.inside("12")
    dialog, called = await machines.call(a, b, "12")
    assert await b.offer(called, b.image()) == 200
    assert (a.kind, b.kind) == ("image", "image")
    offers = [stream(each.body)[0] for each in a.phone.requests if each.method == "INVITE"]
    assert await b.offer(called, b.image()) == 200, "a refresh"
    again = [stream(each.body)[0] for each in a.phone.requests if each.method == "INVITE"]
    assert again == offers, "a refresh is not passed on"
    assert await a.offer(dialog, a.audio()) == 200
    assert a.kind == "audio"
    await eventually(lambda: b.kind == "audio", "the other side follows")
    secured = b.image().replace("udptl", "UDP/TLS/UDPTL")
    assert await b.offer(called, secured) == 488
    assert await b.offer(called, b.audio()) == 200, "the call goes on"
    await a.phone.ask("BYE", "", dialog=dialog)


async def test_both_go_back_to_audio_after_call_control_has_died(machines: Machines) -> None:
    """The journal knows that both sides speak T.38: the one that does not ask is asked to follow."""
    demo = machines.demo
    a, b = await machines.inside("11"), await machines.inside("12")
    dialog, called = await machines.call(a, b, "12")
    assert await b.offer(called, b.image()) == 200
    pid = demo.pid("call-control")
    demo.kill("call-control")
    await eventually(lambda: demo.alive("call-control", other_than=pid), "call control is back", seconds=30)
    await eventually(lambda: demo.health() == "ok", "call control is up again", seconds=30)
    assert await a.offer(dialog, a.audio()) == 200
    await eventually(lambda: b.kind == "audio", "the other side follows")
    await a.phone.ask("BYE", "", dialog=dialog)
