"""The wire format of what is configured and sold: bodies of PUT, items of lists."""

import datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, Field
from stdnum import iban as iban_numbers
from stdnum.eu import vat as vat_numbers
from stdnum.exceptions import ValidationError as NumberError

from stimme.api.schemas import Input, Language, Package, Srtp
from stimme.licensing.invoices import EU_COUNTRIES
from stimme.sentences import Sentence
from stimme.store.search import HitKind

E164 = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{1,14}$", examples=["+4930231250"])]
Extension = Annotated[str, Field(pattern=r"^[0-9]{1,12}$")]
Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"\S")]
Host = Annotated[str, Field(min_length=1, max_length=253, pattern=r"^[A-Za-z0-9.:\[\]_-]+$")]
SipUser = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[A-Za-z0-9._+-]+$")]
Country = Annotated[str, Field(pattern=r"^[A-Z]{2}$")]
Month = Annotated[str, Field(pattern=r"^2[0-9]{3}-(0[1-9]|1[0-2])$", examples=["2026-11"])]
Base = Literal["base", "extended_base", "demo"]
LicenceKind = Literal["base", "extended_base", "demo", "trunk", "klare", "klingende", "volle"]
BilledKind = Literal["base", "extended_base", "trunk", "klare", "klingende", "volle"]


def _iban(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return str(iban_numbers.validate(text))
    except NumberError as error:
        raise ValueError(Sentence("not-an-iban", "this is not an IBAN")) from error


def _vat_id(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        compact = str(vat_numbers.validate(text))
    except NumberError as error:
        raise ValueError(Sentence("not-a-vat-number", "this is not a VAT number of the EU")) from error
    return compact if compact[:2].isalpha() else text.replace(" ", "").upper()


def _eu_country(text: str) -> str:
    if text not in EU_COUNTRIES:
        raise ValueError(Sentence("country-outside-eu", "customers outside the EU cannot be billed"))
    return text


class UserBody(Input):
    """Body of ``PUT /users/{id}``."""

    customer_id: str
    extension: Extension
    name: Name
    package: Package
    number: E164 | None = None
    language: Language = "de"
    site_id: str | None = None


class UserRow(Input):
    """A line of a file of users; columns that are missing keep what is there, or the defaults."""

    extension: Extension
    name: Name
    package: Package
    number: E164 | None = None
    language: Language = "de"


class UserImportBody(Input):
    """A CSV file with a heading: extension, name, package, and, if wanted, number and language."""

    csv: Annotated[str, Field(max_length=2_000_000)]
    apply: bool = False


class UserImportLine(BaseModel):
    """What becomes of a line of the file; ``line`` counts from 1, the heading."""

    line: int
    extension: str
    action: Literal["create", "change", "keep", "refuse"]
    field: str | None
    message: str | None
    code: str | None = None
    """What ``message`` says, with its ``values``, for saying it in another language."""
    values: dict[str, str | int] = {}


class UserImportResult(BaseModel):
    """What was done (``applied``), or would be."""

    applied: bool
    items: list[UserImportLine]


class DeviceBody(Input):
    """Body of ``PUT /devices/{id}``; without ``sip_user`` one is made.

    With ``user_id`` null and ``customer_id`` the telephone is nobody's: somebody has to log in there.
    Emergency calls before that come from ``site_id``, or from the customer's first site. ``srtp`` says
    whether speech is encrypted: where the telephone offers it, offered to it as well, or never without.
    """

    user_id: str | None = None
    customer_id: str | None = None
    site_id: str | None = None
    name: Annotated[str, Field(max_length=200)] = ""
    sip_user: SipUser | None = None
    srtp: Srtp = "prefer"


class DevicePut(BaseModel):
    """A device as put; ``password`` is told once, when it was made."""

    id: str
    customer_id: str
    user_id: str | None
    site_id: str | None
    name: str
    sip_user: str
    srtp: Srtp
    version: int
    password: str | None


class TrunkBody(Input):
    """Body of ``PUT /trunks/{id}``; without ``password`` it stays. ``srtp`` ``require`` needs TLS."""

    customer_id: str
    name: Name
    kind: Literal["register", "static"]
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)] = 5060
    transport: Literal["udp", "tcp", "tls"] = "udp"
    username: Annotated[str, Field(max_length=200)] = ""
    password: Annotated[str, Field(max_length=200)] | None = None
    realm: Annotated[str, Field(max_length=253)] | None = None
    expires: Annotated[int, Field(ge=60, le=86400)] = 600
    srtp: Srtp = "accept"


