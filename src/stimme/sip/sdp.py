"""Session descriptions (RFC 8866): parse and serialise, keeping what is not understood."""

from dataclasses import dataclass, field

from stimme.sip.errors import SipParseError

Attribute = tuple[str, str | None]
_MAX_DIGITS = 20  # an NTP time stamp or a 64-bit number, as o= lines carry them


def number_of(text: str) -> int | None:
    """A decimal number in ASCII digits, None for anything else."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS else None


@dataclass(slots=True)
class MediaDescription:
    """One m= section. `connection` is the address of its c= line, None when the session's applies."""

    kind: str
    port: int
    protocol: str
    formats: list[str]
    connection: str | None = None
    attributes: list[Attribute] = field(default_factory=list)
    other: list[str] = field(default_factory=list)

    def get(self, name: str) -> str | None:
        """The first value of an attribute; empty text for a flag; None when it is absent."""
        return _attribute(self.attributes, name)

    def get_all(self, name: str) -> list[str]:
        """Every value of an attribute."""
        return [value or "" for known, value in self.attributes if known == name]


@dataclass(slots=True)
class SessionDescription:
    """A whole description. `session_id` and `version` are those of the o= line."""

    session_id: str = "0"
    version: int = 0
    address: str = "0.0.0.0"  # noqa: S104  what an absent c= line means, nothing is bound to it
    username: str = "-"
    name: str = "-"
    connection: str | None = None
    attributes: list[Attribute] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    media: list[MediaDescription] = field(default_factory=list)

    @classmethod
    def parse(cls, data: bytes) -> "SessionDescription":
        """Reads a description. Raises SipParseError."""
        text = data.decode("utf-8", "surrogateescape")
        description = cls()
        media: MediaDescription | None = None
        seen_version = False
        for number, line in enumerate(text.replace("\r\n", "\n").split("\n")):
            if not line.strip():
                continue
            if len(line) < 2 or line[1] != "=":
                raise SipParseError(f"not an SDP line: {line[:40]!r}", number)
            kind, value = line[0], line[2:].strip()
            if kind == "m":
                media = _parse_media(value)
                description.media.append(media)
            elif kind in "vos":
                seen_version |= kind == "v"
                description._parse_head(kind, value)
            else:
                _add_line(media or description, kind, value)
        if not seen_version:
            raise SipParseError("an SDP without v=")
        return description

    def _parse_head(self, kind: str, value: str) -> None:
        if kind == "o":
            self._parse_origin(value)
        elif kind == "s":
            self.name = value

    def _parse_origin(self, value: str) -> None:
        parts = value.split()
        if len(parts) != 6 or (version := number_of(parts[2])) is None:
            raise SipParseError(f"not an origin: {value[:60]!r}")
        self.username, self.session_id, self.version, self.address = (
            parts[0],
            parts[1],
            version,
            parts[5],
        )

    def get(self, name: str) -> str | None:
        """The first value of a session-level attribute."""
        return _attribute(self.attributes, name)

    def __bytes__(self) -> bytes:
        lines = [
            "v=0",
            f"o={self.username} {self.session_id} {self.version} IN {_family(self.address)} {self.address}",
            f"s={self.name}",
        ]
        # The order of lines is part of the grammar (§9).
        lines += [line for line in self.other if line[0] in "iuep"]
        if self.connection is not None:
            lines.append(f"c=IN {_family(self.connection)} {self.connection}")
        lines += [line for line in self.other if line[0] == "b"]
        lines += [line for line in self.other if line[0] in "tr"] or ["t=0 0"]
        lines += [line for line in self.other if line[0] in "zk"]
        lines += _format_attributes(self.attributes)
        for media in self.media:
            lines.append(f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}")
            lines += [line for line in media.other if line[0] == "i"]
            if media.connection is not None:
                lines.append(f"c=IN {_family(media.connection)} {media.connection}")
            lines += [line for line in media.other if line[0] != "i"]
            lines += _format_attributes(media.attributes)
        return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")


def _add_line(part: SessionDescription | MediaDescription, kind: str, value: str) -> None:
    if kind == "a":
        part.attributes.append(_parse_attribute(value))
    elif kind == "c":
        part.connection = _parse_connection(value)
    else:
        part.other.append(f"{kind}={value}")


def _family(address: str) -> str:
    return "IP6" if ":" in address else "IP4"


def _attribute(attributes: list[Attribute], name: str) -> str | None:
    for known, value in attributes:
        if known == name:
            return value or ""
    return None


def _format_attributes(attributes: list[Attribute]) -> list[str]:
    return [f"a={name}" if value is None else f"a={name}:{value}" for name, value in attributes]


def _parse_attribute(value: str) -> Attribute:
    name, colon, rest = value.partition(":")
    return (name, rest if colon else None)


def _parse_connection(value: str) -> str:
    parts = value.split()
    if len(parts) != 3 or parts[0] != "IN" or parts[1] not in ("IP4", "IP6"):
        raise SipParseError(f"not a connection: {value[:60]!r}")
    return parts[2].partition("/")[0]


def _parse_media(value: str) -> MediaDescription:
    parts = value.split()
    port = number_of(parts[1].partition("/")[0]) if len(parts) >= 4 else None
    if port is None or port > 65535:
        raise SipParseError(f"not a media line: {value[:60]!r}")
    return MediaDescription(parts[0], port, parts[2], parts[3:])
