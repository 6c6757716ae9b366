"""SIP messages: bytes in, objects out, and back (RFC 3261 §7, §25)."""

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

from stimme.sip.body import find_part
from stimme.sip.errors import SipParseError
from stimme.sip.headers import CSeq, Via, branch_of
from stimme.sip.reasons import reason_phrase
from stimme.sip.uri import NameAddr, Uri, parse_uri, split_outside_quotes, user_of

T = TypeVar("T")

MAX_HEADERS = 256
MAX_HEAD_BYTES = 65536

_COMPACT = {
    "a": "Accept-Contact", "b": "Referred-By", "c": "Content-Type", "d": "Request-Disposition",
    "e": "Content-Encoding", "f": "From", "i": "Call-ID", "j": "Reject-Contact", "k": "Supported",
    "l": "Content-Length", "m": "Contact", "n": "Identity-Info", "o": "Event", "r": "Refer-To",
    "s": "Subject", "t": "To", "u": "Allow-Events", "v": "Via", "x": "Session-Expires", "y": "Identity",
}  # fmt: skip
_SPELLED = (
    "Accept", "Accept-Encoding", "Accept-Language", "Alert-Info", "Allow", "Allow-Events", "Answer-Mode",
    "Authorization", "Call-ID", "Call-Info", "Contact", "Content-Disposition", "Content-Encoding",
    "Content-Length", "Content-Type", "CSeq", "Date", "Diversion", "Error-Info", "Event", "Expires", "From",
    "History-Info", "Info-Package", "Max-Forwards", "Min-Expires", "Min-SE", "P-Asserted-Identity",
    "P-Associated-URI", "P-Called-Party-ID", "P-Preferred-Identity", "Path", "Privacy", "Proxy-Authenticate",
    "Proxy-Authorization", "Proxy-Require", "RAck", "Reason", "Record-Route", "Recv-Info", "Refer-To",
    "Referred-By", "Replaces", "Require", "Retry-After", "Route", "RSeq",
    "Server", "Service-Route", "Session-Expires", "Session-ID", "SIP-ETag", "SIP-If-Match", "Subject",
    "Subscription-State", "Supported", "To", "Unsupported", "User-Agent", "Via", "Warning",
    "WWW-Authenticate",
)  # fmt: skip
_CANONICAL: dict[str, str] = {
    **_COMPACT,
    **{name.lower(): name for name in _SPELLED},
    **{name: name for name in _SPELLED},
}
_KNOWN = frozenset(_SPELLED)
_USUAL_METHODS = frozenset({"INVITE", "ACK", "BYE", "CANCEL", "OPTIONS", "REGISTER", "INFO", "NOTIFY"})
_FOLD = re.compile(r"\r\n[ \t]+")
_VERSION = re.compile(r"SIP/\d{1,9}\.\d{1,9}", re.IGNORECASE)
_TOKEN = re.compile(r"[A-Za-z0-9\-.!%*_+`'~]+")


def canonical(name: str) -> str:
    """The one spelling of a header name that the stack uses; unknown names are capitalised at each hyphen."""
    known = _CANONICAL.get(name) or _CANONICAL.get(name.lower())
    return known or "-".join(part.capitalize() for part in name.split("-"))


