"""Refusals of the licence model. Each has a stable name for programs and a sentence for people."""

from collections.abc import Sequence
from typing import ClassVar

from stimme.sentences import Sentence


class LicensingError(Exception):
    """What was asked for contradicts the licence model; nothing was changed."""

    slug: ClassVar[str] = "licensing"

    def __init__(self, sentence: Sentence) -> None:
        self.sentence = sentence
        super().__init__(sentence)


class LicenceMissingError(LicensingError):
    """Something needs a licence that the customer does not have."""

    slug = "licence-missing"


class LicenceLimitError(LicensingError):
    """The licence's limit is reached: the fourth demo user, the seventeenth trunk."""

    slug = "licence-limit"


class LicenceChangeError(LicensingError):
    """This licence cannot become that one: a second base licence, a demo after a paid licence."""

    slug = "licence-change"


class LicenceRightError(LicensingError):
    """The licence exists, but this role may not assign it."""

    slug = "licence-right"


class PackageRequiredError(LicensingError):
    """A feature is not part of the user's package.

    Attributes:
        feature: What was asked for, as ``stimme.licensing.packages.Feature`` names it.
        package: The lowest package that holds it.
    """

    slug = "package-required"

    def __init__(self, sentence: Sentence, *, feature: str, package: str) -> None:
        self.feature = feature
        self.package = package
        super().__init__(sentence)


class PriceError(LicensingError):
    """A price or a VAT rate is missing or cannot be used."""

    slug = "price"


class ClosingError(LicensingError):
    """A month cannot be closed (yet).

    Attributes:
        reasons: Each of what stands in the way, when it is more than the sentence says.
    """

    slug = "month-closing"

    def __init__(self, sentence: Sentence, reasons: Sequence[Sentence] = ()) -> None:
        self.reasons = tuple(reasons)
        super().__init__(sentence)


class InvoiceError(LicensingError):
    """An invoice or a credit note cannot be written."""

    slug = "invoice"


class PrintingError(LicensingError):
    """A document cannot be drawn now; trying again may help."""

    slug = "printing"
