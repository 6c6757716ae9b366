"""How far a call may go on: Max-Forwards and Max-Breadth across a B2BUA (RFC 7332 §3, RFC 5393 §5.3).

Policy: what we call for a caller has one hop less than the caller's request, and the breadth that is left is
shared among the telephones that ring at once. So a call that is diverted in a circle between two systems
ends, although each leg is a request of its own. A request without the headers starts with the usual values.
"""

from dataclasses import dataclass

from stimme.sip.errors import SipParseError
from stimme.sip.message import Request

MAX_FORWARDS = 70
MAX_BREADTH = 60
TOO_MANY_HOPS = 483
BREADTH_EXCEEDED = 440


@dataclass(frozen=True, slots=True)
class HopLimits:
    """What is left of a request; `breadth` None when it carries no Max-Breadth."""

    forwards: int = MAX_FORWARDS
    breadth: int | None = None

    @classmethod
    def of(cls, request: Request | None) -> "HopLimits":
        """Of a caller's request; the usual values when there is none, or what it says cannot be read."""
        if request is None:
            return cls()
        try:
            forwards = request.max_forwards
        except SipParseError:
            forwards = None
        value = (request.headers.get("Max-Breadth") or "").strip()
        breadth = int(value) if value.isascii() and value.isdigit() and len(value) < 6 else None
        return cls(MAX_FORWARDS if forwards is None else min(forwards, MAX_FORWARDS), breadth)

    def refusal(self, branches: int = 1) -> int | None:
        """The status when it may not go on to so many at once, None when it may."""
        if self.forwards < 1:
            return TOO_MANY_HOPS
        return BREADTH_EXCEEDED if self.breadth is not None and self.breadth < branches else None

    def next(self, branches: int = 1) -> "HopLimits":
        """What each of so many requests gets."""
        share = None if self.breadth is None else max(1, self.breadth // max(1, branches))
        return HopLimits(max(0, self.forwards - 1), share)

    def apply(self, request: Request) -> None:
        """Writes it into a request of ours."""
        request.headers.set("Max-Forwards", str(self.forwards))
        if self.breadth is not None:
            request.headers.set("Max-Breadth", str(self.breadth))
