"""Answers to requests that cannot be read (RFC 3261 §8.2.6, §16.3; RFC 4475 §3.1.2).

What a response needs is looked for line by line, by a reader that is content with less than the grammar. When
it is not there, or what came is an ACK or a response, nothing is sent. The answer is stateless and no longer
than the request, so it lends itself to no amplification.
"""

import re

from stimme.sip.errors import SipParseError
from stimme.sip.message import Headers, Response, canonical

_COPIED = ("Via", "From", "To", "Call-ID", "CSeq")
_FOLDED = re.compile(r"\r?\n[ \t]+")
_LINES = re.compile(r"\r?\n")
MAX_LINES = 64


def refusal_of(data: bytes, fault: SipParseError) -> Response | None:
    """The response to bytes that `parse_message` refused, None when there is nobody to answer."""
    head = data.lstrip(b"\r\n")[:8192].partition(b"\r\n\r\n")[0].decode("utf-8", "surrogateescape")
    lines = _LINES.split(_FOLDED.sub(" ", head))[:MAX_LINES]
    method = lines[0].split(" ", 1)[0]
    if method.upper().startswith("SIP/") or method == "ACK" or "SIP/" not in lines[0].upper():
        return None
    found = Headers()
    for line in lines[1:]:
        name, colon, value = line.partition(":")
        name = canonical(name.strip())
        wanted = colon and name in _COPIED and (name == "Via" or name not in found)
        if wanted and "\0" not in value and "\r" not in value:
            found.add(name, value.strip())
    if "Via" not in found or "CSeq" not in found:
        return None
    return Response(fault.status, _reason(fault), found)


def _reason(fault: SipParseError) -> str | None:
    """The phrase says what is wrong, so that whoever debugs the other side sees it in a trace."""
    if fault.status != 400:
        return None
    return (
        f"Bad Request: {''.join(char for char in str(fault) if char.isprintable() and char.isascii())[:80]}"
    )
