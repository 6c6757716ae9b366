"""Keys that come in INFO (`application/dtmf-relay`, `application/dtmf`; RFC 6086 calls this legacy usage)."""

from stimme.sip.message import Request, Response


def dtmf_of(message: Request | Response) -> str | None:
    """The key of an INFO, None when there is none."""
    kind = (message.headers.get("Content-Type") or "").partition(";")[0].strip().lower()
    text = message.body.decode("ascii", "replace")
    if kind == "application/dtmf":
        digit = text.strip()
    elif kind == "application/dtmf-relay":
        lines = (line.partition("=") for line in text.splitlines())
        digit = next((value.strip() for name, _, value in lines if name.strip().lower() == "signal"), "")
    else:
        return None
    return digit.upper() if len(digit) == 1 and digit.upper() in "0123456789*#ABCD" else None
