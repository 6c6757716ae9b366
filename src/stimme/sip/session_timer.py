"""Session timers (RFC 4028), both roles, without I/O.

Policy: we ask for 1,800 s on every call and refuse less than 90 s with 422. As callee we leave the refreshing
to a caller that can do it, and run no timer against one that cannot and does not ask. Whose turn it is
refreshes after half the interval, by UPDATE when the peer takes it, else by a re-INVITE with the description
as it was. A session that was not refreshed is ended by BYE a third of the interval, at most 32 s, before it
expires (§10).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from stimme.sip.message import Message, Request, Response
from stimme.sip.reliable import has_option
from stimme.sip.timers import Alarm, AlarmQueue
from stimme.sip.uri import Params, parse_params

OPTION = "timer"
_MAX_DIGITS = 9


@dataclass(frozen=True, slots=True)
class SessionIntervals:
    """Seconds: the interval that we ask for (0 switches session timers off) and the shortest that we take."""

    wanted: int = 1800
    shortest: int = 90


def delta_seconds(message: Message, name: str) -> tuple[int, Params] | None:
    """Seconds and parameters of a header such as Session-Expires, None when it is absent or unreadable."""
    value = message.headers.get(name)
    if value is None:
        return None
    text, _, params = value.partition(";")
    text = text.strip()
    if not (text.isascii() and text.isdigit() and len(text) <= _MAX_DIGITS):
        return None
    return int(text), parse_params(params) if params else {}


class SessionTimer:
    """The timer of one session.

    Args:
        now: the clock.
        alarms: wakes us.
        intervals: what we ask for and take.
        refresh: sends UPDATE or re-INVITE.
        expire: ends the session.
    """

    __slots__ = (
        "_alarm",
        "_alarms",
        "_expire",
        "_intervals",
        "_minimum",
        "_now",
        "_refresh",
        "interval",
        "ours",
    )

    def __init__(
        self,
        now: Callable[[], float],
        alarms: AlarmQueue,
        intervals: SessionIntervals,
        *,
        refresh: Callable[[], None],
        expire: Callable[[], None],
    ) -> None:
        self._now = now
        self._alarms = alarms
        self._intervals = intervals
        self._minimum = intervals.shortest
        self._refresh = refresh
        self._expire = expire
        self._alarm: Alarm | None = None
        self.interval = 0
        self.ours = False

    # -- as the side that sends the request -----------------------------------------------------------------

    def request_headers(self) -> list[tuple[str, str]]:
        """What INVITE and UPDATE of ours carry."""
        wanted = self.interval or self._intervals.wanted
        if not wanted:
            return []
        refresher = f";refresher={'uac' if self.ours else 'uas'}" if self.interval else ""
        fields = [("Session-Expires", f"{max(wanted, self._minimum)}{refresher}")]
        if self._minimum != 90:  # the default of §5 need not be said
            fields.append(("Min-SE", str(self._minimum)))
        return fields

    def take_refusal(self, response: Response) -> bool:
        """422: True when the request can be sent again with the interval that was asked for (§7.3)."""
        found = delta_seconds(response, "Min-SE")
        if found is None or found[0] <= self._minimum:
            return False
        self._minimum = found[0]
        return True

    def take_answer(self, response: Response) -> None:
        """2xx: the peer decided (§7.2); without Session-Expires there is no timer."""
        found = delta_seconds(response, "Session-Expires")
        if found is None:
            self.stop()
        else:
            self._run(found[0], ours=found[1].get("refresher") != "uas")

    # -- as the side that answers ---------------------------------------------------------------------------

    def refusal(self, request: Request) -> tuple[int, list[tuple[str, str]]] | None:
        """422 for an interval that is too short, None when it is not (§9)."""
        found = delta_seconds(request, "Session-Expires")
        if (
            found is None
            or found[0] >= self._intervals.shortest
            or not has_option(request, "Supported", OPTION)
        ):
            return None
        return 422, [("Min-SE", str(self._intervals.shortest))]

    def answer_headers(self, request: Request) -> Sequence[tuple[str, str]]:
        """What the 2xx carries; the timer runs from now on (§9)."""
        found = delta_seconds(request, "Session-Expires")
        able = has_option(request, "Supported", OPTION)
        if found is None and (not able or not self._intervals.wanted):
            self.stop()
            return ()
        least = max(self._intervals.shortest, (delta_seconds(request, "Min-SE") or (0, {}))[0])
        ours = self._intervals.wanted or least
        interval = max(least, min(found[0], ours) if found else ours)
        named = found[1].get("refresher") if found else None
        refresher = "uas" if not able or named == "uas" else "uac"
        self._run(interval, ours=refresher == "uas")
        fields = [("Session-Expires", f"{interval};refresher={refresher}")]
        if refresher == "uac":
            fields.append(("Require", OPTION))
        return fields

    # -- time -----------------------------------------------------------------------------------------------

    def resume(self, interval: int, *, ours: bool) -> None:
        """Takes the timer up after a restart, as if it had been refreshed now."""
        if interval:
            self._run(interval, ours=ours)

    def _run(self, interval: int, *, ours: bool) -> None:
        self.stop()
        self.interval = max(interval, 1)
        self.ours = ours
        if ours:
            self._wake(interval / 2, self._turn)
        else:
            self._wake(self._lifetime, self._expire)

    @property
    def _lifetime(self) -> float:
        return self.interval - min(32.0, self.interval / 3)

    def _turn(self) -> None:
        # Before the request goes out: its answer starts the next interval.
        self._wake(self._lifetime - self.interval / 2, self._expire)
        self._refresh()

    def _wake(self, seconds: float, action: Callable[[], None]) -> None:
        self._alarm = self._alarms.set(self._now() + seconds, action)

    def stop(self) -> None:
        """The session is over, or has no timer."""
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        self.interval = 0

    def close(self) -> None:
        """The session is over for good."""
        self.stop()
        self._refresh = self._expire = _nothing


def _nothing() -> None:
    """What a closed timer does."""
