"""Where a trunk's provider is, and whether it is there (T1): addresses by DNS (RFC 3263), OPTIONS (§11).

Policy:
    * The name is looked up at the start and every five minutes, sooner while nothing is found: SRV, unless a
      port other than the usual one is configured, then addresses. A server that failed goes to the end of
      the list for a minute. Until the first answer the name itself is used.
    * OPTIONS goes out as `trunks.profiles.health` says, to the first server that answers; a provider that
      is down is told before anybody calls. The state keeps no call from being tried, but a trunk whose
      provider is down is tried last.
    * A call waits `PATIENCE` for the first sign of a server, then goes to the next, and then to the next
      trunk; nobody waits the 32 s of timer B.
"""

import asyncio
from collections.abc import Callable, Sequence

from stimme.pbx.model import TrunkConfig
from stimme.sip.flow import DEFAULT_PORTS, Target
from stimme.sip.message import Response
from stimme.sip.outside import request_outside
from stimme.sip.timers import Alarm
from stimme.sip.transaction import Failure
from stimme.sip.transport.locating import Locator
from stimme.sip.ua import UserAgent
from stimme.sip.uri import NameAddr, SipUri
from stimme.trunks.profiles.health import Health, State, is_alive

PATIENCE = 5.0
LOOK_AGAIN = 300.0
LOOK_SOON = 15.0
OPTIONS_INTERVAL = 60.0


class Provider:
    """See the module's docstring.

    Args:
        ua: sends OPTIONS.
        trunk: the way to the provider.
        locator: finds the servers; None takes the configured address as it is.
        changed: called when the provider's state has changed.
        moved: called when the provider's servers are others than before.
        interval: seconds between requests; 0 sends none.

    Attributes:
        servers: in the order to try them, never empty.
        health: what is known of the provider.
    """

    def __init__(
        self,
        ua: UserAgent,
        trunk: TrunkConfig,
        locator: Locator | None,
        *,
        changed: Callable[[], None],
        moved: Callable[[], None] = lambda: None,
        interval: float = OPTIONS_INTERVAL,
    ) -> None:
        self._ua = ua
        self.trunk = trunk
        self._locator = locator
        self._changed = changed
        self._moved = moved
        name = trunk.host if trunk.transport == "tls" else None
        self.servers: list[Target] = [Target(trunk.transport, trunk.host, trunk.port, name)]
        self.health = Health(interval)
        self._alarm: Alarm | None = None
        self._task: asyncio.Task[None] | None = None
        self._stopped = False

    @property
    def usable(self) -> bool:
        """False while the provider is known to be down."""
        return self.health.state is not State.DOWN

    def ways(self) -> Sequence[Target]:
        """The servers in the order to try them now."""
        return self.servers if self._locator is None else self._locator.in_order(self.servers)

    def start(self) -> None:
        """Looks the servers up, asks them, and goes on doing so."""
        if self._locator is not None and self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._look(self._locator))
        self.health.begin(self._ua.now())
        self._arm()

    def stop(self) -> None:
        """Asks nothing more."""
        self._stopped = True
        if self._alarm is not None:
            self._alarm.cancel()
        if self._task is not None:
            self._task.cancel()

    def describe(self) -> str:
        """A sentence for people."""
        health = self.health
        seen = health.view(self._ua.now())
        share = "" if health.availability is None else f", {health.availability:.1%} of the signs were good"
        match health.state:
            case State.UP:
                took = seen["round_trip_ms"]
                return f"the provider answers{'' if took is None else f' in {took:g} ms'}{share}"
            case State.DOUBTFUL:
                return f"the provider did not answer the last request{share}"
            case State.DOWN:
                return f"the provider has not answered for {seen['for_seconds']:.0f} s{share}"
            case State.UNKNOWN:
                return "not asked yet"

    # -- what calls show ------------------------------------------------------------------------------------

    def answered(self) -> None:
        """A call or registration was answered: a sign of life like any other."""
        self._tell(self.health.alive(self._ua.now()))
        self._arm()

    # -- OPTIONS --------------------------------------------------------------------------------------------

    def _arm(self) -> None:
        due = self.health.next_wakeup()
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if due is not None and not self._stopped:
            self._alarm = self._ua.alarms.set(max(due, self._ua.now()), self._ask)

    def _ask(self) -> None:
        self._alarm = None
        self.health.asking()
        asked = self._ua.now()
        trunk = self.trunk
        uri = SipUri(trunk.host, None, None if trunk.port == DEFAULT_PORTS[trunk.transport] else trunk.port)
        me = NameAddr(SipUri(trunk.host, trunk.username or "stimme"))
        request = request_outside(
            "OPTIONS",
            uri,
            from_=me,
            to_header=NameAddr(uri),
            call_id=self._ua.token(24),
            tag=self._ua.token(16),
            headers=[("Accept", "application/sdp")],
        )

        def answered(response: Response) -> None:
            if response.status >= 200:
                now = self._ua.now()
                if is_alive(response.status):
                    self._tell(self.health.alive(now, now - asked))
                else:
                    self._tell(self.health.silent(now))
                self._arm()

        def failed(_: Failure) -> None:
            self._tell(self.health.silent(self._ua.now()))
            self._arm()

        self._ua.request(
            request, list(self.ways()), on_response=answered, on_failure=failed, patience=PATIENCE
        )

    def _tell(self, state: State | None) -> None:
        if state is not None and not self._stopped:
            self._changed()

    # -- DNS ------------------------------------------------------------------------------------------------

    async def _look(self, locator: Locator) -> None:
        trunk = self.trunk
        port = None if trunk.port in (0, DEFAULT_PORTS[trunk.transport]) else trunk.port
        while True:
            found = await locator.locate(trunk.host, port, transport=trunk.transport)
            if found and set(found) != set(self.servers):
                self.servers = found
                self._moved()
            await asyncio.sleep(LOOK_AGAIN if found else LOOK_SOON)
