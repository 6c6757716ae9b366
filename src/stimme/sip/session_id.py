"""Session-ID (RFC 7989): one word for each party of a conversation, the same on every leg that it crosses.

Policy: a party that names itself is passed on under its own word; for one that does not we make a word, so
that the other side can still tell the conversation (§5, §7). Each of our dialogs speaks for the party behind
us; when that changes, by transfer or pick-up, the next message says so. The form of RFC 7329, without
`remote`, is read as well.
"""

import re
from dataclasses import dataclass

from stimme.sip.message import Message

HEADER = "Session-ID"
NIL = "0" * 32
_UUID = re.compile(r"[0-9a-f]{32}")


@dataclass(slots=True, eq=False)
class PartyId:
    """The word of one party; shared by the dialog with it and by those that speak for it."""

    uuid: str = NIL

    def take(self, message: Message) -> None:
        """What the party says of itself in a message; nothing when it says nothing that can be read."""
        value = message.headers.get(HEADER)
        if value is not None:
            uuid = value.partition(";")[0].strip().lower()
            if uuid != NIL and _UUID.fullmatch(uuid):
                self.uuid = uuid

    @property
    def known(self) -> bool:
        """Whether it has a word."""
        return self.uuid != NIL


class SessionIds:
    """The two parties of a dialog: who is behind us, and the peer."""

    __slots__ = ("peer", "shown")

    def __init__(self, shown: PartyId, peer: PartyId) -> None:
        self.shown = shown
        self.peer = peer

    def __str__(self) -> str:
        return f"{self.shown.uuid};remote={self.peer.uuid}"


def new_uuid(token: str) -> str:
    """A UUID of version 4 from 32 random hexadecimal digits."""
    return f"{token[:12]}4{token[13:16]}a{token[17:32]}"
