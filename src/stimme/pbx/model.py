"""What one tenant lives from: plain values that the store loads and the actor keeps in memory."""

from dataclasses import dataclass, field
from typing import Literal


@dataclass(frozen=True, slots=True)
class User:
    """A person with an extension; `number` is E.164 or None when the user has no direct number."""

    id: str
    extension: str
    name: str
    package: str = "klare"
    number: str | None = None
    language: str = "de"


@dataclass(frozen=True, slots=True)
class Device:
    """A telephone or browser of a user. `ha1` holds the digest secret per algorithm (RFC 8760)."""

    id: str
    user_id: str
    sip_user: str
    kind: Literal["phone", "web"] = "phone"
    ha1: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True, slots=True)
class TrunkConfig:
    """A way to a telephone provider: registering, or known by its address."""

    id: str
    name: str
    kind: Literal["register", "static"]
    host: str
    port: int
    transport: Literal["udp", "tcp", "tls"] = "udp"
    username: str = ""
    password: str = field(default="", repr=False)
    realm: str | None = None
    expires: int = 600


@dataclass(frozen=True, slots=True)
class NumberBlock:
    """A head number in E.164 and how many digits may follow it."""

    trunk_id: str
    head: str
    extension_digits: int


@dataclass(slots=True)
class Tenant:
    """One customer's PBX."""

    id: str
    name: str
    domain: str
    language: str = "de"
    users: dict[str, User] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    trunks: dict[str, TrunkConfig] = field(default_factory=dict)
    numbers: list[NumberBlock] = field(default_factory=list)

    def by_extension(self, extension: str) -> User | None:
        """The user with this extension."""
        return next((user for user in self.users.values() if user.extension == extension), None)

    def by_number(self, number: str) -> User | None:
        """The user whose own number this is: assigned, or head number and extension."""
        for user in self.users.values():
            if user.number == number:
                return user
        for block in self.numbers:
            if number.startswith(block.head):
                return self.by_extension(number[len(block.head) :])
        return None

    def devices_of(self, user_id: str) -> list[Device]:
        """Every device of a user."""
        return [device for device in self.devices.values() if device.user_id == user_id]

    def trunk_for(self, user: User | None) -> TrunkConfig | None:
        """The trunk that a user's outside calls take: the one of the user's number, else the first."""
        for block in self.numbers:
            if user is not None and user.number is not None and user.number.startswith(block.head):
                return self.trunks.get(block.trunk_id)
        return next(iter(self.trunks.values()), None)
