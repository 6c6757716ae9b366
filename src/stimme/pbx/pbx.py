"""The actor of one tenant: everything that is alive in a customer's telephone system is owned here.

Changed only from the event loop. Commands come in as method calls, what happens goes out as events on the
bus.
"""

import asyncio
import hashlib
import hmac
import random
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from typing import Any
from zoneinfo import ZoneInfo

import structlog

from stimme.media import MediaEvent
from stimme.media.types import Source
from stimme.pbx.bus import EventBus
from stimme.pbx.call import Call
from stimme.pbx.desks import Desks
from stimme.pbx.directing import Directing
from stimme.pbx.events import (
    CallListAdded,
    LineChanged,
    LineState,
    SettingsChanged,
    TrunkChanged,
)
from stimme.pbx.features.codes import code_table
from stimme.pbx.features.park import ParkLot
from stimme.pbx.features.registry import Features
from stimme.pbx.groups.memberships import Memberships
from stimme.pbx.groups.waiting import Queues
from stimme.pbx.hold_music import HOLD, HoldMusic
from stimme.pbx.journalling import Journalling
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.model import Device, Tenant, TrunkConfig
from stimme.pbx.occupancy import Occupancy
from stimme.pbx.owning import Owning
from stimme.pbx.pending_byes import PendingByes
from stimme.pbx.placing import Placing
from stimme.pbx.ports import BindingStore, CallRecords, Journal, RecordingStore, Sounds, StateStore
from stimme.pbx.records import CallNote, CallRecord, Direction, Party, call_list_entries
from stimme.pbx.registrar import Registrar
from stimme.pbx.settings import Settings, UserSettings
from stimme.pbx.sip_calls import SipCalls
from stimme.pbx.switch import Switch
from stimme.pbx.trunk_ways import TrunkWays
from stimme.sip.flow import Flow
from stimme.sip.gruu import GruuIssuer
from stimme.sip.session import Session
from stimme.sip.transport.locating import Locator
from stimme.sip.ua import UserAgent
from stimme.trunks.registration import TrunkState

log = structlog.get_logger("stimme.pbx")
_TRANSFER_RING_SECONDS = 30.0
_LEAVING_SECONDS = 1.0
"""So long the ended calls of a deleted tenant may take to give back what they have in the engine."""


