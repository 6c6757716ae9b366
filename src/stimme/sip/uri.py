"""SIP and tel URIs, and the name-addr form that carries them (RFC 3261 §19.1, §20.10; RFC 3966)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from urllib.parse import quote, unquote

from stimme.sip.errors import SipParseError

_USER_SAFE = "-_.!~*'()&=+$,;?/"
_SAFE_USER = re.compile(r"[A-Za-z0-9\-_.!~*'()&=+$,;?/]*")
# Addresses come again and again within a call. Long ones are not kept: nobody shall fill the memory so.
_KEPT = 4096
_LONGEST_KEPT = 256
_PLAIN_VALUE = re.compile(r"[\w\-.!%*+`'~\[\]:/@$&]+")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.\-]*")
_NOT_IN_URI = re.compile(r"[\s<>\"]")
_HOST_PORT = re.compile(r"([A-Za-z0-9.\-]+)(?::([0-9]{1,4}))?")
_IPV6 = re.compile(r"[0-9A-Fa-f:.]+")
_NOT_IN_HOST = re.compile(r'[ <>"@]')
_COMPARED_IF_PRESENT = ("user", "ttl", "method", "maddr", "transport")

# A line break would end the header.
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\r": None, "\n": None, "\0": None})

# Never changed once it is made: parsed values are shared.
Params = Mapping[str, str | None]


def parse_params(text: str) -> Params:
    """Reads `;name=value;flag`, the first semicolon is optional. Names become lower case, quotes stay off."""
    params: dict[str, str | None] = {}
    if '"' not in text and "<" not in text:
        for part in text.split(";"):
            name, equals, value = part.partition("=")
            name = name.strip().lower()
            if name:
                params[name] = value.strip() if equals else None
        return params
    for part in split_outside_quotes(text, ";"):
        name, equals, value = part.partition("=")
        name = name.strip().lower()
        if name:
            params[name] = unquote_string(value.strip()) if equals else None
    return params


def format_params(params: Params) -> str:
    """Writes parameters as `;name=value`, quoting values that are not tokens."""
    if not params:
        return ""
    return "".join(
        [f";{name}" if value is None else f";{name}={_token(value)}" for name, value in params.items()]
    )


def split_outside_quotes(text: str, separator: str) -> list[str]:
    """Splits at a one-character separator that stands neither in quotes nor in angle brackets."""
    if separator not in text:
        return [text] if text else []
    if '"' not in text and "<" not in text:
        return [part for part in text.split(separator) if part.strip()]
    parts: list[str] = []
    start = depth = 0
    for found in _marks(separator).finditer(text):
        mark = found[0]
        if mark == "<":
            depth += 1
        elif mark == ">":
            depth = max(0, depth - 1)
        elif mark == separator and depth == 0:
            parts.append(text[start : found.start()])
            start = found.end()
    parts.append(text[start:])
    return [part for part in parts if part.strip()]


@cache
def _marks(separator: str) -> re.Pattern[str]:
    """What decides where a text is split: whole quoted strings, closed or not, brackets, the separator."""
    return re.compile(rf'"(?:[^"\\]|\\.)*"?|[<>{re.escape(separator)}]', re.DOTALL)


def unquote_string(text: str) -> str:
    """Takes the quotes and escapes off a quoted-string; other text comes back as it is."""
    if len(text) >= 2 and text[0] == '"' and text[-1] == '"':
        inner = text[1:-1]
        if "\\" not in inner:
            return inner
        out: list[str] = []
        escaped = False
        for char in inner:
            if char == "\\" and not escaped:
                escaped = True
                continue
            out.append(char)
            escaped = False
        return "".join(out)
    return text


def quote_string(text: str) -> str:
    """Writes a quoted-string with the escapes that RFC 3261 §25.1 asks for."""
    return '"' + text.translate(_ESCAPES) + '"'


def clean_text(text: str) -> str:
    """Text for people and for storage: bytes that were not UTF-8 become U+FFFD."""
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def _token(value: str) -> str:
    plain = (value.isascii() and value.isalnum()) or _PLAIN_VALUE.fullmatch(value)
    return value if plain else quote_string(value)


def split_host_port(text: str) -> tuple[str, int | None]:
    """Splits `host:port` or `[v6]:port`. Raises SipParseError for an empty host or a port that is none."""
    simple = _HOST_PORT.fullmatch(text)
    if simple is not None:
        return simple[1], int(simple[2]) if simple[2] else None
    if text.startswith("["):
        end = text.find("]")
        if end < 0:
            raise SipParseError(f"unclosed IPv6 address in {text!r}")
        host, rest = text[1:end], text[end + 1 :]
        if (rest and not rest.startswith(":")) or not _IPV6.fullmatch(host):
            raise SipParseError(f"not an IPv6 address: {text!r}")
        port_text = rest[1:]
    else:
        host, _, port_text = text.partition(":")
    host, port_text = host.strip(), port_text.strip()
    if not host or _NOT_IN_HOST.search(host):
        raise SipParseError(f"no host in {text!r}")
    if not port_text:
        return host, None
    if not (port_text.isascii() and port_text.isdigit() and len(port_text) < 10) or int(port_text) > 65535:
        raise SipParseError(f"not a port: {port_text!r}")
    return host, int(port_text)


def format_host_port(host: str, port: int | None) -> str:
    """Writes `host:port`, an IPv6 address in brackets."""
    shown = f"[{host}]" if ":" in host else host
    return shown if port is None else f"{shown}:{port}"


@dataclass(frozen=True, slots=True)
class SipUri:
    """A `sip:` or `sips:` URI (RFC 3261 §19.1). `user` is unescaped; `headers` is the raw text behind `?`."""

    host: str
    user: str | None = None
    port: int | None = None
    scheme: str = "sip"
    password: str | None = None
    params: Params = field(default_factory=dict)
    headers: str = ""

    @classmethod
    def parse(cls, text: str) -> "SipUri":
        """Reads a URI. Raises SipParseError."""
        return _known_sip_uri(text) if len(text) <= _LONGEST_KEPT else _read_sip_uri(text)

    def __str__(self) -> str:
        user = ""
        if self.user is not None:
            number = self.user[1:] if self.user.startswith("+") else self.user
            plain = (number.isascii() and number.isalnum()) or _SAFE_USER.fullmatch(self.user) is not None
            user = self.user if plain else quote(self.user, safe=_USER_SAFE, errors="surrogateescape")
            user += "@" if self.password is None else f":{self.password}@"
        headers = f"?{self.headers}" if self.headers else ""
        address = format_host_port(self.host, self.port)
        return f"{self.scheme}:{user}{address}{format_params(self.params)}{headers}"

    @property
    def transport(self) -> str | None:
        """The transport parameter in lower case, None when there is none."""
        value = self.params.get("transport")
        return value.lower() if value else None

    def matches(self, other: "SipUri") -> bool:
        """Equality as RFC 3261 §19.1.4 defines it."""
        if (self.scheme, self.user, self.password, self.port) != (
            other.scheme,
            other.user,
            other.password,
            other.port,
        ):
            return False
        if self.host.lower() != other.host.lower():
            return False
        for name in {*self.params, *other.params}:
            both = name in self.params and name in other.params
            if both:
                if (self.params[name] or "").lower() != (other.params[name] or "").lower():
                    return False
            elif name in _COMPARED_IF_PRESENT:
                return False
        return sorted(self.headers.lower().split("&")) == sorted(other.headers.lower().split("&"))

    def with_params(self, **params: str | None) -> "SipUri":
        """A copy with these parameters added or replaced."""
        new = {**self.params, **params}
        return SipUri(self.host, self.user, self.port, self.scheme, self.password, new, self.headers)


def _read_sip_uri(text: str) -> SipUri:
    scheme, colon, rest = text.strip().partition(":")
    scheme = scheme.lower()
    if not colon or scheme not in ("sip", "sips"):
        raise SipParseError(f"not a SIP URI: {text!r}")
    headers = ""
    if "?" in rest and "@" not in rest.partition("?")[2]:
        rest, _, headers = rest.partition("?")
    user_part, at, host_part = rest.rpartition("@")
    user: str | None = None
    password: str | None = None
    if at:
        user, secret, raw_password = user_part.partition(":")
        if not user:
            raise SipParseError(f"empty user in {text!r}")
        user = unquote(user, errors="surrogateescape") if "%" in user else user
        password = raw_password if secret else None
    address, _, params = host_part.partition(";")
    host, port = split_host_port(address)
    return SipUri(host, user, port, scheme, password, parse_params(params) if params else {}, headers)


_known_sip_uri = lru_cache(maxsize=_KEPT)(_read_sip_uri)


@dataclass(frozen=True, slots=True)
class TelUri:
    """A `tel:` URI (RFC 3966). `number` keeps its leading plus, visual separators are taken out."""

    number: str
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "TelUri":
        """Reads a tel URI. Raises SipParseError."""
        scheme, colon, rest = text.strip().partition(":")
        if not colon or scheme.lower() != "tel":
            raise SipParseError(f"not a tel URI: {text!r}")
        number, _, params = rest.partition(";")
        number = "".join(char for char in number if char not in "-.() ")
        if not number.lstrip("+"):
            raise SipParseError(f"no number in {text!r}")
        return cls(number, parse_params(params) if params else {})

    def __str__(self) -> str:
        return f"tel:{self.number}{format_params(self.params)}"


@dataclass(frozen=True, slots=True)
class OtherUri:
    """A URI of another scheme, kept as it is: `urn:service:sos` (RFC 5031), `http:`, `mailto:`, …"""

    scheme: str
    rest: str

    @classmethod
    def parse(cls, text: str) -> "OtherUri":
        """Reads scheme and rest. Raises SipParseError when there is no scheme, or white space in it."""
        scheme, colon, rest = text.strip().partition(":")
        if not colon or not rest or not _SCHEME.fullmatch(scheme) or _NOT_IN_URI.search(rest):
            raise SipParseError(f"not a URI: {text[:60]!r}")
        return cls(scheme.lower(), rest)

    def __str__(self) -> str:
        return f"{self.scheme}:{self.rest}"


Uri = SipUri | TelUri | OtherUri


def parse_uri(text: str) -> Uri:
    """Reads a URI of any scheme. Raises SipParseError."""
    scheme = text.lstrip()[:5].lower()
    if scheme.startswith(("sip:", "sips:")):
        return SipUri.parse(text)
    return TelUri.parse(text) if scheme.startswith("tel:") else OtherUri.parse(text)


@dataclass(frozen=True, slots=True)
class NameAddr:
    """Display name, URI and header parameters, as From, To, Contact and the identity headers carry them."""

    uri: Uri
    display_name: str = ""
    params: Params = field(default_factory=dict)

    @classmethod
    def parse(cls, text: str) -> "NameAddr":
        """Reads name-addr or addr-spec (RFC 3261 §20.10). Raises SipParseError."""
        return _known_name_addr(text) if len(text) <= _LONGEST_KEPT else _read_name_addr(text)

    def __str__(self) -> str:
        display = quote_string(self.display_name) + " " if self.display_name else ""
        return f"{display}<{self.uri}>{format_params(self.params)}"

    @property
    def tag(self) -> str | None:
        """The tag parameter that names one side of a dialog."""
        return self.params.get("tag")

    def with_tag(self, tag: str) -> "NameAddr":
        """A copy with this tag."""
        return NameAddr(self.uri, self.display_name, {**self.params, "tag": tag})

    @property
    def user(self) -> str:
        """The user part or the telephone number, empty when there is none."""
        return user_of(self.uri)


def user_of(uri: Uri) -> str:
    """The user part of a URI or the telephone number, empty when there is none."""
    if isinstance(uri, SipUri):
        return clean_text(uri.user) if uri.user else ""
    return clean_text(uri.number) if isinstance(uri, TelUri) else ""


def _read_name_addr(text: str) -> NameAddr:
    text = text.strip()
    opening = _opening_bracket(text)
    if opening < 0:
        # Without brackets, parameters belong to the header (§20.10).
        uri, _, params = text.partition(";")
        return NameAddr(parse_uri(uri), "", parse_params(params) if params else {})
    closing = text.find(">", opening)
    if closing < 0:
        raise SipParseError(f"unclosed angle bracket in {text!r}", opening)
    display = clean_text(unquote_string(text[:opening].strip()))
    rest = text[closing + 1 :].strip()
    return NameAddr(parse_uri(text[opening + 1 : closing]), display, parse_params(rest) if rest else {})


_known_name_addr = lru_cache(maxsize=_KEPT)(_read_name_addr)


def _opening_bracket(text: str) -> int:
    if not text.startswith('"'):
        return text.find("<")
    position = 1
    while position < len(text):
        if text[position] == "\\":
            position += 1
        elif text[position] == '"':
            return text.find("<", position)
        position += 1
    raise SipParseError(f"unclosed quotes in {text!r}")
