"""Reliable provisional responses, 100rel and PRACK (RFC 3262), without I/O.

Policy: as callee we send 101-199 reliably when the caller requires it, or when the application asks for it
and the caller supports it; one at a time, the next waits for the PRACK of the last (§3). A 2xx waits for the
PRACK of a provisional response that carried a description. Without a PRACK in 64 × T1 the call is refused
with 504. As caller we acknowledge each in the order of its RSeq and drop what comes out of order (§4).
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

from stimme.sip.errors import SipParseError
from stimme.sip.message import Message, Request, Response
from stimme.sip.timers import Alarm
from stimme.sip.transaction import Layer, ServerTransaction

OPTION = "100rel"
MAX_WAITING = 16
_FIRST_RSEQ = 1
_MAX_DIGITS = 10


@dataclass(frozen=True, slots=True)
class RAck:
    """Which response a PRACK acknowledges (RFC 3262 §7.2)."""

    rseq: int
    cseq: int
    method: str

    @classmethod
    def parse(cls, text: str) -> "RAck":
        """Reads an RAck. Raises SipParseError."""
        parts = text.split()
        if len(parts) != 3:
            raise SipParseError(f"not an RAck: {text[:40]!r}")
        return cls(_number(parts[0]), _number(parts[1]), parts[2])

    def __str__(self) -> str:
        return f"{self.rseq} {self.cseq} {self.method}"


def rseq_of(response: Response) -> int | None:
    """The RSeq of a response that wants a PRACK, None for any other."""
    if not has_option(response, "Require", OPTION):
        return None
    try:
        return _number((response.headers.get("RSeq") or "").strip())
    except SipParseError:
        return None


def has_option(message: Message, header: str, option: str) -> bool:
    """Whether Supported or Require of a message names an extension."""
    return any(value.lower() == option for value in message.headers.values(header))


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        raise SipParseError(f"not a sequence number: {text[:20]!r}")
    return int(text)


class ReliableResponses:
    """The callee's side of one INVITE.

    Args:
        layer: clock, alarms and timers.
        transaction: the INVITE's.
        give_up: called when a PRACK has not come in 64 × T1.
    """

    def __init__(self, layer: Layer, transaction: ServerTransaction, give_up: Callable[[], None]) -> None:
        self._layer = layer
        self._transaction = transaction
        self._invite = transaction.request.cseq
        self._give_up = give_up
        self._rseq = 0
        self._open: Response | None = None
        self._waiting: deque[Response] = deque()
        self._alarm: Alarm | None = None
        self._owed: RAck | None = None
        self.described = False

    def wanted(self, asked: bool) -> bool:
        """Whether a provisional response is to be sent reliably."""
        request = self._transaction.request
        return has_option(request, "Require", OPTION) or (asked and has_option(request, "Supported", OPTION))

    @property
    def holds_answer(self) -> bool:
        """True while a response with a description waits for its PRACK: no 2xx may be sent (§3)."""
        responses = [self._open, *self._waiting]
        return any(response is not None and response.body for response in responses)

    def send(self, response: Response) -> None:
        """Sends a provisional response now, or after the PRACK of the last one."""
        if self._open is not None:
            if len(self._waiting) < MAX_WAITING:
                self._waiting.append(response)
            return
        self._rseq = self._rseq + 1 if self._rseq else _FIRST_RSEQ
        response.headers.add("Require", OPTION)
        response.headers.add("RSeq", str(self._rseq))
        self._open = response
        self._transaction.send(response)
        started = self._layer.now()
        self._repeat(started, self._layer.timers.t1)

    def _repeat(self, started: float, interval: float) -> None:
        def again() -> None:
            if self._open is None:
                return
            if self._layer.now() - started >= self._layer.timers.timeout:
                self.stop()
                self._give_up()
                return
            self._transaction.send(self._open)
            self._repeat(started, interval * 2)

        due = min(self._layer.now() + interval, started + self._layer.timers.timeout)
        self._alarm = self._layer.alarms.set(due, again)

    def acknowledge(self, prack: Request) -> bool:
        """Takes a PRACK; False when it acknowledges nothing that is open."""
        try:
            rack = RAck.parse(prack.headers.get("RAck") or "")
        except SipParseError:
            return False
        if rack == self._owed:
            self._owed = None
            return True
        if self._open is None or rack != self._expected():
            return False
        self.described |= bool(self._open.body)
        self._open = None
        self._cancel()
        return True

    def send_next(self) -> None:
        """The PRACK is answered: the next response may go out."""
        if self._open is None and self._waiting:
            self.send(self._waiting.popleft())

    def _expected(self) -> RAck:
        return RAck(self._rseq, self._invite.number, self._invite.method)

    @property
    def owed(self) -> bool:
        """Whether a PRACK may still come after the final response, and is to be answered by 200 (§3)."""
        return self._owed is not None

    def stop(self) -> None:
        """The INVITE has a final response: nothing is repeated any more."""
        if self._open is not None:
            self._owed = self._expected()
        self._open = None
        self._waiting.clear()
        self._cancel()

    def _cancel(self) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None


class ReliableOrder:
    """The caller's side: which reliable response is the next of its early dialog."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def is_next(self, tag: str, rseq: int) -> bool:
        """True for the first of a fork and for the one that follows the last; others are dropped (§4)."""
        last = self._last.get(tag)
        if (last is not None and rseq != last + 1) or (last is None and len(self._last) >= MAX_WAITING):
            return False
        self._last[tag] = rseq
        return True
