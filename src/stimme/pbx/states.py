"""The states of a call and of its legs: every transition stands here."""

from enum import Enum
from typing import Literal

ShownState = Literal["ringing", "early", "answered", "ended"]


class CallState(Enum):
    """States of a call, as its events show them."""

    __hash__ = object.__hash__  # members are looked up all the time; Enum's own is written in Python

    ROUTING = "routing"
    RINGING = "ringing"
    EARLY = "early"
    ANSWERED = "answered"
    ENDED = "ended"


class CallEvent(Enum):
    """What moves a call."""

    __hash__ = object.__hash__  # members are looked up all the time; Enum's own is written in Python

    ALERTING = "a called device rings"
    EARLY_MEDIA = "a called side sends audio before the answer"
    ANSWER = "a called side answered"
    END = "hang-up, failure, timeout"


CALL: dict[tuple[CallState, CallEvent], CallState] = {
    (CallState.ROUTING, CallEvent.ALERTING): CallState.RINGING,
    (CallState.ROUTING, CallEvent.EARLY_MEDIA): CallState.EARLY,
    (CallState.ROUTING, CallEvent.ANSWER): CallState.ANSWERED,
    (CallState.ROUTING, CallEvent.END): CallState.ENDED,
    (CallState.RINGING, CallEvent.ALERTING): CallState.RINGING,
    (CallState.RINGING, CallEvent.EARLY_MEDIA): CallState.EARLY,
    (CallState.RINGING, CallEvent.ANSWER): CallState.ANSWERED,
    (CallState.RINGING, CallEvent.END): CallState.ENDED,
    (CallState.EARLY, CallEvent.ALERTING): CallState.EARLY,
    (CallState.EARLY, CallEvent.EARLY_MEDIA): CallState.EARLY,
    (CallState.EARLY, CallEvent.ANSWER): CallState.ANSWERED,
    (CallState.EARLY, CallEvent.END): CallState.ENDED,
    (CallState.ANSWERED, CallEvent.END): CallState.ENDED,
}

SHOWN: dict[CallState, ShownState] = {
    CallState.ROUTING: "ringing",
    CallState.RINGING: "ringing",
    CallState.EARLY: "early",
    CallState.ANSWERED: "answered",
    CallState.ENDED: "ended",
}
"""What a call's state is called outside the PBX."""
