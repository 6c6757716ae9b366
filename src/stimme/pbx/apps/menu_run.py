"""One caller in a menu (K9): a state machine without I/O.

Policy:
    * A digit cuts the prompt short. A key that is a choice and also begins an extension waits for a further
      key; without one it is the choice. # ends the dialling of an extension at once.
    * Silence and wrong keys are attempts; when all are used up the caller goes where the menu says, or is
      told goodbye. Every choice that is carried out gives all attempts back.
    * Spelling a name connects as soon as one person is left and three keys were pressed; # or silence ends
      it, and up to nine people are read out by their extension to choose from. * goes back to the menu.

The owner plays what it is told, reports the end of each prompt, every digit, and the time at `next_wakeup`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from stimme.pbx.apps.keypad import find_by_name
from stimme.pbx.apps.menu import Back, ByName, Choice, ConnectTo, GoTo, HangUp, Menu, Repeat
from stimme.prompts.say import Say

_ENOUGH_KEYS = 3
_LONGEST_LIST = 9


@dataclass(frozen=True, slots=True)
class Play:
    """Say this, in place of what is being said."""

    words: tuple[Say, ...]


@dataclass(frozen=True, slots=True)
class Stop:
    """Be silent."""


@dataclass(frozen=True, slots=True)
class Connect:
    """The caller leaves the menu for another destination."""

    to: str


@dataclass(frozen=True, slots=True)
class Goodbye:
    """Say this and end the call."""

    words: tuple[Say, ...]


Action = Play | Stop | Connect | Goodbye


class State(Enum):
    """Of a caller in a menu."""

    SPEAKING = "the greeting is said"
    WAITING = "for the first key"
    COLLECTING = "the keys of an extension"
    SPELLING = "the keys of a name"
    CHOOSING = "among the people who were found"
    DONE = "the caller has left the menu"


class Event(Enum):
    """What moves a caller."""

    SAY = "the greeting begins"
    SPOKEN = "the greeting was said to its end"
    COLLECT = "a key that more may follow"
    SPELL = "spelling a name begins"
    OFFER = "several people were found"
    LEAVE = "connected, or goodbye"


_KEYING = (State.SPEAKING, State.WAITING, State.COLLECTING)
_ALIVE = (*_KEYING, State.SPELLING, State.CHOOSING)

TRANSITIONS: dict[tuple[State, Event], State] = {
    **{(state, Event.SAY): State.SPEAKING for state in _ALIVE},
    **{(state, Event.LEAVE): State.DONE for state in _ALIVE},
    **{(state, Event.SPELL): State.SPELLING for state in _KEYING},
    **{
        (state, Event.COLLECT): State.COLLECTING
        for state in (State.SPEAKING, State.WAITING, State.COLLECTING)
    },
    (State.SPEAKING, Event.SPOKEN): State.WAITING,
    (State.SPELLING, Event.OFFER): State.CHOOSING,
}


class MenuRun:
    """See the module's docstring.

    Args:
        menus: every menu of the customer by id, as `check_menus` lets through.
        start: id of the menu that answers.
        extensions: every number that may be dialled from a menu.
        people: names and extensions for spelling, in the order in which they are read out.
    """

    def __init__(
        self,
        menus: Mapping[str, Menu],
        start: str,
        *,
        extensions: Collection[str] = (),
        people: Sequence[tuple[str, str]] = (),
    ) -> None:
        self._menus = menus
        self._extensions = frozenset(extensions)
        self._people = people
        self._path = [start]
        self._keys = ""
        self._failed = 0
        self._offered: list[tuple[str, str]] = []
        self._due: float | None = None
        self.state = State.SPEAKING
        self.menu = menus[start]

    def next_wakeup(self) -> float | None:
        """When `timeout` is to be called, on the clock of the times that were given."""
        return self._due

    def begin(self, at: datetime) -> list[Action]:
        """The call was answered; `at` decides by the menu's calendar."""
        return self._enter(self._path[-1], at)

    def spoken(self, now: float) -> list[Action]:
        """What was to be said has been said to its end."""
        if self.state is State.SPEAKING:
            self.state = TRANSITIONS[(self.state, Event.SPOKEN)]
            self._due = now + self.menu.timeout
        elif self.state in (State.SPELLING, State.CHOOSING):
            self._due = now + self.menu.timeout
        return []

    def digit(self, key: str, now: float, at: datetime) -> list[Action]:
        """The caller pressed a key."""
        match self.state:
            case State.DONE:
                return []
            case State.SPELLING:
                return self._spell(key, now)
            case State.CHOOSING:
                return self._choose(key)
        if key == "#" and self._keys:
            return self._decide(at)
        self._keys += key
        if self._may_go_on():
            quiet: list[Action] = [Stop()] if self.state is State.SPEAKING else []
            self.state = TRANSITIONS[(self.state, Event.COLLECT)]
            self._due = now + self.menu.digit_timeout
            return quiet
        return self._decide(at)

    def timeout(self, now: float, at: datetime) -> list[Action]:
        """Time has passed; nothing happens before `next_wakeup`."""
        if self._due is None or now < self._due or self.state is State.DONE:
            return []
        match self.state:
            case State.COLLECTING:
                return self._decide(at)
            case State.SPELLING if self._keys:
                return self._search(now)
            case _:
                return self._attempt_failed("menu.nothing_heard")

    # -- keys of the menu -----------------------------------------------------------------------------------

    def _may_go_on(self) -> bool:
        if not self.menu.dial_extensions:
            return False
        length = len(self._keys)
        return any(len(item) > length and item.startswith(self._keys) for item in self._extensions)

    def _decide(self, at: datetime) -> list[Action]:
        keys, self._keys = self._keys, ""
        choice = self.menu.choices.get(keys)
        if choice is not None:
            return self._carry_out(choice, at)
        if self.menu.dial_extensions and keys in self._extensions:
            return self._connect(keys)
        return self._attempt_failed("menu.invalid")

    def _carry_out(self, choice: Choice, at: datetime) -> list[Action]:
        self._failed = 0
        match choice:
            case ConnectTo(to):
                return self._connect(to)
            case GoTo(menu_id):
                self._path.append(menu_id)
                return self._enter(menu_id, at)
            case Back():
                self._path = self._path[:-1] or self._path
                return self._enter(self._path[-1], at)
            case Repeat():
                return self._say(())
            case ByName():
                self.state = TRANSITIONS[(self.state, Event.SPELL)]
                self._due = None
                return [Play((Say("menu.spell_name"),))]
            case HangUp():
                return self._leave(Goodbye((Say("menu.goodbye"),)))

    def _enter(self, menu_id: str, at: datetime) -> list[Action]:
        menu = self._menus[menu_id]
        while menu.calendar is not None and menu.closed is not None and not menu.calendar.is_open(at):
            menu = self._menus[menu.closed]
        self.menu = menu
        return self._say(())

    # -- names ----------------------------------------------------------------------------------------------

    def _spell(self, key: str, now: float) -> list[Action]:
        if key == "*":
            return self._say(())
        if key == "#":
            return self._search(now)
        first = not self._keys
        self._keys += key
        found = find_by_name(self._people, self._keys)
        if not found or (len(found) == 1 and len(self._keys) >= _ENOUGH_KEYS):
            return self._search(now)
        self._due = now + self.menu.digit_timeout
        return [Stop()] if first else []

    def _search(self, now: float) -> list[Action]:
        found = find_by_name(self._people, self._keys) if self._keys else []
        self._keys = ""
        if not found or len(found) > _LONGEST_LIST:
            return self._attempt_failed("menu.too_many" if found else "menu.nobody_found")
        if len(found) == 1:
            return self._connect(found[0][1])
        self._offered = found
        self.state = TRANSITIONS[(self.state, Event.OFFER)]
        self._due = None
        return [
            Play(
                tuple(
                    Say("menu.press_for_extension", {"key": place, "extension": extension})
                    for place, (_, extension) in enumerate(found, start=1)
                )
            )
        ]

    def _choose(self, key: str) -> list[Action]:
        if key == "*":
            return self._say(())
        place = int(key) if key.isdigit() else 0
        if 1 <= place <= len(self._offered):
            return self._connect(self._offered[place - 1][1])
        return self._attempt_failed("menu.invalid")

    # -- saying and leaving ---------------------------------------------------------------------------------

    def _attempt_failed(self, why: str) -> list[Action]:
        self._failed += 1
        if self._failed < self.menu.attempts:
            return self._say((Say(why),))
        if self.menu.on_failure is not None:
            return self._connect(self.menu.on_failure)
        return self._leave(Goodbye((Say(why), Say("menu.goodbye"))))

    def _say(self, before: tuple[Say, ...]) -> list[Action]:
        self._keys = ""
        self._due = None
        self.state = TRANSITIONS[(self.state, Event.SAY)]
        return [Play((*before, *self.menu.greeting))]

    def _connect(self, to: str) -> list[Action]:
        return self._leave(Connect(to))

    def _leave(self, action: Action) -> list[Action]:
        self._due = None
        self.state = TRANSITIONS[(self.state, Event.LEAVE)]
        return [action]
