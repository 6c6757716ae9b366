"""How diversions are told to telephones and providers: Diversion (RFC 5806) and History-Info (RFC 7044).

History-Info is a tree: the number that was called first is 1, each diversion one level below, with the
cause of RFC 4458 in the entry that was left (RFC 7044 §7.2, §10.2).
"""

from collections.abc import Sequence

from stimme.pbx.features.commands import DiversionKind
from stimme.pbx.features.diversion import Hop
from stimme.sip.diversion import Diversion, HistoryEntry, diversions_of
from stimme.sip.message import Message
from stimme.sip.uri import NameAddr, SipUri

_REASONS = {
    DiversionKind.ALWAYS: ("unconditional", 302),
    DiversionKind.BUSY: ("user-busy", 486),
    DiversionKind.NO_REPLY: ("no-answer", 408),
    DiversionKind.NOT_REGISTERED: ("unavailable", 404),
}


def tell_diversions(
    hops: Sequence[Hop], numbers: Sequence[str], host: str, *, hidden: bool = False
) -> list[Diversion]:
    """One Diversion a hop, the newest first (RFC 5806 §4).

    Args:
        numbers: who diverted, as the receiver knows them (E.164 for a provider), in the order of the hops.
        hidden: the diverting users hide their number.
    """
    told = [
        Diversion(
            NameAddr(SipUri(host, number)),
            "do-not-disturb" if hop.silent else _REASONS[hop.kind][0],
            withheld=hidden,
        )
        for hop, number in zip(hops, numbers, strict=True)
    ]
    return told[::-1]


def tell_history(hops: Sequence[Hop], numbers: Sequence[str], last: str, host: str) -> list[HistoryEntry]:
    """The history of a call, ending with the number that is called now; none without a diversion."""
    if not hops:
        return []
    index, before = "1", None
    entries: list[HistoryEntry] = []
    for hop, number in zip(hops, numbers, strict=True):
        target = NameAddr(SipUri(host, number))
        entries.append(HistoryEntry(target, index, _REASONS[hop.kind][1], before))
        index, before = f"{index}.1", index
    return [*entries, HistoryEntry(NameAddr(SipUri(host, last)), index, None, before)]


def diversions_so_far(message: Message) -> int:
    """How often a call from outside says that it was diverted: counts towards the limit of `resolve`."""
    return sum(found.counter for found in diversions_of(message))
