"""Who may appear in a scenario, and the telephone that each has."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.peers.baresip import Baresip, Line, telephone
from tests.peers.rawphone import Dialog, RawPhone, raw_phone
from tests.peers.system import Demo

PEOPLE = {
    "Anna": "10",
    "Bernd": "11",
    "Clara": "12",
    "David": "13",
    "Elif": "14",
    "Frank": "15",
    "Greta": "16",
    "Hanna": "17",
    "Igor": "18",
    "Jana": "19",
    "Karl": "20",
    "Lena": "21",
}
TONES = {
    "Anna": 470,
    "Bernd": 1000,
    "Clara": 700,
    "David": 1500,
    "Elif": 540,
    "Frank": 840,
    "Greta": 1200,
    "Hanna": 1800,
    "Igor": 360,
    "Jana": 2200,
    "Karl": 1350,
    "Lena": 1650,
    "Outside": 620,
    "Stranger": 780,
    "Anna2": 2500,
    "Bernd2": 2800,
    "Clara2": 3100,
}
"""What each says all the time, in hertz; none is a signal tone of the system (425 Hz)."""
OUTSIDE = {"Outside": "+494066969077", "Stranger": "+494066969088"}


@dataclass(slots=True)
class Person:
    """Somebody with a telephone: `taken` counts the events of each kind that were spoken of."""

    name: str
    hz: int
    number: str
    phone: Baresip
    taken: dict[str, int] = field(default_factory=dict)
    raw: RawPhone | None = None
    watched: dict[str, Dialog] = field(default_factory=dict)
    invites_when_talking: int = 0

    def invites(self) -> int:
        """INVITEs that came or left until now."""
        return self.phone.trace().count("INVITE sip:")

    def untold(self, kind: str) -> list[dict[str, Any]]:
        """Events of this kind that no sentence has spoken of yet."""
        events = [event for event in self.phone.events if event["type"] == kind]
        return events[self.taken.get(kind, 0) :]

    async def next(self, kind: str, *, seconds: float = 15.0) -> dict[str, Any]:
        """The next event of this kind, which no other sentence speaks of after this one."""
        already = self.taken.get(kind, 0)
        found = await self.phone.nth_event(kind, already, seconds=seconds)
        self.taken[kind] = already + 1
        return found

    def forget(self, kind: str) -> None:
        """Events of this kind until now are nobody's business any more."""
        self.taken[kind] = sum(1 for event in self.phone.events if event["type"] == kind)


@dataclass(slots=True)
class Stage:
    """A running system and the people of one scenario."""

    demo: Demo
    folder: Path
    people: dict[str, Person] = field(default_factory=dict)
    seen_emergencies: int = 0
    _phones: AsyncExitStack = field(default_factory=AsyncExitStack)
    _of: dict[str, AsyncExitStack] = field(default_factory=dict)
    _raised: dict[str, tuple[str, ...]] = field(default_factory=dict)

    async def __aenter__(self) -> "Stage":
        self.seen_emergencies = len(Path(self.demo.facts["emergency_log"]).read_text().splitlines())
        return self

    async def __aexit__(self, *_: object) -> None:
        for stack in self._of.values():
            await stack.aclose()
        await self._phones.aclose()

    def who(self, name: str | None) -> Person:
        """Somebody who is on the stage."""
        assert name in self.people, f"{name} has no telephone in this scenario"
        return self.people[name]

    def number(self, said: str | None) -> str:
        """What is dialled: a person's extension or number, or digits; `echo`, `busy`, … outside."""
        assert said is not None
        said = said.strip('"')
        if said in PEOPLE:
            return PEOPLE[said]
        if said in OUTSIDE:
            return OUTSIDE[said]
        outside: dict[str, str] = self.demo.facts["outside"]
        return outside.get(said, said)

    async def enter(self, name: str, *how: str) -> Person:
        """Gives somebody a telephone: `over tls`, `with opus`, `answering` by itself, are its properties.

        Raises AssertionError for a property that is unknown.
        """
        options: dict[str, Any] = {"tone": TONES[name]}
        base, device = (name[:-1], 1) if name[-1].isdigit() else (name, 0)
        transport: Any = "udp"
        words = iter(how)
        for word in words:
            match word:
                case "over":
                    transport = next(words)
                case "with":
                    options["codecs"] = next(words)
                case "silent":
                    options["tone"] = None
                case "answering":
                    options["answer"] = "auto"
                case _:
                    raise AssertionError(f"what is a telephone {word!r}?")
        if base in OUTSIDE:
            exchange = self.demo.facts["provider"]["sip"]
            line, number = Line(OUTSIDE[base], "-", exchange, exchange), OUTSIDE[base]
            options["register"] = False
        else:
            line, number = self.demo.line(PEOPLE[base], transport, device=device), PEOPLE[base]
        stack = AsyncExitStack()
        made = telephone(self.folder, f"{name}-{len(self._raised)}", line, **options)
        phone = await stack.enter_async_context(made)
        self._of[name] = stack
        self._raised[f"{name}-{len(self._raised)}"] = how
        self.people[name] = Person(name, TONES[name], number, phone)
        return self.people[name]

    async def leave(self, name: str) -> None:
        """Takes somebody's telephone away without a word, as when its cable is pulled."""
        self.who(name).phone.kill()
        await self._of.pop(name).aclose()
        del self.people[name]

    async def switch_off(self, name: str) -> None:
        """Takes somebody's telephone away; it takes leave of the registrar."""
        self.who(name)
        await self._of.pop(name).aclose()
        del self.people[name]

    async def keys(self, person: Person) -> RawPhone:
        """The keys and lamps of somebody's telephone, which baresip does not have."""
        if person.raw is None:
            line = self.demo.line(person.number)
            person.raw = await self._phones.enter_async_context(raw_phone(line))
        return person.raw

    def later(self, close: Callable[[], None]) -> None:
        """Does something when the scenario is over."""
        self._phones.callback(close)
