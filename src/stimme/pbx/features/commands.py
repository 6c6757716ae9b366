"""What a user can ask the telephone system to do.

A feature code, a phone key, a button in the client, an API request and a choice in a menu all become one of
these values, so that each feature exists once. Who asks, from which device and during which call, is told
beside it.
"""

from dataclasses import dataclass
from enum import Enum

from stimme.pbx.apps.attendant import Position


class DiversionKind(Enum):
    """When a call is diverted."""

    ALWAYS = "always"
    BUSY = "busy"
    NO_REPLY = "no_reply"
    NOT_REGISTERED = "not_registered"


@dataclass(frozen=True, slots=True)
class SetDiversion:
    """Divert one's calls to a number; `seconds` before a diversion on no reply, None as set before."""

    kind: DiversionKind
    number: str
    seconds: int | None = None


@dataclass(frozen=True, slots=True)
class ClearDiversion:
    """Divert no longer; None: no diversion of any kind."""

    kind: DiversionKind | None


@dataclass(frozen=True, slots=True)
class SayDiversion:
    """Say where one's calls are diverted to."""

    kind: DiversionKind


@dataclass(frozen=True, slots=True)
class Dnd:
    """Do not disturb: calls find the line busy and no telephone rings."""

    on: bool


@dataclass(frozen=True, slots=True)
class CallWaiting:
    """Whether a second call may ring during a conversation."""

    on: bool


@dataclass(frozen=True, slots=True)
class ClirOnce:
    """Call a number without showing one's own (RFC 3323), or showing it in spite of `Clir`."""

    number: str
    hidden: bool = True


@dataclass(frozen=True, slots=True)
class Clir:
    """Hide one's number in every call, or show it again."""

    on: bool


@dataclass(frozen=True, slots=True)
class Pickup:
    """Take a call that rings anywhere in one's pickup groups, the one that rings longest."""


@dataclass(frozen=True, slots=True)
class PickupOf:
    """Take the call that rings at an extension."""

    extension: str


@dataclass(frozen=True, slots=True)
class Park:
    """Park the call on hold, in a slot or in the first free one."""

    slot: str | None = None


@dataclass(frozen=True, slots=True)
class Retrieve:
    """Take a parked call."""

    slot: str


@dataclass(frozen=True, slots=True)
class LoginGroup:
    """Take part in a group, or in all of one's groups."""

    extension: str | None = None


@dataclass(frozen=True, slots=True)
class LogoutGroup:
    """Take part in a group no longer, or in none."""

    extension: str | None = None


@dataclass(frozen=True, slots=True)
class Callback:
    """Call back when a user is free again; None: the user whom one called last."""

    extension: str | None = None


@dataclass(frozen=True, slots=True)
class CallbackCancel:
    """Cancel every callback of one's own."""


@dataclass(frozen=True, slots=True)
class CallbackList:
    """Say which callbacks wait."""


@dataclass(frozen=True, slots=True)
class HotDeskLogin:
    """Make this telephone one's own; what is None is asked for by voice. The PIN never shows in logs."""

    extension: str | None = None
    pin: str | None = None

    def __repr__(self) -> str:
        return f"HotDeskLogin(extension={self.extension!r})"


@dataclass(frozen=True, slots=True)
class HotDeskLogout:
    """Give this telephone back."""


@dataclass(frozen=True, slots=True)
class SwitchNight:
    """Set the attendant's position; None follows the schedule again."""

    position: Position | None


@dataclass(frozen=True, slots=True)
class TransferTo:
    """Connect the call on hold to a number, without asking there first."""

    number: str


@dataclass(frozen=True, slots=True)
class Transfer:
    """Connect the two parties that one has, and leave."""


@dataclass(frozen=True, slots=True)
class Conference:
    """Join all parties that one has."""


@dataclass(frozen=True, slots=True)
class Swap:
    """Hold the one, speak with the other."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Hold the call; the held party hears music."""


@dataclass(frozen=True, slots=True)
class EndAndTakeHeld:
    """End the conversation and go on with the party on hold."""


@dataclass(frozen=True, slots=True)
class RejectWaiting:
    """Refuse the call that waits."""


@dataclass(frozen=True, slots=True)
class ShortDial:
    """Call the number of the phone book that has this short number."""

    short: str


@dataclass(frozen=True, slots=True)
class Redial:
    """Call the last dialled number again."""


@dataclass(frozen=True, slots=True)
class AutoRedial:
    """Call the last dialled number again and again until it is free; off ends that."""

    on: bool


@dataclass(frozen=True, slots=True)
class Intercom:
    """Speak to a colleague whose telephone answers by itself (RFC 5373)."""

    extension: str


@dataclass(frozen=True, slots=True)
class Page:
    """Speak to all telephones of a group at once; they do not answer back."""

    extension: str


@dataclass(frozen=True, slots=True)
class CallThrough:
    """Call a colleague in spite of do not disturb; for attendants."""

    extension: str


@dataclass(frozen=True, slots=True)
class NoteMaliciousCall:
    """Note the present or the last call, with all that is known of its caller."""


@dataclass(frozen=True, slots=True)
class Record:
    """Record the conversation on hold, or end that."""

    on: bool


@dataclass(frozen=True, slots=True)
class Voicemail:
    """Listen to one's messages."""


@dataclass(frozen=True, slots=True)
class SayOwnNumber:
    """Say extension and number of this telephone."""


@dataclass(frozen=True, slots=True)
class SayTime:
    """Say what time it is."""


@dataclass(frozen=True, slots=True)
class EmergencyTest:
    """For the installer: say which number an emergency call from here would send, without placing one."""


@dataclass(frozen=True, slots=True)
class TrunkTest:
    """Call oneself through one's trunk and say whether everything was right."""


Command = (
    SetDiversion
    | ClearDiversion
    | SayDiversion
    | Dnd
    | CallWaiting
    | ClirOnce
    | Clir
    | Pickup
    | PickupOf
    | Park
    | Retrieve
    | LoginGroup
    | LogoutGroup
    | Callback
    | CallbackCancel
    | CallbackList
    | HotDeskLogin
    | HotDeskLogout
    | SwitchNight
    | TransferTo
    | Transfer
    | Conference
    | Swap
    | Hold
    | EndAndTakeHeld
    | RejectWaiting
    | ShortDial
    | Redial
    | AutoRedial
    | Intercom
    | Page
    | CallThrough
    | NoteMaliciousCall
    | Record
    | Voicemail
    | SayOwnNumber
    | SayTime
    | EmergencyTest
    | TrunkTest
)
