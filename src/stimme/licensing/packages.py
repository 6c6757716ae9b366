"""Licence kinds, the users' packages, and which package a feature needs.

Policy: each package contains the one before it. A user without the package gets a refusal that names the
lowest package with the feature. Losing a package hides its features and keeps their data.
"""

from enum import StrEnum

from stimme.licensing.errors import PackageRequiredError
from stimme.sentences import Sentence


class Package(StrEnum):
    """What a user may use, lowest first."""

    KLARE = "klare"
    KLINGENDE = "klingende"
    VOLLE = "volle"

    @property
    def title(self) -> str:  # type: ignore[override]
        """The name it is sold under."""
        return f"{self.value.capitalize()} stimme"

    def contains(self, other: "Package") -> bool:
        """Tell whether everything of ``other`` is part of this package."""
        order = list(Package)
        return order.index(self) >= order.index(other)


class LicenceKind(StrEnum):
    """What is counted and billed, per PBX and per user."""

    BASE = "base"
    EXTENDED_BASE = "extended_base"
    DEMO = "demo"
    TRUNK = "trunk"
    """A trunk beyond the one that the base licence includes."""
    KLARE = "klare"
    KLINGENDE = "klingende"
    VOLLE = "volle"


TITLES: dict[LicenceKind, str] = {
    LicenceKind.BASE: "Grundlizenz",
    LicenceKind.EXTENDED_BASE: "Erweiterte Grundlizenz",
    LicenceKind.DEMO: "Demolizenz",
    LicenceKind.TRUNK: "Weiterer SIP Trunk",
    LicenceKind.KLARE: "Klare stimme",
    LicenceKind.KLINGENDE: "Klingende stimme",
    LicenceKind.VOLLE: "Volle stimme",
}
"""The names on an invoice."""


class Feature(StrEnum):
    """Everything that depends on the package."""

    TELEPHONY = "telephony"
    CALL_LISTS = "call_lists"
    CONFERENCE_OF_THREE = "conference_of_three"
    CLIR = "clir"
    HOT_DESKING = "hot_desking"
    PICKUP_GROUP = "pickup_group"
    HUNT_GROUP = "hunt_group"
    PHONE_BOOKS = "phone_books"
    MUSIC_ON_HOLD = "music_on_hold"
    ATTENDANT = "attendant"
    DIVERSIONS = "diversions"
    """Set at the telephone."""
    CLIENT_DIVERSIONS = "client_diversions"
    """Set in the client or by a program."""
    CTI = "cti"
    PRESENCE = "presence"
    FAVOURITES = "favourites"
    CHAT = "chat"
    DIRECTORY_SEARCH = "directory_search"
    NOTIFICATIONS = "notifications"
    OFFICE = "office"
    VOICEMAIL = "voicemail"
    MOBILE_CLIENT = "mobile_client"
    DESKTOP_PROGRAM = "desktop_program"
    MOBILITY = "mobility"
    VIDEO = "video"
    SHARING = "sharing"
    FAX = "fax"
    SOFTPHONE = "softphone"


_NAMES: dict[Feature, str] = {
    Feature.CTI: "Control of calls by client or program",
    Feature.CLIENT_DIVERSIONS: "Setting diversions in the client",
    Feature.CLIR: "Hiding the number",
}
"""What a refusal calls features whose own name would not do as the beginning of a sentence."""

_OWN: dict[Package, frozenset[Feature]] = {
    Package.KLARE: frozenset(
        {
            Feature.TELEPHONY,
            Feature.CALL_LISTS,
            Feature.CONFERENCE_OF_THREE,
            Feature.CLIR,
            Feature.HOT_DESKING,
            Feature.PICKUP_GROUP,
            Feature.HUNT_GROUP,
            Feature.PHONE_BOOKS,
            Feature.MUSIC_ON_HOLD,
            Feature.ATTENDANT,
            Feature.DIVERSIONS,
        }
    ),
    Package.KLINGENDE: frozenset(
        {
            Feature.CLIENT_DIVERSIONS,
            Feature.CTI,
            Feature.PRESENCE,
            Feature.FAVOURITES,
            Feature.CHAT,
            Feature.DIRECTORY_SEARCH,
            Feature.NOTIFICATIONS,
            Feature.OFFICE,
            Feature.VOICEMAIL,
            Feature.MOBILE_CLIENT,
            Feature.DESKTOP_PROGRAM,
        }
    ),
    Package.VOLLE: frozenset(
        {Feature.MOBILITY, Feature.VIDEO, Feature.SHARING, Feature.FAX, Feature.SOFTPHONE}
    ),
}


def features(package: Package) -> frozenset[Feature]:
    """Return everything that a package holds, with what the packages below it hold."""
    return frozenset().union(*(own for part, own in _OWN.items() if package.contains(part)))


def package_of(feature: Feature) -> Package:
    """Return the lowest package with a feature."""
    return next(package for package, own in _OWN.items() if feature in own)


def require(package: Package, feature: Feature) -> None:
    """Refuse a feature that the package does not hold.

    Raises:
        PackageRequiredError: With a sentence that names the package to buy.
    """
    needed = package_of(feature)
    if not package.contains(needed):
        name = _NAMES.get(feature, feature.value.replace("_", " ").capitalize())
        raise PackageRequiredError(
            Sentence(
                "package-required",
                "{name} needs the package {title}; this user has {held}.",
                name=name,
                title=needed.title,
                held=package.title,
                feature=feature.value,
                package=needed.value,
                own=package.value,
            ),
            feature=feature.value,
            package=needed.value,
        )
