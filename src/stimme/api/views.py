"""From rows to the wire format, and cursors of pages."""

import base64
import binascii
import datetime
import json
from collections.abc import Collection, Sequence

from stimme.api import problems, schemas
from stimme.api.ports import Telephony
from stimme.directory.books import Books
from stimme.licensing.packages import Package, features
from stimme.sentences import Sentence
from stimme.store.accounts import Person
from stimme.store.models import CallListEntry, CallRecordRow, Device, NumberBlock, Trunk, User
from stimme.store.service_models import CallNoteRow


def account_view(person: Person) -> schemas.Account:
    """Show an account."""
    user = person.user
    return schemas.Account.model_validate(
        {
            "id": person.account.id,
            "login": person.account.login,
            "role": person.account.role,
            "rights": person.account.rights,
            "language": person.account.language,
            "organisation": {
                "id": person.organisation.id,
                "name": person.organisation.name,
                "domain": person.organisation.domain,
            },
            "user": None
            if user is None
            else {
                "id": user.id,
                "extension": user.extension,
                "name": user.name,
                "number": user.number,
                "package": user.package,
                "features": sorted(features(Package(user.package))),
            },
        }
    )


def call_list_view(entry: CallListEntry, books: Books) -> schemas.CallListItem:
    """Show a line of a call list; who was nameless then may stand in the user's phone books now."""
    name = entry.name or (books.name_of(entry.number, entry.user_id) if entry.number else None)
    return schemas.CallListItem.model_validate(
        {
            "id": entry.id,
            "call_id": entry.call_id,
            "direction": entry.direction,
            "result": entry.result,
            "number": entry.number,
            "name": name,
            "user_id": entry.peer_user_id,
            "started_at": entry.started_at,
            "answered_at": entry.answered_at,
            "duration_seconds": entry.duration_seconds,
            "seen": entry.seen,
        }
    )


def call_record_view(row: CallRecordRow, notes: Sequence[CallNoteRow]) -> schemas.CallRecordItem:
    """Show a call record."""
    return schemas.CallRecordItem.model_validate(
        {
            "id": row.id,
            "customer_id": row.customer_id,
            "direction": row.direction,
            "caller": {
                "number": row.caller_number,
                "name": row.caller_name,
                "user_id": row.caller_user_id,
            },
            "callee": {
                "number": row.callee_number,
                "name": row.callee_name,
                "user_id": row.callee_user_id,
            },
            "answered_by": row.answered_by,
            "started_at": row.started_at,
            "ringing_at": row.ringing_at,
            "answered_at": row.answered_at,
            "ended_at": row.ended_at,
            "result": row.result,
            "sip_status": row.sip_status,
            "trunk_id": row.trunk_id,
            "hangup_by": row.hangup_by,
            "notes": [
                {"kind": note.kind, "user_id": note.user_id, "noted_at": note.noted_at} for note in notes
            ],
            "quality": row.quality,
        }
    )


def user_view(user: User, telephony: Telephony) -> schemas.UserItem:
    """Show a user to administrators."""
    return schemas.UserItem.model_validate(
        {
            "id": user.id,
            "customer_id": user.customer_id,
            "extension": user.extension,
            "name": user.name,
            "number": user.number,
            "package": user.package,
            "language": user.language,
            "site_id": user.site_id,
            "version": user.version,
            "line_state": telephony.line_state(user.customer_id, user.id),
        }
    )


def device_view(
    device: Device, telephony: Telephony, registered: Collection[str] | None = None
) -> schemas.DeviceItem:
    """Show a device; ``registered`` spares asking for each of a list."""
    if registered is None:
        registered = telephony.registered_devices(device.customer_id)
    return schemas.DeviceItem.model_validate(
        {
            "id": device.id,
            "customer_id": device.customer_id,
            "user_id": device.user_id,
            "site_id": device.site_id,
            "kind": device.kind,
            "name": device.name,
            "sip_user": device.sip_user,
            "srtp": device.srtp if device.kind == "phone" else None,
            "version": device.version,
            "registered": device.id in registered,
        }
    )


def trunk_view(trunk: Trunk, blocks: Sequence[NumberBlock], telephony: Telephony) -> schemas.TrunkItem:
    """Show a trunk and how it is."""
    state, detail = telephony.trunk_state(trunk.customer_id, trunk.id)
    return schemas.TrunkItem.model_validate(
        {
            "id": trunk.id,
            "customer_id": trunk.customer_id,
            "name": trunk.name,
            "kind": trunk.kind,
            "host": trunk.host,
            "port": trunk.port,
            "transport": trunk.transport,
            "username": trunk.username,
            "realm": trunk.realm,
            "expires": trunk.expires,
            "srtp": trunk.srtp,
            "version": trunk.version,
            "numbers": [
                {
                    "id": block.id,
                    "head": block.head,
                    "extension_digits": block.extension_digits,
                    "version": block.version,
                }
                for block in blocks
            ],
            "state": state,
            "detail": detail,
        }
    )


def encode_cursor(*parts: str) -> str:
    """Make an opaque cursor of the last item's key."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, field: str) -> Sequence[str] | None:
    """Take a two-part cursor apart.

    Raises:
        ProblemError: 422 naming ``field`` when it is none of ours.
    """
    if cursor is None:
        return None
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (binascii.Error, ValueError):
        parts = None
    if not isinstance(parts, list) or len(parts) != 2 or not all(isinstance(part, str) for part in parts):
        raise problems.invalid(field, Sentence("not-a-cursor", "This is not a cursor from an earlier page."))
    return parts


def decode_time_cursor(cursor: str | None, field: str) -> tuple[datetime.datetime, str] | None:
    """Take a cursor of a time and an id apart.

    Raises:
        ProblemError: 422 naming ``field`` when it is none of ours.
    """
    parts = decode_cursor(cursor, field)
    if parts is None:
        return None
    try:
        at = datetime.datetime.fromisoformat(parts[0])
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        raise problems.invalid(field, Sentence("not-a-cursor", "This is not a cursor from an earlier page."))
    return at, parts[1]
