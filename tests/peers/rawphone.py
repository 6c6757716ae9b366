"""A telephone made of text on a UDP socket: it can do what baresip cannot (SUBSCRIBE to lamps, Replaces).

It speaks no audio of its own and is independent of the stack under test: messages are written out by hand,
digest is MD5 (RFC 2617). Requests that come are kept and answered with 200.
"""

import asyncio
import audioop
import contextlib
import hashlib
import re
import secrets
import socket
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

import numpy as np
from tests.audio import Samples
from tests.peers.baresip import Line


@dataclass(frozen=True, slots=True)
class Text:
    """A SIP message as it came."""

    start: str
    headers: dict[str, str]
    body: str

    @classmethod
    def parse(cls, data: bytes) -> "Text":
        """Headers by lower-case name; of repeated ones all values, a line each."""
        head, _, body = data.decode().partition("\r\n\r\n")
        start, *lines = head.split("\r\n")
        headers: dict[str, str] = {}
        for line in lines:
            name, _, value = line.partition(":")
            known = headers.get(name.strip().lower())
            headers[name.strip().lower()] = value.strip() if known is None else f"{known}\n{value.strip()}"
        return cls(start, headers, body)

    @property
    def status(self) -> int:
        """Of a response; 0 for a request."""
        return int(self.start.split()[1]) if self.start.startswith("SIP/2.0") else 0

    @property
    def method(self) -> str:
        """Of the request, or of the one that a response is for."""
        return self.headers["cseq"].split()[1]


@dataclass(slots=True)
class Dialog:
    """One dialog of the telephone."""

    call_id: str
    local: str
    remote: str
    target: str
    cseq: int = 1
    routes: list[str] = field(default_factory=list)

    @property
    def our_tag(self) -> str:
        """The tag of this telephone."""
        return _tag(self.local)

    @property
    def their_tag(self) -> str:
        """The tag of the system."""
        return _tag(self.remote)


