"""Transactions (RFC 3261 §17, RFC 6026): every timer, on a clock that is set by hand.

Each row is a script of what arrives when, and the timeline of everything that the transaction sends and
reports. The rows named "fault" are faults that other Python stacks have.
"""

from dataclasses import dataclass

import pytest
from tests.unit.sip.agents import Agent, Way, answer_to, label, wire

from stimme.sip.errors import SessionStateError
from stimme.sip.message import Request, Response
from stimme.sip.transaction import ClientTransaction, Failure
from stimme.sip.transitions import CLIENT_INVITE, CLIENT_NON_INVITE, SERVER_INVITE, SERVER_NON_INVITE, State
from stimme.sip.uri import parse_uri

INVITE_REPEATS = "0 INVITE, 0.5 INVITE, 1.5 INVITE, 3.5 INVITE, 7.5 INVITE, 15.5 INVITE, 31.5 INVITE"
OPTIONS_REPEATS = (
    "0 OPTIONS, 0.5 OPTIONS, 1.5 OPTIONS, 3.5 OPTIONS, 7.5 OPTIONS, 11.5 OPTIONS, 15.5 OPTIONS, "
    "19.5 OPTIONS, 23.5 OPTIONS, 27.5 OPTIONS, 31.5 OPTIONS"
)


@dataclass(frozen=True)
class Client:
    """`receives` is what the peer answers when, `until` when to stop looking."""

    name: str
    method: str
    receives: str
    timeline: str
    transport: str = "udp"
    ends: float = 200.0


CLIENTS = [
    Client("timers A and B", "INVITE", "", f"{INVITE_REPEATS}, 32 failed 408", ends=32),
    Client("timer B over TCP, no timer A", "INVITE", "", "0 INVITE, 32 failed 408", "tcp", 32),
    Client("fault: timer B in Proceeding", "INVITE", "0.2 100", "0 INVITE, 0.2 got 100", ends=999),
    Client("a provisional stops timer A", "INVITE", "0.7 180", "0 INVITE, 0.5 INVITE, 0.7 got 180", ends=999),
    Client("2xx, RFC 6026 timer M", "INVITE", "1 200", "0 INVITE, 0.5 INVITE, 1 got 200", ends=33),
    Client(
        "each 2xx goes up",
        "INVITE",
        "1 200, 2 200, 9 200",
        "0 INVITE, 0.5 INVITE, 1 got 200, 2 got 200, 9 got 200",
        ends=33,
    ),
    Client("a failure after a 2xx is nothing", "INVITE", "0 200, 1 486", "0 INVITE, 0 got 200", ends=32),
    Client("timer D", "INVITE", "0.1 486", "0 INVITE, 0.1 ACK, 0.1 got 486", ends=32.1),
    Client(
        "fault: a completed client acknowledges again",
        "INVITE",
        "0 486, 1 486, 5 486",
        "0 INVITE, 0 ACK, 0 got 486, 1 ACK, 5 ACK",
        ends=32,
    ),
    Client("a failure over TCP ends at once", "INVITE", "0 603", "0 INVITE, 0 ACK, 0 got 603", "tcp", 0),
    Client("a late provisional is nothing", "INVITE", "0 486, 1 180", "0 INVITE, 0 ACK, 0 got 486", ends=32),
    Client("timers E and F", "OPTIONS", "", f"{OPTIONS_REPEATS}, 32 failed 408", ends=32),
    Client("timer F over TCP", "OPTIONS", "", "0 OPTIONS, 32 failed 408", "tcp", 32),
    Client(
        "timer E is T2 in Proceeding",
        "OPTIONS",
        "0.6 100, 5 200",
        "0 OPTIONS, 0.5 OPTIONS, 0.6 got 100, 4.6 OPTIONS, 5 got 200",
        ends=10,
    ),
    Client(
        "timer F runs on in Proceeding",
        "OPTIONS",
        "31 100",
        f"{OPTIONS_REPEATS.replace(', 31.5 OPTIONS', '')}, 31 got 100, 32 failed 408",
        ends=32,
    ),
    Client("timer K", "OPTIONS", "0.1 200", "0 OPTIONS, 0.1 got 200", ends=5.1),
    Client("timer K swallows repetitions", "OPTIONS", "0 200, 1 200, 2 404", "0 OPTIONS, 0 got 200", ends=5),
    Client("over TCP no timer K", "OPTIONS", "0.1 404", "0 OPTIONS, 0.1 got 404", "tcp", 0.1),
]


