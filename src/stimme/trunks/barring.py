"""What an outside call costs, roughly, and who may place it (T7).

Policy:
    * Every number outside belongs to one class. Emergency numbers and free numbers (0800, 116xxx) are never
      barred.
    * A user's reach is the dearest class that the user may call. What a customer forbids or allows by its
      beginning is stronger than the class; of two beginnings that fit the longer one counts.
    * Call-by-call prefixes (010…) and satellite networks count as premium: they cost whatever somebody else
      says.
    * A diversion is a call of the one who diverts: the same rules count for it, when it is set and when it
      is used.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import IntEnum

import phonenumbers

from stimme.pbx.emergency_numbers import emergency_number

_TYPE = phonenumbers.PhoneNumberType
# International networks that belong to no country, at prices of their own (ITU-T E.164, list of country
# codes).
_NO_COUNTRY = frozenset({870, 878, 881, 882, 883, 979})
# German national numbers by their beginning (number plan of the Bundesnetzagentur).
_GERMAN_PREMIUM = ("900", "137", "118", "190", "10")
_GERMAN_FREE = ("800", "116")
_GERMAN_SHORT_PREMIUM = "118"


class NumberClass(IntEnum):
    """What a number costs, from nothing to most."""

    EMERGENCY = 0
    FREE = 1
    LOCAL = 2
    NATIONAL = 3
    INTERNATIONAL = 4
    PREMIUM = 5


class Reach(IntEnum):
    """What a user may call; each contains the ones before."""

    INTERNAL = 1
    LOCAL = 2
    NATIONAL = 3
    INTERNATIONAL = 4
    PREMIUM = 5


@dataclass(frozen=True, slots=True)
class Barred:
    """A call that is not placed: why, and the prompt that says so."""

    number_class: NumberClass
    prompt: str = "call.barred"


@dataclass(frozen=True, slots=True)
class Barring:
    """What one user may call.

    Attributes:
        exceptions: beginnings of E.164 numbers, True for allowed and False for forbidden.
    """

    reach: Reach = Reach.INTERNATIONAL
    exceptions: Mapping[str, bool] = field(default_factory=dict)

    def check(self, number: str, home: str) -> Barred | None:
        """Whether a number may be called; None when it may.

        Args:
            number: as routed: E.164, or the digits of a service number.
            home: the head number of the user's site, E.164.
        """
        number_class = classify(number, home)
        if number_class <= NumberClass.FREE:
            return None
        fitting = [start for start in self.exceptions if number.startswith(start)]
        allowed = number_class <= self.reach
        if fitting:
            allowed = self.exceptions[max(fitting, key=len)]
        return None if allowed else Barred(number_class)


def classify(number: str, home: str) -> NumberClass:
    """The class of a number outside; what cannot be understood is premium."""
    if emergency_number(number) is not None:
        return NumberClass.EMERGENCY
    if not number.startswith("+"):
        return _short(number)
    try:
        base, called = phonenumbers.parse(home), phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return NumberClass.PREMIUM
    if _is_premium(called):
        return NumberClass.PREMIUM
    if called.country_code != base.country_code:
        return NumberClass.INTERNATIONAL
    return _at_home(called, base)


def _is_premium(called: phonenumbers.PhoneNumber) -> bool:
    national = phonenumbers.national_significant_number(called)
    return (
        called.country_code in _NO_COUNTRY
        or phonenumbers.number_type(called) == _TYPE.PREMIUM_RATE
        or (called.country_code == 49 and national.startswith(_GERMAN_PREMIUM))
    )


def _at_home(called: phonenumbers.PhoneNumber, base: phonenumbers.PhoneNumber) -> NumberClass:
    national = phonenumbers.national_significant_number(called)
    if phonenumbers.number_type(called) == _TYPE.TOLL_FREE:
        return NumberClass.FREE
    if called.country_code == 49 and national.startswith(_GERMAN_FREE):
        return NumberClass.FREE
    area = _area(called)
    return NumberClass.LOCAL if area and area == _area(base) else NumberClass.NATIONAL


def _short(number: str) -> NumberClass:
    """Digits that are dialled without an area code: authorities, help lines, directory enquiries."""
    if number.startswith(_GERMAN_SHORT_PREMIUM):
        return NumberClass.PREMIUM
    return NumberClass.FREE if number.startswith("116") else NumberClass.LOCAL


def _area(number: phonenumbers.PhoneNumber) -> str:
    length = phonenumbers.length_of_geographical_area_code(number)
    return phonenumbers.national_significant_number(number)[:length]


# Where calls cost little from Germany: the European Economic Area and what is close to it, and North America
# without the islands that share its country code.
INEXPENSIVE = frozenset(
    {
        *("AT", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GR", "HR", "HU"),
        *("IE", "IS", "IT", "LI", "LT", "LU", "LV", "MT", "NL", "NO", "PL", "PT", "RO", "SE", "SI", "SK"),
        *("US", "CA"),
    }
)


def is_expensive(number: str) -> bool:
    """True for the zones that toll fraud aims at: premium numbers, and countries that cost much."""
    if emergency_number(number) is not None:
        return False
    if not number.startswith("+"):
        return number.startswith(_GERMAN_SHORT_PREMIUM)
    if classify(number, "+4930123456") is NumberClass.PREMIUM:
        return True
    try:
        called = phonenumbers.parse(number)
    except phonenumbers.NumberParseException:
        return True
    region = phonenumbers.region_code_for_number(called)
    if region is None:
        # Unknown to the number plan: the country as a whole counts, unless several share its code.
        regions = phonenumbers.region_codes_for_country_code(called.country_code or 0)
        region = regions[0] if len(regions) == 1 else None
    return region not in INEXPENSIVE
