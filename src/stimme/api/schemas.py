"""What the HTTP API takes and gives: the wire format of ``/api/v1``, and nothing else."""

import datetime
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from stimme.licensing.packages import Feature
from stimme.sentences import Sentence
from stimme.store.rights import Right

Role = Literal["provider", "reseller", "customer", "user"]
Language = Literal["de", "en"]
Package = Literal["klare", "klingende", "volle"]
LineState = Literal["free", "ringing", "busy", "offline"]
CallResult = Literal["answered", "missed", "busy", "declined", "cancelled", "failed", "no_answer"]
CallDirection = Literal["internal", "incoming", "outgoing", "emergency"]
LiveState = Literal["ringing", "early", "answered", "ended"]
Srtp = Literal["accept", "prefer", "require"]
TrunkState = Literal["registered", "reachable", "failed", "unreachable", "unknown"]
Health = Literal["ok", "degraded", "down"]


class Input(BaseModel):
    """A request body: unknown fields are mistakes."""

    model_config = ConfigDict(extra="forbid")


class Said(BaseModel):
    """A sentence of a refusal: in English, and as code and values for saying it in another language."""

    message: str
    code: str
    values: dict[str, str | int] = {}


class FieldError(Said):
    """One mistake in a request."""

    field: str


class Problem(BaseModel):
    """Every error of the API (RFC 9457); a refusal for want of a package names it and the feature.

    ``code`` and ``values`` say ``detail`` again, for clients that speak other languages; without a code the
    type says all. ``reasons`` are there when more than one thing stands in the way.
    """

    type: str
    title: str
    status: int
    detail: str
    code: str | None = None
    values: dict[str, str | int] | None = None
    errors: list[FieldError] = []
    reasons: list[Said] | None = None
    feature: Feature | None = None
    package: Package | None = None


class Organisation(BaseModel):
    """Where an account belongs."""

    id: str
    name: str
    domain: str | None


class AccountUser(BaseModel):
    """The person behind an account of role ``user``; ``features`` are those that the package switches on."""

    id: str
    extension: str
    name: str
    number: str | None
    package: Package
    features: list[Feature]


class Account(BaseModel):
    """Who is signed in."""

    id: str
    login: str
    role: Role
    rights: list[Right] | None
    """What of its role the account may do; ``null`` for all of it."""
    language: Language
    organisation: Organisation
    user: AccountUser | None


class SignIn(Input):
    """Body of ``POST /session``."""

    login: str = Field(min_length=1, max_length=254)
    password: str = Field(min_length=1, max_length=1024)
    remember: bool = False
    code: str | None = Field(default=None, max_length=20)
    """A one-time or recovery code, for accounts that have switched them on."""


class SignedIn(BaseModel):
    """A new session; browsers use the cookie set with it, programs the token."""

    token: str
    expires_at: datetime.datetime
    account: Account


class MeUpdate(Input):
    """Body of ``PATCH /me``."""

    language: Language


class Softphone(BaseModel):
    """What the browser's telephone registers with."""

    sip_uri: str
    authorization_user: str
    password: str
    display_name: str
    wss: str
    ice_servers: list[dict[str, Any]]


class CallListItem(BaseModel):
    """A line of the user's call list. ``duration_seconds`` counts from answer to end."""

    id: str
    call_id: str
    direction: Literal["incoming", "outgoing"]
    result: CallResult
    number: str | None
    name: str | None
    user_id: str | None
    started_at: datetime.datetime
    answered_at: datetime.datetime | None
    duration_seconds: int | None
    seen: bool


class CallList(BaseModel):
    """A page of the call list, newest first; ``next`` goes into ``before``."""

    items: list[CallListItem]
    next: str | None


class DirectoryEntry(BaseModel):
    """A colleague."""

    user_id: str
    name: str
    extension: str
    number: str | None
    line_state: LineState


class Directory(BaseModel):
    """Colleagues of the own customer."""

    items: list[DirectoryEntry]


class Party(BaseModel):
    """One side of a call."""

    number: str | None = None
    name: str | None = None
    user_id: str | None = None


