"""What telephones watch: lamps (RFC 4235), waiting messages (RFC 3842) and presence (RFC 3856).

Policy:
    * Who subscribes is authenticated like a REGISTER, and sees its own customer only: lines of colleagues,
      park slots, the night switch, calls that it may pick up, and its own log-ins, diversions and do not
      disturb (``stimme.pbx.features.keys``). A key of the user's plan shows what it stands for, and is told
      anew when the plan changes.
    * A line is told with one dialog per call. Call-ID and tags of a call that rings are those of the called
      telephone: INVITE with Replaces picks it up. Who the other party is, is not told.
    * A line that calls or talks is `confirmed`, one that rings is `early`; a telephone that has not answered
      our INVITE yet is `trying`. A key that is off is `terminated`.
    * Documents are always full: a NOTIFY that was lost is made good by the next.
    * Waiting messages are told to their owner only.
    * Presence is told to users whose package has it, lamps to everybody. It is what the line does together
      with what the user's telephones have published (``stimme.pbx.presence``).
    * When a telephone changes hands (hot desking), what it watched for its user ends as `deactivated`, which
      asks it to subscribe anew (RFC 6665 §4.1.3): its keys are the new user's then.
    * At most 200 subscriptions a telephone; one granted lasts ten minutes, so that a telephone that lost its
      subscription in a restart has it again soon.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from stimme.licensing.packages import Feature
from stimme.pbx.call import Call
from stimme.pbx.entitlement import refused
from stimme.pbx.features.keys import (
    DiversionKey,
    DndKey,
    GroupKey,
    Key,
    Lamp,
    LineKey,
    NightKey,
    OwnKey,
    ParkKey,
    PickupKey,
    parse_key,
)
from stimme.pbx.leg import Leg
from stimme.pbx.model import Device, User
from stimme.pbx.pbx import Pbx
from stimme.pbx.presence import SIGNAL, PublishedPresence, combined
from stimme.pbx.ringing import Ringing
from stimme.sip.events import dialog_info, message_summary, pidf
from stimme.sip.events.dialog_info import DialogEntry
from stimme.sip.flow import Flow
from stimme.sip.message import Request
from stimme.sip.subscription import EventPackage, Notifier, Subscription, SubscriptionState
from stimme.sip.transaction import ServerTransaction
from stimme.sip.transfer import event_of
from stimme.sip.ua import UserAgent

MOST_PER_DEVICE = 200
FREE_RETRY = "60"
"""Seconds after which a telephone that is nobody's may ask again: somebody may have logged in."""
LONGEST = 600
_MESSAGES = "*99#"


@dataclass(frozen=True, slots=True)
class Watched:
    """What a subscription is about: a key, and whose telephone shows it (None: it is the same for all)."""

    key: Key
    address: str
    user_id: str | None = None

    def signals(self, pbx: Pbx) -> list[str]:
        """The states whose change is told, as `Pbx.state_changed` names them."""
        told: list[str] = []
        match self.key:
            case GroupKey(extension):
                told = [f"group:{extension}:{self.user_id}"]
            case ParkKey(slot):
                told = [f"park:{slot}"]
            case NightKey():
                told = ["night"]
            case LineKey(extension):
                user = pbx.tenant.by_extension(extension)
                told = [f"line:{user.id}"] if user is not None else []
            case DiversionKey() | DndKey():
                told = [f"user:{self.user_id}"]
            case PickupKey():
                colleagues = pbx.features.function_keys.colleagues(self.user_id or "")
                told = [f"line:{colleague}" for colleague in colleagues]
        return told

    @property
    def configured(self) -> bool:
        """Whether what it is about depends on more than its address: on the plan, or on who is in a group."""
        return isinstance(self.key, PickupKey) or isinstance(parse_key(self.address), OwnKey)


