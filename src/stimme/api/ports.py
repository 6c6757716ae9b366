"""What the API needs from call control. ``app.py`` plugs the node in; tests plug in their own."""

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from typing import Any, Protocol

from stimme.api.schemas import LineState, LiveCall, TrunkHealth, TrunkState, TrunkTestReport, UserSettings
from stimme.pbx.features.cti import Order
from stimme.sip.trace import TraceEntry


class NotReachableError(Exception):
    """The user has no such telephone, or none that is registered."""


class SettingRefusedError(ValueError):
    """A setting that nobody may make, with the reason in words."""


class NoSuchCallError(Exception):
    """The call has ended or never was."""


class OrderRefusedError(Exception):
    """What was asked of a call cannot be done with it now; ``status`` is the telephone's word for it."""

    def __init__(self, status: int) -> None:
        super().__init__(f"refused with {status}")
        self.status = status


class TrunkTestRefusedError(Exception):
    """A trunk cannot be tested now, with the reason in words."""


class LiveEvent(Protocol):
    """Something that happened in a tenant. ``user_ids`` is ``None`` when all its users may know."""

    @property
    def tenant_id(self) -> str:
        """The customer it happened at."""

    @property
    def user_ids(self) -> Collection[str] | None:
        """The users who may know."""

    @property
    def at(self) -> str:
        """ISO 8601 UTC with microseconds; strictly increasing, so it is the token to resume with."""

    def to_json(self) -> dict[str, Any]:
        """The event as sent: ``type``, ``at``, ``data``."""


class EventSource(Protocol):
    """The stream of all events of this node."""

    def subscribe(
        self, visible: Callable[[LiveEvent], bool], *, since: str | None
    ) -> AsyncIterator[dict[str, Any]]:
        """Yield the events that ``visible`` lets through, first those after ``since``.

        Yields ``{"type": "events.gap", …}`` when some after ``since``, or some that the reader was too slow
        for, are gone.
        """


class Telephony(Protocol):
    """Live state and commands of the tenants on this node."""

    @property
    def engine_up(self) -> bool:
        """Whether the media engine answers."""

    def line_state(self, tenant_id: str, user_id: str) -> LineState:
        """What a user's line does now."""

    def registered_devices(self, tenant_id: str) -> Collection[str]:
        """Ids of the devices that are registered now."""

    def calls(self, tenant_id: str) -> Sequence[LiveCall]:
        """Calls going on."""

    def hang_up(self, tenant_id: str, call_id: str) -> None:
        """End a call.

        Raises:
            NoSuchCallError: When it is not going on.
        """

    def trace(self, tenant_id: str, call_id: str) -> Sequence[TraceEntry]:
        """The SIP messages of a call as far as they are in memory; empty for another customer's."""

    def dial(self, tenant_id: str, user_id: str, number: str, device_id: str | None) -> LiveCall:
        """Place a call for a user, whose telephone rings first.

        Raises:
            NotReachableError: When none of the user's telephones, or not this one, can ring.
            PackageRequiredError: When the user's package has no CTI.
        """

    def order(self, tenant_id: str, user_id: str, call_id: str, order: Order) -> LiveCall:
        """Do something to a live call as one of its users; return the call that comes of it.

        Raises:
            NoSuchCallError: When it is not going on, or is no business of the user's.
            OrderRefusedError: When it cannot be done now.
            PackageRequiredError: When the user's package has no CTI.
        """

    def settings(self, tenant_id: str, user_id: str) -> UserSettings:
        """What a user has set; the defaults for one who has set nothing."""

    def set_settings(self, tenant_id: str, user_id: str, settings: UserSettings) -> None:
        """Replace what a user has set.

        Raises:
            NotReachableError: When the customer is not on this node.
            SettingRefusedError: For a diversion to oneself or to an emergency number.
            PackageRequiredError: When the user's package does not have diversions in the client.
        """

    def set_pin(self, tenant_id: str, user_id: str, pin: str | None) -> None:
        """Give a user a PIN, or (``None``) take it away.

        Raises:
            NotReachableError: When the customer is not on this node.
        """

    def trunk_state(self, tenant_id: str, trunk_id: str) -> tuple[TrunkState, str]:
        """How a trunk is, with a sentence for people."""

    def recordings_under_way(self, tenant_id: str) -> Collection[str]:
        """Ids of the recordings of calls that are being made."""

    def trunk_health(self, tenant_id: str, trunk_id: str) -> TrunkHealth:
        """What is known of a trunk's provider, with the last test."""

    async def test_trunk(self, tenant_id: str, trunk_id: str, language: str) -> TrunkTestReport:
        """Call oneself over a trunk; ``language`` is that of the sentences.

        Raises:
            TrunkTestRefusedError: When it cannot be tested now.
        """

    def trunk_counts(self) -> tuple[int, int]:
        """All trunks of the node, and those that can carry calls now."""

    async def reload(self, tenant_id: str) -> None:
        """Take over the tenant's configuration from the store after a change."""


class SipSocketServer(Protocol):
    """Serves one accepted WebSocket of SIP (RFC 7118)."""

    async def websocket(
        self,
        receive: Callable[[], Awaitable[bytes | str | None]],
        send: Callable[[bytes], Awaitable[None]],
        *,
        remote: tuple[str, int],
        local: tuple[str, int],
        secure: bool,
    ) -> None:
        """Carry SIP until ``receive`` returns ``None`` or sending fails."""
