"""The system's DNS for `Locator`: records by dnspython, which keeps them for their time to live."""

import asyncio
import socket
from collections.abc import Sequence

import dns.asyncresolver
import dns.exception
import dns.rdatatype
import dns.resolver

from stimme.sip.transport.locating import NaptrRecord, SrvRecord

LIFETIME = 3.0
MAX_CACHED = 5_000


class SystemResolver:
    """Asks the name servers of the machine. Addresses come from the system itself, so that /etc/hosts counts.

    Args:
        lifetime: seconds that one question may take.
    """

    def __init__(self, *, lifetime: float = LIFETIME) -> None:
        self._resolver: dns.asyncresolver.Resolver | None
        try:
            self._resolver = dns.asyncresolver.Resolver()
        except dns.resolver.NoResolverConfiguration:
            self._resolver = None
        else:
            self._resolver.cache = dns.resolver.LRUCache(MAX_CACHED)
            self._resolver.lifetime = lifetime

    async def _ask(self, name: str, kind: dns.rdatatype.RdataType) -> list[object]:
        if self._resolver is None:
            return []
        try:
            return list(await self._resolver.resolve(name, kind, raise_on_no_answer=False))
        except (dns.exception.DNSException, OSError, UnicodeError):
            return []

    async def naptr(self, name: str) -> Sequence[NaptrRecord]:
        """NAPTR records with the flag `s`."""
        found = await self._ask(name, dns.rdatatype.NAPTR)
        return [
            NaptrRecord(r.order, r.preference, r.service.decode("ascii", "replace"), str(r.replacement))  # type: ignore[attr-defined]
            for r in found
            if r.flags.lower() == b"s"  # type: ignore[attr-defined]
        ]

    async def srv(self, name: str) -> Sequence[SrvRecord]:
        """SRV records."""
        found = await self._ask(name, dns.rdatatype.SRV)
        return [SrvRecord(r.priority, r.weight, r.port, str(r.target)) for r in found]  # type: ignore[attr-defined]

    async def addresses(self, name: str) -> Sequence[str]:
        """IPv4 and IPv6 addresses in the system's order (RFC 6724)."""
        try:
            found = await asyncio.get_running_loop().getaddrinfo(name, None, type=socket.SOCK_DGRAM)
        except (OSError, UnicodeError):  # the latter for names that are no domain names
            return []
        return [str(address[4][0]) for address in found]