class Headers:
    """Header fields in order; names compare without case, compact forms are known, values are text."""

    __slots__ = ("_fields", "_first", "_typed")

    def __init__(self, fields: Iterable[tuple[str, str]] = ()) -> None:
        known = _CANONICAL
        self._fields: list[tuple[str, str]] = [
            (known.get(name) or canonical(name), value) for name, value in fields
        ]
        self._first: dict[str, str] | None = None
        self._typed: dict[str, Any] = {}

    @classmethod
    def of(cls, fields: list[tuple[str, str]]) -> "Headers":
        """As the constructor, for names that are spelled as `canonical` does; the list becomes theirs."""
        headers = cls()
        headers._fields = fields
        headers._first = None
        headers._typed = {}
        return headers

    def get(self, name: str) -> str | None:
        """The first value of this header, None when it is absent."""
        first = self._first
        if first is None:
            first = self._first = dict(reversed(self._fields))
        value = first.get(name)
        return value if value is not None or name in _KNOWN else first.get(canonical(name))

    @property
    def repeated(self) -> bool:
        """True when some header stands on more than one line."""
        first = self._first
        if first is None:
            first = self._first = dict(reversed(self._fields))
        return len(first) != len(self._fields)

    def _changed(self, name: str) -> None:
        self._first = None
        self._typed.pop(name, None)

    def get_all(self, name: str) -> list[str]:
        """Every field value of this header, in order, not split at commas."""
        value = self.get(name)
        if value is None:
            return []
        if not self.repeated:
            return [value]
        name = _CANONICAL.get(name) or canonical(name)
        return [value for known, value in self._fields if known == name]

    def values(self, name: str) -> list[str]:
        """Every element of a comma-separated header over all its fields (RFC 3261 §7.3.1)."""
        values = self.get_all(name)
        if len(values) == 1 and values[0] and "," not in values[0]:
            return values
        return [part.strip() for value in values for part in split_outside_quotes(value, ",")]

    def add(self, name: str, value: str) -> None:
        """Appends a field."""
        name = _CANONICAL.get(name) or canonical(name)
        self._fields.append((name, value))
        self._changed(name)

    def extend(self, fields: Iterable[tuple[str, str]]) -> None:
        """Appends fields in their order."""
        known = _CANONICAL
        added = [(known.get(name) or canonical(name), value) for name, value in fields]
        if added:
            self._fields += added
            self._first = None
            for name, _ in added:
                self._typed.pop(name, None)

    def insert(self, name: str, value: str) -> None:
        """Puts a field before all others, as a Via or Route on top must stand."""
        name = _CANONICAL.get(name) or canonical(name)
        self._fields.insert(0, (name, value))
        self._changed(name)

    def set(self, name: str, value: str) -> None:
        """Replaces the first field of this name and removes the others; appends when there was none."""
        name = _CANONICAL.get(name) or canonical(name)
        self._changed(name)
        for index, (known, _) in enumerate(self._fields):
            if known == name:
                self._fields[index] = (name, value)
                rest = [field for field in self._fields[index + 1 :] if field[0] != name]
                self._fields[index + 1 :] = rest
                return
        self._fields.append((name, value))

    def change_first(self, name: str, value: str, typed: object | None = None) -> None:
        """Gives the first field of this name another value where it stands; nothing when there is none.

        `typed` is the value as `typed` would read it, from who has it already.
        """
        name = _CANONICAL.get(name) or canonical(name)
        self._changed(name)
        for index, (known, _) in enumerate(self._fields):
            if known == name:
                self._fields[index] = (name, value)
                if typed is not None:
                    self._typed[name] = typed
                return

    def remove(self, name: str) -> None:
        """Removes every field of this name."""
        name = _CANONICAL.get(name) or canonical(name)
        self._changed(name)
        self._fields = [field for field in self._fields if field[0] != name]

    def typed(self, name: str, parse: Callable[[str], T]) -> T:
        """The first element of a header, parsed once and kept. Raises SipParseError when absent or wrong."""
        cached = self._typed.get(name)
        if cached is not None:
            return cached  # type: ignore[no-any-return]  # filled below by the same parser
        value = self.get(name)
        if value is None:
            raise SipParseError(f"the header {name} is missing")
        parsed = parse(value)
        self._typed[name] = parsed
        return parsed

    def items(self) -> Iterator[tuple[str, str]]:
        """Name and value of every field, in order."""
        return iter(self._fields)

    def __contains__(self, name: str) -> bool:
        return self.get(name) is not None

    def __len__(self) -> int:
        return len(self._fields)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Headers) and self._fields == other._fields

    def __hash__(self) -> int:
        raise TypeError("headers change and cannot be hashed")

    def copy(self) -> "Headers":
        """A copy that changes by itself."""
        return Headers.of(list(self._fields))


