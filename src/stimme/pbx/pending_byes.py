"""BYEs that wait for telephones whose connection is gone: only they can open another (RFC 5626 §1).

Policy: what a telephone on TCP, TLS or WebSocket could not be told it is told as soon as it registers again;
until then its call is over for everybody else. Few are kept for each telephone, and not for ever: a telephone
that stays away longer has given its call up itself.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from stimme.pbx.leg import Leg
from stimme.sip.flow import Destination

_MOST = 8
_KEPT_SECONDS = 3600.0


class PendingByes:
    """See the module's docstring.

    Args:
        clock: seconds.
        say: ends a dialog of `Session.unfinished` at its peer.
    """

    def __init__(
        self, clock: Callable[[], float], say: Callable[[dict[str, Any], Destination], None]
    ) -> None:
        self._clock = clock
        self._say = say
        self._waiting: dict[str, deque[tuple[float, dict[str, Any]]]] = {}

    def defer(self, leg: Leg) -> None:
        """A leg ends whose telephone cannot be reached now; to be called before its session ends."""
        if leg.device_id is None or leg.session is None or not leg.session.cut_off or not leg.answered:
            return
        waiting = self._waiting.setdefault(leg.device_id, deque(maxlen=_MOST))
        waiting.append((self._clock() + _KEPT_SECONDS, leg.session.unfinished()))

    def registered(self, device_id: str, destination: Destination | None) -> None:
        """A telephone has registered: it may be reachable again."""
        if destination is None or device_id not in self._waiting:
            return
        for expires, dialog in self._waiting.pop(device_id):
            if expires > self._clock():
                self._say(dialog, destination)
