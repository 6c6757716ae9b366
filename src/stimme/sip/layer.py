"""The transaction layer: time, randomness, what is to be sent, and the tables of transactions (RFC 3261 §17).

A request larger than 1,300 bytes for a server over UDP is tried over TCP first (§18.1.1), unless TCP failed
there within the last ten minutes. Requests on a flow stay on it: a telephone behind NAT has no other way in.
"""

import random
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from stimme.sip.checks import check_dialog
from stimme.sip.errors import SipParseError
from stimme.sip.flow import Destination, Target, address_of
from stimme.sip.headers import MAGIC_COOKIE, format_via
from stimme.sip.message import Request, Response
from stimme.sip.timers import AlarmQueue, Timers
from stimme.sip.trace import Trace, TraceEntry
from stimme.sip.transaction import ClientTransaction, Failure, ServerTransaction, client_key
from stimme.sip.uri import SipUri

LARGE = 1300
_STOCK = 4096
_SECURE = ("tls", "wss")
_VIA_BYTES = 120
_NO_TCP = 600.0
_MAX_NO_TCP = 1_000
MAX_SERVER_TRANSACTIONS = 100_000


@dataclass(slots=True)
class Transmit:
    """One message for the transport; `on_error` hears when it could not be sent."""

    data: bytes
    destination: Destination
    on_error: Callable[[str], None] | None


class Cork:
    """As long as this lasts, nothing leaves: see `TransactionLayer.held`."""

    def __init__(self, layer: "TransactionLayer") -> None:
        self._layer = layer

    def __enter__(self) -> None:
        self._layer.cork()

    def __exit__(self, *_fault: object) -> None:
        self._layer.uncork()


