"""A telephone of one customer before a real node, over a connection that only the test sees."""

import asyncio
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.unit.pbx.world import EPOCH, Bindings, Connection

from stimme.pbx.bus import EventBus
from stimme.pbx.events import Event
from stimme.pbx.model import Tenant
from stimme.pbx.node import Node
from stimme.pbx.pbx import Pbx
from stimme.pbx.records import CallListEntry, CallNote, CallRecord
from stimme.prompts.grammar import SpeechError
from stimme.prompts.say import Say
from stimme.sip.auth import DigestClient
from stimme.sip.headers import MAGIC_COOKIE
from stimme.sip.message import Headers, Request, Response, parse_message
from stimme.sip.ua import UserAgent
from stimme.sip.uri import SipUri

SDP = (
    b"v=0\r\no=- 1 1 IN IP4 198.51.100.7\r\ns=-\r\nc=IN IP4 198.51.100.7\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 8\r\na=rtpmap:8 PCMA/8000\r\n"
)


class Nothing:
    """A journal and records that keep nothing."""

    def put(self, key: str, value: dict[str, Any], *, voids: Sequence[str] = ()) -> None:
        pass

    def drop(self, key: str) -> None:
        pass

    def settle(self, key: str) -> None:
        pass

    async def load(self) -> dict[str, dict[str, Any]]:
        return {}

    def add(self, record: CallRecord, entries: Sequence[CallListEntry]) -> None:
        pass

    def note(self, note: CallNote) -> None:
        pass

    async def last_to(self, tenant_id: str, user_id: str) -> str | None:
        return None


class NoState:
    """Settings that are forgotten."""

    def put(self, tenant_id: str, key: str, value: dict[str, Any]) -> None:
        pass

    def delete(self, tenant_id: str, key: str) -> None:
        pass

    async def load(self, only: str | None = None) -> dict[str, dict[str, dict[str, Any]]]:
        return {}


class NoSounds:
    """No prompt has been rendered."""

    def file(self, words: Sequence[Say], language: str, customer: str | None = None) -> Path:
        raise SpeechError("nothing is rendered")

    def music(self, customer: str | None = None, name: str = "hold") -> Path:
        return Path("hold.wav")


class Telephone:
    """Calls through a node's user agent and reads what comes back at once.

    Attributes:
        sip_user: whose device it is.
    """

    def __init__(self, ua: UserAgent, node: Node, pbx: Pbx) -> None:
        self.sip_user = "muster-10"
        self.node = node
        self.pbx = pbx
        self._ua = ua
        self._flow = Connection("tcp")
        self._count = 0
        self._challenge: Response | None = None
        self._listening: asyncio.Future[dict[str, Any]] | None = None

    def ask(self, number: str) -> int:
        """The status of a call without credentials; a challenge is remembered."""
        self._count += 1
        response = self._send(self._invite(number, f"call-{self._count}", 1))
        if response.status == 407:
            self._challenge = response
        return response.status

    def call(self, number: str, *, password: str) -> int:
        """The last status of a call: the challenge that it gets is answered with this password."""
        status = self.ask(number)
        return self.call_again(number, password=password) if status == 407 else status

    async def dials(self, code: str, *, password: str) -> int:
        """The status that a code ends with."""
        status = self.call(code, password=password)
        while status < 200:
            await asyncio.sleep(0)
            sent = [parse_message(output.data) for output in self._ua.take_output()]
            status = max((each.status for each in sent if isinstance(each, Response)), default=status)
        return status

    async def published(self) -> list[Event]:
        """What is published from now on."""
        told: list[Event] = []

        def note(event: Event) -> bool:
            told.append(event)
            return False

        self._listening = asyncio.ensure_future(anext(self.node.bus.subscribe(note, since=None)))
        await asyncio.sleep(0)
        return told

    def call_again(self, number: str, *, password: str) -> int:
        """The status of a call that answers the last challenge at once."""
        assert self._challenge is not None
        request = self._invite(number, f"call-{self._count}", 2)
        header = DigestClient(self.sip_user, password).authorize(request, self._challenge)
        assert header is not None
        request.headers.add(*header)
        return self._send(request).status

    def say(
        self, method: str, user: str | None, *fields: tuple[str, str], password: str, body: bytes = b""
    ) -> Response:
        """The last response to a request outside a dialog; the challenge is answered with this password."""
        self._count += 1
        call_id = f"{method}-{self._count}"
        challenge = self._send(self._request(method, user, call_id, 1, fields, body))
        again = self._request(method, user, call_id, 2, fields, body)
        header = DigestClient(self.sip_user, password).authorize(again, challenge)
        assert header is not None
        again.headers.add(*header)
        return self._send(again)

    def _send(self, request: Request) -> Response:
        self._ua.receive(request, self._flow)
        sent = [parse_message(output.data) for output in self._ua.take_output()]
        answers = [message for message in sent if isinstance(message, Response)]
        return answers[-1]

    def calls_outside(self) -> list[Request]:
        """The INVITEs to providers that have left since the last question."""
        sent = [parse_message(output.data) for output in self._ua.take_output()]
        return [each for each in sent if isinstance(each, Request) and each.method == "INVITE"]

    def provider_says(self, invite: Request, status: int) -> None:
        """A provider's response."""
        same = [(name, invite.headers.get(name) or "") for name in ("Via", "From", "Call-ID", "CSeq")]
        to = ("To", f"{invite.headers.get('To')};tag=provider")
        self._ua.receive(Response(status, "Said", Headers([*same, to])), Connection("udp"))

    def _invite(self, number: str, call_id: str, cseq: int) -> Request:
        contact = ("Contact", f"<sip:{self.sip_user}@198.51.100.7:5070;transport=tcp>")
        fields = (contact, ("Content-Type", "application/sdp"))
        return self._request("INVITE", number, call_id, cseq, fields, SDP)

    def _request(
        self,
        method: str,
        user: str | None,
        call_id: str,
        cseq: int,
        fields: Sequence[tuple[str, str]],
        body: bytes = b"",
    ) -> Request:
        headers = Headers(
            [
                ("Via", f"SIP/2.0/TCP 198.51.100.7:5070;branch={MAGIC_COOKIE}{call_id}{cseq};rport"),
                ("From", f"<sip:{self.sip_user}@muster.example>;tag=1"),
                ("To", f"<sip:{user or self.sip_user}@muster.example>"),
                ("Call-ID", call_id),
                ("CSeq", f"{cseq} {method}"),
                ("Max-Forwards", "70"),
                *fields,
            ]
        )
        uri = SipUri("muster.example") if user is None else SipUri("muster.example", user)
        return Request(method, uri, headers, body)


async def telephone(tenant: Tenant) -> Telephone:
    """A node with one customer, without a media engine, and a telephone of user 10 before it."""
    nothing = Nothing()
    node = Node(
        bus=EventBus(),
        bindings=Bindings(),
        journal=nothing,
        records=nothing,
        store=NoState(),
        sounds=NoSounds(),
        clock=lambda: EPOCH,
        wall_clock=lambda: EPOCH,
        rng=random.Random(3),
        key=b"key of the test",
        algorithms=("MD5",),
        limits=True,
        ring_timeout=60.0,
        media_timeout=30.0,
    )
    ua = UserAgent(node, clock=lambda: EPOCH, rng=random.Random(4), product="stimme", on_output=lambda: None)
    ua.addresses["tcp"] = ua.addresses["udp"] = ("192.0.2.1", 5060)
    node.attach(ua, lambda address: None)
    return Telephone(ua, node, await node.add_tenant(tenant))