class BusyLamps:
    """See the module's docstring.

    Args:
        ua: carries the subscriptions.
        tenants: every customer of the node, by id.
        presence: what telephones have published.
    """

    def __init__(self, ua: UserAgent, tenants: Mapping[str, Pbx], presence: PublishedPresence) -> None:
        self._presence = presence
        self._tenants = tenants
        self._watched: dict[str, tuple[Pbx, Watched]] = {}
        self._signals: dict[str, set[str]] = {}
        self._of_device: dict[str, list[tuple[Subscription, bool]]] = {}
        self._notifier = Notifier(
            ua,
            [
                self._package(dialog_info.PACKAGE, dialog_info.CONTENT_TYPE, _lamps),
                self._package(message_summary.PACKAGE, message_summary.CONTENT_TYPE, _messages),
                self._package(pidf.PACKAGE, pidf.CONTENT_TYPE, self._person),
            ],
        )

    def __len__(self) -> int:
        """Subscriptions alive."""
        return len(self._notifier)

    def _package(
        self, name: str, content_type: str, write: Callable[[Pbx, Watched, int], bytes]
    ) -> EventPackage:
        def body(resource: str, version: int) -> bytes:
            return write(*self._watched[resource], version)

        return EventPackage(name, content_type, body, expires=LONGEST, longest=LONGEST)

    def watch(self, pbx: Pbx) -> None:
        """Hears from now on what changes at a customer's."""
        pbx.watchers.append(lambda signal: self._changed(pbx, signal))

    def subscribe(
        self, transaction: ServerTransaction, request: Request, flow: Flow, pbx: Pbx, device: Device
    ) -> None:
        """A SUBSCRIBE of one of our telephones, already authenticated. 404 for what is not to be seen."""
        user = pbx.tenant.users.get(pbx.user_at(device) or "")
        if user is None:  # nobody has logged in, or its user was deleted while the configuration changed
            transaction.respond(480, None, [("Retry-After", FREE_RETRY)])
            return
        watched = _watched(pbx, user, request.user)
        mine = self._alive(device.id)
        own = watched is not None and watched.key == LineKey(user.extension)
        if watched is None or (event_of(request)[0] == message_summary.PACKAGE and not own):
            transaction.respond(404)
        elif event_of(request)[0] == pidf.PACKAGE and (
            refusal := refused(pbx.tenant, user, Feature.PRESENCE)
        ):
            transaction.respond(refusal.status, refusal.reason, list(refusal.headers))
        elif len(mine) >= MOST_PER_DEVICE:
            transaction.respond(503, None, [("Retry-After", "60")])
        else:
            resource = f"{pbx.tenant.id}/{watched.user_id or ''}/{watched.address}"
            self._note(resource, pbx, watched)
            subscription = self._notifier.subscribe(transaction, request, flow, resource)
            if subscription is not None:
                mine.append((subscription, own or watched.user_id is not None))

    def _note(self, resource: str, pbx: Pbx, watched: Watched) -> None:
        self._watched[resource] = (pbx, watched)
        for signal in watched.signals(pbx):
            self._signals.setdefault(f"{pbx.tenant.id}/{signal}", set()).add(resource)

    def _alive(self, device_id: str) -> list[tuple[Subscription, bool]]:
        """A telephone's subscriptions, and of each whether it depends on who the telephone's user is."""
        found = self._of_device.get(device_id, [])
        alive = [each for each in found if each[0].state is not SubscriptionState.TERMINATED]
        self._of_device[device_id] = alive
        return alive

    def _changed_hands(self, device_id: str) -> None:
        for subscription, personal in self._alive(device_id):
            if personal:
                subscription.terminate("deactivated")

    def _reconfigured(self, pbx: Pbx) -> None:
        """Plans of keys or pick-up groups are others than before."""
        for resource, (owner, watched) in list(self._watched.items()):
            user = pbx.tenant.users.get(watched.user_id or "")
            if owner is not pbx or user is None or not watched.configured:
                continue
            self._note(resource, pbx, _watched(pbx, user, watched.address) or watched)
            self._notifier.changed(dialog_info.PACKAGE, resource)

    def _changed(self, pbx: Pbx, signal: str) -> None:
        kind, _, user_id = signal.partition(":")
        if kind == "keys":
            self._reconfigured(pbx)
            return
        if kind == "desk":
            self._changed_hands(user_id)
            self._presence.changed_hands(user_id)
            return
        if kind == SIGNAL:
            self._tell_presence(pbx, user_id)
            return
        signals = [signal, f"line:{user_id}"] if kind == "user" else [signal]
        for each in signals:
            for resource in self._signals.get(f"{pbx.tenant.id}/{each}", ()):
                self._notifier.changed(dialog_info.PACKAGE, resource)
            if each.startswith("line:"):
                self._tell_presence(pbx, user_id)

    def _tell_presence(self, pbx: Pbx, user_id: str) -> None:
        for resource in self._signals.get(f"{pbx.tenant.id}/line:{user_id}", ()):
            self._notifier.changed(pidf.PACKAGE, resource)

    def _person(self, pbx: Pbx, watched: Watched, version: int) -> bytes:
        entity = f"sip:{watched.address}@{pbx.tenant.domain}"
        user = None
        if isinstance(watched.key, LineKey):
            user = pbx.tenant.by_extension(watched.key.extension)
        if user is None:
            return pidf.write_pidf(combined(entity, "offline", dnd=False, published=()))
        dnd, published = pbx.settings.of(user.id).dnd, self._presence.of(pbx, user)
        return pidf.write_pidf(combined(entity, pbx.line_state(user.id), dnd=dnd, published=published))


