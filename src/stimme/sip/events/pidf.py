"""Presence: PIDF (RFC 3863) with the activities of RPID (RFC 4480), for watchers and from PUBLISH."""

from collections.abc import Sequence
from dataclasses import dataclass

from stimme.sip.errors import SipParseError
from stimme.sip.events.markup import HEAD, Node, element, read, text

PACKAGE = "presence"
CONTENT_TYPE = "application/pidf+xml"
NAMESPACE = "urn:ietf:params:xml:ns:pidf"
_PERSON = "urn:ietf:params:xml:ns:pidf:data-model"
_RPID = "urn:ietf:params:xml:ns:pidf:rpid"
ACTIVITIES = ("away", "busy", "meal", "vacation", "on-the-phone", "meeting", "holiday", "do-not-disturb")


@dataclass(frozen=True, slots=True)
class Presence:
    """What is known of a person.

    Attributes:
        entity: whose presence, a `pres:` or `sip:` URI.
        available: can be reached (`basic` is open).
        note: a sentence for people.
        activities: of `ACTIVITIES`; `do-not-disturb` is none of RPID and is written as `busy`.
        contact: where to reach the person, None when it is not told.
    """

    entity: str
    available: bool
    note: str = ""
    activities: Sequence[str] = ()
    contact: str | None = None


def write_pidf(presence: Presence) -> bytes:
    """A PIDF document with one tuple and one person."""
    status = element("status", element("basic", "open" if presence.available else "closed"))
    contact = element("contact", text(presence.contact)) if presence.contact else ""
    note = element("note", text(presence.note)) if presence.note else ""
    content = element("tuple", status + contact + note, id="t1")
    if presence.activities:
        content += element("dm:person", _activities(presence.activities), id="p1")
    root = element("presence", content, xmlns=NAMESPACE, entity=presence.entity).replace(
        "<presence ", f'<presence xmlns:dm="{_PERSON}" xmlns:rpid="{_RPID}" ', 1
    )
    return (HEAD + root).encode()


def _activities(activities: Sequence[str]) -> str:
    known = [activity for activity in activities if activity in ACTIVITIES and activity != "do-not-disturb"]
    if "do-not-disturb" in activities and "busy" not in known:
        known.append("busy")
    return element("rpid:activities", "".join(element(f"rpid:{activity}") for activity in known))


def read_pidf(data: bytes) -> Presence:
    """Presence of a PIDF document: open when one tuple is. Raises SipParseError."""
    root = read(data)
    if root.name != "presence" or "entity" not in root.attributes:
        raise SipParseError("not a PIDF document")
    tuples = root.find_all("tuple")
    return Presence(
        root.attributes["entity"],
        any(_basic(item) == "open" for item in tuples),
        next((note.text.strip() for item in [*tuples, root] if (note := item.find("note"))), ""),
        tuple(_read_activities(root)),
        next((contact.text.strip() for item in tuples if (contact := item.find("contact"))), None),
    )


def _basic(item: Node) -> str:
    status = item.find("status")
    basic = status.find("basic") if status is not None else None
    return basic.text.strip() if basic is not None else ""


def _read_activities(root: Node) -> list[str]:
    found = [
        activity.name
        for person in root.find_all("person")
        for activities in person.find_all("activities")
        for activity in activities.children
    ]
    return [name for name in found if name in ACTIVITIES]
