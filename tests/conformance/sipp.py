"""Running sipp with a scenario of its own or of ours, and the bare user agents that it talks to."""

import asyncio
from pathlib import Path

from tests.ports import free_ports

from stimme.sip.auth import DigestServer, Stale, Verified, ha1
from stimme.sip.flow import Flow
from stimme.sip.message import Request, Response
from stimme.sip.session import Session
from stimme.sip.transaction import ServerTransaction

LOCALHOST = "127.0.0.1"
ANSWER = (
    b"v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 9 RTP/AVP 0\r\n"
    b"a=rtpmap:0 PCMU/8000\r\n"
)
_SECONDS = 30


class SippError(AssertionError):
    """sipp saw a call fail, or did not come to its end."""


async def sipp(directory: Path, *arguments: str, calls: int, transport: str = "u1") -> None:
    """Runs sipp until it has made or taken `calls` calls. Raises SippError unless all succeeded."""
    log = directory / "messages.log"
    command = ["sipp", *arguments, "-i", LOCALHOST, "-t", transport, "-m", str(calls), "-nostdin"]
    command += [
        "-mp",
        str(free_ports(1)[0]),
        "-timeout",
        f"{_SECONDS}s",
        "-trace_err",
        "-error_file",
        str(log),
    ]
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=directory,
    )
    try:
        output, _ = await asyncio.wait_for(process.communicate(), _SECONDS + 5)
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode != 0:
        errors = log.read_text(errors="replace") if log.exists() else ""
        screen = output.decode(errors="replace")
        raise SippError(f"sipp ended with {process.returncode}\n{screen[-3000:]}\n{errors[-3000:]}")


def scenario(directory: Path, name: str, *steps: str) -> str:
    """Writes a scenario file and gives its path."""
    path = directory / f"{name}.xml"
    path.write_text(
        f'<?xml version="1.0"?>\n<scenario name="{name}">\n' + "\n".join(steps) + "\n</scenario>\n"
    )
    return str(path)


def send(start: str, *lines: str, to_tag: bool = False, body: str = "", options: str = "") -> str:
    """A step that sends a request; `[…]` are sipp's own keywords."""
    method = start.split(" ", maxsplit=1)[0]
    head = [
        start,
        "Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=[branch]",
        "From: <sip:alice@[local_ip]:[local_port]>;tag=[pid]t[call_number]",
        f"To: <sip:bob@[remote_ip]:[remote_port]>{'[peer_tag_param]' if to_tag else ''}",
        "Call-ID: [call_id]",
        "Max-Forwards: 70",
        "Contact: <sip:alice@[local_ip]:[local_port];transport=[transport]>",
        *lines,
    ]
    if not any(line.startswith("CSeq") for line in lines):
        head.append(f"CSeq: [cseq] {method}")
    head.append("Content-Length: [len]")
    return f"<send {options}><![CDATA[\n" + "\n".join(head) + f"\n\n{body}\n]]></send>"


def receive(status: int, options: str = "") -> str:
    """A step that waits for a response."""
    return f'<recv response="{status}" {options}/>'


class Answerer:
    """A bare user agent server: rings and answers every call, and takes REGISTER and MESSAGE.

    With a password it challenges first, as a registrar or a provider does; with `early` it sends 183 first.
    """

    def __init__(self, password: str | None = None) -> None:
        self._password = password
        self.early = False
        self._digest = DigestServer("muster.example", b"key", clock=asyncio.get_running_loop().time)
        self.heard: list[str] = []

    def on_invite(self, session: Session, request: Request, flow: Flow) -> None:
        session.handler = self
        challenge = self._challenge(request, 407)
        if challenge is not None:
            session.reject(407, None, challenge)
            return
        if self.early:
            session.ring(183, ANSWER, reliable=True)
        else:
            session.ring(180)
        session.answer(ANSWER)

    def on_request(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        challenge = self._challenge(request, 401)
        if challenge is not None:
            transaction.respond(401, None, challenge)
            return
        self.heard.append(request.method)
        transaction.respond(200, None, [("Contact", request.headers.get("Contact") or "")])

    def _challenge(self, request: Request, status: int) -> list[tuple[str, str]] | None:
        if self._password is None:
            return None
        password = self._password
        verdict = self._digest.verify(
            request, lambda user, realm, algorithm: ha1(user, realm, password, algorithm), proxy=status == 407
        )
        if isinstance(verdict, Verified):
            return None
        # sipp knows MD5 alone.
        return self._digest.challenge(status, stale=isinstance(verdict, Stale), algorithms=("MD5",))

    def on_provisional(self, session: Session, response: Response) -> None:
        self.heard.append(str(response.status))

    def on_answer(self, session: Session, response: Response) -> None:
        self.heard.append("answer")
        session.bye()

    def on_failure(self, session: Session, status: int, reason: str, response: Response | None) -> None:
        self.heard.append(f"failure {status}")

    def on_ack(self, session: Session, request: Request) -> None:
        self.heard.append("ack")

    def on_cancel(self, session: Session, request: Request) -> None:
        self.heard.append("cancel")

    def on_reinvite(self, session: Session, request: Request) -> None:
        self.heard.append("reinvite")
        session.accept(ANSWER)

    def on_reinvite_result(self, session: Session, response: Response | None) -> None:
        self.heard.append(f"reinvite result {response.status if response else None}")

    def on_info(self, session: Session, request: Request) -> None:
        self.heard.append("info")

    def on_bye(self, session: Session, request: Request) -> None:
        self.heard.append("bye")

    def on_ended(self, session: Session, reason: str) -> None:
        self.heard.append(f"ended: {reason}")