@dataclass(slots=True)
class RawPhone:
    """See the module's docstring; made by `raw_phone`."""

    line: Line
    sip: socket.socket
    rtp: socket.socket
    requests: list[Text] = field(default_factory=list)
    extra: list[str] = field(default_factory=list)
    answers: Callable[[Text], tuple[int, str]] | None = None
    _responses: dict[str, asyncio.Queue[Text]] = field(default_factory=dict)
    sound: bytearray = field(default_factory=bytearray)
    _last_branch: str = ""
    _tag: str = field(default_factory=lambda: secrets.token_hex(4))
    _contact_params: str = ""

    @property
    def _address(self) -> str:
        return "{}:{}".format(*self.sip.getsockname())

    @property
    def _contact(self) -> str:
        return f"<sip:{self.line.user}@{self._address}>{self._contact_params}"

    def sdp(self) -> str:
        """An offer, or an answer, of G.711 A-law."""
        lines = ["v=0", "o=- 1 1 IN IP4 127.0.0.1", "s=-", "c=IN IP4 127.0.0.1", "t=0 0"]
        lines += [f"m=audio {self.rtp.getsockname()[1]} RTP/AVP 8 101", "a=rtpmap:101 telephone-event/8000"]
        return "\r\n".join(lines) + "\r\n"

    # -- requests -------------------------------------------------------------------------------------------

    async def ask(
        self,
        method: str,
        user: str,
        *extra: str,
        body: str = "",
        dialog: Dialog | None = None,
        seconds: float = 10.0,
    ) -> tuple[Text, Dialog]:
        """Sends a request, answers one challenge, and gives the final response and the dialog."""
        own = f"<sip:{self.line.user}@{self.line.domain}>;tag={secrets.token_hex(4)}"
        uri = f"sip:{user}@{self.line.domain}"
        used = dialog or Dialog(secrets.token_hex(8), own, f"<{uri}>", uri, 0)
        to = used.remote
        lines = list(extra)
        for _ in range(2):
            used.cseq += 1
            response = await self._exchange(method, used, to, lines, body, seconds)
            if response.status not in (401, 407):
                break
            if method == "INVITE":
                self._ack(used, response, self._last_branch)
            lines = [*extra, self._credentials(method, used.target, response)]
        if dialog is None and 200 <= response.status < 300:
            used.remote = response.headers["to"]
            contact = re.search(r"<(sips?:[^>]+)>", response.headers.get("contact", ""))
            used.target = contact[1] if contact is not None else used.target
            used.routes = list(reversed(_listed(response.headers.get("record-route", ""))))
        if method == "INVITE":
            success = response.status < 300
            self._ack(used, response, secrets.token_hex(8) if success else self._last_branch)
        return response, used

    async def _exchange(
        self, method: str, dialog: Dialog, to: str, extra: list[str], body: str, seconds: float
    ) -> Text:
        self._last_branch = secrets.token_hex(8)
        answers: asyncio.Queue[Text] = asyncio.Queue()
        self._responses[self._last_branch] = answers
        self._write(method, dialog, to, dialog.cseq, self._last_branch, extra, body)
        async with asyncio.timeout(seconds):
            while (response := await answers.get()).status < 200:
                pass
        return response

    def _ack(self, dialog: Dialog, response: Text, branch: str) -> None:
        self._write("ACK", dialog, response.headers["to"], dialog.cseq, branch, [], "")

    def _write(
        self, method: str, dialog: Dialog, to: str, cseq: int, branch: str, extra: list[str], body: str
    ) -> None:
        lines = [
            f"{method} {dialog.target} SIP/2.0",
            f"Via: SIP/2.0/UDP {self._address};branch=z9hG4bK{branch};rport",
            "Max-Forwards: 70",
            f"From: {dialog.local}",
            f"To: {to}",
            f"Call-ID: {dialog.call_id}",
            f"CSeq: {cseq} {method}",
            f"Contact: {self._contact}",
            *(f"Route: {route}" for route in dialog.routes),
            *extra,
        ]
        if body and not any(line.startswith("Content-Type:") for line in extra):
            lines.append("Content-Type: application/sdp")
        self._send("\r\n".join([*lines, f"Content-Length: {len(body.encode())}", "", body]))

    def _credentials(self, method: str, uri: str, challenge: Text) -> str:
        name = "www-authenticate" if challenge.status == 401 else "proxy-authenticate"
        offered = next(line for line in challenge.headers[name].split("\n") if "algorithm=MD5" in line)
        given = dict(re.findall(r'(\w+)="([^"]*)"', offered))
        nonce, realm = given["nonce"], given["realm"]
        secret = _md5(f"{self.line.user}:{realm}:{self.line.password}")
        answer = _md5(f"{secret}:{nonce}:00000001:c0ffee:auth:{_md5(f'{method}:{uri}')}")
        header = "Authorization" if challenge.status == 401 else "Proxy-Authorization"
        return (
            f'{header}: Digest username="{self.line.user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
            f'response="{answer}", algorithm=MD5, qop=auth, nc=00000001, cnonce="c0ffee"'
        )

    # -- what telephones do ---------------------------------------------------------------------------------

    async def register(self, contact: str = "", *extra: str) -> Text:
        """Registers; `contact` are parameters behind the address."""
        uri = f"sip:{self.line.domain}"
        own = f"<sip:{self.line.user}@{self.line.domain}>"
        dialog = Dialog(secrets.token_hex(8), f"{own};tag={secrets.token_hex(4)}", own, uri, 0)
        self._contact_params = contact
        response, _ = await self.ask("REGISTER", "", *extra, "Expires: 120", dialog=dialog)
        return response

    async def call_address(self, uri: str, *extra: str) -> tuple[Text, Dialog]:
        """Calls an address as it stands."""
        own = f"<sip:{self.line.user}@{self.line.domain}>;tag={secrets.token_hex(4)}"
        dialog = Dialog(secrets.token_hex(8), own, f"<{uri}>", uri, 0)
        response, _ = await self.ask("INVITE", "", *extra, body=self.sdp(), dialog=dialog, seconds=20)
        contact = re.search(r"<(sips?:[^>]+)>", response.headers.get("contact", ""))
        if response.status == 200 and contact is not None:
            dialog.remote, dialog.target = response.headers["to"], contact[1]
        return response, dialog

    async def subscribe(self, user: str, package: str, *, expires: int = 600) -> tuple[Text, Dialog]:
        """Watches somebody."""
        return await self.ask("SUBSCRIBE", user, f"Event: {package}", f"Expires: {expires}")

    async def publish(self, user: str, body: str, *extra: str, expires: int = 600) -> Text:
        """Publishes presence (RFC 3903); `body` is PIDF, or empty for a refresh or an end."""
        kind = ["Content-Type: application/pidf+xml"] if body else []
        lines = ["Event: presence", f"Expires: {expires}", *kind, *extra]
        return (await self.ask("PUBLISH", user, *lines, body=body))[0]

    async def call(self, number: str, *extra: str) -> Dialog:
        """Calls, and talks; raises AssertionError for a call that is refused."""
        response, dialog = await self.ask("INVITE", number, *extra, body=self.sdp(), seconds=20)
        assert response.status == 200, response.start
        return dialog

    def dialog_of(self, invite: Text) -> Dialog:
        """The dialog of a call that came."""
        contact = re.search(r"<(sips?:[^>]+)>", invite.headers["contact"])
        assert contact is not None
        local, routes = (
            f"{invite.headers['to']};tag={self._tag}",
            _listed(invite.headers.get("record-route", "")),
        )
        return Dialog(invite.headers["call-id"], local, invite.headers["from"], contact[1], 1, routes)

    def notified(self, dialog: Dialog) -> list[str]:
        """The bodies of all NOTIFYs of a subscription so far, in order of their CSeq, each once."""
        bodies = {
            int(request.headers["cseq"].split()[0]): request.body
            for request in self.requests
            if request.method == "NOTIFY" and request.headers["call-id"] == dialog.call_id
        }
        return [bodies[number] for number in sorted(bodies)]

    def heard(self) -> Samples:
        """Everything that came by RTP so far, G.711 A-law at 8,000 samples a second (RFC 3551)."""
        with contextlib.suppress(BlockingIOError):
            while True:
                packet = self.rtp.recv(2048)
                if packet[1] & 0x7F == 8:
                    self.sound += audioop.alaw2lin(packet[12:], 2)
        return np.frombuffer(bytes(self.sound), dtype="<i2").astype(np.int16)

    # -- the socket -----------------------------------------------------------------------------------------

    def _send(self, text: str) -> None:
        host, _, port = self.line.proxy.rpartition(":")
        self.sip.sendto(text.encode(), (host, int(port)))

    def receive(self) -> None:
        """Takes what waits on the socket."""
        with contextlib.suppress(BlockingIOError):
            while True:
                message = Text.parse(self.sip.recv(65_536))
                branch = re.search(r"branch=z9hG4bK(\w+)", message.headers["via"])
                if message.status:
                    waiting = self._responses.get(branch[1] if branch is not None else "")
                    if waiting is not None:
                        waiting.put_nowait(message)
                elif message.method != "ACK":
                    self.requests.append(message)
                    self._respond(message)

    def _respond(self, request: Text) -> None:
        vias = [f"Via: {via}" for via in request.headers["via"].split("\n")]
        same = [f"{name}: {request.headers[name.lower()]}" for name in ("From", "To", "Call-ID", "CSeq")]
        status, body = 200, ""
        if request.method == "INVITE":
            same += [f"Record-Route: {route}" for route in _listed(request.headers.get("record-route", ""))]
            same += [f"Contact: {self._contact}", "Content-Type: application/sdp", *self.extra]
            same[1] += "" if "tag=" in same[1] else f";tag={self._tag}"
            status, body = (200, self.sdp()) if self.answers is None else self.answers(request)
        lines = [f"SIP/2.0 {status} As The Test Says", *vias, *same, f"Content-Length: {len(body)}", "", body]
        self._send("\r\n".join(lines))


@contextlib.asynccontextmanager
async def raw_phone(line: Line) -> AsyncIterator[RawPhone]:
    """A raw telephone for the length of a block; it does not register."""
    with _udp() as sip, _udp() as rtp:
        phone = RawPhone(line, sip, rtp)
        loop = asyncio.get_running_loop()
        loop.add_reader(sip.fileno(), phone.receive)
        try:
            yield phone
        finally:
            loop.remove_reader(sip.fileno())


def _udp() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    made.setblocking(False)
    return made


def _listed(value: str) -> list[str]:
    return [each.strip() for line in value.split("\n") for each in line.split(",") if each.strip()]


def _tag(address: str) -> str:
    found = re.search(r";tag=([^;>\s]+)", address)
    return found[1] if found is not None else ""


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
