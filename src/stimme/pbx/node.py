"""A node: the tenants of one process, their SIP user agent and their media engine.

Who is calling is decided here. A request of one of our devices must be authenticated by digest (RFC 8760):
the tenant follows from the device, never from what From says. A call from a trunk is recognised by the source
address of the trunk's provider (``stimme.pbx.trunk_sources``). Everything else is challenged, so that a
stranger learns nothing about who exists.
"""

import asyncio
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import structlog

from stimme.media import Engine, EngineError, MediaEvent
from stimme.pbx.blf import BusyLamps
from stimme.pbx.bus import EventBus
from stimme.pbx.emergency_numbers import emergency_number
from stimme.pbx.entitlement import device_refused, tell_changes, withdraw_registrations
from stimme.pbx.guard import GuessingGuard
from stimme.pbx.model import Device, Tenant
from stimme.pbx.pbx import Pbx
from stimme.pbx.ports import BindingStore, CallRecords, Journal, RecordingStore, Sounds, StateStore, Stored
from stimme.pbx.presence import PublishedPresence
from stimme.pbx.registrar import Refusal
from stimme.pbx.routing import dialled_of
from stimme.pbx.sip_calls import SipCalls
from stimme.pbx.switch import Switch
from stimme.pbx.taking_up import TakingUp
from stimme.pbx.texting import Texting
from stimme.pbx.trunk_sources import TrunkSources
from stimme.sip.agreement import SecurityAgreement, mechanisms
from stimme.sip.auth import DigestServer, Rejected, Stale, Verified
from stimme.sip.flow import Flow
from stimme.sip.message import Request
from stimme.sip.session import Session
from stimme.sip.trace import TraceEntry
from stimme.sip.transaction import ServerTransaction
from stimme.sip.transport.locating import Locator, Resolver
from stimme.sip.ua import UserAgent
from stimme.sip.uri import SipUri

log = structlog.get_logger("stimme.node")

OWNER = "call-control"
ENGINE_RETRY = 0.1
EXPIRY_CHECK = 5.0
ACCEPTED = "application/sdp, application/dtmf-relay, application/dtmf"


