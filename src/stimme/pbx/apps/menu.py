"""What an IVR menu is (K9): prompts and choices, as plain values. `menu_run` runs one for a call."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from stimme.pbx.apps.calendar import Calendar
from stimme.prompts.say import Say
from stimme.sentences import Sentence

_KEYS = frozenset("0123456789*#")


class MenuError(ValueError):
    """A menu that cannot be, with the reason in words for the administrator."""


@dataclass(frozen=True, slots=True)
class ConnectTo:
    """On to a number that could be dialled: user, group, queue, attendant, voicemail, a number outside."""

    to: str


@dataclass(frozen=True, slots=True)
class GoTo:
    """On to another menu."""

    menu_id: str


@dataclass(frozen=True, slots=True)
class Back:
    """To the menu that the caller came from; in the first one: say it again."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """Say it again."""


@dataclass(frozen=True, slots=True)
class ByName:
    """Spell a name on the keys, # ends it."""


@dataclass(frozen=True, slots=True)
class HangUp:
    """Say goodbye and end the call."""


Choice = ConnectTo | GoTo | Back | Repeat | ByName | HangUp


@dataclass(frozen=True, slots=True)
class Menu:
    """One menu. Times are in seconds.

    Attributes:
        greeting: what is said; a digit cuts it short.
        choices: what each key does.
        dial_extensions: callers may dial an extension instead of choosing.
        timeout: how long to wait for the first key after the greeting.
        digit_timeout: how long to wait for a further key.
        attempts: how often the greeting is said before the caller has failed, by silence or by wrong keys.
        on_failure: where the caller goes then; None: goodbye.
        calendar: outside its hours `closed` answers in place of this menu.
    """

    id: str
    extension: str | None
    name: str
    greeting: tuple[Say, ...]
    choices: Mapping[str, Choice] = field(default_factory=dict)
    dial_extensions: bool = False
    timeout: float = 6.0
    digit_timeout: float = 3.0
    attempts: int = 3
    on_failure: str | None = None
    calendar: Calendar | None = None
    closed: str | None = None

    def __post_init__(self) -> None:
        wrong = [key for key in self.choices if key not in _KEYS]
        if wrong:
            raise MenuError(
                Sentence("menu-key", "menu {name}: {key} is not a key", name=self.name, key=repr(wrong[0]))
            )
        if self.timeout <= 0 or self.digit_timeout <= 0 or self.attempts < 1:
            raise MenuError(
                Sentence(
                    "menu-times", "menu {name}: a time or number of attempts is not positive", name=self.name
                )
            )
        if (self.calendar is None) != (self.closed is None):
            raise MenuError(
                Sentence(
                    "menu-closed",
                    "menu {name}: a calendar and a menu for closed hours belong together",
                    name=self.name,
                )
            )


def check_menus(menus: Mapping[str, Menu]) -> None:
    """Refuses menus that lead to menus that do not exist, or whose closed hours go round.

    Raises:
        MenuError: naming the menu.
    """
    for menu in menus.values():
        wanted = [choice.menu_id for choice in menu.choices.values() if isinstance(choice, GoTo)]
        for menu_id in [*wanted, *([menu.closed] if menu.closed is not None else [])]:
            if menu_id not in menus:
                raise MenuError(
                    Sentence(
                        "menu-leads-nowhere",
                        "menu {name} leads to {menu}, which does not exist",
                        name=menu.name,
                        menu=repr(menu_id),
                    )
                )
        passed = [menu.id]
        while (closed := menus[passed[-1]].closed) is not None:
            if closed in passed:
                raise MenuError(
                    Sentence("menu-closed-round", "the closed hours of menu {name} go round", name=menu.name)
                )
            passed.append(closed)
