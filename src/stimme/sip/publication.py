"""Published event state (RFC 3903): entity tags and expiry of what telephones PUBLISH, without I/O.

Policy: the application authenticates a PUBLISH and says for which resource and package it is. The first one
of a publication carries a body and gets a tag; a refresh names the tag and has no body, a change names it and
has one, a removal has `Expires: 0`. An unknown tag is answered with 412, so that the phone publishes anew.
"""

from collections.abc import Callable
from dataclasses import dataclass

from stimme.sip.message import Request
from stimme.sip.session_timer import delta_seconds
from stimme.sip.timers import Alarm, AlarmQueue
from stimme.sip.transaction import ServerTransaction

DEFAULT_EXPIRES = 3600
SHORTEST = 60
MOST_PER_RESOURCE = 10


@dataclass(slots=True)
class Publication:
    """One device's published state; `owner` is that device, as the application names it."""

    resource: str
    package: str
    body: bytes
    owner: str = ""
    alarm: Alarm | None = None


class Publications:
    """The state published to a user agent.

    Args:
        now: the clock.
        alarms: wakes us.
        token: makes entity tags.
        changed: called with package and resource after every change.
        longest: seconds that are granted.
        most: publications kept; a further one is refused with 503.
    """

    def __init__(
        self,
        now: Callable[[], float],
        alarms: AlarmQueue,
        token: Callable[[], str],
        changed: Callable[[str, str], None],
        *,
        longest: int = DEFAULT_EXPIRES,
        most: int = 100_000,
    ) -> None:
        self._now = now
        self._alarms = alarms
        self._token = token
        self._changed = changed
        self._longest = longest
        self._most = most
        self._kept: dict[str, Publication] = {}
        self._tags: dict[tuple[str, str], list[str]] = {}

    def __len__(self) -> int:
        """Publications alive."""
        return len(self._kept)

    def state(self, package: str, resource: str) -> list[bytes]:
        """What is published for a resource, the newest last."""
        return [self._kept[tag].body for tag in self._tags.get((package, resource), [])]

    def publish(
        self,
        transaction: ServerTransaction,
        request: Request,
        package: str,
        resource: str,
        *,
        owner: str = "",
    ) -> None:
        """Answers a PUBLISH; `owner` is whom `withdraw` is asked for."""
        found = delta_seconds(request, "Expires")
        seconds = min(DEFAULT_EXPIRES if found is None else found[0], self._longest)
        if 0 < seconds < SHORTEST:
            transaction.respond(423, None, [("Min-Expires", str(SHORTEST))])
            return
        old = request.headers.get("SIP-If-Match")
        before = self._kept.get(old.strip()) if old is not None else None
        if old is not None and (before is None or (before.package, before.resource) != (package, resource)):
            transaction.respond(412)
        elif before is None and not request.body:
            transaction.respond(400, "Nothing To Publish")
        elif before is None and self._full(package, resource):
            transaction.respond(503, None, [("Retry-After", "60")])
        else:
            body = request.body or (before.body if before is not None else b"")
            publication = Publication(resource, package, body, owner)
            tag = self._replace(old.strip() if old is not None else None, publication, seconds)
            transaction.respond(200, None, [("SIP-ETag", tag), ("Expires", str(seconds))])
            if request.body or not seconds:
                self._changed(package, resource)

    def withdraw(self, owner: str) -> None:
        """Takes back all that one device has published."""
        for tag in [tag for tag, kept in self._kept.items() if kept.owner == owner]:
            publication = self._drop(tag)
            self._changed(publication.package, publication.resource)

    def _full(self, package: str, resource: str) -> bool:
        return (
            len(self._kept) >= self._most or len(self._tags.get((package, resource), ())) >= MOST_PER_RESOURCE
        )

    def _replace(self, old: str | None, publication: Publication, seconds: int) -> str:
        if old is not None:
            self._drop(old)
        tag = self._token()
        if seconds:
            publication.alarm = self._alarms.set(self._now() + seconds, lambda: self._expired(tag))
            self._kept[tag] = publication
            self._tags.setdefault((publication.package, publication.resource), []).append(tag)
        return tag

    def _expired(self, tag: str) -> None:
        publication = self._drop(tag)
        self._changed(publication.package, publication.resource)

    def _drop(self, tag: str) -> Publication:
        publication = self._kept.pop(tag)
        if publication.alarm is not None:
            publication.alarm.cancel()
        key = (publication.package, publication.resource)
        self._tags[key].remove(tag)
        if not self._tags[key]:
            del self._tags[key]
        return publication