class LiveCall(BaseModel):
    """A call that is going on."""

    call_id: str
    state: LiveState
    direction: CallDirection
    caller: Party
    callee: Party
    started_at: datetime.datetime
    answered_at: datetime.datetime | None = None
    on_hold: bool = False
    recorded: bool = False


class LiveCalls(BaseModel):
    """The calls that the account may see."""

    items: list[LiveCall]


class TraceMessage(BaseModel):
    """One SIP message of a call; ``text`` is the message, secrets blotted out."""

    at: float
    sent: bool
    transport: str
    peer: str
    text: str


class CallTrace(BaseModel):
    """The SIP messages of a call, and a drawing of them as text."""

    call_id: str
    ladder: str
    messages: list[TraceMessage]


class Dial(BaseModel):
    """A call to be placed for the signed-in user.

    Without ``device_id`` all the user's telephones ring and the first to be lifted has the call; a device
    that is named is asked to answer by itself.
    """

    number: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9+*#][0-9*# ()/.-]*$")]
    device_id: str | None = None


class TransferOrder(Input):
    """Where a call is transferred: to a number, or to the other party of another call of one's own."""

    number: Annotated[str | None, Field(max_length=64, pattern=r"^[0-9+][0-9 ()/.-]*$")] = None
    call_id: str | None = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"number": "12"}, {"call_id": "9f0c…"}]})

    @model_validator(mode="after")
    def _one_target(self) -> Self:
        if (self.number is None) == (self.call_id is None):
            raise ValueError(Sentence("number-or-call", "name either number or call_id"))
        return self


class ParkOrder(Input):
    """Where a call is parked; without ``slot`` in the first free one."""

    slot: Annotated[str | None, Field(max_length=8, pattern=r"^[0-9]+$")] = None

    model_config = ConfigDict(json_schema_extra={"examples": [{"slot": "701"}, {}]})


class PickupOrder(Input):
    """Which telephone picks up: one that is asked to answer by itself, else all of the user's ring."""

    device_id: str | None = None


class ConferenceOrder(Input):
    """The other call of one's own whose party joins."""

    call_id: str


class DiversionSetting(BaseModel):
    """Where calls go instead. ``seconds`` counts for ``no_reply`` only."""

    kind: Literal["always", "busy", "no_reply", "not_registered"]
    number: Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[0-9+*#]+$")]
    origin: Literal["any", "internal", "external"] = "any"
    seconds: Annotated[int, Field(ge=5, le=120)] = 20


class UserSettings(BaseModel):
    """What users set for themselves, by code, key, client or here; one diversion of each kind and origin."""

    diversions: Annotated[list[DiversionSetting], Field(max_length=12)] = []
    dnd: bool = False
    call_waiting: bool = True
    clir: bool = False


class PinBody(Input):
    """Body of ``PUT /me/pin``."""

    pin: Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]


class EventTicket(BaseModel):
    """Opens one event stream, once, within ``expires_in`` seconds: ``/api/v1/events?ticket=…``."""

    ticket: str
    expires_in: int


class UserItem(BaseModel):
    """A user as administrators see it."""

    id: str
    customer_id: str
    extension: str
    name: str
    number: str | None
    package: Package
    language: Language
    site_id: str | None
    version: int
    line_state: LineState


class UserList(BaseModel):
    """A page of users by extension."""

    items: list[UserItem]
    next: str | None


class DeviceItem(BaseModel):
    """A phone or browser of a user; ``user_id`` is null for a phone at which somebody has to log in.

    ``srtp`` is null for a browser, whose speech is always encrypted.
    """

    id: str
    customer_id: str
    user_id: str | None
    site_id: str | None
    kind: Literal["phone", "web"]
    name: str
    sip_user: str
    srtp: Srtp | None
    version: int
    registered: bool


class DeviceList(BaseModel):
    """A page of devices."""

    items: list[DeviceItem]
    next: str | None


class NumberBlockItem(BaseModel):
    """A head number with the digits that may follow it."""

    id: str
    head: str
    extension_digits: int
    version: int


class TrunkItem(BaseModel):
    """A trunk and how it is."""

    id: str
    customer_id: str
    name: str
    kind: Literal["register", "static"]
    host: str
    port: int
    transport: Literal["udp", "tcp", "tls"]
    username: str
    realm: str | None
    expires: int
    srtp: Srtp
    version: int
    numbers: list[NumberBlockItem]
    state: TrunkState
    detail: str


