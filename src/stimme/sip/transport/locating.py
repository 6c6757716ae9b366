"""Finding the servers of a SIP domain (RFC 3263): NAPTR, SRV and addresses, in the order to try them.

Policy: a numeric host or a port that is named needs no SRV; a transport that is named needs no NAPTR. Without
NAPTR records the SRV records of every transport in use are asked for, and without those the address with the
default port. Servers of one priority are drawn by weight (RFC 2782). A server that failed goes to the end of
the list for a minute. The certificate has to be for the domain that was asked for, not for the server's own
name (RFC 5922 §4).
"""

import ipaddress
import random
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from stimme.sip.flow import DEFAULT_PORTS, Target

MAX_TARGETS = 16
PENALTY = 60.0
MAX_PENALTIES = 1_000
_SERVICES = {"SIPS+D2T": "tls", "SIP+D2T": "tcp", "SIP+D2U": "udp"}
_SRV_NAMES = {"udp": "_sip._udp", "tcp": "_sip._tcp", "tls": "_sips._tcp"}


@dataclass(frozen=True, slots=True)
class NaptrRecord:
    """A NAPTR record with flag `s`: where the SRV records of a service are."""

    order: int
    preference: int
    service: str
    replacement: str


@dataclass(frozen=True, slots=True)
class SrvRecord:
    """An SRV record."""

    priority: int
    weight: int
    port: int
    target: str


class Resolver(Protocol):
    """The DNS. Every method gives an empty list when there is nothing or nobody answers."""

    async def naptr(self, name: str) -> Sequence[NaptrRecord]:
        """NAPTR records of a domain."""

    async def srv(self, name: str) -> Sequence[SrvRecord]:
        """SRV records of a name."""

    async def addresses(self, name: str) -> Sequence[str]:
        """IP addresses of a host, in the order to try them."""


class Locator:
    """See the module's docstring.

    Args:
        resolver: the DNS.
        rng: draws among servers of one priority.
        clock: seconds, for penalties.
        transports: what we can speak, the preferred first.
    """

    def __init__(
        self,
        resolver: Resolver,
        *,
        rng: random.Random,
        clock: Callable[[], float],
        transports: Sequence[str] = ("udp", "tcp", "tls"),
    ) -> None:
        self._resolver = resolver
        self._rng = rng
        self._clock = clock
        self._transports = tuple(transports)
        self._penalties: OrderedDict[Target, float] = OrderedDict()

    async def locate(
        self, host: str, port: int | None = None, *, transport: str | None = None, secure: bool = False
    ) -> list[Target]:
        """The servers of a domain, numeric, in the order to try them; empty when there are none.

        Args:
            host, port, transport: as a URI names them.
            secure: for sips: TLS and nothing else.
        """
        if secure:
            transport = "tls"
        if _is_numeric(host) or port is not None:
            chosen = transport or self._transports[0]
            found = await self._at(host, port or DEFAULT_PORTS[chosen], chosen, host)
        elif transport is not None:
            found = await self._by_srv(f"{_SRV_NAMES[transport]}.{host}", transport, host)
            found = found or await self._at(host, DEFAULT_PORTS[transport], transport, host)
        else:
            found = await self._by_naptr(host) or await self._by_every_srv(host)
            chosen = self._transports[0]
            found = found or await self._at(host, DEFAULT_PORTS[chosen], chosen, host)
        return self.in_order(found)[:MAX_TARGETS]

    async def _by_naptr(self, host: str) -> list[Target]:
        found: list[Target] = []
        records = sorted(
            await self._resolver.naptr(host), key=lambda record: (record.order, record.preference)
        )
        for record in records[:MAX_TARGETS]:
            transport = _SERVICES.get(record.service.upper())
            if transport in self._transports:
                found += await self._by_srv(record.replacement, transport or "", host)
        return found

    async def _by_every_srv(self, host: str) -> list[Target]:
        found: list[Target] = []
        for transport in self._transports:
            found += await self._by_srv(f"{_SRV_NAMES[transport]}.{host}", transport, host)
        return found

    async def _by_srv(self, name: str, transport: str, domain: str) -> list[Target]:
        found: list[Target] = []
        for record in self._drawn(await self._resolver.srv(name))[:MAX_TARGETS]:
            if record.target.strip("."):  # a single dot says that the service is not offered
                found += await self._at(record.target.rstrip("."), record.port, transport, domain)
        return found

    def _drawn(self, records: Sequence[SrvRecord]) -> list[SrvRecord]:
        """By priority, and within one by weight (RFC 2782)."""
        left = sorted(records, key=lambda record: (record.priority, record.weight))
        drawn: list[SrvRecord] = []
        while left:
            peers = [record for record in left if record.priority == left[0].priority]
            chosen = self._rng.choices(peers, weights=[record.weight or 0.1 for record in peers])[0]
            left.remove(chosen)
            drawn.append(chosen)
        return drawn

    async def _at(self, host: str, port: int, transport: str, domain: str) -> list[Target]:
        addresses = [host] if _is_numeric(host) else await self._resolver.addresses(host)
        name = domain if transport == "tls" else None
        return [Target(transport, address, port, name) for address in addresses]

    def failed(self, target: Target) -> None:
        """This server did not answer: others come first for a while."""
        self._penalties.pop(target, None)
        self._penalties[target] = self._clock() + PENALTY
        if len(self._penalties) > MAX_PENALTIES:
            self._penalties.popitem(last=False)

    def in_order(self, targets: Sequence[Target]) -> list[Target]:
        """These servers, each once, those that failed of late at the end."""
        now = self._clock()
        unique = list(dict.fromkeys(targets))
        return sorted(unique, key=lambda target: self._penalties.get(target, 0.0) > now)


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
