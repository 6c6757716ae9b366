"""Event subscriptions, the notifier's side (RFC 6665), for any event package and without I/O.

Policy:
    * The application authenticates a SUBSCRIBE and says for which resource it is; everything after that
      happens here: 489 for an unknown package, 423 for an interval that is too short, 406 for a body that the
      subscriber does not take, 503 when the table is full; then 200, and NOTIFY at once and at each change.
    * One NOTIFY of a subscription is under way at a time; changes meanwhile are told together in the next.
    * A subscription ends when it expires, when the subscriber says so (`Expires: 0`, which is also how state
      is fetched once), when a NOTIFY is answered with a status that says it is unknown, or not at all.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any

from stimme.sip.checks import wants_sips
from stimme.sip.dialog import Dialog
from stimme.sip.errors import SipParseError
from stimme.sip.flow import Destination, Flow
from stimme.sip.headers import parse_media_type
from stimme.sip.message import Request, Response
from stimme.sip.session_timer import delta_seconds
from stimme.sip.timers import Alarm
from stimme.sip.transaction import ServerTransaction
from stimme.sip.transfer import event_of
from stimme.sip.uri import NameAddr, SipUri

if TYPE_CHECKING:
    from stimme.sip.ua import UserAgent

# A NOTIFY with one of these means that the subscriber does not have the subscription (RFC 6665 §4.2.2).
_UNKNOWN_TO_PEER = frozenset({404, 405, 410, 416, 480, 481, 482, 483, 484, 485, 489, 501, 604})


class SubscriptionState(Enum):
    """States of a subscription as Subscription-State names them."""

    PENDING = "pending"
    ACTIVE = "active"
    TERMINATED = "terminated"


class SubscriptionEvent(Enum):
    """What moves a subscription."""

    APPROVED = "approved"
    ENDED = "expired, unsubscribed, rejected or lost"


_S, _E = SubscriptionState, SubscriptionEvent
TRANSITIONS: dict[tuple[SubscriptionState, SubscriptionEvent], SubscriptionState] = {
    (_S.PENDING, _E.APPROVED): _S.ACTIVE,
    (_S.PENDING, _E.ENDED): _S.TERMINATED,
    (_S.ACTIVE, _E.ENDED): _S.TERMINATED,
}


@dataclass(frozen=True, slots=True)
class EventPackage:
    """What the notifier knows of one package.

    Attributes:
        name: as Event names it.
        content_type: of its bodies.
        body: writes the state of a resource; the second argument is the number of the NOTIFY within the
            subscription, from 0, for packages whose documents carry a version.
        expires: seconds when the subscriber names none.
        shortest, longest: seconds that are granted.
    """

    name: str
    content_type: str
    body: Callable[[str, int], bytes]
    expires: int = 3600
    shortest: int = 60
    longest: int = 86_400

    def taken_by(self, request: Request) -> bool:
        """Whether the subscriber takes this type; one that names none takes the package's own."""
        accepted = [parse_media_type(value)[0] for value in request.headers.values("Accept")]
        major = self.content_type.partition("/")[0]
        return not accepted or any(known in accepted for known in (self.content_type, f"{major}/*", "*/*"))