def run_client(case: Client) -> tuple[Agent, ClientTransaction, list[tuple[float, str]]]:
    agent = Agent(transport=case.transport)
    seen: list[tuple[float, str]] = []
    agent.forward = lambda transmit: seen.append((agent.now, label(agent.log[-1][1])))

    def failed(failure: Failure) -> None:
        seen.append((agent.now, f"failed {failure.status}"))

    def answered(response: Response) -> None:
        agent.take()
        seen.append((agent.now, f"got {response.status}"))

    request = Request(
        case.method,
        parse_uri("sip:20@192.0.2.9"),
        [("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>"), ("Call-ID", "x"), ("CSeq", f"1 {case.method}")],
    )
    transaction = agent.ua.send(request, Way(case.transport), answered, failed)
    for time, status in steps(case.receives):
        agent.run_to(time)
        agent.receive(answer_to(request, int(status)))
    return agent, transaction, seen


def steps(text: str) -> list[tuple[float, str]]:
    parts = [part.strip().partition(" ") for part in text.split(",") if part.strip()]
    return [(float(time), rest) for time, _, rest in parts]


@pytest.mark.parametrize("case", CLIENTS, ids=lambda case: case.name)
def test_client(case: Client) -> None:
    agent, transaction, seen = run_client(case)
    agent.run_to(max(agent.now, case.ends - 0.001))
    if case.ends != 0 and case.transport == "udp":
        assert transaction.state is not State.TERMINATED
    agent.run_to(max(agent.now, case.ends))
    lives_on = case.ends == 999
    assert (transaction.state is State.TERMINATED) is not lives_on
    assert [(round(time, 6), word) for time, word in seen] == steps(case.timeline)
    assert agent.ua.transactions == (1 if lives_on else 0)


def test_transport_error_is_reported_once() -> None:
    agent, transaction, seen = run_client(Client("", "INVITE", "", ""))
    transmit = transaction._failed_to_send
    transmit("refused")
    transmit("refused")
    assert seen == [(0, "INVITE"), (0, "failed 503")]
    assert (transaction.state, agent.ua.transactions) == (State.TERMINATED, 0)


def test_response_of_another_branch_or_method_is_nothing() -> None:
    agent, transaction, seen = run_client(Client("", "OPTIONS", "", "", "tcp"))
    request = transaction.request
    agent.receive(answer_to(request, 200).replace(b"branch=z9hG4bK", b"branch=z9hG4bKx"))
    agent.receive(answer_to(request, 200).replace(b"1 OPTIONS", b"1 INFO"))
    assert [word for _, word in seen] == ["OPTIONS"]


@dataclass(frozen=True)
class Server:
    """`script`: `INVITE`, `ACK`, … arrive (again); a number is the application's response."""

    name: str
    method: str
    script: str
    timeline: str
    transport: str = "udp"
    ends: float = 200.0


G_REPEATS = (
    "0 486 INVITE, 0.5 486 INVITE, 1.5 486 INVITE, 3.5 486 INVITE, 7.5 486 INVITE, 11.5 486 INVITE, "
    "15.5 486 INVITE, 19.5 486 INVITE, 23.5 486 INVITE, 27.5 486 INVITE, 31.5 486 INVITE"
)
SERVERS = [
    Server("100 at once", "INVITE", "", "0 100 INVITE", ends=999),
    Server(
        "the last provisional again",
        "INVITE",
        "0 180, 1 INVITE",
        "0 100 INVITE, 0 180 INVITE, 1 180 INVITE",
        ends=999,
    ),
    Server("timers G and H", "INVITE", "0 486", f"0 100 INVITE, {G_REPEATS}", ends=32),
    Server("no timer G over TCP", "INVITE", "0 486", "0 100 INVITE, 0 486 INVITE", "tcp", 32),
    Server(
        "a repeated INVITE gets the failure",
        "INVITE",
        "0 486, 0.2 INVITE, 0.3 ACK",
        "0 100 INVITE, 0 486 INVITE, 0.2 486 INVITE",
        ends=5.3,
    ),
    Server(
        "timer I swallows ACKs",
        "INVITE",
        "0 486, 0.1 ACK, 1 ACK, 2 INVITE",
        "0 100 INVITE, 0 486 INVITE",
        ends=5.1,
    ),
    Server("over TCP no timer I", "INVITE", "0 486, 0.1 ACK", "0 100 INVITE, 0 486 INVITE", "tcp", 0.1),
    Server("no repetition after a non-INVITE's end", "MESSAGE", "0 200", "0 200 MESSAGE", ends=32),
    Server(
        "fault: repetitions are answered",
        "MESSAGE",
        "0 200, 1 MESSAGE, 30 MESSAGE",
        "0 200 MESSAGE, 1 200 MESSAGE, 30 200 MESSAGE",
        ends=32,
    ),
    Server("a repetition in Trying is nothing", "MESSAGE", "1 MESSAGE, 2 404", "2 404 MESSAGE", ends=34),
    Server(
        "a provisional of a non-INVITE",
        "MESSAGE",
        "0 100, 1 MESSAGE, 2 200",
        "0 100 MESSAGE, 1 100 MESSAGE, 2 200 MESSAGE",
        ends=34,
    ),
]


