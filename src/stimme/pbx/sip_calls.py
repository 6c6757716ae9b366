"""Which SIP dialogs belong to which call: what a trace of a whole call is put together from.

Bounded: the calls that began longest ago leave, and of one call no more than 64 legs are known.
"""

from collections import OrderedDict

MAX_CALLS = 20_000
MAX_LEGS = 64


class SipCalls:
    """See the module's docstring. `most` is how many calls are known."""

    def __init__(self, most: int = MAX_CALLS) -> None:
        self._most = most
        self._known: OrderedDict[str, tuple[str, list[str]]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._known)

    def note(self, tenant_id: str, call_id: str, sip_call_id: str) -> None:
        """A leg of a call has this Call-ID."""
        known = self._known.get(call_id)
        if known is None:
            known = self._known[call_id] = (tenant_id, [])
            if len(self._known) > self._most:
                self._known.popitem(last=False)
        legs = known[1]
        if sip_call_id not in legs and len(legs) < MAX_LEGS:
            legs.append(sip_call_id)

    def of(self, tenant_id: str, call_id: str) -> tuple[str, ...]:
        """The Call-IDs of a call; empty when it is not known, or not this tenant's."""
        owner, legs = self._known.get(call_id, ("", []))
        return tuple(legs) if owner == tenant_id else ()
