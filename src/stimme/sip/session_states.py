"""States and events of a session as a table, and what its owner hears."""

from enum import Enum
from typing import TYPE_CHECKING, Protocol

from stimme.sip.message import Request, Response
from stimme.sip.transaction import ServerTransaction

if TYPE_CHECKING:
    from stimme.sip.session import Session
    from stimme.sip.transfer import Referral


class SessionState(Enum):
    """States of a session; which verb and message leads where stands in `TRANSITIONS`."""

    __hash__ = object.__hash__  # members are looked up all the time; Enum's own is written in Python

    CALLING = "calling"
    RINGING = "ringing"
    CANCELLING = "cancelling"
    INCOMING = "incoming"
    ANSWERED = "answered"
    CONFIRMED = "confirmed"
    ENDED = "ended"


class SessionEvent(Enum):
    """What moves a session from state to state."""

    __hash__ = object.__hash__  # members are looked up all the time; Enum's own is written in Python

    PROVISIONAL = "1xx received"
    ANSWER_RECEIVED = "2xx received"
    FAILED = "final failure received, timer B, transport error"
    CANCEL = "we cancel"
    PEER_CANCELLED = "CANCEL received"
    ANSWER_SENT = "2xx sent"
    REJECTED = "failure sent"
    ACKNOWLEDGED = "ACK received"
    OVER = "BYE sent or received, no ACK, dialog lost"


_S, _E = SessionState, SessionEvent
TRANSITIONS: dict[tuple[SessionState, SessionEvent], SessionState] = {
    (_S.CALLING, _E.PROVISIONAL): _S.RINGING,
    (_S.CALLING, _E.ANSWER_RECEIVED): _S.CONFIRMED,
    (_S.CALLING, _E.FAILED): _S.ENDED,
    (_S.CALLING, _E.CANCEL): _S.CANCELLING,
    (_S.RINGING, _E.PROVISIONAL): _S.RINGING,
    (_S.RINGING, _E.ANSWER_RECEIVED): _S.CONFIRMED,
    (_S.RINGING, _E.FAILED): _S.ENDED,
    (_S.RINGING, _E.CANCEL): _S.CANCELLING,
    (_S.CANCELLING, _E.PROVISIONAL): _S.CANCELLING,
    (_S.CANCELLING, _E.ANSWER_RECEIVED): _S.ENDED,
    (_S.CANCELLING, _E.FAILED): _S.ENDED,
    (_S.INCOMING, _E.ANSWER_SENT): _S.ANSWERED,
    (_S.INCOMING, _E.REJECTED): _S.ENDED,
    (_S.INCOMING, _E.PEER_CANCELLED): _S.ENDED,
    (_S.INCOMING, _E.OVER): _S.ENDED,
    (_S.ANSWERED, _E.ACKNOWLEDGED): _S.CONFIRMED,
    (_S.ANSWERED, _E.OVER): _S.ENDED,
    (_S.CONFIRMED, _E.OVER): _S.ENDED,
}


class SessionHandler(Protocol):
    """What the owner of a session hears. Every method returns at once."""

    def on_provisional(self, session: "Session", response: Response) -> None:
        """A 101–199 came, perhaps with early media."""

    def on_answer(self, session: "Session", response: Response) -> None:
        """The peer answered; the ACK has been sent."""

    def on_failure(self, session: "Session", status: int, reason: str, response: Response | None) -> None:
        """Our INVITE failed: the peer's status, 408 for silence, 503 for the transport, 487 after CANCEL."""

    def on_ack(self, session: "Session", request: Request) -> None:
        """Our 2xx was acknowledged; the body is the answer to a delayed offer."""

    def on_cancel(self, session: "Session", request: Request) -> None:
        """The caller gave up before the answer; 487 has been sent."""

    def on_reinvite(self, session: "Session", request: Request) -> None:
        """Re-INVITE or UPDATE: answer with `accept` or `refuse`."""

    def on_reinvite_result(self, session: "Session", response: Response | None) -> None:
        """How our re-INVITE ended; None when nobody answered."""

    def on_info(self, session: "Session", request: Request) -> None:
        """INFO came; 200 has been sent."""

    def on_bye(self, session: "Session", request: Request) -> None:
        """The peer hung up; 200 has been sent."""

    def on_ended(self, session: "Session", reason: str) -> None:
        """The session ended otherwise: no ACK, dialog unknown to the peer, peer silent."""


class SessionFeatures:
    """What the owner of a session may hear beyond a plain call, each with its default.

    A handler that wants one of these inherits from this class; one that does not is treated as its defaults
    say. A method must be enabled at the user agent (`UserAgent.enable`) before the peer may use it.
    """

    __slots__ = ()

    def on_invited_again(self, session: "Session") -> None:
        """Another INVITE left in place of the first: after a challenge, or to the next server."""

    def on_refer(self, session: "Session", referral: "Referral") -> None:
        """The peer wants us to call somebody else (RFC 3515). Default: 603."""
        referral.refuse(603)

    def on_refer_progress(self, session: "Session", status: int, final: bool) -> None:
        """How the call goes that we referred the peer to; `final` when nothing more will be told."""

    def on_notify(self, session: "Session", request: Request) -> bool:
        """A NOTIFY of another package within the dialog; True when it is known. Default: 489."""
        return False

    def on_message(self, session: "Session", transaction: ServerTransaction, request: Request) -> None:
        """A MESSAGE within the dialog (RFC 3428). Default: 405."""
        transaction.respond(405)

    def on_prack(self, session: "Session", request: Request) -> None:
        """A reliable provisional response was acknowledged; the body answers an offer in it (RFC 3262)."""


NO_FEATURES = SessionFeatures()
