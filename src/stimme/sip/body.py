"""Bodies: their type, and the parts of a multipart (RFC 3261 §7.4, RFC 5621, RFC 2046 §5.1)."""

import re
from dataclasses import dataclass

from stimme.sip.headers import parse_media_type

MAX_PARTS = 16
_LINE = re.compile(rb"\r?\n")


@dataclass(frozen=True, slots=True)
class BodyPart:
    """One part: its type in lower case, its other headers with lower-case names, its bytes."""

    media_type: str
    headers: dict[str, str]
    content: bytes


def parts_of(content_type: str, body: bytes) -> list[BodyPart]:
    """The parts of a multipart body, or the body itself as the only part; none when there is no body.

    A part without Content-Type counts as text/plain. What cannot be taken apart gives no parts.
    """
    media_type, params = parse_media_type(content_type)
    if not body:
        return []
    if not media_type.startswith("multipart/"):
        return [BodyPart(media_type, {}, body)]
    boundary = params.get("boundary")
    if not boundary:
        return []
    delimiter = b"--" + boundary.encode("utf-8", "surrogateescape")
    parts: list[BodyPart] = []
    for section in (b"\r\n" + body).split(b"\r\n" + delimiter)[1 : MAX_PARTS + 1]:
        if section.startswith(b"--"):
            break
        head, _, content = section.partition(b"\r\n\r\n")
        parts.append(_part(head, content))
    return parts


def _part(head: bytes, content: bytes) -> BodyPart:
    headers: dict[str, str] = {}
    for line in _LINE.split(head):
        name, colon, value = line.decode("utf-8", "surrogateescape").partition(":")
        if colon:
            headers[name.strip().lower()] = value.strip()
    return BodyPart(parse_media_type(headers.pop("content-type", "text/plain"))[0], headers, content)


def find_part(content_type: str | None, body: bytes, media_type: str) -> bytes | None:
    """The first part of this type, None when there is none; a body without Content-Type is taken for it."""
    if not body:
        return None
    if content_type is None:
        return body
    for part in parts_of(content_type, body):
        if part.media_type == media_type:
            return part.content
    return None
