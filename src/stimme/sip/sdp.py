"""Session descriptions (RFC 8866): parse and serialise, keeping what is not understood."""

from dataclasses import dataclass, field

from stimme.sip.errors import SipParseError

Attribute = tuple[str, str | None]


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
            if kind == "v":
                seen_version = True
            elif kind == "m":
                media = _parse_media(value)
                description.media.append(media)
            elif kind == "a":
                (media or description).attributes.append(_parse_attribute(value))
            elif kind == "c":
                address = _parse_connection(value)
                if media is None:
                    description.connection = address
                else:
                    media.connection = address
            elif kind == "o":
                description._parse_origin(value)
            elif kind == "s":
                description.name = value
            else:
                (media or description).other.append(line)
        if not seen_version:
            raise SipParseError("an SDP without v=")
        return description

    def _parse_origin(self, value: str) -> None:
        parts = value.split()
        if len(parts) != 6 or not parts[2].isdigit():
            raise SipParseError(f"not an origin: {value[:60]!r}")
        self.username, self.session_id, self.version, self.address = (
            parts[0],
            parts[1],
            int(parts[2]),
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
        # Times and session bandwidth stand between the connection and the attributes (§5).
        times = [line for line in self.other if line[0] in "tr"] or ["t=0 0"]
        if self.connection is not None:
            lines.append(f"c=IN {_family(self.connection)} {self.connection}")
        lines += [line for line in self.other if line[0] == "b"] + times
        lines += _format_attributes(self.attributes)
        for media in self.media:
            lines.append(f"m={media.kind} {media.port} {media.protocol} {' '.join(media.formats)}")
            if media.connection is not None:
                lines.append(f"c=IN {_family(media.connection)} {media.connection}")
            lines += media.other + _format_attributes(media.attributes)
        return ("\r\n".join(lines) + "\r\n").encode("utf-8", "surrogateescape")


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
    port = parts[1].partition("/")[0] if len(parts) >= 4 else ""
    if not port.isdigit() or int(port) > 65535:
        raise SipParseError(f"not a media line: {value[:60]!r}")
    return MediaDescription(parts[0], int(port), parts[2], parts[3:])
