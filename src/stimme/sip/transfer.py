"""Call transfer: REFER within a call, both roles (RFC 3515, 3892, 4488, 5589), without I/O.

Policy, when the peer refers us: the application gets a `Referral`; it accepts (202) or refuses. Accepting
makes a subscription of its own: NOTIFY 100 at once, then whatever `progress` tells, each as a
message/sipfrag body; the first final status ends it, and so does a minute without an end. `Refer-Sub: false`
(RFC 4488) is respected: nothing is notified. The first REFER of a dialog needs no id in its Event, later ones
carry their CSeq (RFC 3515 §2.4.6).

When we refer the peer, each NOTIFY is told to the application as a status; a REFER that is refused counts as
one.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

from stimme.sip.errors import SessionStateError, SipParseError
from stimme.sip.message import Request, Response
from stimme.sip.reasons import reason_phrase
from stimme.sip.replaces import DialogId, replaced_by
from stimme.sip.session_states import SessionFeatures
from stimme.sip.timers import Alarm
from stimme.sip.transaction import ServerTransaction
from stimme.sip.uri import NameAddr, parse_params

if TYPE_CHECKING:
    from stimme.sip.session import Session

SIPFRAG = "message/sipfrag;version=2.0"
EXPIRES = 60


class Referral:
    """A REFER that the peer sent: `accept` or `refuse` it, then tell how the new call goes by `progress`.

    Attributes:
        target: whom to call, the URI headers of Refer-To included.
        replaces: the dialog to replace, for an attended transfer.
        referred_by: who says to refer, None when not given (RFC 3892); not authenticated.
    """

    def __init__(self, session: "Session", transaction: ServerTransaction, *, first: bool) -> None:
        request = transaction.request
        targets = request.headers.get_all("Refer-To")
        if len(targets) != 1:
            raise SipParseError("a REFER needs exactly one Refer-To")
        self.session = session
        self.request = request
        self.target = NameAddr.parse(targets[0])
        self.replaces: DialogId | None = replaced_by(self.target.uri)
        by = request.headers.get("Referred-By")
        self.referred_by = NameAddr.parse(by) if by else None
        self._transaction = transaction
        self._event = "refer" if first else f"refer;id={request.cseq.number}"
        self._quiet = (request.headers.get("Refer-Sub") or "").strip().lower() == "false"
        self._last = 100
        self._over = False
        self._alarm: Alarm | None = None

    @property
    def event(self) -> str:
        """The Event value of its notifications."""
        return self._event

    def accept(self) -> None:
        """202; from now on `progress` may be told. Raises SessionStateError when it is answered already."""
        headers = [("Refer-Sub", "false")] if self._quiet else []
        self._transaction.respond(202, None, headers)
        self._notify(100, final=False)
        if not self._quiet:
            ua = self.session.agent
            self._alarm = ua.alarms.set(ua.now() + EXPIRES, self.expire)

    def refuse(self, status: int = 603) -> None:
        """The call is not transferred. Raises SessionStateError when it is answered already."""
        self._over = True
        self._transaction.respond(status)

    def progress(self, status: int, reason: str | None = None) -> None:
        """How the new call stands; a status of 200 or more is the last. Nothing once that was told."""
        if not self._transaction.answered:
            raise SessionStateError("the REFER is not accepted")
        if status >= 200 or status != self._last:
            self._notify(status, final=status >= 200, reason=reason)

    def expire(self) -> None:
        """The subscription ends with what was told last (RFC 3515 §2.4.7)."""
        self._notify(self._last, final=True)

    def _notify(self, status: int, *, final: bool, reason: str | None = None) -> None:
        if self._over:
            return
        self._last, self._over = status, final
        if final and self._alarm is not None:
            self._alarm.cancel()
        if self._quiet:
            return
        state = "terminated;reason=noresource" if final else f"active;expires={EXPIRES}"
        body = f"SIP/2.0 {status} {reason or reason_phrase(status)}\r\n".encode()
        headers = [("Event", self._event), ("Subscription-State", state)]
        self.session.send_request("NOTIFY", headers, body, SIPFRAG, lambda _: None)


def refer_headers(target: NameAddr, referred_by: NameAddr | None) -> list[tuple[str, str]]:
    """The headers of a REFER of ours."""
    fields = [("Refer-To", str(target))]
    if referred_by is not None:
        fields.append(("Referred-By", str(referred_by)))
    return fields


class Transfer:
    """A REFER of ours: hears the response to it and its notifications.

    Args:
        report: gets each status, and whether it is the last.
    """

    def __init__(self, report: Callable[[int, bool], None]) -> None:
        self._report = report
        self.over = False

    def answered(self, response: Response | None) -> None:
        """The response to the REFER, None when nobody answered."""
        status = response.status if response is not None else 408
        if status >= 300:
            self._tell(status, True)
        elif status >= 200 and response is not None and _refuses_subscription(response):
            self._tell(202, True)

    def notified(self, request: Request) -> None:
        """A NOTIFY of its subscription."""
        state = (request.headers.get("Subscription-State") or "").partition(";")[0].strip().lower()
        self._tell(fragment_status(request.body), state == "terminated")

    def _tell(self, status: int, final: bool) -> None:
        if self.over:
            return
        self.over = final or status >= 200
        self._report(status, self.over)


class Transfers:
    """The REFERs of one session: the last of each direction."""

    def __init__(self, session: "Session") -> None:
        self._session = session
        self._received = 0
        self._referral: Referral | None = None
        self._transfer: Transfer | None = None

    def receive_refer(self, transaction: ServerTransaction, features: SessionFeatures) -> None:
        """The peer refers us."""
        try:
            referral = Referral(self._session, transaction, first=self._received == 0)
        except SipParseError:
            transaction.respond(400, "Bad Refer-To")
            return
        self._received += 1
        self._referral = referral
        features.on_refer(self._session, referral)

    def receive_subscribe(self, transaction: ServerTransaction, request: Request) -> None:
        """The peer ends the subscription of its REFER; there is nothing else to subscribe to in a call."""
        if self._referral is None or event_of(request)[0] != "refer":
            transaction.respond(489)
            return
        transaction.respond(200, None, [("Expires", "0")])
        self._referral.expire()

    def progress(self, status: int, reason: str | None) -> None:
        """How the call goes that the last REFER of the peer asked for."""
        if self._referral is None:
            raise SessionStateError("the peer has not referred us")
        self._referral.progress(status, reason)

    def refer(
        self, target: NameAddr, referred_by: NameAddr | None, report: Callable[[int, bool], None]
    ) -> None:
        """Refers the peer; `report` gets each status and whether it is the last."""
        transfer = Transfer(report)
        self._transfer = transfer
        headers = refer_headers(target, referred_by)
        self._session.send_request("REFER", headers, b"", SIPFRAG, transfer.answered)

    def receive_notify(self, transaction: ServerTransaction, request: Request) -> None:
        """The peer tells how the call goes that we referred it to."""
        transaction.respond(200 if self._transfer is not None else 481)
        if self._transfer is not None:
            self._transfer.notified(request)


def _refuses_subscription(response: Response) -> bool:
    return (response.headers.get("Refer-Sub") or "").strip().lower() == "false"


def fragment_status(body: bytes) -> int:
    """The status in a message/sipfrag body; 100 when it cannot be read (RFC 3515 §2.4.5)."""
    words = body[:64].split(None, 2)
    if len(words) < 2 or words[0].upper() != b"SIP/2.0" or not words[1].isdigit() or len(words[1]) != 3:
        return 100
    return int(words[1])


def event_of(request: Request) -> tuple[str, str | None]:
    """Package and id of an Event header; the package in lower case and empty when there is none."""
    package, _, params = (request.headers.get("Event") or "").partition(";")
    return package.strip().lower(), parse_params(params).get("id")