class TransactionLayer:
    """See the module's docstring.

    Args:
        clock: seconds, monotonic.
        rng: for tags and branches; a SystemRandom outside tests.
        timers: RFC 3261 timers.
        product: value of User-Agent and Server.
        on_output: called when something waits to be sent outside `receive` and `run_timers`.
        trace: keeps messages by call; None keeps none.

    Attributes:
        addresses: host and port that peers reach us under, by transport.
        on_unreachable: hears of a server that did not answer or could not be reached.
        most_servers: requests of others under way at which strangers are not read.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float],
        rng: random.Random,
        product: str,
        on_output: Callable[[], None],
        timers: Timers | None,
        trace: Trace | None,
    ) -> None:
        self.timers = timers or Timers()
        self.alarms = AlarmQueue()
        self.rng = rng
        self.product = product
        self.addresses: dict[str, tuple[str, int]] = {}
        self.on_unreachable: Callable[[Target], None] = lambda target: None
        self.most_servers = MAX_SERVER_TRANSACTIONS
        self._clock = clock
        self._on_output = on_output
        self._trace = trace
        self._output: list[Transmit] = []
        self._busy = 0
        self._words = ""
        self._drawn = 0
        self._clients: dict[tuple[str, ...], ClientTransaction] = {}
        self._servers: dict[tuple[str, ...], ServerTransaction] = {}
        self._no_tcp: OrderedDict[tuple[str, int], float] = OrderedDict()

    # -- the transport's side -------------------------------------------------------------------------------

    def next_timeout(self) -> float | None:
        """When `run_timers` wants to be called, on the clock."""
        return self.alarms.next()

    def run_timers(self) -> None:
        """Lets everything happen that is due."""
        self._busy += 1
        try:
            self.alarms.run(self._clock())
        finally:
            self._busy -= 1

    def take_output(self) -> list[Transmit]:
        """What is to be sent, in order; the list is the caller's."""
        output, self._output = self._output, []
        return output

    @property
    def crowded(self) -> bool:
        """True when there are so many requests under way that strangers have to wait.

        A flood with made-up source addresses has no source that could be throttled.
        """
        return len(self._servers) >= self.most_servers

    @property
    def transactions(self) -> int:
        """Transactions alive, both roles."""
        return len(self._clients) + len(self._servers)

    def trace(self, *call_ids: str) -> list[TraceEntry]:
        """The messages with one of these Call-IDs as far as they are kept."""
        return self._trace.of(*call_ids) if self._trace is not None and call_ids else []

    # -- for transactions and dialogs -----------------------------------------------------------------------

    def now(self) -> float:
        """The time on the clock."""
        return self._clock()

    def transmit(self, data: bytes, destination: Destination, on_error: Callable[[str], None] | None) -> None:
        """Queues bytes for the transport."""
        self._output.append(Transmit(data, destination, on_error))
        if self._trace is not None:
            peer = address_of(destination)
            self._trace.note(data, sent=True, transport=destination.transport, peer=peer)
        if not self._busy:
            self._on_output()

    def held(self) -> "Cork":
        """Nothing leaves within this block: what it journals is safe before the peer knows of it."""
        return Cork(self)

    def cork(self) -> None:
        """Nothing leaves until `uncork`, as often as this was called."""
        self._busy += 1

    def uncork(self) -> None:
        """What waited leaves now, unless somebody else has corked it."""
        self._busy -= 1
        if self._output and not self._busy:
            self._on_output()

    def forget(self, transaction: ClientTransaction | ServerTransaction) -> None:
        """Takes an ended transaction out of its table."""
        if isinstance(transaction, ClientTransaction):
            self._clients.pop(transaction.key, None)
        else:
            self._servers.pop(transaction.key, None)

    def token(self, length: int) -> str:
        """A random word for tags, branches and Call-IDs."""
        start, self._drawn = self._drawn, self._drawn + length
        if self._drawn > len(self._words):
            # Drawn in stock: each draw of a SystemRandom is a system call.
            self._words = f"{self.rng.getrandbits(_STOCK * 4):0{_STOCK}x}"
            start, self._drawn = 0, length
        return self._words[start : self._drawn]

    def contact_for(self, transport: str, user: str, *, sips: bool = False) -> SipUri:
        """Our Contact as a peer on this transport reaches it; with `sips` a SIPS one where that is TLS."""
        named = {"wss": "ws"}.get(transport, transport)
        host, port = self._address(transport)
        if sips and transport in _SECURE:
            return SipUri(
                host, user or None, port, "sips", params={} if transport == "tls" else {"transport": named}
            )
        return SipUri(host, user or None, port, params={} if transport == "udp" else {"transport": named})

    def _address(self, transport: str) -> tuple[str, int]:
        return self.addresses.get(transport) or next(iter(self.addresses.values()), ("127.0.0.1", 5060))

    # -- requests of ours -----------------------------------------------------------------------------------

    def send(
        self,
        request: Request,
        destination: Destination,
        on_response: Callable[[Response], None],
        on_failure: Callable[[Failure], None],
        *,
        patience: float | None = None,
    ) -> ClientTransaction:
        """Starts a client transaction; a Via is put on top unless the request has one.

        `patience` is how long to wait for the first response when that is less than timer B or F: for a
        request that can go to another server.
        """
        branch = self._stamp(request, destination) if "Via" not in request.headers else None
        transaction = ClientTransaction(
            self, request, destination, on_response, on_failure, branch=branch, patience=patience
        )
        self._clients[transaction.key] = transaction
        transaction.start()
        return transaction

    def take_up(
        self,
        request: Request,
        destination: Destination,
        on_response: Callable[[Response], None],
        on_failure: Callable[[Failure], None],
    ) -> ClientTransaction:
        """A client transaction of before a crash: what the peer answers finds it again."""
        transaction = ClientTransaction(self, request, destination, on_response, on_failure)
        self._clients[transaction.key] = transaction
        transaction.go_on()
        return transaction

    def stamp(self, request: Request, destination: Destination) -> bytes:
        """The wire form of a request that needs no transaction: the ACK of a 2xx."""
        self._stamp(request, destination)
        return bytes(request)

    def _stamp(self, request: Request, destination: Destination) -> str:
        """Puts what every request of ours carries, and gives the branch."""
        host, port = self._address(destination.transport)
        branch = MAGIC_COOKIE + self.token(20)
        usual = (("Max-Forwards", "70"), ("User-Agent", self.product))
        request.headers.extend([field for field in usual if field[0] not in request.headers])
        request.headers.insert("Via", format_via(destination.transport, host, port, branch))
        return branch

    def ways(self, request: Request, destinations: Sequence[Destination]) -> list[Destination]:
        """Where to try a request, in order: a large one goes to a server over TCP before UDP."""
        if "tcp" not in self.addresses or request.size + _VIA_BYTES <= LARGE:
            return list(destinations)
        ways: list[Destination] = []
        for destination in destinations:
            open_again = self._no_tcp.get(address_of(destination), 0.0)
            if (
                isinstance(destination, Target)
                and destination.transport == "udp"
                and open_again <= self._clock()
            ):
                ways.append(replace(destination, transport="tcp"))
            ways.append(destination)
        return ways

    def failed_at(self, destination: Destination) -> None:
        """A server could not be reached: large requests need not try TCP there for a while."""
        if isinstance(destination, Target):
            self.on_unreachable(destination)
        if isinstance(destination, Target) and destination.transport == "tcp":
            self._no_tcp[address_of(destination)] = self._clock() + _NO_TCP
            if len(self._no_tcp) > _MAX_NO_TCP:
                self._no_tcp.popitem(last=False)

    def _receive_response(self, response: Response) -> None:
        try:
            key = client_key(response.branch, response.cseq.method)
            response.to.tag  # noqa: B018  the dialog needs it: a response without To is dropped here
            if key[1] == "INVITE" and 100 < response.status < 300:
                check_dialog(response)
        except SipParseError:
            return
        transaction = self._clients.get(key)
        if transaction is not None:
            transaction.receive(response)
