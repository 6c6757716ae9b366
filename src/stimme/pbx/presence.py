"""What telephones publish of their users (RFC 3903, presence of RFC 3856), and what watchers are told of it.

Policy:
    * A telephone publishes for the user it belongs to at the moment, under its own name or the user's
      extension; for anybody else it is refused (403). Published is PIDF (RFC 3863) up to 8 KiB; of it count
      whether somebody can be reached, the activities that `stimme.sip.events.pidf` knows, and the note.
    * Publishing needs the package with presence, as watching does.
    * A user is told as one person, whatever the number of telephones: reachable when any publication says so,
      and without publications when a telephone is registered; with all activities, and the newest note. A
      line that rings or talks is reachable whatever was published, and one that talks is on the phone.
    * At most ten publications a user, for ten minutes each, so that a telephone whose state a restart lost
      learns so (412) and publishes anew soon. A telephone that changes hands takes its state with it.
"""

from collections.abc import Sequence

from stimme.licensing.packages import Feature
from stimme.pbx.entitlement import holds, refused
from stimme.pbx.events import LineState
from stimme.pbx.model import Device, User
from stimme.pbx.pbx import Pbx
from stimme.sip.errors import SipParseError
from stimme.sip.events import pidf
from stimme.sip.events.pidf import Presence
from stimme.sip.headers import parse_media_type
from stimme.sip.message import Request
from stimme.sip.publication import Publications
from stimme.sip.transaction import ServerTransaction
from stimme.sip.transfer import event_of
from stimme.sip.ua import UserAgent

LONGEST = 600
LARGEST = 8192
MOST = 20_000
SIGNAL = "presence"


class PublishedPresence:
    """See the module's docstring. `ua` carries the requests; of every tenant of the node."""

    def __init__(self, ua: UserAgent) -> None:
        self._users: dict[str, tuple[Pbx, str]] = {}
        self._publications = Publications(
            ua.now, ua.alarms, lambda: ua.token(16), self._changed, longest=LONGEST, most=MOST
        )

    def publish(self, transaction: ServerTransaction, request: Request, pbx: Pbx, device: Device) -> None:
        """Answers a PUBLISH of one of our telephones, already authenticated."""
        user = pbx.tenant.users.get(pbx.user_at(device) or "")
        if user is None or request.user not in (device.sip_user, user.extension):
            transaction.respond(403)
            return
        refusal = refused(pbx.tenant, user, Feature.PRESENCE)
        if event_of(request)[0] != pidf.PACKAGE:
            transaction.respond(489, None, [("Allow-Events", pidf.PACKAGE)])
        elif refusal is not None:
            transaction.respond(refusal.status, refusal.reason, list(refusal.headers))
        elif (
            request.body
            and parse_media_type(request.headers.get("Content-Type") or "")[0] != pidf.CONTENT_TYPE
        ):
            transaction.respond(415, None, [("Accept", pidf.CONTENT_TYPE)])
        elif len(request.body) > LARGEST:
            transaction.respond(413)
        elif request.body and _read(request.body) is None:
            transaction.respond(400, "Not Presence")
        else:
            resource = _resource(pbx, user)
            self._users[resource] = (pbx, user.id)
            self._publications.publish(transaction, request, pidf.PACKAGE, resource, owner=device.id)
            self._forget(resource)

    def of(self, pbx: Pbx, user: User) -> list[Presence]:
        """What is published for a user, the newest last; nothing for a package without presence."""
        if not holds(user, Feature.PRESENCE):
            return []
        found = [_read(body) for body in self._publications.state(pidf.PACKAGE, _resource(pbx, user))]
        return [each for each in found if each is not None]

    def changed_hands(self, device_id: str) -> None:
        """A telephone is somebody else's now: what it published for its last user is gone."""
        self._publications.withdraw(device_id)

    def _changed(self, package: str, resource: str) -> None:
        pbx, user_id = self._users[resource]
        pbx.state_changed(f"{SIGNAL}:{user_id}")
        self._forget(resource)

    def _forget(self, resource: str) -> None:
        if not self._publications.state(pidf.PACKAGE, resource):
            self._users.pop(resource, None)


def combined(entity: str, line: LineState, *, dnd: bool, published: Sequence[Presence]) -> Presence:
    """One person of a line, its settings, and what its telephones have published (the newest last)."""
    in_call = line in ("busy", "ringing")
    registered = line != "offline"
    reachable = in_call or (any(each.available for each in published) if published else registered)
    activities = [activity for each in published for activity in each.activities]
    activities += ["on-the-phone"] if line == "busy" else []
    activities += ["do-not-disturb"] if dnd else []
    note = next((each.note for each in reversed(published) if each.note), "")
    return Presence(entity, reachable, note, tuple(dict.fromkeys(activities)))


def _resource(pbx: Pbx, user: User) -> str:
    return f"{pbx.tenant.id}/{user.id}"


def _read(body: bytes) -> Presence | None:
    try:
        return pidf.read_pidf(body)
    except SipParseError:
        return None