def _watched(pbx: Pbx, user: User, address: str) -> Watched | None:
    """What an address stands for when this user watches it; None for what does not exist."""
    tenant = pbx.tenant
    device = next((each for each in tenant.devices.values() if each.sip_user == address), None)
    if device is not None:
        owner = tenant.users.get(pbx.user_at(device) or "")
        return Watched(LineKey(owner.extension), owner.extension) if owner is not None else None
    asked = parse_key(address)
    if isinstance(asked, OwnKey):
        behind = pbx.features.function_keys.behind(asked, user.id)
        return Watched(behind or asked, address, user.id)
    found: Watched | None = None
    match key := asked:
        case LineKey(extension) if tenant.by_extension(extension) is not None:
            found = Watched(key, address)
        case LineKey(slot) | ParkKey(slot) if slot in tenant.park_slots:
            found = Watched(ParkKey(slot), address)
        case NightKey() if tenant.attendant is not None:
            found = Watched(key, address)
        case GroupKey(extension) if extension in tenant.groups:
            found = Watched(key, address, user.id)
        case DiversionKey() | DndKey() | PickupKey():
            found = Watched(key, address, user.id)
    return found


# -- the documents -------------------------------------------------------------------------------------------


def _lamps(pbx: Pbx, watched: Watched, version: int) -> bytes:
    entity = f"sip:{watched.address}@{pbx.tenant.domain}"
    dialogs: list[DialogEntry] = []
    if isinstance(watched.key, LineKey):
        user = pbx.tenant.by_extension(watched.key.extension)
        dialogs = line_dialogs(pbx, user) if user is not None else []
    if not dialogs:
        lamp = pbx.features.function_keys.lamp(watched.key, watched.user_id or "")
        if isinstance(watched.key, LineKey):  # its calls are told one by one, and there is none to be told
            lamp = Lamp.OFF
        dialogs = [DialogEntry(watched.address, lamp.value)]
    return dialog_info.write_dialog_info(entity, version, dialogs)


def line_dialogs(pbx: Pbx, user: User) -> list[DialogEntry]:
    """One dialog for each leg of a user's that rings or is in a call, as that telephone sees it."""
    return [
        entry
        for call in pbx.calls_of(user.id)
        for entry in (*_in_call(call, user), *_rings(call, user))
        if entry is not None
    ]


def _in_call(call: Call, user: User) -> list[DialogEntry | None]:
    return [_entry(leg, "confirmed", leg is call.anchor) for leg in call.sides if leg.user_id == user.id]


def _rings(call: Call, user: User) -> list[DialogEntry | None]:
    stage = call.stage
    if not isinstance(stage, Ringing) or call.partner is not None:  # the latter: taken in this moment
        return []
    return [_entry(leg, "early", False) for leg in stage.called.values() if leg.user_id == user.id]


def _entry(leg: Leg, state: dialog_info.DialogState, initiator: bool) -> DialogEntry | None:
    session = leg.session
    if session is None or session.ended:
        return None
    known = session.remote.tag is not None
    return DialogEntry(
        leg.id,
        state if known else "trying",
        initiator,
        session.call_id,
        session.remote.tag,
        session.local.tag,
    )


def _messages(pbx: Pbx, watched: Watched, version: int) -> bytes:
    account = f"sip:{_MESSAGES.replace('#', '%23')}@{pbx.tenant.domain}"
    return message_summary.write_message_summary(account, voice=message_summary.MessageCounts())