class Node:
    """See the module's docstring. It is the handler of the user agent, set by `attach` once both exist.

    Args:
        bus: where the tenants' events go.
        bindings, journal, records, store: the store's side.
        sounds: prompts and music on hold.
        clock, wall_clock: seconds, monotonic and since the epoch.
        rng: for identifiers.
        key: the node's secret: signs digest nonces, makes words that must be the same after a restart.
        algorithms: digest algorithms that are offered, the preferred one first.
        limits: whether guessing is slowed down.
        ring_timeout, media_timeout: seconds, of every call.
        resolver: the DNS, for the servers of providers; None takes their addresses as they are configured.
        recordings: keeps recordings of calls; None: there are none.
        agreement_required: telephones must agree with us on security (``stimme.sip.agreement``).
    """

    def __init__(
        self,
        *,
        bus: EventBus,
        bindings: BindingStore,
        journal: Journal,
        records: CallRecords,
        store: StateStore,
        sounds: Sounds,
        clock: Callable[[], float],
        wall_clock: Callable[[], float],
        rng: random.Random,
        key: bytes,
        algorithms: tuple[str, ...],
        limits: bool,
        ring_timeout: float,
        media_timeout: float,
        resolver: Resolver | None = None,
        recordings: RecordingStore | None = None,
        agreement_required: bool = False,
    ) -> None:
        self.bus = bus
        self.switch = Switch()
        self.tenants: dict[str, Pbx] = {}
        self.sip_calls = SipCalls()
        self._bindings = bindings
        self._journal = journal
        self._records = records
        self._store = store
        self._sounds = sounds
        self._recordings = recordings
        self._clock = clock
        self._wall_clock = wall_clock
        self._rng = rng
        self._key = key
        self._algorithms = algorithms
        self._agreement_required = agreement_required
        self._guard = GuessingGuard(clock, enabled=limits)
        self._timeouts = (ring_timeout, media_timeout)
        self._locator = Locator(resolver, rng=rng, clock=clock) if resolver is not None else None
        self._devices: dict[str, tuple[Pbx, Device]] = {}
        self._sip_users: dict[str, tuple[str, ...]] = {}
        self._sources = TrunkSources()
        self._digest: dict[str, DigestServer] = {}
        self._ua: UserAgent | None = None
        self._lamps: BusyLamps | None = None
        self._presence: PublishedPresence | None = None
        self._texting: Texting | None = None
        self._trust: Callable[[str], None] = lambda address: None
        self._instance = ""
        self._started = False

    def attach(self, ua: UserAgent, trust: Callable[[str], None]) -> None:
        """Gives the node its user agent, and says what its calls can do beyond the plain ones.

        Args:
            ua: the user agent.
            trust: told of each address that proved who it is: it may send more than strangers.
        """
        self._ua = ua
        self._trust = trust
        self._presence = PublishedPresence(ua)
        self._lamps = BusyLamps(ua, self.tenants, self._presence)
        self._texting = Texting(ua)
        ua.enable("REFER", "NOTIFY", "SUBSCRIBE", "PUBLISH", "MESSAGE", options=("replaces", "join"))
        ua.agreement = SecurityAgreement(
            lambda: mechanisms(self._algorithms, tls="tls" in ua.addresses),
            self._first_challenge,
            required=self._must_agree,
        )
        ua.contact_behind = self._contact_behind
        ua.urgent = lambda request: emergency_number(dialled_of(request.uri)) is not None
        if self._locator is not None:
            ua.on_unreachable = self._locator.failed

    @property
    def ua(self) -> UserAgent:
        """The user agent. Raises RuntimeError before `attach`."""
        if self._ua is None:
            raise RuntimeError("the node has no user agent yet")
        return self._ua

    # -- tenants --------------------------------------------------------------------------------------------

    async def add_tenant(self, tenant: Tenant) -> Pbx:
        """Takes a tenant in: what the store kept of it comes back; its trunks register once we started."""
        bindings, states = await self._bindings.load(tenant.id), await self._store.load(tenant.id)
        return self._take_in(tenant, bindings.get(tenant.id, {}), states.get(tenant.id, {}))

    async def add_tenants(self, tenants: Iterable[Tenant]) -> None:
        """Takes many in: the store is asked once for all."""
        bindings, states = await self._bindings.load(), await self._store.load()
        for tenant in tenants:
            self._take_in(tenant, bindings.get(tenant.id, {}), states.get(tenant.id, {}))

    def _take_in(self, tenant: Tenant, bindings: Stored, states: Stored) -> Pbx:
        ring_timeout, media_timeout = self._timeouts
        pbx = Pbx(
            tenant,
            ua=self.ua,
            switch=self.switch,
            bus=self.bus,
            bindings=self._bindings,
            journal=self._journal,
            records=self._records,
            store=self._store,
            sounds=self._sounds,
            wall_clock=self._wall_clock,
            rng=self._rng,
            key=self._key,
            ring_timeout=ring_timeout,
            media_timeout=media_timeout,
            locator=self._locator,
            sip_calls=self.sip_calls,
            moved=lambda: self._moved(tenant.id),
            recordings=self._recordings,
        )
        self.tenants[tenant.id] = pbx
        if self._lamps is not None:
            self._lamps.watch(pbx)
        self._digest[tenant.id] = DigestServer(tenant.domain, self._key, clock=self._wall_clock)
        pbx.registrar.restore(bindings)
        withdraw_registrations(tenant, pbx.registrar)
        pbx.restore_state(states)
        self._index(pbx)
        if self._started:
            pbx.start()
        return pbx

    def start(self) -> None:
        """Lets the trunks register: from here on calls can come."""
        self._started = True
        for pbx in self.tenants.values():
            pbx.start()

    async def update_tenant(self, tenant: Tenant) -> None:
        """Takes over a tenant's configuration after a change in the store; a new tenant is taken in."""
        pbx = self.tenants.get(tenant.id)
        if pbx is None:
            await self.add_tenant(tenant)
            return
        before = pbx.tenant
        pbx.reconfigure(tenant)
        self._index(pbx)
        withdraw_registrations(tenant, pbx.registrar)
        tell_changes(before, tenant, self.bus)

    def _moved(self, tenant_id: str) -> None:
        """The servers of a tenant's provider have other addresses now."""
        pbx = self.tenants.get(tenant_id)
        if pbx is not None:
            self._index(pbx)

    async def remove_tenant(self, tenant_id: str) -> None:
        """Forgets a tenant for good: its calls end, its devices and trunks are strangers from here on."""
        pbx = self.tenants.pop(tenant_id, None)
        if pbx is None:
            return
        self._forget_devices(pbx)
        self._sources.forget(pbx)
        del self._digest[tenant_id]
        await pbx.leave()

    def _index(self, pbx: Pbx) -> None:
        self._forget_devices(pbx)
        for device in pbx.tenant.devices.values():
            self._devices[device.sip_user] = (pbx, device)
        self._sip_users[pbx.tenant.id] = tuple(device.sip_user for device in pbx.tenant.devices.values())
        for host in self._sources.learn(pbx):
            self._trust(host)

    def _forget_devices(self, pbx: Pbx) -> None:
        for user in self._sip_users.pop(pbx.tenant.id, ()):
            self._devices.pop(user, None)

    # -- SIP ------------------------------------------------------------------------------------------------

    def on_invite(self, session: Session, request: Request, flow: Flow) -> None:
        """A call arrives: from a trunk by its address, else from a device by digest."""
        trunk = self._sources.find(flow.remote, request)
        if trunk is not None:
            self._trust(flow.remote[0])
            trunk[0].call_from_trunk(session, trunk[1])
            return
        if self._shut_out(flow) and emergency_number(dialled_of(request.uri)) is None:
            session.reject(403)
            return
        pbx, _ = self._claimed(request)
        verdict = self._verify(request, flow, pbx, proxy=True)
        known = self._devices.get(verdict.username) if isinstance(verdict, Verified) else None
        if known is not None:
            session.pinned = True
            known[0].call_from_device(session, known[1])
            return
        session.reject(407, None, self._challenge(407, pbx, verdict))

    def _shut_out(self, flow: Flow) -> bool:
        """True for a source that has guessed passwords, unless a telephone of ours is registered there.

        Attacker and telephones may share the address of one router; a telephone has its own port.
        """
        if not self._guard.blocked(flow.remote[0]):
            return False
        return not any(pbx.registrar.reachable_at(flow.remote) for pbx in self.tenants.values())

    def on_request(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        """A request outside a dialog, of one of our telephones; other methods are not served."""
        if request.method == "OPTIONS":
            transaction.respond(200, None, [("Allow", self.ua.allow), ("Accept", ACCEPTED)])
        elif request.method == "REGISTER":
            self._register(transaction, request, flow)
        elif request.method == "SUBSCRIBE":
            self._subscribe(transaction, request, flow)
        elif request.method == "PUBLISH":
            self._publish(transaction, request, flow)
        elif request.method == "MESSAGE":
            self._message(transaction, request, flow)
        else:
            transaction.respond(405, None, [("Allow", self.ua.allow)])

    def attacks(self) -> dict[str, int]:
        """What the node has refused since the start, by kind."""
        return {"wrong_passwords": self._guard.failures, "blocked_for_guessing": self._guard.blocks}

    def trace(self, tenant_id: str, call_id: str) -> list[TraceEntry]:
        """The SIP messages of all legs of a call, as far as they are in memory."""
        return self.ua.trace(*self.sip_calls.of(tenant_id, call_id))

    def _contact_behind(self, uri: SipUri) -> SipUri | None:
        """The contact of the device that a GRUU of ours stands for."""
        for pbx in self.tenants.values():
            if pbx.tenant.domain == uri.host.lower():
                return next((each.uri for each in pbx.registrar.behind(uri, pbx.tenant.devices)), None)
        return None

    def flow_closed(self, flow: Flow) -> None:
        """A connection is gone."""
        for pbx in self.tenants.values():
            pbx.registrar.flow_closed(flow)

    def _register(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        known = self._authenticated(transaction, request, flow)
        if known is None:
            return
        owner, device = known
        if request.to.user != device.sip_user:
            transaction.respond(403, "Another User's Address")
            return
        outcome = device_refused(owner.tenant, device) or owner.registrar.register(device, request, flow)
        if isinstance(outcome, Refusal):
            transaction.respond(outcome.status, outcome.reason, list(outcome.headers))
        else:
            transaction.respond(200, None, outcome)

    def _subscribe(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        known = self._authenticated(transaction, request, flow)
        if known is None or self._lamps is None:
            return
        owner, device = known
        self._lamps.subscribe(transaction, request, flow, owner, device)

    def _publish(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        known = self._authenticated(transaction, request, flow)
        if known is not None and self._presence is not None:
            self._presence.publish(transaction, request, *known)

    def _message(self, transaction: ServerTransaction, request: Request, flow: Flow) -> None:
        known = self._authenticated(transaction, request, flow)
        if known is not None and self._texting is not None:
            self._texting.message(transaction, request, *known)

    def _authenticated(
        self, transaction: ServerTransaction, request: Request, flow: Flow
    ) -> tuple[Pbx, Device] | None:
        """The device that a request comes from; None when it was refused or challenged."""
        pbx, _ = self._claimed(request)
        if self._shut_out(flow):
            transaction.respond(403)
            return None
        verdict = self._verify(request, flow, pbx, proxy=False)
        if not isinstance(verdict, Verified):
            transaction.respond(401, None, self._challenge(401, pbx, verdict))
            return None
        return self._devices[verdict.username]

    def _claimed(self, request: Request) -> tuple[Pbx | None, Device | None]:
        """Whom a request claims to come from: decides the realm of the challenge, nothing else."""
        known = self._devices.get(request.from_.user)
        if known is not None:
            return known
        domain = getattr(request.from_.uri, "host", "").lower()
        for pbx in self.tenants.values():
            if pbx.tenant.domain == domain:
                return pbx, None
        return next(iter(self.tenants.values()), None), None

    def _verify(
        self, request: Request, flow: Flow, pbx: Pbx | None, *, proxy: bool
    ) -> Verified | Stale | Rejected:
        if pbx is None:
            return Rejected("no tenant")
        digest = self._digest[pbx.tenant.id]
        verdict = digest.verify(request, self._lookup, proxy=proxy)
        if isinstance(verdict, Rejected) and verdict.guessed:
            blocked = self._guard.failed(flow.remote[0])
            log.warning(
                "authentication failed", source=flow.remote[0], user=verdict.username, reason=verdict.reason
            )
            if blocked:
                log.warning("source blocked for guessing passwords", source=flow.remote[0])
        elif isinstance(verdict, Verified):
            self._guard.succeeded(flow.remote[0])
            self._trust(flow.remote[0])
        return verdict

    def _lookup(self, user: str, realm: str, algorithm: str) -> str | None:
        known = self._devices.get(user)
        if known is None or known[0].tenant.domain != realm:
            return None
        return known[1].ha1.get(algorithm)

    def _must_agree(self, request: Request, flow: Flow) -> bool:
        """Every telephone, where that is set; a provider is no telephone, and emergency calls never wait."""
        return (
            self._agreement_required
            and emergency_number(dialled_of(request.uri)) is None
            and self._sources.find(flow.remote, request) is None
        )

    def _first_challenge(self, request: Request) -> list[tuple[str, str]]:
        """The challenge of a request whose credentials were not looked at."""
        pbx, _ = self._claimed(request)
        return self._challenge(407 if request.method == "INVITE" else 401, pbx, Rejected("no agreement"))

    def _challenge(
        self, status: int, pbx: Pbx | None, verdict: Verified | Stale | Rejected
    ) -> list[tuple[str, str]]:
        if pbx is None:
            return []
        return self._digest[pbx.tenant.id].challenge(
            status, stale=isinstance(verdict, Stale), algorithms=self._algorithms
        )

    # -- the engine -----------------------------------------------------------------------------------------

    async def keep_engine(self, socket: Path, ready: asyncio.Event) -> None:
        """Stays connected to the engine until cancelled; a new engine process gets all calls' media again."""
        while True:
            engine = await self._connect(socket)
            if engine is None:
                await asyncio.sleep(ENGINE_RETRY)
                continue
            died = self._instance not in ("", engine.instance)
            self._instance = engine.instance
            self.switch.connected(engine)
            log.info("media engine connected", instance=engine.instance, version=engine.version)
            if not ready.is_set():
                try:
                    await TakingUp(self.tenants, self._journal, self.ua, OWNER).run(engine)
                except EngineError:
                    continue  # it died at once: the next one is asked the same
                ready.set()
            elif died:
                for pbx in self.tenants.values():
                    pbx.media_lost()
            await engine.closed
            log.warning("media engine lost")

    async def _connect(self, socket: Path) -> Engine | None:
        try:
            return await Engine.connect(socket, owner=OWNER, on_event=self._media_event)
        except (OSError, EngineError):
            return None

    def _media_event(self, event: MediaEvent) -> None:
        for pbx in self.tenants.values():
            pbx.media_event(event)

    async def watch_expiry(self) -> None:
        """Forgets registrations that have run out, until cancelled."""
        while True:
            await asyncio.sleep(EXPIRY_CHECK)
            for pbx in self.tenants.values():
                pbx.registrar.expire()

    async def close(self) -> None:
        """Stops every tenant; calls are not ended."""
        await asyncio.gather(*(pbx.close() for pbx in self.tenants.values()))
