"""Logging in at a telephone by voice: asks for extension and PIN, three times at most.

A state machine without I/O. The owner plays what it is told, reports digits, and the time at `next_wakeup`.
"""

from dataclasses import dataclass
from enum import Enum

from stimme.prompts.say import Say

ATTEMPTS = 3
DIGIT_TIMEOUT = 8.0
_LONGEST = 12


class State(Enum):
    """Where the dialogue stands."""

    EXTENSION = "extension"
    PIN = "PIN"
    CHECKING = "checking"
    DONE = "done"


class Event(Enum):
    """What moves it."""

    ENTERED = "the keys are complete"
    WRONG = "extension and PIN do not fit"
    END = "logged in, locked, given up"


TRANSITIONS: dict[tuple[State, Event], State] = {
    (State.EXTENSION, Event.ENTERED): State.PIN,
    (State.EXTENSION, Event.END): State.DONE,
    (State.PIN, Event.ENTERED): State.CHECKING,
    (State.PIN, Event.END): State.DONE,
    (State.CHECKING, Event.WRONG): State.EXTENSION,
    (State.CHECKING, Event.END): State.DONE,
}


@dataclass(frozen=True, slots=True)
class Speak:
    """Say this and listen for keys."""

    words: tuple[Say, ...]


@dataclass(frozen=True, slots=True)
class Check:
    """See whether the PIN fits, then call `checked`. Never to be logged."""

    extension: str
    pin: str

    def __repr__(self) -> str:
        return f"Check(extension={self.extension!r})"


@dataclass(frozen=True, slots=True)
class Finish:
    """Say this and end the call."""

    words: tuple[Say, ...]


Action = Speak | Check | Finish


class HotDeskDialogue:
    """See the module's docstring. What was dialled with the code need not be asked for."""

    def __init__(self, extension: str | None = None, pin: str | None = None) -> None:
        self._extension = extension or ""
        self._given_pin = pin or ""
        self._keys = ""
        self._attempts = 0
        self._due: float | None = None
        self.state = State.EXTENSION

    def next_wakeup(self) -> float | None:
        """When `timeout` is to be called."""
        return self._due

    def begin(self, now: float) -> list[Action]:
        """The call is connected."""
        if not self._extension:
            return self._ask("hotdesk.enter_extension", now)
        self._step(Event.ENTERED)
        if not self._given_pin:
            return self._ask("hotdesk.enter_pin", now)
        self._step(Event.ENTERED)
        return [Check(self._extension, self._given_pin)]

    def digit(self, key: str, now: float) -> list[Action]:
        """A key: # ends the number, * begins it again."""
        if self.state not in (State.EXTENSION, State.PIN):
            return []
        self._due = now + DIGIT_TIMEOUT
        if key == "*":
            self._keys = ""
        elif key != "#":
            self._keys = (self._keys + key)[:_LONGEST]
        elif self._keys:
            return self._entered(now)
        return []

    def timeout(self, now: float) -> list[Action]:
        """No key for a while: what was keyed counts; nothing at all gives up."""
        if self._due is None or now < self._due or self.state not in (State.EXTENSION, State.PIN):
            return []
        return self._entered(now) if self._keys else self._finish(Say("hotdesk.wrong"))

    def checked(self, refusal: str | None, now: float) -> list[Action]:
        """Whether the PIN was right: None, or the prompt that says why not."""
        if self.state is not State.CHECKING:
            return []
        if refusal is None:
            return self._finish(Say("hotdesk.logged_in", {"extension": self._extension}))
        self._attempts += 1
        if refusal != "hotdesk.wrong" or self._attempts >= ATTEMPTS:
            return self._finish(Say(refusal))
        self._step(Event.WRONG)
        self._extension = ""
        return self._ask("hotdesk.enter_extension", now, Say(refusal))

    def _entered(self, now: float) -> list[Action]:
        keys, self._keys = self._keys, ""
        asked_for_pin = self.state is State.PIN
        self._step(Event.ENTERED)
        if asked_for_pin:
            self._due = None
            return [Check(self._extension, keys)]
        self._extension = keys
        return self._ask("hotdesk.enter_pin", now)

    def _ask(self, prompt: str, now: float, *before: Say) -> list[Action]:
        self._due = now + DIGIT_TIMEOUT * 2
        return [Speak((*before, Say(prompt)))]

    def _finish(self, say: Say) -> list[Action]:
        self._due = None
        self._step(Event.END)
        return [Finish((say,))]

    def _step(self, event: Event) -> None:
        self.state = TRANSITIONS[(self.state, event)]
