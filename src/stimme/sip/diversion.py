"""Where a call was diverted: Diversion (RFC 5806) and History-Info (RFC 7044), read and written."""

from collections.abc import Sequence
from dataclasses import dataclass

from stimme.sip.errors import SipParseError
from stimme.sip.message import Message
from stimme.sip.replaces import uri_headers
from stimme.sip.uri import NameAddr, SipUri, parse_params

REASONS = (
    "unconditional",
    "user-busy",
    "no-answer",
    "unavailable",
    "time-of-day",
    "do-not-disturb",
    "deflection",
)
# The causes of RFC 4458 §2 that History-Info writers put into Reason.
_CAUSES = {
    "302": "unconditional",
    "486": "user-busy",
    "408": "no-answer",
    "480": "deflection",
    "404": "unavailable",
}
_MOST = 20


@dataclass(frozen=True, slots=True)
class Diversion:
    """One diversion.

    Attributes:
        by: who was called and diverted.
        reason: one of `REASONS`, or `unknown`.
        counter: how many diversions this entry stands for.
        withheld: the diverting number is not to be shown.
    """

    by: NameAddr
    reason: str = "unknown"
    counter: int = 1
    withheld: bool = False

    def __str__(self) -> str:
        params = {"reason": self.reason, "counter": str(self.counter)}
        params["privacy"] = "full" if self.withheld else "off"
        return str(NameAddr(self.by.uri, self.by.display_name, dict(params)))


def read_diversions(message: Message) -> list[Diversion]:
    """Every Diversion, the last diversion first, as RFC 5806 §5 orders them; unreadable ones are left out."""
    found: list[Diversion] = []
    for value in message.headers.values("Diversion")[:_MOST]:
        try:
            address = NameAddr.parse(value)
        except SipParseError:
            continue
        reason = (address.params.get("reason") or "unknown").lower()
        counter = address.params.get("counter") or "1"
        found.append(
            Diversion(
                NameAddr(address.uri, address.display_name),
                reason if reason in REASONS else "unknown",
                int(counter) if counter.isascii() and counter.isdigit() and len(counter) < 4 else 1,
                (address.params.get("privacy") or "off").lower() not in ("off", "none"),
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class HistoryEntry:
    """One target of a call's history.

    Attributes:
        target: whom the request went to.
        index: its place in the tree: `1`, `1.1`, … (§10.1).
        cause: the status that sent the call on from here, None when it did not.
        mapped_from: the index of the entry that was diverted to this one (`mp`), None otherwise.
    """

    target: NameAddr
    index: str
    cause: int | None = None
    mapped_from: str | None = None

    def __str__(self) -> str:
        uri = self.target.uri
        if self.cause is not None and isinstance(uri, SipUri):
            reason = f"Reason=SIP%3Bcause%3D{self.cause}"
            headers = f"{uri.headers}&{reason}" if uri.headers else reason
            uri = SipUri(uri.host, uri.user, uri.port, uri.scheme, uri.password, uri.params, headers)
        params: dict[str, str | None] = {"index": self.index}
        if self.mapped_from is not None:
            params["mp"] = self.mapped_from
        return str(NameAddr(uri, self.target.display_name, params))


def read_history(message: Message) -> list[HistoryEntry]:
    """History-Info in the order of the header; unreadable entries are left out."""
    found: list[HistoryEntry] = []
    for value in message.headers.values("History-Info")[:_MOST]:
        try:
            address = NameAddr.parse(value)
        except SipParseError:
            continue
        index = address.params.get("index") or ""
        found.append(HistoryEntry(_plain(address), index, _cause(address), address.params.get("mp")))
    return found


def _plain(address: NameAddr) -> NameAddr:
    uri = address.uri
    if isinstance(uri, SipUri):
        uri = SipUri(uri.host, uri.user, uri.port, uri.scheme, uri.password, uri.params)
    return NameAddr(uri, address.display_name)


def _cause(address: NameAddr) -> int | None:
    for name, value in uri_headers(address.uri):
        if name.lower() == "reason":
            cause = parse_params(value.partition(";")[2]).get("cause") or ""
            return int(cause) if cause.isascii() and cause.isdigit() and len(cause) == 3 else None
    return None


def diversions_of(message: Message) -> list[Diversion]:
    """The diversions of a call, the last one first, from Diversion or else from History-Info."""
    told = read_diversions(message)
    if told:
        return told
    entries = read_history(message)
    return [
        Diversion(entry.target, _CAUSES.get(str(entry.cause), "unknown"))
        for entry in reversed(entries[:-1])
        if entry.cause is not None
    ]


def history_fields(entries: Sequence[HistoryEntry]) -> list[tuple[str, str]]:
    """The History-Info headers of a request of ours, with `Supported: histinfo` left to the caller."""
    return [("History-Info", str(entry)) for entry in entries]