class Pbx:
    """See the module's docstring.

    Args:
        tenant: the configuration.
        ua: the node's SIP user agent.
        switch: the way to the media engine.
        bus: where events go.
        bindings, journal, records, store: the store's side.
        sounds: prompts and music on hold.
        wall_clock: seconds since the epoch.
        rng: for identifiers.
        key: the node's secret, for words that must be the same after a restart.
        ring_timeout, media_timeout: seconds, of every call.
        locator: finds the servers of providers; None takes their addresses as they are configured.
        moved: called when a provider is reached at other addresses than before.
        sip_calls: told of every dialog and the call that it belongs to.
        recordings: keeps recordings of calls; None: there are none.
    """

    def __init__(
        self,
        tenant: Tenant,
        *,
        ua: UserAgent,
        switch: Switch,
        bus: EventBus,
        bindings: BindingStore,
        journal: Journal,
        records: CallRecords,
        store: StateStore,
        sounds: Sounds,
        wall_clock: Callable[[], float],
        rng: random.Random,
        key: bytes,
        ring_timeout: float,
        media_timeout: float,
        locator: Locator | None = None,
        moved: Callable[[], None] = lambda: None,
        sip_calls: SipCalls | None = None,
        recordings: RecordingStore | None = None,
    ) -> None:
        self.tenant = tenant
        self.calls: dict[str, Call] = {}
        self.finished: dict[str, int] = {}
        self.registrar = Registrar(
            tenant.id,
            bindings,
            wall_clock=wall_clock,
            changed=self._device_changed,
            moved=self._device_moved,
            gruus=GruuIssuer(tenant.domain, hmac.digest(key, b"gruu", hashlib.sha256)),
        )
        self.switch = switch
        self.store = store
        self.sounds = sounds
        self.recordings = recordings
        self.rng = rng
        self.ring_timeout = ring_timeout
        self.recall_seconds = _TRANSFER_RING_SECONDS
        self.time_zone = ZoneInfo("Europe/Berlin")
        self._ua = ua
        self.publish = bus.publish
        self._journalling = Journalling(tenant.id, journal, ua, switch)
        self._records = records
        self._key = key
        self._media_timeout = media_timeout
        self._tasks: set[asyncio.Task[None]] = set()
        self._lines: dict[str, LineState] = {}
        self.occupancy = Occupancy()
        self._pending_byes = PendingByes(wall_clock, ua.wind_up)
        sip_calls = SipCalls() if sip_calls is None else sip_calls
        self._owner = Owning(self, self._journalling, self._pending_byes, sip_calls)
        self._music = HoldMusic(tenant.id, switch, sounds)
        self.ways = TrunkWays(ua, key, locator, changed=self._trunk_changed, moved=moved)
        self.ways.configure(tenant)
        self.desks = Desks(
            tenant,
            store,
            registered=lambda device_id: bool(self.registrar.of(device_id)),
            publish=bus.publish,
            changed=self.lines_changed,
            signal=self.state_changed,
        )
        self.placing = Placing(
            ua,
            self.registrar,
            registrations=self.ways.registrations,
            providers=self.ways.providers,
            tenant=lambda: self.tenant,
            devices_of=self.desks.devices_of,
            escape=lambda: self.codes.escape if switch.keeps_digits else None,
            new_id=self.new_id,
        )
        self.codes = code_table(tenant.code_changes)
        self.settings = Settings(tenant.id, store, self._settings_changed)
        self.groups = Memberships(tenant.id, store, self._member_line, self._membership_changed)
        self.lot = ParkLot(tenant.park_slots)
        self.watchers: list[Callable[[str], None]] = []
        self.features = Features(self)
        self.queues = Queues(self)
        self.directing = Directing(self)

    def restore_state(self, stored: dict[str, Any]) -> None:
        """Takes back what people had set. Raises KeyError or ValueError for a damaged value."""
        self.settings.restore(stored)
        self.desks.restore(stored)
        self.groups.restore(stored)
        self.features.restore(stored)

    def start(self) -> None:
        """Registers the trunks, asks their providers, follows the schedule."""
        self.ways.start()
        self.features.reception.follow_schedule()

    def reconfigure(self, tenant: Tenant) -> None:
        """Takes over a changed configuration; calls go on, a changed trunk registers anew."""
        before, self.tenant = self.tenant, tenant
        self.desks.reconfigure(tenant)
        self.codes = code_table(tenant.code_changes)
        self.ways.configure(tenant)
        self.queues.reconfigured()
        self.features.reception.changed()
        if (before.keys, before.pickup_groups) != (tenant.keys, tenant.pickup_groups):
            self.state_changed("keys")

    async def close(self) -> None:
        """Stops this tenant's tasks; its calls live on in the engine and the journal."""
        self.features.close()
        self.desks.close()
        self.ways.close()
        self.directing.outside.watch.close()
        self.queues.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def leave(self) -> None:
        """Ends this tenant for good: its calls end, its trunks are given back to their providers."""
        for call in list(self.calls.values()):
            call.end(call.status or 480, "system")
        for registration in self.ways.registrations.values():
            registration.stop()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=_LEAVING_SECONDS)
        await self.close()

    # -- questions and commands -----------------------------------------------------------------------------

    def new_id(self) -> str:
        """A word that is unique, for calls and legs."""
        return self._ua.token(32)

    def user_at(self, device: Device) -> str | None:
        """Whose device this is at the moment."""
        return self.desks.user_at(device)

    def line_state(self, user_id: str) -> LineState:
        """What a user's line does now."""
        line = self.occupancy.line_of(user_id)
        if line is not None:
            return line
        online = any(self.registrar.of(device.id) for device in self.desks.devices_of(user_id))
        return "free" if online else "offline"

    def _member_line(self, user_id: str) -> tuple[bool, bool, bool]:
        user = self.tenant.users.get(user_id)
        reachable = user is not None and self.placing.reachable(user)
        return reachable, self.line_state(user_id) in ("busy", "ringing"), self.settings.of(user_id).dnd

    def trunk_state(self, trunk_id: str) -> tuple[TrunkState, str]:
        """How a trunk is, with a sentence."""
        return self.ways.state(trunk_id)

    def trunks_from(self, trunk: TrunkConfig) -> list[TrunkConfig]:
        """The ways outside in the order to try them, a trunk first unless it is out of service."""
        return self.ways.order(trunk, self.tenant)

    def hang_up(self, call_id: str) -> None:
        """Ends a call. Raises KeyError when it is not going on."""
        self.calls[call_id].hang_up()

    def calls_of(self, user_id: str) -> list[Call]:
        """The calls that a user takes part in or that ring there, oldest first."""
        return self.occupancy.calls_of(user_id)

    def conversations_of(self, user_id: str, *, besides: Call) -> list[tuple[Call, Leg]]:
        """A user's conversations with the user's own leg in each, the latest first."""
        return self.occupancy.conversations_of(user_id, besides=besides)

    def conversation_of(self, user_id: str, *, besides: Call) -> tuple[Call | None, Leg | None]:
        """The latest of a user's conversations; Nones when there is none."""
        return next(iter(self.conversations_of(user_id, besides=besides)), (None, None))

    def legs(self) -> Iterable[tuple[Leg, Call]]:
        """Every leg with the call that it belongs to."""
        return self._owner.legs()

    def leg_of_session(self, session: Session | None) -> tuple[Call, Leg] | None:
        """The leg whose session this is."""
        return self._owner.leg_of(session)

    def leg_of_dialog(self, call_id: str, our_tag: str, their_tag: str) -> tuple[Call, Leg] | None:
        """The leg of a dialog that a telephone names."""
        return self.leg_of_session(self._ua.session_by_dialog(call_id, our_tag, their_tag))

    def media_event(self, event: MediaEvent) -> None:
        """Something happened at an endpoint of this tenant's."""
        self._owner.media_event(event)

    async def music(self, name: str = HOLD) -> Source:
        """Music on hold, or another stream of the customer's. Raises EngineError."""
        return await self._music.source(name)

    def media_lost(self) -> None:
        """The engine died and another has come."""
        for call in list(self.calls.values()):
            call.media_lost()

    # -- calls ----------------------------------------------------------------------------------------------

    def call_from_device(self, session: Session, device: Device) -> None:
        """A call of one of our users, already authenticated."""
        self.directing.from_device(session, device)

    def call_from_trunk(self, session: Session, trunk: TrunkConfig) -> None:
        """A call from the public network."""
        self.directing.from_trunk(session, trunk)

    def new_call(
        self,
        direction: Direction,
        caller: Party,
        callee: Party,
        trunk_id: str | None = None,
        *,
        call_id: str | None = None,
    ) -> Call:
        """A call that has not begun; one that is made again has its id."""
        return Call(
            call_id or self.new_id(),
            self._owner,
            self.switch,
            tenant_id=self.tenant.id,
            direction=direction,
            caller=caller,
            callee=callee,
            media_timeout=self._media_timeout,
            trunk_id=trunk_id,
        )

    def begin(self, call: Call, anchor: Leg | None, first: Callable[[], Awaitable[None]]) -> None:
        """Lets a call begin; without an anchor its caller's telephones ring first."""
        self.calls[call.id] = call
        if anchor is not None:
            self._owner.note_dialog(call, anchor)
            anchor.report_to(call.report)
        self._journalling.begun(call, anchor)
        self.supervise(call, call.run(anchor, first))
        self._owner.call_changed(call)

    def go_on(
        self,
        call: Call,
        anchor: Leg,
        unread: Sequence[LegEvent],
        first: Callable[[], Awaitable[None]],
    ) -> None:
        """Lets a new call begin with a leg that another call has released: it is answered already."""
        call.take_over(anchor)
        self.begin(call, anchor, first)
        for event in unread:
            call.report(event)

    def place_in(self, call: Call, leg: Leg, work: Callable[[], Awaitable[None]]) -> None:
        """Hands the leg of somebody who calls us to a call that exists."""

        async def place() -> None:
            leg.take_initial_offer()
            await work()

        leg.report_to(call.report)
        call.ask(place)

    def discard(self, call: Call) -> None:
        """A call that was only the way to another: it leaves no record."""
        call.vanish()
        self._journalling.discarded(call)
        self._forget(call)

    def _forget(self, call: Call) -> None:
        self.calls.pop(call.id, None)
        self.features.call_over(call, None)
        self.lines_changed(self.occupancy.drop(call))

    def supervise(self, call: Call, work: Coroutine[Any, Any, None]) -> None:
        """Lets the task of a call run."""
        task = asyncio.get_running_loop().create_task(self._run(call, work), name=f"call-{call.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _run(self, call: Call, work: Coroutine[Any, Any, None]) -> None:
        """The one place that catches whatever goes wrong in a call: it ends, the others do not notice."""
        try:
            await work
        except Exception:
            log.exception("a call failed", call=call.id, tenant=self.tenant.id)
            self._forget(call)

    # -- what remains of calls -------------------------------------------------------------------------------

    def note_call(self, note: CallNote) -> None:
        """A user notes something of a call."""
        self._records.note(note)

    async def last_call_to(self, user_id: str) -> str | None:
        """The id of the newest call in a user's list that came to the user."""
        return await self._records.last_to(self.tenant.id, user_id)

    def add_record(self, record: CallRecord, called_user_ids: tuple[str, ...]) -> None:
        """Gives what remains of a call to the store, and tells who was called."""
        entries = call_list_entries(record, called_user_ids)
        self._records.add(record, entries)
        self.finished[record.result] = self.finished.get(record.result, 0) + 1
        for entry in entries:
            self.publish(CallListAdded(self.tenant.id, entry, user_ids=(entry.user_id,)))

    # -- what changes around calls --------------------------------------------------------------------------

    def lines_changed(self, user_ids: tuple[str, ...]) -> None:
        """These users' lines may do something else than before: whoever watches is told."""
        self.queues.changed()
        for user_id in user_ids:
            state = self.line_state(user_id)
            if self._lines.get(user_id) != state:
                self._lines[user_id] = state
                self.publish(LineChanged(self.tenant.id, user_id, state))
                self.features.line_changed(user_id)
            self.state_changed(f"line:{user_id}")

    def _device_changed(self, device_id: str) -> None:
        device = self.tenant.devices.get(device_id)
        if device is None:
            return
        bindings = self.registrar.of(device_id)
        self._pending_byes.registered(device_id, bindings[0].destination() if bindings else None)
        self.desks.appeared(device)

    def _device_moved(self, device_id: str, flow: Flow) -> None:
        for call in self.calls.values():
            for leg in call.legs.values():
                if leg.device_id == device_id and leg.session is not None and not leg.session.ended:
                    leg.session.move(flow)
        self._pending_byes.registered(device_id, flow)

    def _settings_changed(self, user_id: str, settings: UserSettings) -> None:
        self.publish(SettingsChanged(self.tenant.id, user_id, settings.to_json(), user_ids=(user_id,)))
        self.queues.changed()
        self.state_changed(f"user:{user_id}")

    def _membership_changed(self, extension: str, user_id: str) -> None:
        self.queues.changed()
        self.state_changed(f"group:{extension}:{user_id}")

    def state_changed(self, resource: str) -> None:
        """A state that keys on telephones show has changed: whoever watches it is told."""
        for watcher in self.watchers:
            watcher(resource)

    def _trunk_changed(self, trunk: TrunkConfig, state: TrunkState, detail: str) -> None:
        good = (TrunkState.REGISTERED, TrunkState.REACHABLE)
        report = log.info if state in good else log.warning
        report("trunk", tenant=self.tenant.id, trunk=trunk.name, state=state.value, detail=detail)
        self.publish(TrunkChanged(self.tenant.id, trunk.id, trunk.name, state.value, detail))
