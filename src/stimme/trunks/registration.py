"""Registering at a telephone provider (RFC 3261 §10.2): a state machine of its own for each trunk.

Policy: refresh at two thirds of the granted time; after a failure try again after 5 s, doubled up to
2 minutes; a wrong password is tried again only every 2 minutes, so that the provider does not lock the
account. 423 raises the interval, five times at most. The Contact carries a word that nobody else
knows, so that a call which claims to come from the provider can be recognised. Calls to the provider go by
the Service-Route of its last answer (RFC 3608), as long as there is a registration. A provider that demands a
security agreement (RFC 3329) gets one, in every request from then on.
"""

import contextlib
from collections.abc import Callable, Sequence
from enum import Enum

from stimme.pbx.model import TrunkConfig
from stimme.sip.agreement import OPTION, agreed
from stimme.sip.auth import DigestClient
from stimme.sip.errors import SipParseError
from stimme.sip.flow import Target
from stimme.sip.headers import CSeq
from stimme.sip.message import Headers, Request, Response
from stimme.sip.reliable import has_option
from stimme.sip.transaction import Failure
from stimme.sip.ua import UserAgent
from stimme.sip.uri import NameAddr, SipUri

FIRST_RETRY = 5.0
LONGEST_RETRY = 120.0
MOST_RAISES = 5
MOST_HOPS = 10
MOST_ASSOCIATED = 20
MOST_AGREEMENTS = 2
"""421 and then 494."""


class TrunkState(Enum):
    """How a trunk is, as people see it."""

    UNKNOWN = "unknown"
    REGISTERED = "registered"
    FAILED = "failed"
    UNREACHABLE = "unreachable"
    REACHABLE = "reachable"


class TrunkEvent(Enum):
    """What moves a trunk's state."""

    ACCEPTED = "200 received"
    REFUSED = "failure received"
    SILENT = "no response, no connection"


TRANSITIONS: dict[tuple[TrunkState, TrunkEvent], TrunkState] = {
    (state, event): following
    for state in TrunkState
    for event, following in (
        (TrunkEvent.ACCEPTED, TrunkState.REGISTERED),
        (TrunkEvent.REFUSED, TrunkState.FAILED),
        (TrunkEvent.SILENT, TrunkState.UNREACHABLE),
    )
}


