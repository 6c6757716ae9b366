"""Replaces and Join: which dialog a new call takes the place of (RFC 3891), or joins (RFC 3911)."""

from dataclasses import dataclass
from urllib.parse import quote, unquote

from stimme.sip.errors import SipParseError
from stimme.sip.uri import SipUri, Uri, parse_params


@dataclass(frozen=True, slots=True)
class DialogId:
    """A dialog as the receiver of the header sees it: `to_tag` is the receiver's own tag (RFC 3891 §3)."""

    call_id: str
    to_tag: str
    from_tag: str
    early_only: bool = False

    @classmethod
    def parse(cls, text: str) -> "DialogId":
        """Reads Replaces or Join. Raises SipParseError."""
        call_id, _, rest = text.strip().partition(";")
        params = parse_params(rest)
        to_tag, from_tag = params.get("to-tag"), params.get("from-tag")
        if not call_id.strip() or to_tag is None or from_tag is None:
            raise SipParseError(f"not a dialog: {text[:60]!r}")
        return cls(call_id.strip(), to_tag, from_tag, "early-only" in params)

    def __str__(self) -> str:
        early = ";early-only" if self.early_only else ""
        return f"{self.call_id};to-tag={self.to_tag};from-tag={self.from_tag}{early}"


def uri_headers(uri: Uri) -> list[tuple[str, str]]:
    """The header fields that a URI carries behind its question mark, unescaped (RFC 3261 §19.1.1)."""
    if not isinstance(uri, SipUri) or not uri.headers:
        return []
    pairs = [part.partition("=") for part in uri.headers.split("&")]
    return [
        (unquote(name), unquote(value, errors="surrogateescape")) for name, equals, value in pairs if equals
    ]


def with_replaces(uri: SipUri, dialog: DialogId) -> SipUri:
    """A Refer-To URI that makes the referred party replace a dialog: an attended transfer (RFC 5589 §7)."""
    return SipUri(
        uri.host,
        uri.user,
        uri.port,
        uri.scheme,
        params={name: value for name, value in uri.params.items() if name != "method"},
        headers=f"Replaces={quote(str(dialog), safe='')}",
    )


def replaced_by(uri: Uri) -> DialogId | None:
    """The dialog that the Replaces within a Refer-To URI names, None when there is none.

    Raises SipParseError for one that cannot be read.
    """
    for name, value in uri_headers(uri):
        if name.lower() == "replaces":
            return DialogId.parse(value)
    return None
