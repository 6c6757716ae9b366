"""Event subscriptions, the subscriber's side (RFC 6665), for any event package and without I/O.

Policy:
    * A watch stays subscribed until `stop`: it refreshes before its time is up, and begins anew in a dialog
      of its own when the notifier has ended the subscription for a reason that lets it (§4.1.3), after
      `Retry-After` or `retry-after` where one is named, else after a pause that doubles.
    * The NOTIFY may overtake the 2xx (§4.1.2.4): whichever comes first makes the dialog. A NOTIFY of another
      fork gets 481, which ends that fork's subscription.
    * No NOTIFY within 64 × T1 (timer N), and the attempt has failed.
    * 423 raises the interval; 481 to a refresh begins anew; 403, 404, 405, 489, 501, 603 and 604 are final.
"""

from collections.abc import Callable
from enum import Enum
from typing import TYPE_CHECKING, Protocol

from stimme.sip.auth import DigestClient
from stimme.sip.dialog import Dialog
from stimme.sip.errors import SipParseError
from stimme.sip.flow import Destination, Flow
from stimme.sip.message import Request, Response
from stimme.sip.session_timer import delta_seconds
from stimme.sip.timers import Alarm
from stimme.sip.transaction import ServerTransaction
from stimme.sip.transfer import event_of
from stimme.sip.uri import NameAddr, SipUri, Uri, parse_params

if TYPE_CHECKING:
    from stimme.sip.ua import UserAgent

FIRST_PAUSE = 30.0
LONGEST_PAUSE = 3600.0
_FINAL = frozenset({403, 404, 405, 489, 501, 603, 604})
# What §4.1.3 says of each reason: begin anew at once, or later, or never.
_AT_ONCE = frozenset({"deactivated", "timeout"})
_NEVER = frozenset({"rejected", "noresource", "invariant"})
_MAX_DIGITS = 9


class WatchState(Enum):
    """States of a watch (RFC 6665 figure 1)."""

    IDLE = "not subscribed"
    WAITING = "subscribed, no NOTIFY yet"
    PENDING = "pending"
    ACTIVE = "active"
    OVER = "over"


class WatchEvent(Enum):
    """What moves a watch."""

    SENT = "SUBSCRIBE sent"
    NOTIFIED_PENDING = "NOTIFY: pending"
    NOTIFIED_ACTIVE = "NOTIFY: active"
    ENDED = "NOTIFY: terminated, a failure, timer N, 481 to a refresh"
    GIVEN_UP = "stopped, or refused for good"


_S, _E = WatchState, WatchEvent
TRANSITIONS: dict[tuple[WatchState, WatchEvent], WatchState] = {
    (_S.IDLE, _E.SENT): _S.WAITING,
    (_S.IDLE, _E.GIVEN_UP): _S.OVER,
    **{
        (state, event): following
        for state in (_S.WAITING, _S.PENDING, _S.ACTIVE)
        for event, following in (
            (_E.NOTIFIED_PENDING, _S.PENDING),
            (_E.NOTIFIED_ACTIVE, _S.ACTIVE),
            (_E.ENDED, _S.IDLE),
            (_E.GIVEN_UP, _S.OVER),
        )
    },
}


class Watcher(Protocol):
    """What the owner of a watch hears."""

    def on_notify(self, watch: "Watch", request: Request) -> None:
        """State was told; 200 has been sent. `watch.state` says whether it is pending or active."""

    def on_lost(self, watch: "Watch", reason: str, again: float | None) -> None:
        """The subscription ended; it is tried again after so many seconds, or never with None."""


