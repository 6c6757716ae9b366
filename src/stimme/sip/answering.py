"""Calls that a telephone shall answer by itself: RFC 5373 and the headers that desk phones knew before it."""

from dataclasses import dataclass
from typing import Literal

from stimme.sip.message import Message
from stimme.sip.uri import parse_params

AnswerMode = Literal["auto", "manual"]
_AUTO_ALERTS = ("alert-autoanswer", "auto-answer", "auto answer", "intercom", "ring-answer")


@dataclass(frozen=True, slots=True)
class AnswerRequest:
    """How the caller wants the call to be answered.

    Attributes:
        mode: at once, or by a person.
        required: better not at all than otherwise (RFC 5373 §4.2).
        privileged: also against the wishes of the called user (Priv-Answer-Mode); only from those who may.
        after: seconds to ring before.
    """

    mode: AnswerMode
    required: bool = False
    privileged: bool = False
    after: int = 0


def read_answer_request(message: Message) -> AnswerRequest | None:
    """What a call asks for, None when it says nothing."""
    for name, privileged in (("Priv-Answer-Mode", True), ("Answer-Mode", False)):
        value = message.headers.get(name)
        if value is not None:
            mode, _, rest = value.partition(";")
            required = "require" in (parse_params(rest) if rest else {})
            return AnswerRequest("auto" if mode.strip().lower() == "auto" else "manual", required, privileged)
    return _from_call_info(message) or _from_alert_info(message)


def _from_call_info(message: Message) -> AnswerRequest | None:
    for value in message.headers.values("Call-Info"):
        after = parse_params(value.rpartition(">")[2]).get("answer-after")
        if after is not None and after.isascii() and after.isdigit() and len(after) < 4:
            return AnswerRequest("auto", after=int(after))
    return None


def _from_alert_info(message: Message) -> AnswerRequest | None:
    for value in message.headers.values("Alert-Info"):
        info = (parse_params(value.rpartition(">")[2]).get("info") or value).lower()
        if any(word in info for word in _AUTO_ALERTS):
            return AnswerRequest("auto")
    return None


def answer_fields(host: str, *, privileged: bool = False) -> list[tuple[str, str]]:
    """Headers that make telephones of most makers answer at once; each ignores those it does not know."""
    return [
        ("Priv-Answer-Mode" if privileged else "Answer-Mode", "Auto"),
        ("Call-Info", f"<sip:{host}>;answer-after=0"),
        ("Alert-Info", f"<http://{host}>;info=alert-autoanswer;delay=0"),
    ]


def ring_tone_fields(tone: str) -> list[tuple[str, str]]:
    """An Alert-Info that names a ring tone of the telephone (RFC 7462 for `urn:alert:…`, else by name)."""
    if tone.startswith("urn:"):
        return [("Alert-Info", f"<{tone}>")]
    return [("Alert-Info", f"<http://localhost>;info={tone}")]