class Subscription(Dialog):
    """One subscriber's view of one resource.

    Attributes:
        resource: whose state, as the application named it.
        expires_at: on the clock.
    """

    def __init__(
        self,
        notifier: "Notifier",
        ua: "UserAgent",
        package: EventPackage,
        resource: str,
        *,
        call_id: str,
        local: NameAddr,
        remote: NameAddr,
        contact: SipUri,
        destination: Destination,
        event_id: str | None,
    ) -> None:
        super().__init__(
            ua, call_id=call_id, local=local, remote=remote, contact=contact, destination=destination
        )
        self.caller = False
        self.package = package
        self.resource = resource
        self.state = SubscriptionState.ACTIVE
        self.expires_at = 0.0
        self._notifier = notifier
        self._event = package.name if event_id is None else f"{package.name};id={event_id}"
        self._version = 0
        self._notifying = False
        self._changed = False
        self._alarm: Alarm | None = None

    def _step(self, event: SubscriptionEvent) -> bool:
        following = TRANSITIONS.get((self.state, event))
        if following is None:
            return False
        self.state = following
        return True

    # -- the subscriber -------------------------------------------------------------------------------------

    def receive(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        """A request within the subscription's dialog: a refresh or its end."""
        if request.cseq.number <= self.remote_cseq:
            transaction.respond(500, "CSeq Out Of Order")
            return
        self.remote_cseq = request.cseq.number
        if request.method != "SUBSCRIBE":
            transaction.respond(405, None, [("Allow", "SUBSCRIBE")])
        elif event_of(request)[0] != self.package.name:
            transaction.respond(489, None, [("Allow-Events", self._notifier.allow_events)])
        else:
            self.destination = flow if self.pinned else self.destination
            self.take(transaction, request)

    def take(self, transaction: ServerTransaction, request: Request) -> None:
        """Answers a SUBSCRIBE, the first or a refresh, and notifies."""
        granted = self._notifier.granted(self.package, request)
        if granted is None:
            transaction.respond(423, None, [("Min-Expires", str(self.package.shortest))])
            return
        try:
            self.refresh_target(request)
        except SipParseError:
            transaction.respond(400, "Bad Contact")
            return
        transaction.respond(200, None, [("Expires", str(granted)), ("Contact", self.contact_field())])
        if granted:
            self.run_for(granted)
            self._notifier.keep(self)
            self.notify()
        else:
            self.terminate("timeout")

    def run_for(self, seconds: float) -> None:
        """The subscription expires after this time unless it is refreshed."""
        if self._alarm is not None:
            self._alarm.cancel()
        self.expires_at = self._ua.now() + seconds
        self._alarm = self._ua.alarms.set(self.expires_at, lambda: self.terminate("timeout"))

    # -- the application ------------------------------------------------------------------------------------

    def hold_back(self) -> None:
        """Nobody has approved the subscription yet: it is pending, and its NOTIFY says nothing (§4.1.3)."""
        if self.state is SubscriptionState.ACTIVE and not self._version:
            self.state = SubscriptionState.PENDING

    def approve(self) -> None:
        """The subscription is approved: the state is told."""
        if self._step(SubscriptionEvent.APPROVED):
            self.notify()

    def notify(self) -> None:
        """Tells the state now, or with the next NOTIFY when one is under way."""
        if self._notifying:
            self._changed = True
        elif self.state is not SubscriptionState.TERMINATED:
            left = max(0, round(self.expires_at - self._ua.now()))
            self._send(f"{self.state.value};expires={left}")

    def terminate(self, reason: str) -> None:
        """Ends it; `reason` is one of RFC 6665 §4.1.3: `timeout`, `rejected`, `noresource`, …"""
        if not self._step(SubscriptionEvent.ENDED):
            return
        self._send(f"terminated;reason={reason}", wanted=reason == "timeout")
        self._leave()

    def _send(self, state: str, *, wanted: bool = True) -> None:
        told = wanted and self.state is not SubscriptionState.PENDING
        body = self.package.body(self.resource, self._version) if told else b""
        self._version += 1
        self._notifying, self._changed = True, False
        headers = [("Event", self._event), ("Subscription-State", state)]
        self.send_request("NOTIFY", headers, body, self.package.content_type, self._notified)

    def _notified(self, response: Response | None) -> None:
        if response is not None and response.status < 200:
            return
        self._notifying = False
        if response is None or response.status in _UNKNOWN_TO_PEER:
            if self._step(SubscriptionEvent.ENDED):
                self._leave()
        elif self._changed:
            self.notify()

    def _leave(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._notifier.forget(self)

    def snapshot(self) -> dict[str, Any]:
        """All that `Notifier.restore` needs, as JSON types; `left` is seconds to live from now."""
        value = super().snapshot()
        value |= {"package": self.package.name, "resource": self.resource, "event": self._event}
        value |= {"version": self._version, "left": self.expires_at - self._ua.now()}
        return value

    @classmethod
    def restored(
        cls,
        notifier: "Notifier",
        ua: "UserAgent",
        package: EventPackage,
        value: Mapping[str, Any],
        to: Destination,
    ) -> "Subscription":
        """A subscription from its snapshot. Raises KeyError or SipParseError for a damaged one."""
        subscription = cls(
            notifier,
            ua,
            package,
            value["resource"],
            call_id=value["call_id"],
            local=NameAddr.parse(value["local"]),
            remote=NameAddr.parse(value["remote"]),
            contact=SipUri.parse(value["contact"]),
            destination=to,
            event_id=None,
        )
        subscription._resume(dict(value))
        subscription._event = value["event"]
        subscription._version = int(value["version"]) + 10  # it must never fall behind what was told
        return subscription


class Notifier:
    """The subscriptions of a user agent.

    Args:
        ua: carries them.
        packages: what can be subscribed to.
        most: subscriptions kept; a further one is refused with 503.
    """

    def __init__(self, ua: "UserAgent", packages: Iterable[EventPackage], *, most: int = 100_000) -> None:
        self._ua = ua
        self._packages = {package.name: package for package in packages}
        self._most = most
        self._kept: dict[tuple[str, str], dict[str, Subscription]] = {}
        self._count = 0
        self.allow_events = ", ".join(self._packages)

    def __len__(self) -> int:
        """Subscriptions alive."""
        return self._count

    def subscribe(
        self,
        transaction: ServerTransaction,
        request: Request,
        flow: Flow,
        resource: str,
        *,
        pending: bool = False,
    ) -> Subscription | None:
        """Takes a SUBSCRIBE outside a dialog; the subscription, None when it was refused.

        Args:
            transaction, request, flow: as `UserAgentHandler.on_request` got them, authenticated.
            resource: whose state, handed to the package's `body`.
            pending: somebody has to approve first.
        """
        package = self._packages.get(event_of(request)[0])
        if package is None:
            transaction.respond(489, None, [("Allow-Events", self.allow_events)])
        elif not package.taken_by(request):
            transaction.respond(406)
        elif "Contact" not in request.headers:
            transaction.respond(400, "No Contact")
        elif self._count >= self._most:
            transaction.respond(503, None, [("Retry-After", "60")])
        else:
            subscription = self._made(transaction, request, flow, package, resource)
            if pending:
                subscription.hold_back()
            subscription.take(transaction, request)
            return subscription
        return None

    def _made(
        self,
        transaction: ServerTransaction,
        request: Request,
        flow: Flow,
        package: EventPackage,
        resource: str,
    ) -> Subscription:
        subscription = Subscription(
            self,
            self._ua,
            package,
            resource,
            call_id=request.call_id,
            local=request.to.with_tag(transaction.local_tag),
            remote=request.from_,
            contact=self._ua.contact_for(flow.transport, request.user, sips=wants_sips(request)),
            destination=flow,
            event_id=event_of(request)[1],
        )
        subscription.remote_cseq = request.cseq.number
        subscription.route_set = request.headers.values("Record-Route")
        return subscription

    def granted(self, package: EventPackage, request: Request) -> int | None:
        """Seconds that a SUBSCRIBE gets, None when it asks for too few (§4.2.1.1)."""
        found = delta_seconds(request, "Expires")
        wanted = package.expires if found is None else found[0]
        if 0 < wanted < package.shortest:
            return None
        return min(wanted, package.longest)

    def changed(self, package: str, resource: str) -> None:
        """The state of a resource changed: its subscribers are told."""
        for subscription in list(self._kept.get((package, resource), {}).values()):
            subscription.notify()

    def subscriptions(self, package: str, resource: str) -> list[Subscription]:
        """The subscriptions to one resource."""
        return list(self._kept.get((package, resource), {}).values())

    def end(self, package: str, resource: str, reason: str = "noresource") -> None:
        """The resource is gone, or is not to be seen any more: its subscriptions end."""
        for subscription in self.subscriptions(package, resource):
            subscription.terminate(reason)

    def keep(self, subscription: Subscription) -> None:
        """Called by a subscription that has begun."""
        table = self._kept.setdefault((subscription.package.name, subscription.resource), {})
        if subscription.id not in table:
            table[subscription.id] = subscription
            self._count += 1
            self._ua.add_usage(subscription)

    def forget(self, subscription: Subscription) -> None:
        """Called by a subscription that has ended."""
        key = (subscription.package.name, subscription.resource)
        table = self._kept.get(key, {})
        if table.pop(subscription.id, None) is not None:
            self._count -= 1
            self._ua.drop_usage(subscription)
        if not table:
            self._kept.pop(key, None)

    def snapshots(self) -> list[dict[str, Any]]:
        """Every subscription, for `restore` after a restart."""
        return [subscription.snapshot() for table in self._kept.values() for subscription in table.values()]

    def restore(self, value: Mapping[str, Any], to: Destination, *, elapsed: float) -> Subscription | None:
        """Takes up a subscription and tells its state; None when it has expired meanwhile.

        Args:
            value: what `snapshots` gave.
            to: where the subscriber is reached.
            elapsed: seconds since the snapshot was made.

        Raises KeyError or SipParseError for a damaged snapshot.
        """
        left = float(value["left"]) - elapsed
        if left <= 0:
            return None
        subscription = Subscription.restored(self, self._ua, self._packages[value["package"]], value, to)
        subscription.run_for(left)
        self.keep(subscription)
        subscription.notify()
        return subscription
