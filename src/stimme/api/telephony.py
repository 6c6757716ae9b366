"""What the API asks of the node that runs in the same process (``stimme.api.ports.Telephony``)."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from datetime import UTC, datetime

from stimme.api.metrics import NodeFigures
from stimme.api.ports import (
    NoSuchCallError,
    NotReachableError,
    OrderRefusedError,
    SettingRefusedError,
    TrunkTestRefusedError,
)
from stimme.api.schemas import (
    LineState,
    LiveCall,
    Party,
    TrunkHealth,
    TrunkState,
    TrunkTestReport,
    UserSettings,
)
from stimme.api.trunk_views import provider_view, trunk_test_view
from stimme.licensing.packages import Feature, require
from stimme.pbx.call import Call
from stimme.pbx.features import cti, recording
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.commands import DiversionKind
from stimme.pbx.features.cti import Order, PickUp, carry_out
from stimme.pbx.features.diversion import Diversion, DiversionError, Diversions
from stimme.pbx.features.trunk_test import TrunkTestError
from stimme.pbx.node import Node
from stimme.pbx.on_hold import OnHold
from stimme.pbx.pbx import Pbx
from stimme.pbx.settings import UserSettings as LiveSettings
from stimme.sentences import Sentence, sentence_of
from stimme.sip.trace import TraceEntry
from stimme.trunks.registration import TrunkState as LiveTrunkState

_TRUNK_STATES: dict[LiveTrunkState, TrunkState] = {
    LiveTrunkState.REGISTERED: "registered",
    LiveTrunkState.FAILED: "failed",
    LiveTrunkState.UNREACHABLE: "unreachable",
    LiveTrunkState.REACHABLE: "reachable",
    LiveTrunkState.UNKNOWN: "unknown",
}


class NodeTelephony:
    """Reads and commands the tenants of a node.

    Args:
        node: The node.
        load: Reads a tenant's configuration from the store again and hands it to the node.
        messages: How many SIP messages went in and out, by direction and kind.
        attacks: What the transport has refused, by kind.
    """

    def __init__(
        self,
        node: Node,
        load: Callable[[str], Awaitable[None]],
        messages: Callable[[], Mapping[tuple[str, str], int]],
        attacks: Callable[[], Mapping[str, int]] = dict,
    ) -> None:
        self._node = node
        self._load = load
        self._messages = messages
        self._attacks = attacks

    @property
    def engine_up(self) -> bool:
        """Whether the media engine answers."""
        return self._node.switch.up

    def running(self) -> Collection[str]:
        """Ids of the tenants on this node."""
        return self._node.tenants.keys()

    def line_state(self, tenant_id: str, user_id: str) -> LineState:
        """What a user's line does now; offline for a tenant that is not on this node."""
        pbx = self._node.tenants.get(tenant_id)
        return pbx.line_state(user_id) if pbx is not None else "offline"

    def registered_devices(self, tenant_id: str) -> Collection[str]:
        """Ids of the devices that are registered now."""
        pbx = self._node.tenants.get(tenant_id)
        return pbx.registrar.online() if pbx is not None else ()

    def calls(self, tenant_id: str) -> Sequence[LiveCall]:
        """Calls going on."""
        pbx = self._node.tenants.get(tenant_id)
        return [_live(pbx, call) for call in pbx.calls.values()] if pbx is not None else []

    def hang_up(self, tenant_id: str, call_id: str) -> None:
        """End a call.

        Raises:
            NoSuchCallError: When it is not going on.
        """
        pbx = self._node.tenants.get(tenant_id)
        if pbx is None or call_id not in pbx.calls:
            raise NoSuchCallError(call_id)
        pbx.hang_up(call_id)

    def trace(self, tenant_id: str, call_id: str) -> Sequence[TraceEntry]:
        """The SIP messages of a call as far as they are in memory; empty for another customer's."""
        return self._node.trace(tenant_id, call_id)

    def dial(self, tenant_id: str, user_id: str, number: str, device_id: str | None) -> LiveCall:
        """Place a call for a user, whose telephone rings first.

        Raises:
            NotReachableError: When none of the user's telephones, or not this one, can ring.
            PackageRequiredError: When the user's package has no CTI.
        """
        pbx = self._node.tenants.get(tenant_id)
        user = pbx.tenant.users.get(user_id) if pbx is not None else None
        if pbx is None or user is None:
            raise NotReachableError(user_id)
        call = cti.dial(pbx, user, number, device_id)
        if call is None:
            raise NotReachableError(device_id or user_id)
        return _live(pbx, call)

    def order(self, tenant_id: str, user_id: str, call_id: str, order: Order) -> LiveCall:
        """Do something to a live call as one of its users; return the call that comes of it.

        Raises:
            NoSuchCallError: When it is not going on, or is no business of the user's.
            OrderRefusedError: When it cannot be done now.
        """
        pbx = self._node.tenants.get(tenant_id)
        call = pbx.calls.get(call_id) if pbx is not None else None
        user = pbx.tenant.users.get(user_id) if pbx is not None else None
        if pbx is None or call is None or user is None:
            raise NoSuchCallError(call_id)
        if not isinstance(order, PickUp) and call not in pbx.calls_of(user_id):
            raise NoSuchCallError(call_id)
        try:
            return _live(pbx, carry_out(pbx, call, user, order))
        except FeatureRefusedError as refusal:
            raise OrderRefusedError(refusal.status) from None

    def settings(self, tenant_id: str, user_id: str) -> UserSettings:
        """What a user has set; the defaults for one who has set nothing."""
        pbx = self._node.tenants.get(tenant_id)
        live = pbx.settings.of(user_id) if pbx is not None else LiveSettings()
        return UserSettings.model_validate(live.to_json())

    def set_settings(self, tenant_id: str, user_id: str, settings: UserSettings) -> None:
        """Replace what a user has set.

        Raises:
            NotReachableError: When the customer is not on this node.
            SettingRefusedError: For a diversion to oneself or to an emergency number.
            PackageRequiredError: For other diversions than before, when the package has them by code only.
        """
        pbx = self._node.tenants.get(tenant_id)
        user = pbx.tenant.users.get(user_id) if pbx is not None else None
        if pbx is None or user is None:
            raise NotReachableError(user_id)
        own = (user.extension, *([user.number] if user.number else []))
        diversions = Diversions()
        try:
            for each in settings.diversions:
                wanted = Diversion(DiversionKind(each.kind), each.number, each.origin, each.seconds)
                diversions = diversions.set(wanted, own)
        except DiversionError as error:
            raise SettingRefusedError(sentence_of(error)) from None
        if set(diversions.entries) != set(pbx.settings.of(user_id).diversions.entries):
            require(user.package, Feature.CLIENT_DIVERSIONS)
        pbx.settings.set(
            user_id, LiveSettings(diversions, settings.dnd, settings.call_waiting, settings.clir)
        )

    def set_pin(self, tenant_id: str, user_id: str, pin: str | None) -> None:
        """Give a user a PIN, or (``None``) take it away.

        Raises:
            NotReachableError: When the customer is not on this node.
        """
        pbx = self._node.tenants.get(tenant_id)
        if pbx is None or user_id not in pbx.tenant.users:
            raise NotReachableError(user_id)
        if pin is None:
            pbx.features.pins.clear(user_id)
        else:
            pbx.features.pins.set(user_id, pin)

    def trunk_state(self, tenant_id: str, trunk_id: str) -> tuple[TrunkState, str]:
        """How a trunk is, with a sentence for people."""
        pbx = self._node.tenants.get(tenant_id)
        if pbx is None:
            return "unknown", "the customer is not on this node"
        state, detail = pbx.trunk_state(trunk_id)
        return _TRUNK_STATES[state], detail

    def recordings_under_way(self, tenant_id: str) -> Collection[str]:
        """Ids of the recordings of calls that are being made."""
        pbx = self._node.tenants.get(tenant_id)
        return recording.under_way(pbx) if pbx is not None else ()

    def trunk_health(self, tenant_id: str, trunk_id: str) -> TrunkHealth:
        """What is known of a trunk's provider, with the last test."""
        state, detail = self.trunk_state(tenant_id, trunk_id)
        pbx = self._node.tenants.get(tenant_id)
        provider = pbx.ways.providers.get(trunk_id) if pbx is not None else None
        last = pbx.features.trunk_tests.last.get(trunk_id) if pbx is not None else None
        return TrunkHealth(
            trunk_id=trunk_id,
            state=state,
            detail=detail,
            provider=provider_view(provider, self._node.ua.now()) if provider is not None else None,
            last_test=trunk_test_view(trunk_id, *last) if last is not None else None,
        )

    async def test_trunk(self, tenant_id: str, trunk_id: str, language: str) -> TrunkTestReport:
        """Call oneself over a trunk; ``language`` is that of the sentences.

        Raises:
            TrunkTestRefusedError: When it cannot be tested now.
        """
        pbx = self._node.tenants.get(tenant_id)
        trunk = pbx.tenant.trunks.get(trunk_id) if pbx is not None else None
        if pbx is None or trunk is None:
            raise TrunkTestRefusedError(Sentence("not-on-this-node", "the customer is not on this node"))
        try:
            report = await pbx.features.trunk_tests.run(trunk, language)
        except TrunkTestError as error:
            raise TrunkTestRefusedError(sentence_of(error)) from None
        return trunk_test_view(trunk_id, datetime.now(UTC), report)

    def trunk_counts(self) -> tuple[int, int]:
        """All trunks of the node, and those that can carry calls now (a static one until it fails)."""
        states = [
            (trunk.kind, pbx.trunk_state(trunk.id)[0])
            for pbx in self._node.tenants.values()
            for trunk in pbx.tenant.trunks.values()
        ]
        usable = [
            kind
            for kind, state in states
            if state is LiveTrunkState.REGISTERED
            or (kind == "static" and state in (LiveTrunkState.UNKNOWN, LiveTrunkState.REACHABLE))
        ]
        return len(states), len(usable)

    async def reload(self, tenant_id: str) -> None:
        """Take over the tenant's configuration from the store after a change."""
        await self._load(tenant_id)

    def figures(self) -> NodeFigures:
        """Count what the metrics show."""
        finished: dict[str, int] = {}
        tenants = self._node.tenants.values()
        for pbx in tenants:
            for result, count in pbx.finished.items():
                finished[result] = finished.get(result, 0) + count
        total, usable = self.trunk_counts()
        return NodeFigures(
            calls=sum(len(pbx.calls) for pbx in tenants),
            calls_total=finished,
            registrations=sum(len(pbx.registrar.online()) for pbx in tenants),
            trunks_total=total,
            trunks_registered=usable,
            engine_up=self.engine_up,
            sip_messages_total=dict(self._messages()),
            attacks_total={**self._node.attacks(), **self._attacks()},
        )


def _live(pbx: Pbx, call: Call) -> LiveCall:
    return LiveCall(
        call_id=call.id,
        state=call.shown_state,
        direction=call.direction,
        caller=Party(**call.caller.to_json()),
        callee=Party(**call.callee.to_json()),
        started_at=call.started_at,
        answered_at=call.answered_at,
        recorded=recording.is_recorded(call, pbx.switch.instance),
        on_hold=call.stage.kind == OnHold.kind or any(leg.holds for leg in call.talking_legs),
    )