class _Message:
    """What requests and responses share.

    Typed views raise SipParseError when the header is absent or wrong.
    """

    __slots__ = ("body", "headers")

    def __init__(self, headers: Headers | Iterable[tuple[str, str]] = (), body: bytes = b"") -> None:
        self.headers = headers if isinstance(headers, Headers) else Headers(headers)
        self.body = body

    @property
    def size(self) -> int:
        """About how many bytes the message takes on the wire."""
        return sum(len(name) + len(value) + 4 for name, value in self.headers.items()) + len(self.body) + 60

    @property
    def via(self) -> Via:
        """The topmost Via."""
        return self.headers._typed.get("Via") or self.headers.typed("Via", _first_via)

    @property
    def cseq(self) -> CSeq:
        """Sequence number and method."""
        return self.headers._typed.get("CSeq") or self.headers.typed("CSeq", CSeq.parse)

    @property
    def from_(self) -> NameAddr:
        """Who says to be calling."""
        return self.headers._typed.get("From") or self.headers.typed("From", NameAddr.parse)

    @property
    def to(self) -> NameAddr:
        """Whom the sender wanted to reach."""
        return self.headers._typed.get("To") or self.headers.typed("To", NameAddr.parse)

    @property
    def call_id(self) -> str:
        """The Call-ID."""
        return self.headers._typed.get("Call-ID") or self.headers.typed("Call-ID", str.strip)

    @property
    def sdp(self) -> bytes:
        """The session description of the body, also of a multipart body (RFC 5621); empty when none."""
        return find_part(self.headers.get("Content-Type"), self.body, "application/sdp") or b""

    @property
    def contacts(self) -> list[NameAddr]:
        """Every contact of the message; `*` is not a contact and raises SipParseError."""
        return [NameAddr.parse(value) for value in self.headers.values("Contact")]

    def _encode(self, start_line: str) -> bytes:
        lines = [start_line]
        lines += [f"{name}: {value}" for name, value in self.headers.items() if name != "Content-Length"]
        lines.append(f"Content-Length: {len(self.body)}\r\n\r\n")
        return "\r\n".join(lines).encode("utf-8", "surrogateescape") + self.body


class Request(_Message):
    """A SIP request. `bytes(request)` is its wire form; Content-Length is always written from the body."""

    __slots__ = ("method", "uri")

    def __init__(
        self, method: str, uri: Uri, headers: Headers | Iterable[tuple[str, str]] = (), body: bytes = b""
    ) -> None:
        super().__init__(headers, body)
        self.method = method
        self.uri = uri

    @property
    def max_forwards(self) -> int | None:
        """Hops left, None when the header is absent (RFC 3261 §16.3). Raises SipParseError."""
        value = self.headers.get("Max-Forwards")
        if value is None:
            return None
        if not (value.isascii() and value.isdigit() and len(value) < 10) or int(value) > 255:
            raise SipParseError(f"not a hop count: {value!r}")
        return int(value)

    @property
    def user(self) -> str:
        """The user part or number of the request URI, empty when there is none."""
        return user_of(self.uri)

    def __bytes__(self) -> bytes:
        return self._encode(f"{self.method} {self.uri} SIP/2.0")

    def __repr__(self) -> str:
        return f"<Request {self.method} {self.uri}>"


class Response(_Message):
    """A SIP response. `bytes(response)` is its wire form."""

    __slots__ = ("reason", "status")

    def __init__(
        self,
        status: int,
        reason: str | None = None,
        headers: Headers | Iterable[tuple[str, str]] = (),
        body: bytes = b"",
    ) -> None:
        super().__init__(headers, body)
        self.status = status
        self.reason = reason_phrase(status) if reason is None else reason

    @property
    def branch(self) -> str:
        """The branch of the topmost Via, which is our own. Raises SipParseError."""
        value = self.headers.get("Via")
        if value is None:
            raise SipParseError("the header Via is missing")
        return branch_of(value if "," not in value else _first_of(value).strip())

    def __bytes__(self) -> bytes:
        return self._encode(f"SIP/2.0 {self.status} {self.reason}")

    def __repr__(self) -> str:
        return f"<Response {self.status} {self.reason}>"


Message = Request | Response

_COPIED_ALWAYS = frozenset({"Via", "From", "To", "Call-ID", "CSeq", "Timestamp"})
_COPIED_TO_RESPONSE = _COPIED_ALWAYS | {"Record-Route"}


