"""What calls leave in memory: no work for the collector of cycles, and no request that is answered."""

import gc
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from tests.unit.sip.agents import Agent, Network, Way, answer_to, wire

from stimme.sip.errors import SessionStateError
from stimme.sip.message import Request
from stimme.sip.session import Session
from stimme.sip.transaction import ClientTransaction, ServerTransaction
from stimme.sip.uri import parse_uri


@pytest.fixture
def uncollected() -> Iterator[Callable[[], Counter[str]]]:
    """Counts, by type, what only the collector of cycles would have taken away since the test began."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)

    def count() -> Counter[str]:
        gc.collect()
        return Counter(type(thing).__name__ for thing in gc.garbage)

    yield count
    gc.set_debug(0)
    gc.garbage.clear()
    gc.enable()


def hang_up(net: Network, placed: Session, called: Session) -> None:
    called.answer(b"answer")
    net.settle()
    placed.bye()


def be_hung_up(net: Network, placed: Session, called: Session) -> None:
    called.answer(b"answer")
    net.settle()
    called.bye()


def offer_again(net: Network, placed: Session, called: Session) -> None:
    called.answer(b"answer")
    net.settle()
    placed.reinvite(b"other offer")
    net.settle()
    placed.bye()


def give_up(net: Network, placed: Session, called: Session) -> None:
    called.ring(180)
    net.settle()
    placed.cancel()


def be_refused(net: Network, placed: Session, called: Session) -> None:
    called.reject(486)


def hear_nothing(net: Network, placed: Session, called: Session) -> None:
    net.drop = lambda agent, message: True
    called.answer(b"answer")
    placed.cancel()


@pytest.mark.parametrize("end", [hang_up, be_hung_up, offer_again, give_up, be_refused, hear_nothing])
def test_a_call_leaves_nothing_for_the_collector(
    end: Callable[[Network, Session, Session], None], uncollected: Callable[[], Counter[str]]
) -> None:
    """While it runs, call control stands still: under load that was longer than T1, and peers sent again."""
    net = Network()
    net.callee.application.ears.reinvite_answer = b"other answer"
    placed, _ = net.call()
    end(net, placed, net.callee.application.sessions[0])
    net.settle()
    net.run_to(100)
    assert net.caller.ua.sessions + net.callee.ua.sessions == 0
    net.callee.application.sessions.clear()
    del placed
    assert not uncollected()


def requests_alive() -> int:
    gc.collect()
    return sum(type(thing) is Request for thing in gc.get_objects())


def forget_messages(agent: Agent) -> None:
    agent.log.clear()
    agent.application.ears.messages.clear()


def arrived(method: str) -> tuple[Agent, ServerTransaction | Session]:
    agent = Agent()
    agent.receive(wire(method), Way())
    waiting: list[ServerTransaction | Session] = [
        *agent.application.transactions,
        *agent.application.sessions,
    ]
    return agent, waiting[0]


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE"])
@pytest.mark.parametrize("status", [200, 486])
def test_an_answered_request_is_not_kept(method: str, status: int) -> None:
    before = requests_alive()
    agent, waiting = arrived(method)
    if isinstance(waiting, ServerTransaction):
        waiting.respond(status)
    elif status == 200:
        waiting.answer(b"answer")
        agent.receive(wire("ACK", to_tag=waiting.id, method="ACK"), Way())
    else:
        waiting.reject(status)
        waiting.request = None
    forget_messages(agent)
    assert agent.ua.transactions == 1
    assert requests_alive() == before
    agent.receive(wire(method), Way())
    assert agent.labels() == ([] if (method, status) == ("INVITE", 200) else [f"{status} {method}"])


def test_the_request_of_an_answered_transaction_is_refused_by_name() -> None:
    _, transaction = arrived("OPTIONS")
    assert isinstance(transaction, ServerTransaction)
    assert transaction.request.method == "OPTIONS"
    transaction.respond(200)
    with pytest.raises(SessionStateError, match="OPTIONS is already answered"):
        _ = transaction.request


@pytest.mark.parametrize("method", ["OPTIONS", "INVITE"])
@pytest.mark.parametrize("status", [200, 486])
def test_a_request_of_ours_is_not_kept_once_it_has_its_answer(method: str, status: int) -> None:
    before = requests_alive()
    agent = Agent()
    heard: list[int] = []
    transaction = sent(agent, method, heard)
    answer = answer_to(transaction.request, status)
    agent.receive(answer)
    forget_messages(agent)
    assert requests_alive() == before
    agent.receive(answer)
    assert heard == ([200, 200] if (method, status) == ("INVITE", 200) else [status])
    assert agent.labels() == (["ACK"] if (method, status) == ("INVITE", 486) else [])


def sent(agent: Agent, method: str, heard: list[int]) -> ClientTransaction:
    fields = [("From", "<sip:a@b>;tag=1"), ("To", "<sip:c@d>"), ("Call-ID", "x"), ("CSeq", f"1 {method}")]
    request = Request(method, parse_uri("sip:20@192.0.2.9"), fields)
    return agent.ua.send(request, Way(), lambda response: heard.append(response.status), lambda _: None)