@pytest.mark.parametrize("case", SERVERS, ids=lambda case: case.name)
def test_server(case: Server) -> None:
    agent = Agent(transport=case.transport)
    flow = Way(case.transport)
    agent.receive(wire(case.method, transport=case.transport.upper()), flow)
    application = agent.application
    assert len(application.sessions) + len(application.transactions) == 1
    for time, step in steps(case.script):
        agent.run_to(time)
        if not step.isdigit():
            agent.receive(wire(step, method=step, to_tag="x" if step == "ACK" else ""), flow)
        elif application.sessions and int(step) < 200:
            application.sessions[0].ring(int(step))
        elif application.sessions:
            application.sessions[0].reject(int(step))
        else:
            application.transactions[0].respond(int(step))
    agent.run_to(max(agent.now, case.ends - 0.001))
    assert agent.ua.transactions == (0 if case.transport == "tcp" and case.ends < 1 else 1)
    agent.run_to(max(agent.now, case.ends))
    assert agent.ua.transactions == (1 if case.ends == 999 else 0)
    assert [(round(time, 6), label(message)) for time, message in agent.log] == steps(case.timeline)
    assert len(application.sessions) + len(application.transactions) == 1, "repetitions are absorbed"


def test_2xx_is_repeated_until_the_ack() -> None:
    """Fault of others: a 200 that is lost must come again, with T1 doubling to T2 (§13.3.1.4)."""
    agent = Agent()
    agent.receive(wire("INVITE"))
    agent.application.sessions[0].answer(b"sdp")
    agent.run_to(8)
    assert [time for time, message in agent.log if label(message) == "200 INVITE"] == [0, 0.5, 1.5, 3.5, 7.5]
    tag = agent.application.sessions[0].id
    agent.receive(wire("ACK", to_tag=tag, branch="z9hG4bK2"))
    agent.run_to(31)
    assert len(agent.log) == 6
    assert agent.application.ears.heard == ["ack"]


def test_2xx_is_repeated_over_tcp_too() -> None:
    agent = Agent(transport="tcp")
    agent.receive(wire("INVITE", transport="TCP"), Way("tcp"))
    agent.application.sessions[0].answer(b"sdp")
    agent.run_to(1)
    assert [label(message) for _, message in agent.log] == ["100 INVITE", "200 INVITE", "200 INVITE"]


def test_invite_again_after_2xx_is_absorbed() -> None:
    agent = Agent()
    agent.receive(wire("INVITE"))
    agent.application.sessions[0].answer(b"sdp")
    agent.labels()
    agent.receive(wire("INVITE"))
    assert (agent.labels(), len(agent.application.sessions)) == ([], 1)


def test_old_peers_match_without_a_branch() -> None:
    """RFC 2543 elements have no magic cookie: From tag, Call-ID, CSeq and Via decide (§17.2.3)."""
    agent = Agent()
    agent.receive(wire("MESSAGE", branch="1"))
    agent.receive(wire("MESSAGE", branch="1"))
    agent.receive(wire("MESSAGE", branch="1", cseq=2))
    assert [t.request.cseq.number for t in agent.application.transactions] == [1, 2]


def test_second_final_response_is_refused() -> None:
    agent = Agent()
    agent.receive(wire("MESSAGE"))
    transaction = agent.application.transactions[0]
    transaction.respond(200)
    with pytest.raises(SessionStateError):
        transaction.respond(404)


def test_tables_reach_the_end_from_every_state() -> None:
    for table in (CLIENT_INVITE, CLIENT_NON_INVITE, SERVER_INVITE, SERVER_NON_INVITE):
        states = {state for state, _ in table}
        reached = {State.TERMINATED}
        while more := {state for (state, _), after in table.items() if after in reached} - reached:
            reached |= more
        assert states <= reached
        assert State.TERMINATED not in states


@pytest.mark.parametrize(
    ("via", "destination"),
    [
        ("SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa;rport", ("192.0.2.9", 5099)),
        ("SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bKa", ("192.0.2.9", 5070)),
        ("SIP/2.0/UDP 10.0.0.1;branch=z9hG4bKa", ("192.0.2.9", 5060)),
        ("SIP/2.0/TCP 10.0.0.1;branch=z9hG4bKa", ("192.0.2.9", 5099)),
    ],
)
def test_where_responses_go(via: str, destination: tuple[str, int]) -> None:
    """RFC 3261 §18.2.2 and RFC 3581 §4: to the source, at the port of the Via unless rport says otherwise."""
    transport = via[8:11].lower()
    agent = Agent()
    data = wire("OPTIONS").replace(b"SIP/2.0/UDP 192.0.2.9:5070;branch=z9hG4bK1;rport", via.encode())
    agent.receive(data, Way(transport, remote=("192.0.2.9", 5099)))
    agent.application.transactions[0].respond(200)
    agent.take()
    target = agent.destinations[0]
    address = target.remote if isinstance(target, Way) else (target.host, target.port)  # type: ignore[union-attr]
    assert (target.transport, address) == (transport, destination)
