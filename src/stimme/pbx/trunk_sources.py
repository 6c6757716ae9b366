"""Which trunk a call from the public network has come by.

Policy: the source must be an address of the provider's. Several trunks, also of several customers, may have
the same provider: then the word in the Contact that we registered decides (the provider calls that Contact,
RFC 3261 §10.2), else the number that was dialled. A call for the number of none of them is taken by the
first, which says that nobody has it.
"""

from typing import TYPE_CHECKING

from stimme.pbx.model import TrunkConfig
from stimme.sip.message import Request
from stimme.sip.uri import SipUri
from stimme.trunks.identity import dialled_number

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

Source = tuple[str, int]


class TrunkSources:
    """The addresses of every provider, with the trunks behind each."""

    def __init__(self) -> None:
        self._trunks: dict[Source, list[tuple[Pbx, TrunkConfig]]] = {}

    def forget(self, pbx: "Pbx") -> None:
        """A tenant's trunks are known no longer."""
        for source, known in list(self._trunks.items()):
            left = [each for each in known if each[0] is not pbx]
            if left:
                self._trunks[source] = left
            else:
                del self._trunks[source]

    def learn(self, pbx: "Pbx") -> set[str]:
        """Takes a tenant's trunks as they are now; gives the hosts that calls may come from."""
        self.forget(pbx)
        hosts = set()
        for trunk in pbx.tenant.trunks.values():
            provider = pbx.ways.providers.get(trunk.id)
            servers = [(server.host, server.port) for server in provider.servers] if provider else []
            for source in {(trunk.host, trunk.port), *servers}:
                self._trunks.setdefault(source, []).append((pbx, trunk))
                hosts.add(source[0])
        return hosts

    def find(self, source: Source, request: Request) -> "tuple[Pbx, TrunkConfig] | None":
        """The trunk that a call has come by; None for a source that is no provider's."""
        known = self._trunks.get(source)
        if known is None or len(known) == 1:
            return known[0] if known is not None else None
        found = _by_contact(known, request) or _by_number(known, request)
        return found if found is not None else known[0]


def _by_contact(known: "list[tuple[Pbx, TrunkConfig]]", request: Request) -> "tuple[Pbx, TrunkConfig] | None":
    word = request.uri.params.get("line") if isinstance(request.uri, SipUri) else None
    for pbx, trunk in known if word else ():
        registration = pbx.ways.registrations.get(trunk.id)
        if registration is not None and registration.word == word:
            return pbx, trunk
    return None


def _by_number(known: "list[tuple[Pbx, TrunkConfig]]", request: Request) -> "tuple[Pbx, TrunkConfig] | None":
    for pbx, trunk in known:
        number = dialled_number(request, pbx.tenant, trunk)
        if any(block.trunk_id == trunk.id and number.startswith(block.head) for block in pbx.tenant.numbers):
            return pbx, trunk
    return None