class TrunkList(BaseModel):
    """A page of trunks."""

    items: list[TrunkItem]
    next: str | None


class CallNote(BaseModel):
    """What a user has noted of a call."""

    kind: Literal["malicious"]
    user_id: str
    noted_at: datetime.datetime


class CallRecordItem(BaseModel):
    """A finished call."""

    id: str
    customer_id: str
    direction: CallDirection
    caller: Party
    callee: Party
    answered_by: str | None
    started_at: datetime.datetime
    ringing_at: datetime.datetime | None
    answered_at: datetime.datetime | None
    ended_at: datetime.datetime
    result: CallResult
    sip_status: int | None
    trunk_id: str | None
    hangup_by: Literal["caller", "callee", "system"] | None
    notes: list[CallNote]
    quality: Any


class CallRecordList(BaseModel):
    """A page of call records, newest first."""

    items: list[CallRecordItem]
    next: str | None


class SipAccess(BaseModel):
    """Ports by transport (``udp``, ``tcp``, ``tls``)."""

    ports: dict[str, int]


class TrunkCount(BaseModel):
    """Trunks by state."""

    total: int
    registered: int


class HealthReport(BaseModel):
    """Whether this node can carry calls."""

    status: Health
    store: Literal["ok", "down"]
    engine: Literal["ok", "down"]
    trunks: TrunkCount


class TrunkTestStep(BaseModel):
    """One step of the test of a trunk, with a sentence in the reader's language (German or English)."""

    id: Literal[
        "provider",
        "outgoing",
        "incoming",
        "number",
        "speech",
        "keys",
        "hang_up",
        "hidden",
        "busy",
        "other_number",
        "unknown",
    ]
    result: Literal["passed", "failed", "noted", "skipped"]
    words: str


class TrunkFact(BaseModel):
    """One property of the provider as it was measured, with what shows it."""

    fact: str
    verdict: Literal["yes", "no", "not tested"]
    detail: str


class TrunkTestReport(BaseModel):
    """What calls over a trunk to oneself have shown; ``passed`` when no step has failed."""

    trunk_id: str
    at: datetime.datetime
    passed: bool
    steps: list[TrunkTestStep]
    facts: list[TrunkFact]


class ProviderHealth(BaseModel):
    """What OPTIONS and calls show of a provider; ``availability`` is the share of good signs of late."""

    state: Literal["unknown", "up", "doubtful", "down"]
    for_seconds: float | None
    last_sign_seconds_ago: float | None
    round_trip_ms: float | None
    availability: float | None
    servers: list[str]


class TrunkHealth(BaseModel):
    """How a trunk is: in one word and a sentence, its provider, and the last test since the start."""

    trunk_id: str
    state: TrunkState
    detail: str
    provider: ProviderHealth | None
    last_test: TrunkTestReport | None


class PromptPart(BaseModel):
    """A part of a prompt that is one sound: its words, and the name of a recording that replaces it."""

    language: str
    name: str
    text: str


class PromptItem(BaseModel):
    """A prompt: its fixed parts in every language; values are said between them."""

    id: str
    parts: list[PromptPart]


class PromptList(BaseModel):
    """The catalogue."""

    items: list[PromptItem]


class RecordingItem(BaseModel):
    """A customer's own recording; ``size`` in bytes."""

    customer_id: str
    folder: Literal["de", "en", "music"]
    name: str
    seconds: float
    size: int
    changed_at: datetime.datetime
    version: int


class RecordingList(BaseModel):
    """A customer's own recordings."""

    items: list[RecordingItem]


class CallRecordingItem(BaseModel):
    """A recording of a call; ``missing``: its file is not there yet, or was lost with the media engine."""

    id: str
    customer_id: str
    call_id: str
    user_id: str
    started_at: datetime.datetime
    caller: Party
    callee: Party
    state: Literal["recording", "ready", "missing"]
    seconds: float | None
    size: int | None


class CallRecordingList(BaseModel):
    """A page of recordings, newest first."""

    items: list[CallRecordingItem]
    next: str | None
