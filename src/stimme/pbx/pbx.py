"""The actor of one tenant: everything that is alive in a customer's telephone system is owned here.

Changed only from the event loop. Commands come in as method calls, what happens goes out as events on
the bus.
"""

import asyncio
import hashlib
import hmac
import random
from collections.abc import Callable
from typing import Any

import structlog

from stimme.media import MediaEvent, MediaTimeout
from stimme.pbx.bus import EventBus
from stimme.pbx.call import Call
from stimme.pbx.events import (
    CallChanged,
    CallListAdded,
    LineChanged,
    LineState,
    RegistrationChanged,
    TrunkChanged,
)
from stimme.pbx.leg import Leg
from stimme.pbx.model import Device, Tenant, TrunkConfig, User
from stimme.pbx.ports import BindingStore, CallRecords, Journal
from stimme.pbx.records import CallRecord, Direction, Party, call_list_entries
from stimme.pbx.registrar import Binding, Registrar
from stimme.pbx.routing import ToTrunk, ToUser, Unroutable, route_from_trunk, route_from_user
from stimme.pbx.states import CallState
from stimme.pbx.switch import Switch
from stimme.sip.flow import Destination, Flow, Target
from stimme.sip.session import Session
from stimme.sip.ua import UserAgent
from stimme.sip.uri import NameAddr, SipUri
from stimme.trunks.identity import caller_of, dialled_number, outgoing_headers, outgoing_number
from stimme.trunks.registration import Registration, TrunkState

log = structlog.get_logger("stimme.pbx")