class NumberBlockBody(Input):
    """Body of ``PUT /numbers/{id}``."""

    trunk_id: str
    head: E164
    extension_digits: Annotated[int, Field(ge=0, le=6)]


class NumberBlockDetail(BaseModel):
    """A number block."""

    id: str
    customer_id: str
    trunk_id: str
    head: str
    extension_digits: int
    version: int


class SiteBody(Input):
    """Body of ``PUT /sites/{id}``. ``emergency_number`` is what control centres are shown."""

    customer_id: str
    name: Name
    street: Name
    postcode: Annotated[str, Field(min_length=1, max_length=16)]
    city: Name
    country: Country = "DE"
    trunk_id: str
    emergency_number: E164 | None = None


class SiteItem(SiteBody):
    """A site."""

    id: str
    version: int


class SiteList(BaseModel):
    """Sites by name."""

    items: list[SiteItem]


ServiceKind = Literal[
    "group",
    "queue",
    "menu",
    "attendant",
    "calendar",
    "pickup_group",
    "parking",
    "codes",
    "barring",
    "hot_desking",
    "recording",
    "paging",
]


class ServiceBody(Input):
    """Body of ``PUT /services/{id}``: what its settings hold depends on the kind (docs/api.md)."""

    customer_id: str
    kind: ServiceKind
    settings: Annotated[
        dict[str, Any],
        Field(
            examples=[
                {
                    "id": "sales",
                    "extension": "30",
                    "name": "Vertrieb",
                    "members": ["0b7f6a0e-4f0a-4b0e-9a55-0d8e9f3b1c11"],
                    "strategy": "parallel",
                }
            ]
        ),
    ]


class ServiceItem(ServiceBody):
    """A service; ``extension`` is where it answers."""

    id: str
    extension: str | None
    version: int


class ServiceList(BaseModel):
    """Services by customer, kind and extension."""

    items: list[ServiceItem]


class FeatureCodeItem(BaseModel):
    """A feature that is dialled: its standard codes, and what it does by language."""

    id: str
    codes: list[str]
    name: dict[str, str]


class FeatureCodeList(BaseModel):
    """Features in the order of docs/feature-codes.md."""

    items: list[FeatureCodeItem]


class SearchHit(BaseModel):
    """Something found; ``detail`` is an extension, number, SIP user, host, or the kind of a service."""

    kind: HitKind
    id: str
    customer_id: str | None
    customer: str | None
    name: str
    detail: str


class SearchResult(BaseModel):
    """What was found, kind by kind."""

    items: list[SearchHit]


class ResellerBody(Input):
    """Body of ``PUT /resellers/{id}``."""

    name: Name
    language: Language = "de"


class ResellerItem(BaseModel):
    """A reseller."""

    id: str
    name: str
    language: Language
    created_at: datetime.datetime
    version: int


class ResellerList(BaseModel):
    """A page of resellers by name."""

    items: list[ResellerItem]
    next: str | None


class CustomerBody(Input):
    """Body of ``PUT /customers/{id}``; only the provider names a reseller."""

    name: Name
    domain: Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?$")]
    language: Language = "de"
    reseller_id: str | None = None


class CustomerItem(BaseModel):
    """A customer with the licences it holds; ``number`` is its number in books."""

    id: str
    number: int
    name: str
    domain: str
    language: Language
    parent_id: str
    base: Base | None
    standing: Literal["licensed", "demo", "expired", "unlicensed"]
    demo_ends: datetime.datetime | None
    licences: dict[str, int]
    created_at: datetime.datetime
    version: int


class CustomerList(BaseModel):
    """A page of customers by name."""

    items: list[CustomerItem]
    next: str | None


class LicenceBody(Input):
    """Body of ``PUT /customers/{id}/licence``; ``null`` ends it, the extended one needs gateway and site."""

    base: Base | None
    gateway_id: str | None = None
    site_id: str | None = None


class LicenceEventItem(BaseModel):
    """From ``at`` on, ``quantity`` licences of ``kind`` are provided."""

    id: int
    at: datetime.datetime
    kind: LicenceKind
    quantity: int
    cause: str
    actor: str


class LicenceEventList(BaseModel):
    """A page of licence events, newest first."""

    items: list[LicenceEventItem]
    next: str | None


