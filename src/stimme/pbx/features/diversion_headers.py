"""How diversions are told to telephones and providers: Diversion (RFC 5806) and History-Info (RFC 7044).

The newest Diversion comes first (RFC 5806 §4). History-Info is a tree: the number that was called first is
1, each diversion one level below, with the reason of RFC 4458 in the entry that was left (RFC 7044 §7.2,
§10.2).
"""

from collections.abc import Sequence
from urllib.parse import quote

from stimme.pbx.features.commands import DiversionKind
from stimme.pbx.features.diversion import Hop
from stimme.sip.errors import SipParseError
from stimme.sip.message import Request
from stimme.sip.uri import NameAddr, SipUri

_DIVERSION_REASONS = {
    DiversionKind.ALWAYS: "unconditional",
    DiversionKind.BUSY: "user-busy",
    DiversionKind.NO_REPLY: "no-answer",
    DiversionKind.NOT_REGISTERED: "unavailable",
}
# The statuses that say why an address was left.
_CAUSES = {
    DiversionKind.ALWAYS: 302,
    DiversionKind.BUSY: 486,
    DiversionKind.NO_REPLY: 408,
    DiversionKind.NOT_REGISTERED: 480,
}


def diversion_headers(
    hops: Sequence[Hop], numbers: Sequence[str], host: str, *, hidden: bool = False
) -> list[tuple[str, str]]:
    """One Diversion a hop, the newest first.

    Args:
        numbers: who diverted, as the receiver knows them (E.164 for a provider), in the order of the hops.
        hidden: the diverting users hide their number (`privacy=full`).
    """
    headers: list[tuple[str, str]] = []
    for hop, number in zip(hops, numbers, strict=True):
        reason = "do-not-disturb" if hop.silent else _DIVERSION_REASONS[hop.kind]
        privacy = "full" if hidden else "off"
        params = {"reason": reason, "counter": "1", "privacy": privacy}
        headers.append(("Diversion", str(NameAddr(SipUri(host, number), params=dict(params)))))
    return headers[::-1]


def history_headers(
    hops: Sequence[Hop], numbers: Sequence[str], last: str, host: str
) -> list[tuple[str, str]]:
    """The History-Info of a call, ending with the number that is called now; none without a diversion."""
    if not hops:
        return []
    headers: list[tuple[str, str]] = []
    index = "1"
    for hop, number in zip(hops, numbers, strict=True):
        cause = quote(f"SIP;cause={_CAUSES[hop.kind]}", safe="")
        before = {"index": index} if index == "1" else {"index": index, "mp": index.rpartition(".")[0]}
        entry = NameAddr(SipUri(host, number, headers=f"Reason={cause}"), params=dict(before))
        headers.append(("History-Info", str(entry)))
        index = f"{index}.1"
    entry = NameAddr(SipUri(host, last), params={"index": index, "mp": index.rpartition(".")[0]})
    return [*headers, ("History-Info", str(entry))]


def diversions_so_far(request: Request) -> int:
    """How often a call from outside says that it was diverted; what cannot be read counts as once."""
    total = 0
    for value in request.headers.values("Diversion"):
        try:
            counter = NameAddr.parse(value).params.get("counter") or "1"
        except SipParseError:
            counter = "1"
        total += min(int(counter), 100) if counter.isascii() and counter.isdigit() and len(counter) < 4 else 1
    return total


def diverted_by(request: Request) -> str:
    """The number of the last who diverted a call from outside, for the call list; empty when nobody did."""
    for value in request.headers.values("Diversion"):
        try:
            return NameAddr.parse(value).user
        except SipParseError:
            continue
    return ""