def response_to(
    request: Request, status: int, reason: str | None = None, *, tag: str | None = None
) -> Response:
    """A response with the headers that RFC 3261 §8.2.6 copies; `tag` is put on To unless one is there.

    Record-Route is copied only where a dialog can begin or ring (101–299, §12.1.1).
    """
    copied = _COPIED_TO_RESPONSE if 100 < status < 300 else _COPIED_ALWAYS
    fields = [field for field in request.headers.items() if field[0] in copied]
    if tag and status > 100 and request.to.tag is None:
        # A parameter behind To belongs to the header, with or without angle brackets (§20.10).
        fields = [(name, f"{value};tag={tag}" if name == "To" else value) for name, value in fields]
    return Response(status, reason, Headers.of(fields))


def parse_message(data: bytes) -> Message:
    """Reads one whole message, as a datagram or a framed stream delivers it.

    The body is cut to Content-Length when that header is there. Raises SipParseError, and nothing else.
    """
    skipped = 0
    while data.startswith(b"\r\n", skipped):
        skipped += 2
    end = data.find(b"\r\n\r\n", skipped)
    if end < 0:
        raise SipParseError("no empty line ends the headers", len(data))
    if end - skipped > MAX_HEAD_BYTES:
        raise SipParseError("the headers are too long", MAX_HEAD_BYTES)
    head = data[skipped:end].decode("utf-8", "surrogateescape")
    if "\r\n " in head or "\r\n\t" in head:
        head = _FOLD.sub(" ", head)
    lines = head.split("\r\n")
    if head.count("\r") != len(lines) - 1 or head.count("\n") != len(lines) - 1 or "\0" in head:
        # What we relay would read as another header at a laxer peer.
        raise SipParseError("a line break or NUL within a header")
    headers = _parse_headers(lines)
    body = _cut_body(headers, data[end + 4 :], end + 4)
    start = lines[0]
    if start[:8].upper() == "SIP/2.0 ":
        return _parse_status_line(start, headers, body)
    return _parse_request_line(start, headers, body)


def _parse_headers(lines: list[str]) -> Headers:
    if len(lines) > MAX_HEADERS:
        raise SipParseError("too many headers")
    fields: list[tuple[str, str]] = []
    known = _CANONICAL
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        if not colon:
            raise SipParseError(f"a header without a colon: {line[:40]!r}")
        found = known.get(name) or known.get(name.strip().lower())
        if found is None:
            name = name.strip()
            if not _TOKEN.fullmatch(name):
                raise SipParseError(f"not a header name: {name[:40]!r}")
            found = canonical(name)
        fields.append((found, value.strip()))
    return Headers.of(fields)


def _cut_body(headers: Headers, body: bytes, offset: int) -> bytes:
    lengths = headers.get_all("Content-Length")
    if not lengths:
        return body
    if len(lengths) > 1:
        raise SipParseError("more than one Content-Length", offset)
    length_text = lengths[0]
    if not (length_text.isascii() and length_text.isdigit() and len(length_text) < 10):
        raise SipParseError(f"not a length: {length_text[:20]!r}", offset)
    length = int(length_text)
    if length > len(body):
        raise SipParseError("the body is shorter than Content-Length says", offset)
    return body[:length]


def _parse_status_line(start: str, headers: Headers, body: bytes) -> Response:
    code, _, reason = start[8:].partition(" ")
    if not (len(code) == 3 and code.isascii() and code.isdigit() and "1" <= code[0] <= "6"):
        raise SipParseError(f"not a status code: {code[:10]!r}", 8)
    return Response(int(code), reason, headers, body)


def _parse_request_line(start: str, headers: Headers, body: bytes) -> Request:
    method, _, rest = start.partition(" ")
    uri, _, version = rest.rpartition(" ")
    if version.upper() != "SIP/2.0" or not uri:
        other = uri and _VERSION.fullmatch(version)
        raise SipParseError(f"not a SIP start line: {start[:60]!r}", status=505 if other else 400)
    if method not in _USUAL_METHODS and not _TOKEN.fullmatch(method):
        raise SipParseError(f"not a method: {method[:20]!r}")
    if uri != uri.strip() or "<" in uri or " " in uri:
        raise SipParseError(f"not a request URI: {uri[:60]!r}", len(method) + 1)
    return Request(method, parse_uri(uri), headers, body)


def _first_via(value: str) -> Via:
    return Via.parse(_first_of(value))


def _first_of(value: str) -> str:
    values = split_outside_quotes(value, ",")
    if not values:
        raise SipParseError("an empty Via")
    return values[0]