class Registration:
    """Keeps one trunk registered.

    Args:
        ua: sends the requests.
        trunk: whom to register as, where.
        changed: called with the new state and a sentence for people.
        word: unguessable and always the same for this trunk, so that a restart replaces the Contact that the
            provider has instead of adding another.
        ways: the provider's servers in the order to try them; by default the configured address.

    Attributes:
        service_route: the values of Route for calls to the provider.
        agreement: what requests to the provider carry of a security agreement.
        associated: the numbers and names by which the provider knows us as well (RFC 3455 §4.1).
    """

    def __init__(
        self,
        ua: UserAgent,
        trunk: TrunkConfig,
        *,
        changed: Callable[[TrunkState, str], None],
        word: str,
        ways: Callable[[], Sequence[Target]] | None = None,
    ) -> None:
        self._ua = ua
        self.trunk = trunk
        self._changed = changed
        self.state = TrunkState.UNKNOWN
        self.detail = "not tried yet"
        target = Target(trunk.transport, trunk.host, trunk.port)
        self._ways = ways or (lambda: (target,))
        self.word = word
        self.service_route: tuple[str, ...] = ()
        self.associated: tuple[str, ...] = ()
        self.agreement: list[tuple[str, str]] = []
        self.credentials = DigestClient(trunk.username, trunk.password, realm=trunk.realm)
        self._call_id = ua.token(24)
        self._tag = ua.token(16)
        self._cseq = 0
        self._expires = trunk.expires
        self._retry = FIRST_RETRY
        self._raises = 0
        self._agreeing = 0
        self._stopped = False

    @property
    def contact(self) -> SipUri:
        """Our Contact at the provider."""
        contact = self._ua.contact_for(self.trunk.transport, self.trunk.username)
        return contact.with_params(line=self.word)

    @property
    def address_of_record(self) -> SipUri:
        """Who we are there."""
        return SipUri(
            self.trunk.host, self.trunk.username, None if self.trunk.port == 5060 else self.trunk.port
        )

    def start(self) -> None:
        """Registers, and goes on doing so."""
        if not self._stopped:
            self._send(self._expires)

    def stop(self) -> None:
        """Takes the registration back."""
        self._stopped = True
        if self.state is TrunkState.REGISTERED:
            self._send(0)

    def _send(self, expires: int) -> None:
        self._cseq += 2  # one may be used by the answer to a challenge
        me = NameAddr(self.address_of_record)
        headers = Headers(
            [
                ("From", str(me.with_tag(self._tag))),
                ("To", str(me)),
                ("Call-ID", self._call_id),
                ("CSeq", str(CSeq(self._cseq, "REGISTER"))),
                ("Contact", f"<{self.contact}>"),
                ("Expires", str(expires)),
                *self.agreement,
            ]
        )
        registrar = SipUri(self.trunk.host, None, None if self.trunk.port == 5060 else self.trunk.port)
        self._ua.request(
            Request("REGISTER", registrar, headers),
            list(self._ways()),
            on_response=self._answered,
            on_failure=self._failed,
            credentials=self.credentials,
        )

    def _answered(self, response: Response) -> None:
        if response.status < 200 or self._stopped:
            return
        if response.status < 300:
            granted = self._granted(response)
            self._retry = FIRST_RETRY
            self._raises = self._agreeing = 0
            self.service_route = _hops(response)
            self.associated = _associated(response)
            known = f" as {', '.join(self.associated)}" if self.associated else ""
            self._step(TrunkEvent.ACCEPTED, f"registered for {granted} s{known}")
            self._later(max(1.0, granted * 2 / 3))
        elif response.status == 423 and self._raises < MOST_RAISES:
            self._raises += 1
            self._expires = _seconds(response.headers.get("Min-Expires")) or self._expires * 2
            self._later(0.1)
        elif self._agrees(response):
            self._later(0.1)
        else:
            self._raises = self._agreeing = 0
            self.service_route = ()
            self._step(TrunkEvent.REFUSED, f"the provider answered {response.status} {response.reason}")
            self._again(LONGEST_RETRY if response.status in (401, 403, 407) else None)

    def _agrees(self, response: Response) -> bool:
        """Takes what the provider demands; False when that is nothing, nothing that we know, or ever more."""
        if response.status not in (421, 494) or self._agreeing == MOST_AGREEMENTS:
            return False
        offered = response.headers.values("Security-Server")
        if not offered and not has_option(response, "Require", OPTION):
            return False
        agreement = agreed(offered, tls=self.trunk.transport == "tls")
        if agreement is None:
            return False
        self._agreeing += 1
        self.agreement = agreement
        return True

    def _granted(self, response: Response) -> int:
        for value in response.headers.values("Contact"):
            try:
                contact = NameAddr.parse(value)
            except SipParseError:
                continue  # somebody else's registration of the same account
            seconds = _seconds(contact.params.get("expires"))
            if self.word in str(contact.uri) and seconds is not None:
                return seconds
        return _seconds(response.headers.get("Expires")) or self._expires

    def _failed(self, failure: Failure) -> None:
        if self._stopped:
            return
        self._step(TrunkEvent.SILENT, f"the provider does not answer: {failure.reason}")
        self._again(None)

    def _again(self, seconds: float | None) -> None:
        self._later(seconds if seconds is not None else self._retry)
        self._retry = min(self._retry * 2, LONGEST_RETRY)

    def _later(self, seconds: float) -> None:
        self._ua.alarms.set(self._ua.now() + seconds, self.start)

    def _step(self, event: TrunkEvent, detail: str) -> None:
        before = self.state
        self.state = TRANSITIONS[(before, event)]
        self.detail = detail
        if self.state is not before:
            self._changed(self.state, detail)


def _hops(response: Response) -> tuple[str, ...]:
    """The Service-Route of an answer; empty when a hop of it could not be passed, or there are too many."""
    hops = response.headers.values("Service-Route")
    try:
        usable = all(isinstance(NameAddr.parse(hop).uri, SipUri) for hop in hops)
    except SipParseError:
        return ()
    return tuple(hops) if usable and len(hops) <= MOST_HOPS else ()


def _associated(response: Response) -> tuple[str, ...]:
    """The users of P-Associated-URI; what cannot be read is left out."""
    found: dict[str, None] = {}
    for value in response.headers.values("P-Associated-URI")[:MOST_ASSOCIATED]:
        with contextlib.suppress(SipParseError):
            found[NameAddr.parse(value).user] = None
    return tuple(name for name in found if name)


def _seconds(value: str | None) -> int | None:
    """A delta-seconds value (RFC 3261 §25.1), None when it is none."""
    return int(value) if value and value.isascii() and value.isdigit() and len(value) < 10 else None