class AddressBody(Input):
    """Body of ``PUT /organisations/{id}/billing-address``."""

    name: Name
    street: Name
    postcode: Annotated[str, Field(min_length=1, max_length=16)]
    city: Name
    country: Annotated[Country, AfterValidator(_eu_country)] = "DE"
    vat_id: Annotated[Annotated[str, Field(max_length=20)] | None, AfterValidator(_vat_id)] = None
    tax_number: Annotated[str, Field(max_length=30)] | None = None
    email: Annotated[str, Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+$")] | None = None
    phone: Annotated[str, Field(max_length=40)] | None = None
    contact: Annotated[str, Field(max_length=200)] | None = None
    iban: Annotated[Annotated[str, Field(max_length=42)] | None, AfterValidator(_iban)] = None
    bic: Annotated[str, Field(pattern=r"^[A-Z0-9]{8}([A-Z0-9]{3})?$")] | None = None


class AddressItem(BaseModel):
    """A billing address."""

    organisation_id: str
    name: str
    street: str
    postcode: str
    city: str
    country: str
    vat_id: str | None
    tax_number: str | None
    email: str | None
    phone: str | None
    contact: str | None
    iban: str | None
    bic: str | None
    version: int


class GatewayBody(Input):
    """Body of ``PUT /gateways/{id}``."""

    serial: Annotated[str, Field(min_length=1, max_length=64)]
    model: Annotated[str, Field(min_length=1, max_length=100)]


class GatewayItem(GatewayBody):
    """A gateway: in stock without a customer, else rented to one."""

    id: str
    customer_id: str | None
    site_id: str | None
    version: int


class GatewayList(BaseModel):
    """Gateways by serial number."""

    items: list[GatewayItem]


class PriceBody(Input):
    """Body of ``PUT /prices``: euros net per month, valid from the first of a month."""

    kind: BilledKind
    valid_from: datetime.date
    amount: Annotated[Decimal, Field(ge=0, max_digits=10, decimal_places=2)]
    commission: Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)] = Decimal(0)
    reseller_id: str | None = None


class PriceItem(PriceBody):
    """A price."""

    id: int


class PriceList(BaseModel):
    """All prices that the account may see, newest first."""

    items: list[PriceItem]


class VatRateBody(Input):
    """The standard VAT rate in percent from a day on."""

    valid_from: datetime.date
    percent: Annotated[Decimal, Field(ge=0, le=100, decimal_places=2)]


class VatRateList(BaseModel):
    """VAT rates, newest first."""

    items: list[VatRateBody]


class UsageItem(BaseModel):
    """What one customer is billed for."""

    customer_id: str
    customer: str
    reseller_id: str | None
    billable: bool
    quantities: dict[str, int]


class MonthReport(BaseModel):
    """A month as it stands; ``closed_at`` is ``null`` while it is open, and below the provider."""

    month: Month
    closed_at: datetime.datetime | None
    usage: list[UsageItem]


class ClosingItem(BaseModel):
    """A closed month."""

    month: Month
    closed_at: datetime.datetime
    closed_by: str
    invoices: int
    net: Decimal
    gross: Decimal


class ClosingList(BaseModel):
    """Closed months, newest first."""

    items: list[ClosingItem]


class InvoiceItem(BaseModel):
    """An invoice or credit note in a list; amounts are positive in both."""

    number: str
    kind: Literal["invoice", "credit_note"]
    month: Month
    customer_id: str
    customer: str
    reseller_id: str | None
    issued_on: datetime.date
    net: Decimal
    vat: Decimal
    gross: Decimal
    corrects: str | None


class InvoiceList(BaseModel):
    """A page of documents, newest first."""

    items: list[InvoiceItem]
    next: str | None


class InvoiceDocument(BaseModel):
    """A document as it was written."""

    document: dict[str, Any]
    net: Decimal
    vat: Decimal
    gross: Decimal


class CreditBody(Input):
    """Body of a credit note; without ``quantities`` all that is left is taken back."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]
    quantities: dict[BilledKind, Annotated[int, Field(ge=1)]] | None = None


class SummaryItem(BaseModel):
    """What a reseller's customers were billed in a month, credit notes taken off."""

    reseller_id: str | None
    reseller: str | None
    customers: int
    quantities: dict[str, int]
    net: Decimal
    gross: Decimal
    commission: Decimal


class SummaryList(BaseModel):
    """Summaries by reseller."""

    items: list[SummaryItem]


class AuditItem(BaseModel):
    """Who changed what; secrets are named, never shown."""

    id: int
    at: datetime.datetime
    actor: str
    action: Literal["create", "change", "delete"]
    subject: str
    subject_id: str
    customer_id: str | None
    before: dict[str, Any] | None
    after: dict[str, Any] | None


class AuditList(BaseModel):
    """A page of the audit log, newest first."""

    items: list[AuditItem]
    next: str | None
