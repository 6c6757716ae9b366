"""Typed views of the header values that the stack itself reads."""

import re
from dataclasses import dataclass, field

from stimme.sip.errors import SipParseError
from stimme.sip.uri import Params, format_host_port, format_params, parse_params, split_host_port

MAGIC_COOKIE = "z9hG4bK"
# White space is allowed around the slashes (RFC 3261 §25.1 SLASH).
_SENT_PROTOCOL = re.compile(r"\s*SIP\s*/\s*2\.0\s*/\s*([A-Za-z0-9\-.!%*_+`'~]+)\s+", re.IGNORECASE)

# As `format_via` writes it, with what a server adds to it (RFC 3581 §4).
_OUR_VIA = re.compile(
    r"SIP/2\.0/[A-Z]+ [A-Za-z0-9.\-]+(?::[0-9]{1,4})?;branch=([A-Za-z0-9.\-]+)"
    r"(?:;(?:rport|received)(?:=[A-Za-z0-9.\-]+)?)*"
)


@dataclass(frozen=True, slots=True)
class Via:
    """One hop of a message (RFC 3261 §20.42). `transport` is lower case, `port` None when not written."""

    transport: str
    host: str
    port: int | None = None
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "Via":
        """Reads one Via value. Raises SipParseError."""
        head, _, params = text.partition(";")
        found = _SENT_PROTOCOL.match(head)
        if found is None or ";;" in text:
            raise SipParseError(f"not a Via: {text[:60]!r}")
        host, port = split_host_port(head[found.end() :].strip())
        return cls(found.group(1).lower(), host, port, parse_params(params) if params else {})

    def __str__(self) -> str:
        address = format_host_port(self.host, self.port)
        return f"SIP/2.0/{self.transport.upper()} {address}{format_params(self.params)}"

    @property
    def branch(self) -> str:
        """The branch parameter, empty for an element of RFC 2543."""
        return self.params.get("branch") or ""

    def with_source(self, host: str, port: int) -> "Via":
        """This Via with the packet's source: `received`, and `rport` when it was asked for (RFC 3581 §4).

        The same object when there is nothing to add.
        """
        if "rport" in self.params:
            params = {**self.params, "rport": str(port), "received": host}
            return Via(self.transport, self.host, self.port, params)
        if host != self.host:
            return Via(self.transport, self.host, self.port, {**self.params, "received": host})
        return self


@dataclass(frozen=True, slots=True)
class CSeq:
    """Sequence number and method of a request (RFC 3261 §20.16)."""

    number: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "CSeq":
        """Reads a CSeq. Raises SipParseError."""
        parts = text.split()
        if len(parts) == 2 and parts[0].isascii() and parts[0].isdigit():
            digits = parts[0].lstrip("0") or "0"
            if len(digits) <= 10 and int(digits) < 2**32:
                return cls(int(digits), parts[1])
        raise SipParseError(f"not a CSeq: {text[:40]!r}")

    def __str__(self) -> str:
        return f"{self.number} {self.method}"


def branch_of(via: str) -> str:
    """The branch of one Via value: `Via.parse(via).branch`, by a fast way for those that we write ourselves.

    Raises SipParseError.
    """
    found = _OUR_VIA.fullmatch(via)
    return found[1] if found is not None else Via.parse(via).branch


def format_via(transport: str, host: str, port: int | None, branch: str) -> str:
    """The Via of a request of ours, which asks for rport (RFC 3581 §3)."""
    return f"SIP/2.0/{transport.upper()} {format_host_port(host, port)};branch={branch};rport"


def parse_media_type(value: str) -> tuple[str, Params]:
    """Type and parameters of a Content-Type or of one element of Accept; the type in lower case."""
    media_type, _, params = value.partition(";")
    return media_type.strip().lower(), parse_params(params) if params else {}
