"""Short messages from one telephone to a colleague's telephones (RFC 3428, pager mode).

Policy:
    * Who writes is authenticated like a REGISTER and reaches its own customer only: by extension, or by the
      name of a telephone. The package with chat is needed to write, not to read.
    * Every desk telephone of the other user gets it; the first that takes it answers for all. Browsers have a
      chat of their own and get none.
    * Plain text up to 1,024 bytes, so that it fits into a datagram. Nothing is kept: a user without a
      telephone at hand, or who does not want to be disturbed, is 480.
    * A telephone that says nothing for ten seconds has not got it (408).
"""

from collections.abc import Callable

from stimme.licensing.packages import Feature
from stimme.pbx.entitlement import refused
from stimme.pbx.model import Device, User
from stimme.pbx.pbx import Pbx
from stimme.pbx.registrar import Binding
from stimme.sip.headers import parse_media_type
from stimme.sip.message import Request, Response
from stimme.sip.outside import request_outside
from stimme.sip.transaction import Failure, ServerTransaction
from stimme.sip.ua import UserAgent
from stimme.sip.uri import NameAddr, SipUri

PLAIN = "text/plain"
LARGEST = 1024
MOST = 1_000
PATIENCE = 10.0


class Texting:
    """See the module's docstring. `ua` carries the messages; of every tenant of the node."""

    def __init__(self, ua: UserAgent) -> None:
        self._ua = ua
        self._open = 0

    def message(self, transaction: ServerTransaction, request: Request, pbx: Pbx, device: Device) -> None:
        """A MESSAGE of one of our telephones, already authenticated."""
        writer = pbx.tenant.users.get(pbx.user_at(device) or "")
        if writer is None:
            transaction.respond(403)
            return
        refusal = refused(pbx.tenant, writer, Feature.CHAT)
        reader = _user(pbx, request.user)
        if refusal is not None:
            transaction.respond(refusal.status, refusal.reason, list(refusal.headers))
        elif parse_media_type(request.headers.get("Content-Type") or PLAIN)[0] != PLAIN:
            transaction.respond(415, None, [("Accept", PLAIN)])
        elif len(request.body) > LARGEST:
            transaction.respond(413)
        elif reader is None:
            transaction.respond(404)
        elif pbx.settings.of(reader.id).dnd:
            transaction.respond(480, "Do Not Disturb")
        elif self._open >= MOST:
            transaction.respond(503, None, [("Retry-After", "10")])
        else:
            self._deliver(transaction, request, pbx, writer, reader)

    def _deliver(
        self, transaction: ServerTransaction, request: Request, pbx: Pbx, writer: User, reader: User
    ) -> None:
        ways = [
            (binding, destination)
            for device in pbx.desks.devices_of(reader.id)
            if device.kind == "phone"
            for binding in pbx.registrar.of(device.id)
            if (destination := binding.destination()) is not None
        ]
        if not ways:
            transaction.respond(480)
            return
        verdict = _Verdict(transaction, len(ways), self._settled)
        self._open += 1
        domain = pbx.tenant.domain
        from_ = NameAddr(SipUri(domain, writer.extension), writer.name)
        to = NameAddr(SipUri(domain, reader.extension), reader.name)
        for binding, destination in ways:
            self._ua.request(
                self._copy(request, from_, to, binding),
                destination,
                on_response=verdict.answered,
                on_failure=verdict.failed,
                patience=PATIENCE,
            )

    def _copy(self, request: Request, from_: NameAddr, to: NameAddr, binding: Binding) -> Request:
        return request_outside(
            "MESSAGE",
            binding.uri,
            from_=from_,
            to_header=to,
            call_id=self._ua.token(24),
            tag=self._ua.token(16),
            headers=[("Route", hop) for hop in binding.path],
            body=request.body,
            content_type=request.headers.get("Content-Type") or PLAIN,
        )

    def _settled(self) -> None:
        self._open -= 1


class _Verdict:
    """What the telephones of one user say: the first that takes it decides, else the last refusal."""

    def __init__(self, transaction: ServerTransaction, asked: int, settled: Callable[[], None]) -> None:
        self._transaction = transaction
        self._left = asked
        self._settled = settled
        self._done = False

    def answered(self, response: Response) -> None:
        """A response of one telephone."""
        if response.status >= 200:
            self._say(response.status if response.status not in (401, 407) else 480)

    def failed(self, failure: Failure) -> None:
        """One telephone does not answer."""
        self._say(408)

    def _say(self, status: int) -> None:
        self._left -= 1
        if self._done or (status >= 300 and self._left):
            return
        self._done = True
        self._transaction.respond(200 if status < 300 else status)
        self._settled()


def _user(pbx: Pbx, address: str) -> User | None:
    """Whose extension, or telephone, an address names."""
    for device in pbx.tenant.devices.values():
        if device.sip_user == address:
            return pbx.tenant.users.get(pbx.user_at(device) or "")
    return pbx.tenant.by_extension(address)
