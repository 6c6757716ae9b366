"""The registrar of one tenant (RFC 3261 §10): which device is reachable where.

Policy:
    * A device may have several bindings; a contact with the same instance and reg-id (RFC 5626) or the same
      URI replaces the old one, so a telephone that comes back from another port does not ring twice.
    * Expiry is what the device asked for, between 60 s and one hour; less is 423, a browser gets at most
      10 minutes.
    * A request of an old CSeq within the same Call-ID is answered with the current bindings and changes
      nothing.
    * Bindings are kept by the store and come back at start; connections do not, such a binding is reachable
      again once its device has registered over a new one.
    * A contact with an instance gets GRUUs when it asks (``stimme.sip.gruu``); a request to one reaches that
      instance alone. Push parameters are kept with the contact (``stimme.sip.push``).
"""

import secrets
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from stimme.pbx.model import Device
from stimme.pbx.ports import BindingStore
from stimme.sip.errors import SipParseError
from stimme.sip.flow import Destination, Flow, Target
from stimme.sip.gruu import OPTION as GRUU
from stimme.sip.gruu import GruuIssuer
from stimme.sip.message import Request
from stimme.sip.push import PushParameters, feature_caps, push_of
from stimme.sip.reliable import has_option
from stimme.sip.uri import NameAddr, SipUri, quote_string

MIN_EXPIRES = 60
MAX_EXPIRES = 3600
MAX_EXPIRES_CONNECTION = 600
DEFAULT_EXPIRES = 600
MAX_BINDINGS = 10


