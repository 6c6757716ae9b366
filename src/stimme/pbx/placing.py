"""The legs of a call and their INVITEs: to a user's devices, to the public network, from either.

Policy on identity: colleagues see the extension, the public network the network number
(``stimme.trunks.identity``). Who hides the number is anonymous to colleagues and withheld from the called
party outside (RFC 3323, 3325: the network itself still gets it). An emergency call always shows the network
number.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stimme.pbx.features.diversion_headers import tell_diversions, tell_history
from stimme.pbx.leg import Leg
from stimme.pbx.model import Device, Tenant, TrunkConfig, User
from stimme.pbx.records import Party
from stimme.pbx.registrar import Binding, Registrar
from stimme.sip.diversion import history_fields
from stimme.sip.flow import Destination, Target
from stimme.sip.identity import ANONYMOUS, identity_fields
from stimme.sip.session import Session
from stimme.sip.session_id import PartyId
from stimme.sip.srtp_keys import PLAIN, SrtpTerms
from stimme.sip.ua import UserAgent
from stimme.sip.uri import NameAddr, SipUri
from stimme.trunks.identity import outgoing_number
from stimme.trunks.provider import PATIENCE, Provider
from stimme.trunks.registration import Registration

if TYPE_CHECKING:
    from stimme.pbx.call import Call


@dataclass(frozen=True, slots=True)
class DeviceWay:
    """How an INVITE reaches a registered device; `extra` are further headers of it."""

    destination: Destination
    uri: SipUri
    path: tuple[str, ...]
    extra: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class TrunkWay:
    """How an INVITE reaches a number outside.

    `identity` is the network number that is shown; From has `shown` in its place where that is set.
    """

    trunk: TrunkConfig
    uri: SipUri
    identity: str
    withheld: bool = False
    shown: str | None = None


class Placing:
    """Makes legs and places calls for one tenant.

    Args:
        ua: the node's user agent.
        registrar: where devices are reachable.
        registrations: of the tenant's trunks, by trunk id.
        providers: behind the tenant's trunks, by trunk id.
        tenant: the configuration as it is now.
        devices_of: the devices that are a user's now.
        escape: keys that lead to functions during a conversation; None when there are none.
        new_id: makes unique words.
    """

    def __init__(
        self,
        ua: UserAgent,
        registrar: Registrar,
        *,
        registrations: Mapping[str, Registration],
        providers: Mapping[str, Provider],
        tenant: Callable[[], Tenant],
        devices_of: Callable[[str], Iterable[Device]],
        escape: Callable[[], str | None],
        new_id: Callable[[], str],
    ) -> None:
        self._ua = ua
        self._registrar = registrar
        self._registrations = registrations
        self._providers = providers
        self._tenant = tenant
        self._devices_of = devices_of
        self._escape = escape
        self._new_id = new_id

    def incoming(
        self,
        session: Session,
        *,
        user_id: str | None = None,
        device_id: str | None = None,
        trunk_id: str | None = None,
    ) -> Leg:
        """The leg of somebody who calls us."""
        tenant = self._tenant()
        device, trunk = tenant.devices.get(device_id or ""), tenant.trunks.get(trunk_id or "")
        leg = Leg(
            self._new_id(),
            lambda event: None,
            user_id=user_id,
            device_id=device_id,
            trunk_id=trunk_id,
            srtp=_terms(device or trunk, session.destination.transport),
        )
        leg.escape = self._escape() if device is not None and device.kind == "phone" else None
        leg.session = session
        session.handler = leg
        if session.request is not None:
            leg.webrtc = b"UDP/TLS/RTP/SAVP" in session.request.sdp
        return leg

    def reachable(self, user: User) -> bool:
        """True when a telephone of the user could ring now."""
        return any(
            _way_to(device, binding) is not None
            for device in self._devices_of(user.id)
            for binding in self._registrar.of(device.id)
        )

    def to_user(
        self, user: User, extra: tuple[tuple[str, str], ...] = (), *, device_id: str | None = None
    ) -> list[Leg]:
        """A leg to each registered device of a user, or to one device only."""
        return [
            self._to_device(user, device, binding, destination, extra)
            for device in self._devices_of(user.id)
            if device_id in (None, device.id)
            for binding in self._registrar.of(device.id)
            if (destination := _way_to(device, binding)) is not None
        ]

    def to_bindings(self, user: User, bindings: Iterable[Binding]) -> list[Leg]:
        """A leg to each of these contacts of a user."""
        devices = self._tenant().devices
        return [
            self._to_device(user, devices[binding.device_id], binding, destination, ())
            for binding in bindings
            if (destination := _way_to(devices[binding.device_id], binding)) is not None
        ]

    def _to_device(
        self,
        user: User,
        device: Device,
        binding: Binding,
        destination: Destination,
        extra: tuple[tuple[str, str], ...],
    ) -> Leg:
        leg = Leg(
            self._new_id(),
            lambda event: None,
            user_id=user.id,
            device_id=device.id,
            webrtc=device.kind == "web",
            srtp=_terms(device, destination.transport),
        )
        leg.escape = self._escape() if device.kind == "phone" else None
        leg.way = DeviceWay(destination, binding.uri, tuple(path for path in binding.path if path), extra)
        return leg

    def to_trunk(
        self,
        user: User | None,
        trunk: TrunkConfig,
        number: str,
        *,
        withheld: bool = False,
        identity: str | None = None,
        shown: str | None = None,
    ) -> Leg:
        """A leg to the public network, with the network number of a user (None: the trunk's own).

        An `identity` is sent in place of that number; `shown` is what From alone shows (CLIP no screening).
        """
        terms = _terms(trunk, trunk.transport)
        leg = Leg(self._new_id(), lambda event: None, trunk_id=trunk.id, srtp=terms)
        uri = SipUri(trunk.host, number, None if trunk.port == 5060 else trunk.port)
        network = identity or outgoing_number(self._tenant(), user, trunk)
        leg.way = TrunkWay(trunk, uri, network, withheld, shown)
        return leg

    def invite(self, call: "Call", leg: Leg, offer: bytes) -> Session:
        """Places the INVITE of a called leg."""
        match leg.way:
            case DeviceWay() as way:
                return self._invite_device(call, leg, way, offer)
            case TrunkWay() as way:
                return self._invite_trunk(call, leg, way, offer)
            case _:
                raise ValueError("a leg without a way cannot be called")

    def _invite_device(self, call: "Call", leg: Leg, way: DeviceWay, offer: bytes) -> Session:
        domain = self._tenant().domain
        caller = call.caller
        if call.withheld:
            identity, asserted = ANONYMOUS, [("Privacy", "id")]
        else:
            known = self._tenant().phone_books.name_of(caller.number, leg.user_id)
            called = known if known is not None and caller.user_id is None else caller.name
            name = " ".join(filter(None, (call.display, called)))
            identity = NameAddr(SipUri(domain, caller.number or "anonymous"), name)
            asserted = [("P-Asserted-Identity", str(identity))]
        return self._ua.invite(
            uri=way.uri,
            to=way.destination,
            from_=identity,
            to_header=NameAddr(SipUri(domain, call.callee.number), call.callee.name),
            # The number would be told by the Contact, too (RFC 3323 §4.1.1.3).
            contact=self._ua.contact_for(
                way.destination.transport,
                "anonymous" if call.withheld else caller.number,
                sips=way.uri.scheme == "sips",
            ),
            offer=offer,
            handler=leg,
            headers=[*asserted, *self._diversions(call, domain, call.callee.number), *way.extra],
            route=list(way.path),
            pinned=True,
            speaks_for=_party(call),
            limits=leg.limits,
        )

    def _diversions(self, call: "Call", host: str, last: str) -> list[tuple[str, str]]:
        if not call.hops:
            return []
        numbers = [hop.number for hop in call.hops]
        told = [("Diversion", str(each)) for each in tell_diversions(call.hops, numbers, host)]
        return [*told, *history_fields(tell_history(call.hops, numbers, last, host))]

    def _invite_trunk(self, call: "Call", leg: Leg, way: TrunkWay, offer: bytes) -> Session:
        trunk = way.trunk
        registration = self._registrations.get(trunk.id)
        address = NameAddr(SipUri(trunk.host, way.identity))
        headers = identity_fields(asserted=[address], preferred=address, withheld=way.withheld)
        if registration is not None:
            headers += registration.agreement
        if call.hops:
            tenant = self._tenant()
            numbers = [self._outside(tenant, hop.number, trunk) for hop in call.hops]
            headers += [("Diversion", str(each)) for each in tell_diversions(call.hops, numbers, trunk.host)]
        provider = self._providers.get(trunk.id)
        servers = provider.ways() if provider is not None else ()
        first, *others = servers or (Target(trunk.transport, trunk.host, trunk.port),)
        return self._ua.invite(
            uri=way.uri,
            to=first,
            from_=ANONYMOUS if way.withheld else NameAddr(SipUri(trunk.host, way.shown or way.identity)),
            to_header=NameAddr(way.uri),
            contact=registration.contact
            if registration is not None
            else self._ua.contact_for(trunk.transport, trunk.username or way.identity),
            offer=offer,
            handler=leg,
            headers=headers,
            route=registration.service_route if registration is not None else (),
            credentials=registration.credentials if registration is not None else None,
            pinned=False,
            alternatives=others,
            patience=PATIENCE,
            speaks_for=_party(call),
            limits=leg.limits,
        )

    def _outside(self, tenant: Tenant, extension: str, trunk: TrunkConfig) -> str:
        """A diverting number as the provider knows it."""
        user = tenant.by_extension(extension)
        return outgoing_number(tenant, user, trunk) if user is not None else extension


def _terms(peer: Device | TrunkConfig | None, transport: str) -> SrtpTerms:
    """What holds for the speech with a telephone or provider; that of browsers is DTLS-SRTP in any case."""
    if peer is None or peer.kind == "web":
        return PLAIN
    return SrtpTerms.over(peer.srtp, transport)


def _way_to(device: Device, binding: Binding) -> Destination | None:
    """Where a telephone is; None for one that must not speak without keys and cannot be told any."""
    destination = binding.destination()
    if destination is None or not _terms(device, destination.transport).possible:
        return None
    return destination


def party_of(user: User) -> Party:
    """A user as records and displays show it."""
    return Party(user.extension, user.name, user.id)


def _party(call: "Call") -> PartyId | None:
    """Who the call is from, as its Session-ID says (RFC 7989)."""
    session = call.anchor.session if call.anchor is not None else None
    return session.party if session is not None else None