class Pbx:
    """See the module's docstring.

    Args:
        tenant: the configuration.
        ua: the node's SIP user agent.
        switch: the way to the media engine.
        bus: where events go.
        bindings, journal, records: the store's side.
        wall_clock: seconds since the epoch.
        rng: for identifiers.
        key: the node's secret, for words that must be the same after a restart.
        ring_timeout, media_timeout: seconds, of every call.
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
        wall_clock: Callable[[], float],
        rng: random.Random,
        key: bytes,
        ring_timeout: float,
        media_timeout: float,
    ) -> None:
        self.tenant = tenant
        self.calls: dict[str, Call] = {}
        self.finished: dict[str, int] = {}
        self.registrar = Registrar(
            tenant.id, bindings, wall_clock=wall_clock, changed=self._device_changed, moved=self._device_moved
        )
        self._ua = ua
        self._switch = switch
        self._bus = bus
        self._journal = journal
        self._records = records
        self._rng = rng
        self._key = key
        self._ring_timeout = ring_timeout
        self._media_timeout = media_timeout
        self._tasks: set[asyncio.Task[None]] = set()
        self._targets: dict[str, tuple[Destination, SipUri, list[str]]] = {}
        self._lines: dict[str, LineState] = {}
        self._calls_of: dict[str, dict[str, Call]] = {}
        self._concerned: dict[str, tuple[str, ...]] = {}
        self.registrations = {
            trunk.id: self._registration(trunk)
            for trunk in tenant.trunks.values()
            if trunk.kind == "register"
        }

    def _registration(self, trunk: TrunkConfig) -> Registration:
        return Registration(
            self._ua,
            trunk,
            changed=lambda state, detail: self._trunk_changed(trunk, state, detail),
            word=hmac.digest(self._key, f"contact of {trunk.id}".encode(), hashlib.sha256).hex()[:24],
        )

    def start(self) -> None:
        """Registers the trunks."""
        for registration in self.registrations.values():
            registration.start()

    def reconfigure(self, tenant: Tenant) -> None:
        """Takes over a changed configuration; calls go on, a changed trunk registers anew."""
        self.tenant = tenant
        for trunk_id, registration in list(self.registrations.items()):
            if tenant.trunks.get(trunk_id) != registration.trunk:
                registration.stop()
                del self.registrations[trunk_id]
        for trunk in tenant.trunks.values():
            if trunk.kind == "register" and trunk.id not in self.registrations:
                self.registrations[trunk.id] = self._registration(trunk)
                self.registrations[trunk.id].start()

    async def close(self) -> None:
        """Stops this tenant's tasks; its calls live on in the engine and the journal."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # -- questions and commands -----------------------------------------------------------------------------

    def line_state(self, user_id: str) -> LineState:
        """What a user's line does now."""
        states = {call.state for call in self._calls_of.get(user_id, {}).values()}
        if CallState.ANSWERED in states:
            return "busy"
        if states & {CallState.ROUTING, CallState.RINGING, CallState.EARLY}:
            return "ringing"
        online = any(self.registrar.of(device.id) for device in self.tenant.devices_of(user_id))
        return "free" if online else "offline"

    def trunk_state(self, trunk_id: str) -> tuple[TrunkState, str]:
        """How a trunk is, with a sentence; a static trunk is unknown until calls prove it."""
        registration = self.registrations.get(trunk_id)
        if registration is None:
            return TrunkState.UNKNOWN, "no registration"
        return registration.state, registration.detail

    def hang_up(self, call_id: str) -> None:
        """Ends a call. Raises KeyError when it is not going on."""
        self.calls[call_id].hang_up()

    def media_event(self, event: MediaEvent) -> None:
        """Something happened at an endpoint of this tenant's."""
        call = self.calls.get(event.tag.partition("/")[0])
        if call is not None and isinstance(event, MediaTimeout):
            call.media_silent(event)

    def media_lost(self) -> None:
        """The engine died and another has come."""
        for call in list(self.calls.values()):
            call.media_lost()

    # -- calls ----------------------------------------------------------------------------------------------

    def call_from_device(self, session: Session, device: Device) -> None:
        """A call of one of our users, already authenticated."""
        user = self.tenant.users[device.user_id]
        caller = Party(user.extension, user.name, user.id)
        dialled = session.request.user if session.request is not None else ""
        destination = route_from_user(self.tenant, user, dialled)
        leg = self._caller_leg(session, user_id=user.id, device_id=device.id)
        match destination:
            case ToUser(callee):
                self._call_user(leg, caller, callee, "internal", None)
            case ToTrunk(trunk, number, emergency):
                direction: Direction = "emergency" if emergency else "outgoing"
                call = self._new_call(direction, caller, Party(number), trunk.id)
                self._begin(call, leg, [self._trunk_leg(call, user, trunk, number)])
            case Unroutable() as refusal:
                self._refuse(leg, caller, Party(dialled), "internal", refusal)

    def call_from_trunk(self, session: Session, trunk: TrunkConfig) -> None:
        """A call from the public network."""
        if session.request is None:
            return
        caller = caller_of(session.request)
        number = dialled_number(session.request, self.tenant, trunk)
        leg = self._caller_leg(session)
        session.pinned = False
        match route_from_trunk(self.tenant, number):
            case ToUser(callee):
                self._call_user(leg, caller, callee, "incoming", trunk.id)
            case Unroutable() as refusal:
                self._refuse(leg, caller, Party(number), "incoming", refusal, trunk_id=trunk.id)
            case ToTrunk():
                refusal = Unroutable(404, "Not Found")
                self._refuse(leg, caller, Party(number), "incoming", refusal, trunk_id=trunk.id)

    def _caller_leg(
        self, session: Session, *, user_id: str | None = None, device_id: str | None = None
    ) -> Leg:
        leg = Leg("a", "caller", lambda event: None, user_id=user_id, device_id=device_id)
        leg.session = session
        session.handler = leg
        if session.request is not None:
            leg.webrtc = b"UDP/TLS/RTP/SAVP" in session.request.body
        return leg

    def _call_user(
        self, leg: Leg, caller: Party, user: User, direction: Direction, trunk_id: str | None
    ) -> None:
        callee = Party(user.extension, user.name, user.id)
        reachable = [
            (device, binding, destination)
            for device in self.tenant.devices_of(user.id)
            for binding in self.registrar.of(device.id)
            if (destination := binding.destination()) is not None
        ]
        if not reachable:
            refusal = Unroutable(480, "Temporarily Unavailable")
            self._refuse(leg, caller, callee, direction, refusal, trunk_id=trunk_id)
            return
        call = self._new_call(direction, caller, callee, trunk_id)
        legs = [
            self._device_leg(call, f"b{index}", device, binding, destination)
            for index, (device, binding, destination) in enumerate(reachable)
        ]
        self._begin(call, leg, legs)

    def _device_leg(
        self, call: Call, name: str, device: Device, binding: Binding, destination: Destination
    ) -> Leg:
        leg = Leg(
            name,
            "callee",
            call.report,
            user_id=device.user_id,
            device_id=device.id,
            webrtc=device.kind == "web",
            binding=binding,
        )
        self._targets[call.tag(leg)] = (destination, binding.uri, binding.path)
        return leg

    def _trunk_leg(self, call: Call, user: User, trunk: TrunkConfig, number: str) -> Leg:
        leg = Leg("b0", "callee", call.report)
        port = None if trunk.port == 5060 else trunk.port
        self._targets[call.tag(leg)] = (
            Target(trunk.transport, trunk.host, trunk.port),
            SipUri(trunk.host, number, port),
            [outgoing_number(self.tenant, user, trunk)],
        )
        return leg

    def invite(self, call: Call, leg: Leg, offer: bytes) -> Session:
        """Places the INVITE of a called leg; the call asks for it when the leg's endpoint stands."""
        destination, uri, extra = self._targets.pop(call.tag(leg))
        trunk = self.tenant.trunks.get(call.trunk_id or "") if leg.device_id is None else None
        if trunk is not None:
            return self._invite_trunk(leg, trunk, destination, uri, number=extra[0], offer=offer)
        identity = NameAddr(SipUri(self.tenant.domain, call.caller.number or "anonymous"), call.caller.name)
        session = self._ua.invite(
            uri=uri,
            to=destination,
            from_=identity,
            to_header=NameAddr(SipUri(self.tenant.domain, call.callee.number), call.callee.name),
            contact=self._ua.contact_for(destination.transport, call.caller.number),
            offer=offer,
            handler=leg,
            headers=[("P-Asserted-Identity", str(identity))],
            route=[path for path in extra if path],
            pinned=True,
        )
        return session

    def _invite_trunk(
        self,
        leg: Leg,
        trunk: TrunkConfig,
        destination: Destination,
        uri: SipUri,
        *,
        number: str,
        offer: bytes,
    ) -> Session:
        registration = self.registrations.get(trunk.id)
        identity, headers = outgoing_headers(number, trunk)
        contact = self._ua.contact_for(trunk.transport, trunk.username or number)
        return self._ua.invite(
            uri=uri,
            to=destination,
            from_=identity,
            to_header=NameAddr(uri),
            contact=registration.contact if registration is not None else contact,
            offer=offer,
            handler=leg,
            headers=headers,
            credentials=registration.credentials if registration is not None else None,
            pinned=False,
        )

    def _new_call(self, direction: Direction, caller: Party, callee: Party, trunk_id: str | None) -> Call:
        return Call(
            f"{self._rng.getrandbits(128):032x}",
            self,
            self._switch,
            tenant_id=self.tenant.id,
            direction=direction,
            caller=caller,
            callee=callee,
            ring_timeout=self._ring_timeout,
            media_timeout=self._media_timeout,
            trunk_id=trunk_id,
        )

    def _begin(self, call: Call, caller_leg: Leg, called: list[Leg]) -> None:
        caller_leg.report_to(call.report)
        self.calls[call.id] = call
        self._start(call, call.run(caller_leg, called))
        self.call_changed(call)

    def _refuse(
        self,
        leg: Leg,
        caller: Party,
        callee: Party,
        direction: Direction,
        refusal: Unroutable,
        *,
        trunk_id: str | None = None,
    ) -> None:
        """A call that goes nowhere still leaves its record."""
        if leg.session is not None and not leg.session.ended:
            leg.session.reject(refusal.status, refusal.reason)
        call = self._new_call(direction, caller, callee, trunk_id)
        call.called_user_ids = (callee.user_id,) if callee.user_id is not None else ()
        self.call_ended(call, call.refused(refusal.status))

    def _start(self, call: Call, work: Any) -> None:
        task = asyncio.get_running_loop().create_task(self._supervise(call, work), name=f"call-{call.id}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _supervise(self, call: Call, work: Any) -> None:
        """The one place that catches whatever goes wrong in a call: it ends, the others do not notice."""
        try:
            await work
        except Exception:
            log.exception("a call failed", call=call.id, tenant=self.tenant.id)
            self.calls.pop(call.id, None)

    # -- what a call tells its owner ------------------------------------------------------------------------

    def call_changed(self, call: Call) -> None:
        """Tells everybody concerned."""
        users = _users_of(call)
        before = self._concern(call, () if call.state is CallState.ENDED else users)
        self._bus.publish(
            CallChanged(
                self.tenant.id,
                call.id,
                call.shown_state,
                call.direction,
                call.caller,
                call.callee,
                call.started_at.isoformat(),
                call.answered_at.isoformat() if call.answered_at else None,
                call.result,
                user_ids=users,
            )
        )
        self._lines_changed(tuple(dict.fromkeys((*before, *users))))

    def _concern(self, call: Call, users: tuple[str, ...]) -> tuple[str, ...]:
        """Notes whose lines a call occupies, to be found without looking at all calls; gives who it was."""
        before = self._concerned.pop(call.id, ())
        if users:
            self._concerned[call.id] = users
        for user_id in before:
            if user_id not in users:
                calls = self._calls_of[user_id]
                del calls[call.id]
                if not calls:
                    del self._calls_of[user_id]
        for user_id in users:
            self._calls_of.setdefault(user_id, {})[call.id] = call
        return before

    def call_confirmed(self, call: Call) -> None:
        """Writes the call's journal entry."""
        self._journal.put(call.id, call.snapshot())

    def call_ended(self, call: Call, record: CallRecord) -> None:
        """Takes the call off the books: record, call lists, journal, lines."""
        self.calls.pop(call.id, None)
        for leg in call.legs.values():
            self._targets.pop(call.tag(leg), None)
        entries = call_list_entries(record, call.called_user_ids)
        self._records.add(record, entries)
        self._journal.delete(call.id)
        self.finished[record.result] = self.finished.get(record.result, 0) + 1
        for entry in entries:
            self._bus.publish(CallListAdded(self.tenant.id, entry, user_ids=(entry.user_id,)))
        self._lines_changed(tuple(dict.fromkeys((*self._concern(call, ()), *_users_of(call)))))
        log.info(
            "call ended",
            call=call.id,
            tenant=self.tenant.id,
            direction=record.direction,
            result=record.result,
            status=record.sip_status,
            hangup_by=record.hangup_by,
        )

    # -- what changes around calls --------------------------------------------------------------------------

    def _lines_changed(self, user_ids: tuple[str, ...]) -> None:
        for user_id in user_ids:
            state = self.line_state(user_id)
            if self._lines.get(user_id) != state:
                self._lines[user_id] = state
                self._bus.publish(LineChanged(self.tenant.id, user_id, state))

    def _device_changed(self, device_id: str) -> None:
        device = self.tenant.devices.get(device_id)
        if device is None:
            return
        devices = self.tenant.devices_of(device.user_id)
        online = [other for other in devices if self.registrar.of(other.id)]
        self._bus.publish(
            RegistrationChanged(
                self.tenant.id,
                device.user_id,
                device_id,
                bool(self.registrar.of(device_id)),
                len(online),
                user_ids=(device.user_id,),
            )
        )
        self._lines_changed((device.user_id,))

    def _device_moved(self, device_id: str, flow: Flow) -> None:
        for call in self.calls.values():
            for leg in call.legs.values():
                if leg.device_id == device_id and leg.session is not None and not leg.session.ended:
                    leg.session.move(flow)

    def _trunk_changed(self, trunk: TrunkConfig, state: TrunkState, detail: str) -> None:
        report = log.info if state is TrunkState.REGISTERED else log.warning
        report("trunk", tenant=self.tenant.id, trunk=trunk.name, state=state.value, detail=detail)
        self._bus.publish(TrunkChanged(self.tenant.id, trunk.id, trunk.name, state.value, detail))

    # -- across a crash -------------------------------------------------------------------------------------

    def restore(self, value: dict[str, Any]) -> Call:
        """An answered call from its journal entry, not yet running. Raises KeyError, TypeError, ValueError or
        SipParseError for a damaged one."""
        caller, callee = Party(**value["caller"]), Party(**value["callee"])
        call = Call(
            value["id"],
            self,
            self._switch,
            tenant_id=self.tenant.id,
            direction=value["direction"],
            caller=caller,
            callee=callee,
            ring_timeout=self._ring_timeout,
            media_timeout=self._media_timeout,
            trunk_id=value["trunk_id"],
        )
        call.take_snapshot(value, lambda item: self._restore_leg(call, item))
        return call

    def _restore_leg(self, call: Call, item: dict[str, Any]) -> Leg:
        leg = Leg(
            item["id"],
            item["role"],
            call.report,
            user_id=item["user_id"],
            device_id=item["device_id"],
            webrtc=item["webrtc"],
        )
        leg.take_snapshot(item)
        session = item["session"]
        host, port = session["address"]
        leg.session = self._ua.restore(session, leg, Target(session["transport"], host, port))
        return leg

    def resume(self, call: Call) -> None:
        """Lets a restored call go on."""
        self.calls[call.id] = call
        self._start(call, call.resume())
        self.call_changed(call)

    def write_off(self, value: dict[str, Any], call: Call) -> None:
        """A journalled call that cannot go on still gets its record."""
        log.warning("a call could not be taken up again", call=value.get("id"), tenant=self.tenant.id)
        self.call_ended(call, call.record())


def _users_of(call: Call) -> tuple[str, ...]:
    """Whom a call concerns: everybody whose devices ring, later those who talk."""
    users = call.called_user_ids
    if call.answered_at is not None:
        users = tuple(leg.user_id for leg in call.answered_legs if leg.user_id is not None)
    return tuple(dict.fromkeys((*users, *filter(None, (call.caller.user_id,)))))