class Watch(Dialog):
    """One subscription of ours. Made and begun by `watch`.

    Attributes:
        package: as Event names it.
        state: see `WatchState`.
    """

    def __init__(
        self,
        ua: "UserAgent",
        watcher: Watcher,
        *,
        resource: Uri,
        package: str,
        accept: str,
        from_: NameAddr,
        contact: SipUri,
        to: Destination,
        expires: int,
        credentials: DigestClient | None,
    ) -> None:
        super().__init__(
            ua,
            call_id=ua.token(24),
            local=from_.with_tag(ua.token(16)),
            remote=NameAddr(resource),
            contact=contact,
            destination=to,
        )
        self.package = package
        self.state = WatchState.IDLE
        self._watcher = watcher
        self._resource = resource
        self._accept = accept
        self._expires = expires
        self._credentials = credentials
        self._alarm: Alarm | None = None
        self._pause = FIRST_PAUSE
        self._round = 0

    # -- the application ------------------------------------------------------------------------------------

    def begin(self) -> None:
        """Subscribes, in a dialog of its own; without effect unless idle."""
        if self.state is not WatchState.IDLE:
            return
        self._round += 1
        if self._round > 1:
            self.call_id = self._ua.token(24)
            self.local = self.local.with_tag(self._ua.token(16))
            self._local_text = ""
            self.id = self.local.tag or ""
            self.remote = NameAddr(self._resource)
            self.remote_target, self.route_set = self._resource, []
            self.local_cseq, self.remote_cseq = 0, -1
        self._step(WatchEvent.SENT)
        self._ua.add_usage(self)
        self._subscribe(self._expires)
        self._wake(self._ua.timers.timeout, lambda: self._lost("no NOTIFY came"))

    def stop(self) -> None:
        """Unsubscribes (§4.1.2.3); nothing more is told."""
        subscribed = self.state in (WatchState.PENDING, WatchState.ACTIVE)
        if not self._step(WatchEvent.GIVEN_UP):
            return
        self._sleep()
        if subscribed:
            self._subscribe(0)
            self._alarm = self._ua.alarms.set(
                self._ua.now() + self._ua.timers.timeout, lambda: self._ua.drop_usage(self)
            )
        else:
            self._ua.drop_usage(self)

    # -- SUBSCRIBE ------------------------------------------------------------------------------------------

    def _subscribe(self, expires: int) -> None:
        fields = [("Event", self.package), ("Accept", self._accept), ("Expires", str(expires))]
        before = self._round

        def done(response: Response | None) -> None:
            if before == self._round and self.state is not WatchState.OVER:
                self._answered(response)

        self.send_request("SUBSCRIBE", fields, b"", "", done)

    def _answered(self, response: Response | None) -> None:
        if response is None:
            self._lost("no answer")
        elif response.status < 200:
            return
        elif response.status < 300:
            if self.remote.tag is None:
                self.establish(response)
            granted = delta_seconds(response, "Expires")
            if self.state in (WatchState.PENDING, WatchState.ACTIVE) and granted is not None:
                self._refresh_after(granted[0])
        elif response.status == 423 and self._raised(response):
            self._subscribe(self._expires)
        elif response.status in _FINAL:
            self._given_up(f"{response.status} {response.reason}")
        elif response.status == 481:
            self._lost("the notifier does not know the subscription", again=0.0)
        else:
            after = delta_seconds(response, "Retry-After")
            self._lost(f"{response.status} {response.reason}", again=float(after[0]) if after else None)

    def _raised(self, response: Response) -> bool:
        shortest = delta_seconds(response, "Min-Expires")
        if shortest is None or shortest[0] <= self._expires:
            return False
        self._expires = shortest[0]
        return True

    # -- NOTIFY ---------------------------------------------------------------------------------------------

    def takes(self, request: Request) -> bool:
        """A NOTIFY may come before the response that names its sender's tag (§4.1.2.4)."""
        return request.method == "NOTIFY" and self.remote.tag is None

    def receive(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        """A request within the subscription's dialog."""
        if request.method != "NOTIFY":
            transaction.respond(405, None, [("Allow", "NOTIFY")])
        elif request.cseq.number <= self.remote_cseq:
            transaction.respond(500, "CSeq Out Of Order")
        elif event_of(request)[0] != self.package:
            transaction.respond(489)
        elif "Subscription-State" not in request.headers:
            transaction.respond(400, "No Subscription-State")
        else:
            self._take(transaction, request)

    def _take(self, transaction: ServerTransaction, request: Request) -> None:
        try:
            if self.remote.tag is None:
                self.remote = request.from_
                self.route_set = request.headers.values("Record-Route")
            self.refresh_target(request)
        except SipParseError:
            transaction.respond(400, "Bad Contact")
            return
        self.remote_cseq = request.cseq.number
        transaction.respond(200)
        state, _, rest = (request.headers.get("Subscription-State") or "").partition(";")
        params = parse_params(rest) if rest else {}
        if state.strip().lower() == "terminated":
            self._told_of_end(request, params.get("reason") or "", _seconds(params.get("retry-after")))
            return
        pending = state.strip().lower() == "pending"
        if self._step(WatchEvent.NOTIFIED_PENDING if pending else WatchEvent.NOTIFIED_ACTIVE):
            self._pause = FIRST_PAUSE
            self._refresh_after(_seconds(params.get("expires")) or self._expires)
            self._watcher.on_notify(self, request)

    def _told_of_end(self, request: Request, reason: str, after: int | None) -> None:
        if self.state is WatchState.OVER:
            self._sleep()
            self._ua.drop_usage(self)
            return
        if request.body:
            self._watcher.on_notify(self, request)
        if reason in _NEVER:
            self._given_up(reason)
        elif after is not None:
            self._lost(reason, again=float(after))
        else:
            self._lost(reason or "ended", again=0.0 if reason in _AT_ONCE else None)

    # -- time -----------------------------------------------------------------------------------------------

    def _refresh_after(self, seconds: int) -> None:
        """A tenth of the time, at most a minute, is left for the refresh to arrive."""
        self._wake(max(1.0, seconds - min(60.0, seconds / 10)), lambda: self._subscribe(self._expires))

    def _lost(self, reason: str, *, again: float | None = None) -> None:
        if not self._step(WatchEvent.ENDED):
            return
        self._ua.drop_usage(self)
        if again is None:
            again, self._pause = self._pause, min(self._pause * 2, LONGEST_PAUSE)
        # Never at once from within: a notifier that ends every subscription must not spin us.
        again = max(1.0, min(again, LONGEST_PAUSE))
        self._wake(again, self.begin)
        self._watcher.on_lost(self, reason, again)

    def _given_up(self, reason: str) -> None:
        if self._step(WatchEvent.GIVEN_UP):
            self._sleep()
            self._ua.drop_usage(self)
            self._watcher.on_lost(self, reason, None)

    def _wake(self, seconds: float, action: Callable[[], None]) -> None:
        self._sleep()
        self._alarm = self._ua.alarms.set(self._ua.now() + seconds, action)

    def _sleep(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None

    def _step(self, event: WatchEvent) -> bool:
        following = TRANSITIONS.get((self.state, event))
        if following is None:
            return False
        self.state = following
        return True


def watch(
    ua: "UserAgent",
    watcher: Watcher,
    *,
    resource: Uri,
    package: str,
    accept: str,
    from_: NameAddr,
    to: Destination,
    expires: int = 3600,
    contact: SipUri | None = None,
    credentials: DigestClient | None = None,
) -> Watch:
    """Subscribes to the state of `resource` and stays so until `Watch.stop`.

    Args:
        ua: sends and receives.
        watcher: hears of the state.
        resource: whose state.
        package: as Event names it: `message-summary`, `dialog`, `presence`, …
        accept: media types of the bodies that the watcher reads.
        from_: who we are, without tag.
        to: where the notifier, or a proxy to it, is.
        expires: seconds that are asked for.
        contact: ours; by default made from the transport and the user of `from_`.
        credentials: answer a challenge.
    """
    made = Watch(
        ua,
        watcher,
        resource=resource,
        package=package,
        accept=accept,
        from_=from_,
        contact=contact or ua.contact_for(to.transport, from_.user),
        to=to,
        expires=expires,
        credentials=credentials,
    )
    made.begin()
    return made


def _seconds(value: str | None) -> int | None:
    return (
        int(value)
        if value is not None and value.isascii() and value.isdigit() and len(value) <= _MAX_DIGITS
        else None
    )
