"""The Reason header: why a request was sent, in the words of SIP or of ISDN (RFC 3326, Q.850)."""

from dataclasses import dataclass

from stimme.sip.message import Message
from stimme.sip.uri import parse_params, quote_string

ANSWERED_ELSEWHERE = 'SIP;cause=200;text="Call completed elsewhere"'


@dataclass(frozen=True, slots=True)
class Reason:
    """One reason. `protocol` is `SIP`, `Q.850` or another word; `cause` None when it names none."""

    protocol: str
    cause: int | None = None
    text: str = ""

    def __str__(self) -> str:
        cause = "" if self.cause is None else f";cause={self.cause}"
        text = f";text={quote_string(self.text)}" if self.text else ""
        return f"{self.protocol}{cause}{text}"


def read_reasons(message: Message) -> list[Reason]:
    """Every reason of a message, in order; what cannot be read is left out."""
    found: list[Reason] = []
    for value in message.headers.values("Reason"):
        protocol, _, rest = value.partition(";")
        params = parse_params(rest) if rest else {}
        cause = params.get("cause") or ""
        if protocol.strip():
            number = int(cause) if cause.isascii() and cause.isdigit() and len(cause) < 5 else None
            found.append(Reason(protocol.strip(), number, params.get("text") or ""))
    return found


def answered_elsewhere(cancel: Message) -> bool:
    """Whether a CANCEL says that somebody else took the call: then it is no missed call."""
    return any(reason.protocol.upper() == "SIP" and reason.cause == 200 for reason in read_reasons(cancel))
