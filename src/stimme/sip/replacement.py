"""Finding the session that a new call takes the place of, or joins (RFC 3891 §3, RFC 3911 §4)."""

from collections.abc import Callable, Sequence

from stimme.sip.errors import SipParseError
from stimme.sip.message import Request
from stimme.sip.replaces import DialogId
from stimme.sip.session import Session
from stimme.sip.session_states import SessionState

Found = tuple[Session | None, Session | None]


def replacement_of(
    invite: Request, options: Sequence[str], find: Callable[[str, str, str], Session | None]
) -> Found | int:
    """The sessions that a new call replaces and joins, or the status that refuses it.

    481 when the dialog is not ours, or rings at us without our having placed it; 486 when only a ringing call
    may be replaced and this one is answered; 400 for a header that cannot be read or comes with the other.

    Args:
        invite: the new call's request.
        options: extensions in use; a header whose extension is not among them means nothing.
        find: gives a session by Call-ID, our tag and the peer's tag.
    """
    found: list[Session | None] = []
    for name in ("Replaces", "Join"):
        values = invite.headers.get_all(name) if name.lower() in options else []
        if len(values) > 1 or (values and any(found)):
            return 400
        session = None
        if values:
            try:
                dialog = DialogId.parse(values[0])
            except SipParseError:
                return 400
            session = find(dialog.call_id, dialog.to_tag, dialog.from_tag)
            refusal = _refusal(session, dialog)
            if refusal is not None:
                return refusal
        found.append(session)
    return found[0], found[1]


def _refusal(session: Session | None, dialog: DialogId) -> int | None:
    if session is None or session.state is SessionState.INCOMING:
        return 481
    return 486 if dialog.early_only and session.state is not SessionState.RINGING else None
