"""The four transaction state machines of RFC 3261 §17 (with RFC 6026) as tables.

Everything that decides a transaction's next state stands here. An event that has no entry for a state is
ignored by the transaction, as the RFC asks for stray retransmissions.
"""

from enum import Enum


class State(Enum):
    """States of a transaction."""

    __hash__ = object.__hash__  # members are looked up all the time; Enum's own is written in Python

    CALLING = "Calling"
    TRYING = "Trying"
    PROCEEDING = "Proceeding"
    ACCEPTED = "Accepted"
    COMPLETED = "Completed"
    CONFIRMED = "Confirmed"
    TERMINATED = "Terminated"


class Event(Enum):
    """What can happen to a transaction."""

    __hash__ = object.__hash__  # members are looked up all the time; Enum's own is written in Python

    PROVISIONAL = "1xx"
    SUCCESS = "2xx"
    FAILURE = "300-699"
    ACK = "ACK"
    TIMEOUT = "timer B, F or H"
    EXPIRED = "timer D, I, J, K, L or M"
    TRANSPORT_ERROR = "transport error"


Table = dict[tuple[State, Event], State]

CLIENT_INVITE: Table = {
    (State.CALLING, Event.PROVISIONAL): State.PROCEEDING,
    (State.CALLING, Event.SUCCESS): State.ACCEPTED,
    (State.CALLING, Event.FAILURE): State.COMPLETED,
    (State.CALLING, Event.TIMEOUT): State.TERMINATED,
    (State.CALLING, Event.TRANSPORT_ERROR): State.TERMINATED,
    (State.PROCEEDING, Event.PROVISIONAL): State.PROCEEDING,
    (State.PROCEEDING, Event.SUCCESS): State.ACCEPTED,
    (State.PROCEEDING, Event.FAILURE): State.COMPLETED,
    (State.PROCEEDING, Event.TRANSPORT_ERROR): State.TERMINATED,
    (State.ACCEPTED, Event.SUCCESS): State.ACCEPTED,
    (State.ACCEPTED, Event.EXPIRED): State.TERMINATED,
    (State.COMPLETED, Event.FAILURE): State.COMPLETED,
    (State.COMPLETED, Event.EXPIRED): State.TERMINATED,
    (State.COMPLETED, Event.TRANSPORT_ERROR): State.TERMINATED,
}

CLIENT_NON_INVITE: Table = {
    (State.TRYING, Event.PROVISIONAL): State.PROCEEDING,
    (State.TRYING, Event.SUCCESS): State.COMPLETED,
    (State.TRYING, Event.FAILURE): State.COMPLETED,
    (State.TRYING, Event.TIMEOUT): State.TERMINATED,
    (State.TRYING, Event.TRANSPORT_ERROR): State.TERMINATED,
    (State.PROCEEDING, Event.PROVISIONAL): State.PROCEEDING,
    (State.PROCEEDING, Event.SUCCESS): State.COMPLETED,
    (State.PROCEEDING, Event.FAILURE): State.COMPLETED,
    (State.PROCEEDING, Event.TIMEOUT): State.TERMINATED,
    (State.PROCEEDING, Event.TRANSPORT_ERROR): State.TERMINATED,
    (State.COMPLETED, Event.EXPIRED): State.TERMINATED,
}

SERVER_INVITE: Table = {
    (State.PROCEEDING, Event.PROVISIONAL): State.PROCEEDING,
    (State.PROCEEDING, Event.SUCCESS): State.ACCEPTED,
    (State.PROCEEDING, Event.FAILURE): State.COMPLETED,
    (State.PROCEEDING, Event.TRANSPORT_ERROR): State.TERMINATED,
    (State.ACCEPTED, Event.SUCCESS): State.ACCEPTED,
    (State.ACCEPTED, Event.ACK): State.ACCEPTED,
    (State.ACCEPTED, Event.EXPIRED): State.TERMINATED,
    (State.COMPLETED, Event.ACK): State.CONFIRMED,
    (State.COMPLETED, Event.TIMEOUT): State.TERMINATED,
    (State.COMPLETED, Event.TRANSPORT_ERROR): State.TERMINATED,
    (State.CONFIRMED, Event.EXPIRED): State.TERMINATED,
}

SERVER_NON_INVITE: Table = {
    (State.TRYING, Event.PROVISIONAL): State.PROCEEDING,
    (State.TRYING, Event.SUCCESS): State.COMPLETED,
    (State.TRYING, Event.FAILURE): State.COMPLETED,
    (State.TRYING, Event.TRANSPORT_ERROR): State.TERMINATED,
    (State.PROCEEDING, Event.PROVISIONAL): State.PROCEEDING,
    (State.PROCEEDING, Event.SUCCESS): State.COMPLETED,
    (State.PROCEEDING, Event.FAILURE): State.COMPLETED,
    (State.PROCEEDING, Event.TRANSPORT_ERROR): State.TERMINATED,
    (State.COMPLETED, Event.EXPIRED): State.TERMINATED,
}


def event_of(status: int) -> Event:
    """The event that a response with this status is."""
    if status < 200:
        return Event.PROVISIONAL
    return Event.SUCCESS if status < 300 else Event.FAILURE
