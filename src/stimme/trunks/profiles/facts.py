"""What a provider really does, measured by calls to oneself ("test this trunk").

The test places calls through the trunk to a number of the customer that comes back in by the same trunk,
one with each way to show a number, and to numbers that are busy and unknown. What was sent and what came
back is put into a `SelfCall`; here it becomes a sheet of facts, each with the message that shows it, and
the differences to the profile.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Literal

from stimme.sip.errors import SipParseError
from stimme.sip.identity import read_identity
from stimme.sip.message import Request, Response
from stimme.sip.negotiation import read_audio
from stimme.trunks.numbers import from_provider
from stimme.trunks.profiles.profile import Profile

Showing = Literal["network", "other", "hidden"]


class Fact(Enum):
    """One property of a provider; the value is its name for people."""

    EARLY_MEDIA = "audio before the answer"
    CLIP = "the caller's number arrives"
    CLIP_NO_SCREENING = "a number of one's own choice arrives"
    CLIR = "a hidden number stays hidden"
    CONNECTED_NUMBER = "the answer names who answered"
    G722 = "wide-band speech (G.722)"
    T38 = "fax by T.38"
    DTMF = "digits by RFC 4733"
    REFER = "calls can be passed on by REFER"
    SESSION_TIMER = "session timer"
    BUSY = "a busy number is told as such"
    UNKNOWN = "an unknown number is told as such"


class Verdict(Enum):
    """Whether a fact is so."""

    YES = "yes"
    NO = "no"
    UNTESTED = "not tested"


@dataclass(frozen=True, slots=True)
class Finding:
    """A fact, whether it is so, and what shows it."""

    fact: Fact
    verdict: Verdict
    detail: str = ""


@dataclass(frozen=True, slots=True)
class SelfCall:
    """One call through the trunk to oneself.

    Attributes:
        showing: which number the call was to show.
        number: the number that was to arrive, E.164; for a hidden one the network number.
        answers: what the provider answered to the INVITE, in order.
        arrived: the call as it came back, None when it did not.
    """

    showing: Showing
    number: str
    answers: tuple[Response, ...]
    arrived: Request | None = None


@dataclass(frozen=True, slots=True)
class Measured:
    """Everything that a test of a trunk brought together.

    Attributes:
        home: the head number of the trunk.
        fax: the answer to a re-INVITE with T.38.
        busy, unknown: the final answers of calls to such numbers.
    """

    home: str
    calls: tuple[SelfCall, ...] = ()
    fax: Response | None = None
    busy: Response | None = None
    unknown: Response | None = None


def fact_sheet(measured: Measured) -> list[Finding]:
    """Every fact in its order."""
    return [_FINDERS[fact](measured) for fact in Fact]


def differences(profile: Profile, sheet: Iterable[Finding]) -> list[str]:
    """Where a provider does not do what its profile says; in words, for the administrator."""
    found = {finding.fact: finding for finding in sheet}
    expected: Mapping[Fact, bool] = {
        Fact.CLIP: True,
        Fact.CLIR: True,
        Fact.CLIP_NO_SCREENING: profile.clip_no_screening,
        Fact.G722: "G722" in profile.codecs,
        Fact.T38: profile.fax == "t38",
        Fact.REFER: profile.refer,
        Fact.DTMF: True,
        Fact.BUSY: True,
        Fact.UNKNOWN: True,
    }
    told: list[str] = []
    for fact, wanted in expected.items():
        finding = found.get(fact)
        if finding is None or finding.verdict is Verdict.UNTESTED:
            continue
        if (finding.verdict is Verdict.YES) != wanted:
            is_so = "is so" if finding.verdict is Verdict.YES else "is not so"
            told.append(f"{fact.value}: {is_so}, against the profile ({finding.detail})")
    return told


def to_json(sheet: Iterable[Finding]) -> list[dict[str, Any]]:
    """The sheet as the API and the store keep it."""
    return [
        {"fact": item.fact.name.lower(), "verdict": item.verdict.value, "detail": item.detail}
        for item in sheet
    ]


# -- one fact each ------------------------------------------------------------------------------------------


def _finding(fact: Fact, is_so: bool | None, detail: str) -> Finding:
    if is_so is None:
        return Finding(fact, Verdict.UNTESTED, detail)
    return Finding(fact, Verdict.YES if is_so else Verdict.NO, detail)


def _early_media(measured: Measured) -> Finding:
    for call in measured.calls:
        for answer in call.answers:
            if 100 < answer.status < 200 and answer.body:
                return _finding(Fact.EARLY_MEDIA, True, f"{answer.status} with a description")
    return _finding(Fact.EARLY_MEDIA, False if _answers(measured) else None, "no 18x with a description")


def _clip(measured: Measured) -> Finding:
    return _arriving(measured, Fact.CLIP, "network")


def _clip_no_screening(measured: Measured) -> Finding:
    return _arriving(measured, Fact.CLIP_NO_SCREENING, "other")


def _arriving(measured: Measured, fact: Fact, showing: Showing) -> Finding:
    call = next((item for item in measured.calls if item.showing == showing and item.arrived), None)
    if call is None or call.arrived is None:
        return _finding(fact, None, "the call did not come back")
    shown = _shown(call.arrived, measured.home)
    return _finding(fact, shown == call.number, f"{shown or 'nothing'} arrived, {call.number} was sent")


def _clir(measured: Measured) -> Finding:
    call = next((item for item in measured.calls if item.showing == "hidden" and item.arrived), None)
    if call is None or call.arrived is None:
        return _finding(Fact.CLIR, None, "the call did not come back")
    shown = _shown(call.arrived, measured.home)
    return _finding(Fact.CLIR, shown != call.number, f"{shown or 'nothing'} arrived")


def _connected_number(measured: Measured) -> Finding:
    finals = [answer for answer in _answers(measured) if 200 <= answer.status < 300]
    if not finals:
        return _finding(Fact.CONNECTED_NUMBER, None, "no call was answered")
    named = any("P-Asserted-Identity" in answer.headers for answer in finals)
    return _finding(Fact.CONNECTED_NUMBER, named, "P-Asserted-Identity in the 200" if named else "none")


def _g722(measured: Measured) -> Finding:
    return _codec(measured, Fact.G722, "G722")


def _dtmf(measured: Measured) -> Finding:
    return _codec(measured, Fact.DTMF, "telephone-event")


def _codec(measured: Measured, fact: Fact, name: str) -> Finding:
    bodies = [answer.body for answer in _answers(measured) if answer.body]
    if not bodies:
        return _finding(fact, None, "no answer with a description")
    spoken: list[str] = []
    for body in bodies:
        # By name alone: a codec that was agreed upon stands in the answer.
        spoken += _codec_names(body)
    return _finding(fact, name.lower() in spoken, ", ".join(dict.fromkeys(spoken)) or "no codec")


def _codec_names(body: bytes) -> list[str]:
    try:
        audio = read_audio(body)
    except (SipParseError, ValueError):
        return []
    return [codec.name.lower() for codec in audio.codecs]


def _t38(measured: Measured) -> Finding:
    if measured.fax is None:
        return _finding(Fact.T38, None, "")
    taken = measured.fax.status == 200 and b"udptl" in measured.fax.body
    return _finding(Fact.T38, taken, f"{measured.fax.status} {measured.fax.reason}")


def _refer(measured: Measured) -> Finding:
    allowed = [answer.headers.get("Allow") for answer in _answers(measured) if "Allow" in answer.headers]
    if not allowed:
        return _finding(Fact.REFER, None, "no Allow")
    return _finding(Fact.REFER, any("REFER" in (value or "") for value in allowed), allowed[-1] or "")


def _session_timer(measured: Measured) -> Finding:
    finals = [answer for answer in _answers(measured) if 200 <= answer.status < 300]
    if not finals:
        return _finding(Fact.SESSION_TIMER, None, "no call was answered")
    interval = next((answer.headers.get("Session-Expires") for answer in finals), None)
    return _finding(Fact.SESSION_TIMER, interval is not None, interval or "no Session-Expires")


def _busy(measured: Measured) -> Finding:
    return _final(Fact.BUSY, measured.busy, {486, 600})


def _unknown(measured: Measured) -> Finding:
    return _final(Fact.UNKNOWN, measured.unknown, {404, 484, 410, 604})


def _final(fact: Fact, response: Response | None, expected: set[int]) -> Finding:
    if response is None:
        return _finding(fact, None, "")
    return _finding(fact, response.status in expected, f"{response.status} {response.reason}")


def _answers(measured: Measured) -> list[Response]:
    return [answer for call in measured.calls for answer in call.answers]


def _shown(arrived: Request, home: str) -> str:
    """The number that a called person would see, empty for a hidden one."""
    try:
        identity = read_identity(arrived)
    except SipParseError:
        return ""
    if identity.withheld:
        return ""
    return from_provider(identity.from_.user, home)


_FINDERS: Mapping[Fact, Callable[[Measured], Finding]] = {
    Fact.EARLY_MEDIA: _early_media,
    Fact.CLIP: _clip,
    Fact.CLIP_NO_SCREENING: _clip_no_screening,
    Fact.CLIR: _clir,
    Fact.CONNECTED_NUMBER: _connected_number,
    Fact.G722: _g722,
    Fact.T38: _t38,
    Fact.DTMF: _dtmf,
    Fact.REFER: _refer,
    Fact.SESSION_TIMER: _session_timer,
    Fact.BUSY: _busy,
    Fact.UNKNOWN: _unknown,
}