@dataclass(slots=True)
class Binding:
    """One registered contact.

    `expires_at` is in seconds of the wall clock, `remote` where its packets come from.
    """

    device_id: str
    contact: str
    expires_at: float
    q: float
    call_id: str
    cseq: int
    transport: str
    remote: tuple[str, int]
    instance: str = ""
    reg_id: str = ""
    path: list[str] = field(default_factory=list)
    flow: Flow | None = None

    @property
    def key(self) -> str:
        """What a new registration replaces: the same instance and reg-id, or the same contact."""
        return (
            f"{self.device_id}|{self.instance}|{self.reg_id}"
            if self.instance
            else f"{self.device_id}|{self.contact}"
        )

    @property
    def uri(self) -> SipUri:
        """The contact as a URI."""
        return SipUri.parse(self.contact)

    @property
    def push(self) -> PushParameters | None:
        """How the device could be woken (RFC 8599), None when it did not say."""
        return push_of(self.uri)

    def destination(self) -> Destination | None:
        """Where requests to this device go; None when it was connected and the connection is gone."""
        if self.path:
            hop = NameAddr.parse(self.path[0]).uri
            if isinstance(hop, SipUri):
                return Target(hop.transport or self.transport, hop.host, hop.port or 5060)
        if self.flow is not None and not self.flow.closed:
            return self.flow
        if self.transport == "udp":
            return Target("udp", *self.remote)
        if self.transport in ("tcp", "tls"):
            uri = self.uri
            return Target(self.transport, uri.host, uri.port or (5061 if self.transport == "tls" else 5060))
        return None

    def to_json(self) -> dict[str, Any]:
        """As the store keeps it."""
        names = (
            "device_id",
            "contact",
            "expires_at",
            "q",
            "call_id",
            "cseq",
            "transport",
            "instance",
            "reg_id",
            "path",
        )
        return {name: getattr(self, name) for name in names} | {"remote": list(self.remote)}

    @classmethod
    def from_json(cls, value: dict[str, Any]) -> "Binding":
        """From the store."""
        return cls(**{**value, "remote": (value["remote"][0], value["remote"][1])})


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a REGISTER is refused."""

    status: int
    reason: str
    headers: tuple[tuple[str, str], ...] = ()


class Registrar:
    """The bindings of one tenant.

    Args:
        tenant_id: whose.
        store: keeps bindings.
        wall_clock: seconds since the epoch.
        changed: called with a device id whenever that device appears or disappears.
        moved: called with a device id and its new flow when a binding got another connection.
        gruus: makes the addresses of instances; None gives none.
        token: makes random words of hexadecimal digits.
        push_services: those that are really asked to wake a device (RFC 8599).
    """

    def __init__(
        self,
        tenant_id: str,
        store: BindingStore,
        *,
        wall_clock: Callable[[], float],
        changed: Callable[[str], None],
        moved: Callable[[str, Flow], None],
        gruus: GruuIssuer | None = None,
        token: Callable[[int], str] = secrets.token_hex,
        push_services: Collection[str] = (),
    ) -> None:
        self._tenant_id = tenant_id
        self._store = store
        self._now = wall_clock
        self._changed = changed
        self._moved = moved
        self._gruus = gruus
        self._token = token
        self._push_services = push_services
        self._bindings: dict[str, dict[str, Binding]] = {}

    def restore(self, stored: dict[str, dict[str, Any]]) -> None:
        """Takes back what the store kept; what has expired meanwhile is forgotten."""
        for key, value in stored.items():
            binding = Binding.from_json(value)
            if binding.expires_at <= self._now():
                self._store.remove(key)
            else:
                self._bindings.setdefault(binding.device_id, {})[key] = binding

    def of(self, device_id: str) -> list[Binding]:
        """The current bindings of a device, best q first."""
        now = self._now()
        found = [
            binding for binding in self._bindings.get(device_id, {}).values() if binding.expires_at > now
        ]
        return sorted(found, key=lambda binding: -binding.q)

    def reachable_at(self, remote: tuple[str, int]) -> bool:
        """True when a binding that has not run out came from exactly this address and port."""
        now = self._now()
        return any(
            binding.remote == remote and binding.expires_at > now
            for bindings in self._bindings.values()
            for binding in bindings.values()
        )

    def online(self) -> set[str]:
        """Devices that are registered now."""
        return {device_id for device_id in self._bindings if self.of(device_id)}

    def expire(self) -> None:
        """Forgets what has run out; to be called now and then."""
        now = self._now()
        for device_id, bindings in list(self._bindings.items()):
            for key in [key for key, binding in bindings.items() if binding.expires_at <= now]:
                del bindings[key]
                self._store.remove(key)
            if not bindings:
                del self._bindings[device_id]
                self._changed(device_id)

    def forget(self, device_id: str) -> None:
        """Ends all registrations of a device."""
        gone = self._bindings.pop(device_id, {})
        for key in gone:
            self._store.remove(key)
        if gone:
            self._changed(device_id)

    def flow_closed(self, flow: Flow) -> None:
        """A connection is gone: browsers on it are offline at once, telephones can be connected to."""
        for device_id, bindings in list(self._bindings.items()):
            lost = [binding for binding in bindings.values() if binding.flow is flow]
            for binding in lost:
                binding.flow = None
                if binding.transport in ("ws", "wss"):
                    del bindings[binding.key]
                    self._store.remove(binding.key)
            if lost and not bindings:
                del self._bindings[device_id]
                self._changed(device_id)

    def register(self, device: Device, request: Request, flow: Flow) -> list[tuple[str, str]] | Refusal:
        """Carries out an authenticated REGISTER; gives the headers of its 200."""
        before = bool(self.of(device.id))
        values = request.headers.values("Contact")
        try:
            refusal = self._update(device, request, values, flow)
        except SipParseError as error:
            return Refusal(400, str(error)[:80])
        if refusal is not None:
            return refusal
        if bool(self.of(device.id)) != before:
            self._changed(device.id)
        asked = has_option(request, "Supported", GRUU) or has_option(request, "Require", GRUU)
        return [*self._answer(device, gruu=asked), *self._push(values)]

    def _update(self, device: Device, request: Request, values: list[str], flow: Flow) -> Refusal | None:
        default = _expires(request.headers.get("Expires"), DEFAULT_EXPIRES)
        if values == ["*"]:
            if default != 0:
                return Refusal(400, "Contact * needs Expires: 0")
            for key in self._bindings.pop(device.id, {}):
                self._store.remove(key)
            return None
        if len(values) > MAX_BINDINGS:
            return Refusal(400, "Too Many Contacts")
        contacts = [_sip_address(value) for value in values]
        for hop in request.headers.values("Path"):
            _sip_address(hop)
        wanted = [(contact, _expires(contact.params.get("expires"), default)) for contact in contacts]
        if any(0 < seconds < MIN_EXPIRES for _, seconds in wanted):
            return Refusal(423, "Interval Too Brief", (("Min-Expires", str(MIN_EXPIRES)),))
        for contact, seconds in wanted:
            self._bind(device, request, contact, seconds, flow)
        return None

    def _drop_oldest(self, bindings: dict[str, Binding]) -> None:
        oldest = min(bindings.values(), key=lambda binding: binding.expires_at)
        del bindings[oldest.key]
        self._store.remove(oldest.key)

    def _bind(self, device: Device, request: Request, contact: NameAddr, seconds: int, flow: Flow) -> None:
        longest = MAX_EXPIRES_CONNECTION if flow.transport in ("ws", "wss") else MAX_EXPIRES
        binding = Binding(
            device_id=device.id,
            contact=str(contact.uri),
            expires_at=self._now() + min(seconds, longest),
            q=_q(contact.params.get("q")),
            call_id=request.call_id,
            cseq=request.cseq.number,
            transport=flow.transport,
            remote=flow.remote,
            instance=contact.params.get("+sip.instance") or "",
            reg_id=contact.params.get("reg-id") or "",
            path=request.headers.values("Path"),
            flow=flow,
        )
        bindings = self._bindings.setdefault(device.id, {})
        old = bindings.get(binding.key)
        if old is not None and old.call_id == binding.call_id and old.cseq >= binding.cseq:
            return
        if seconds == 0:
            bindings.pop(binding.key, None)
            self._store.remove(binding.key)
            if not bindings:
                del self._bindings[device.id]
            return
        if old is None and len(bindings) >= MAX_BINDINGS:
            self._drop_oldest(bindings)
        bindings[binding.key] = binding
        self._store.save(binding.key, self._tenant_id, binding.to_json())
        if old is not None and (old.flow is not flow and old.remote != binding.remote):
            self._moved(device.id, flow)

    def behind(self, uri: SipUri, devices: Mapping[str, Device]) -> list[Binding]:
        """The contacts of the instance that a GRUU leads to, best q first; empty when it leads nowhere.

        Args:
            uri: the address.
            devices: of the tenant, by id.
        """
        if self._gruus is None or uri.host.lower() != self._gruus.domain.lower():
            return []
        found: list[Binding] = []
        for device_id in self._bindings:
            device = devices.get(device_id)
            if device is not None:
                found += self._gruus.find(uri, device.sip_user, self.of(device_id))
        return found

    def _gruu_params(self, device: Device, binding: Binding) -> str:
        if self._gruus is None or not binding.instance:
            return ""
        public = self._gruus.public(device.sip_user, binding.instance)
        temporary = self._gruus.temporary(binding, self._token(8))
        return f";pub-gruu={quote_string(str(public))};temp-gruu={quote_string(str(temporary))}"

    def _push(self, values: list[str]) -> list[tuple[str, str]]:
        if not any("pn-provider" in value for value in values):
            return []
        return [field for value in values for field in feature_caps(_uri_of(value), self._push_services)]

    def _answer(self, device: Device, *, gruu: bool) -> list[tuple[str, str]]:
        headers: list[tuple[str, str]] = []
        for binding in self.of(device.id):
            left = max(0, round(binding.expires_at - self._now()))
            instance = f';+sip.instance="{binding.instance}"' if binding.instance else ""
            reg_id = f";reg-id={binding.reg_id}" if binding.reg_id else ""
            gruus = self._gruu_params(device, binding) if gruu else ""
            headers.append(("Contact", f"<{binding.contact}>;expires={left}{instance}{reg_id}{gruus}"))
            if binding.path:
                headers.append(("Path", ", ".join(binding.path)))
        return headers


def _sip_address(value: str) -> NameAddr:
    """An address that a request can be sent to. Raises SipParseError."""
    address = NameAddr.parse(value)
    if not isinstance(address.uri, SipUri):
        raise SipParseError(f"not a SIP URI: {value!r}")
    return address


def _uri_of(value: str) -> SipUri:
    uri = _sip_address(value).uri
    return uri if isinstance(uri, SipUri) else SipUri("invalid")


def _expires(value: str | None, default: int) -> int:
    if value is None:
        return default
    return (
        min(int(value), MAX_EXPIRES) if value.isascii() and value.isdigit() and len(value) < 11 else default
    )


def _q(value: str | None) -> float:
    try:
        return min(1.0, max(0.0, float(value))) if value else 1.0
    except ValueError:
        return 1.0
