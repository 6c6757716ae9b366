"""What one tenant lives from: plain values that the store loads and the actor keeps in memory."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from stimme.licensing.packages import Package
from stimme.pbx.apps.attendant import Attendant
from stimme.pbx.apps.menu import Menu
from stimme.pbx.apps.paging import PageGroup
from stimme.pbx.features.hotdesk import AutoLogout
from stimme.pbx.features.keys import KeyPlan
from stimme.pbx.groups.group import Group
from stimme.pbx.groups.queue import QueueSettings
from stimme.pbx.ports import NoPhoneBooks, PhoneBooks
from stimme.pbx.recording_policy import RecordingPolicy
from stimme.sip.srtp_keys import Srtp
from stimme.trunks.rules import EmergencySite, OutsideRules


@dataclass(frozen=True, slots=True)
class User:
    """A person with an extension; `number` is E.164 or None when the user has no direct number."""

    id: str
    extension: str
    name: str
    package: Package = Package.KLARE
    number: str | None = None
    language: str = "de"


@dataclass(frozen=True, slots=True)
class Device:
    """A telephone or browser. `ha1` holds the digest secret per algorithm (RFC 8760).

    Attributes:
        user_id: its user; None for a telephone at which somebody has to log in.
        srtp: whether its speech is encrypted (a browser's always is).
    """

    id: str
    user_id: str | None
    sip_user: str
    kind: Literal["phone", "web"] = "phone"
    ha1: Mapping[str, str] = field(default_factory=dict, repr=False)
    srtp: Srtp = Srtp.PREFER


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
    srtp: Srtp = Srtp.ACCEPT


@dataclass(frozen=True, slots=True)
class NumberBlock:
    """A head number in E.164 and how many digits may follow it."""

    trunk_id: str
    head: str
    extension_digits: int


@dataclass(slots=True)
class Tenant:
    """One customer's PBX.

    Attributes:
        groups: hunt groups by extension, those of the queues among them.
        queues: wait queues by extension.
        menus: by id.
        pages: groups for announcements, by extension.
        phone_books: names of callers, and short numbers.
        hot_desk_logout: when guests at telephones are logged out by themselves.
        rules: what calls to the public network are bound by.
        recording: who may record calls.
        site_of: what a user's site says of emergency calls, by user id.
        desk_sites: the same by device id, for telephones that are nobody's.
        licensed: the customer's calls may go out.
        licensed_until: when that ends by itself.
        pickup_groups: the user ids of each pick-up group.
        park_slots: numbers of the places where calls wait.
        keys: the function keys of users, by user id.
        code_changes: feature codes that differ from the defaults (``stimme.pbx.features.codes``).
    """

    id: str
    name: str
    domain: str
    language: str = "de"
    users: dict[str, User] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    trunks: dict[str, TrunkConfig] = field(default_factory=dict)
    numbers: list[NumberBlock] = field(default_factory=list)
    groups: dict[str, Group] = field(default_factory=dict)
    queues: dict[str, QueueSettings] = field(default_factory=dict)
    menus: dict[str, Menu] = field(default_factory=dict)
    pages: dict[str, PageGroup] = field(default_factory=dict)
    attendant: Attendant | None = None
    pickup_groups: list[frozenset[str]] = field(default_factory=list)
    park_slots: tuple[str, ...] = tuple(str(number) for number in range(701, 711))
    keys: dict[str, KeyPlan] = field(default_factory=dict)
    code_changes: dict[str, list[str]] = field(default_factory=dict)
    phone_books: PhoneBooks = field(default_factory=NoPhoneBooks)
    hot_desk_logout: AutoLogout = field(default_factory=AutoLogout)
    rules: OutsideRules = field(default_factory=OutsideRules)
    recording: RecordingPolicy = field(default_factory=RecordingPolicy)
    site_of: dict[str, EmergencySite] = field(default_factory=dict)
    desk_sites: dict[str, EmergencySite] = field(default_factory=dict)
    licensed: bool = True
    licensed_until: datetime | None = None

    def is_service(self, extension: str) -> bool:
        """True for the extension of a group (also for announcements), a menu or the attendant."""
        attendant = self.attendant is not None and self.attendant.extension == extension
        known = extension in self.groups or extension in self.pages
        return attendant or known or self.menu_at(extension) is not None

    def menu_at(self, extension: str) -> Menu | None:
        """The menu with this extension."""
        return next((menu for menu in self.menus.values() if menu.extension == extension), None)

    def licensed_at(self, moment: datetime) -> bool:
        """Whether calls may go out; emergency calls are not asked about."""
        return self.licensed and (self.licensed_until is None or moment < self.licensed_until)

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

    def emergency_site(self, user: User | None, device_id: str | None) -> EmergencySite | None:
        """Where an emergency call comes from: the site of who calls, else that of a telephone of nobody."""
        return self.site_of.get(user.id) if user is not None else self.desk_sites.get(device_id or "")

    def trunk_for(self, user: User | None) -> TrunkConfig | None:
        """The trunk that a user's outside calls take: the one of the user's number, else the first."""
        for block in self.numbers:
            if user is not None and user.number is not None and user.number.startswith(block.head):
                return self.trunks.get(block.trunk_id)
        return next(iter(self.trunks.values()), None)
