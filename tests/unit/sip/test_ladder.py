"""The ladder of a trace: columns, directions, times."""

from tests.unit.sip.agents import Network

from stimme.sip.ladder import ladder
from stimme.sip.trace import Trace, TraceEntry


def test_a_call_as_a_ladder() -> None:
    net = Network()
    net.caller.ua._trace = Trace(lambda: 100 + net.caller.now)
    session, *_ = net.established()
    net.caller.run_to(3)
    session.bye()
    net.settle()
    lines = ladder(net.caller.ua.trace(session.call_id)).splitlines()
    assert lines[0].split() == ["stimme", "udp", "192.0.2.2:5060"]
    rungs = [line.strip() for line in lines[1:]]
    assert rungs[0].startswith("0.000  |-")
    assert rungs[0].endswith("->|")
    assert "INVITE 20" in rungs[0]
    assert rungs[1].startswith("0.000  |<-")
    assert "100 INVITE" in rungs[1]
    assert any(rung.startswith("3.000") and "BYE" in rung for rung in rungs)


def test_two_peers_and_what_cannot_be_read() -> None:
    entries = [
        TraceEntry(1.0, False, "udp", ("192.0.2.1", 5060), b"nonsense"),
        TraceEntry(1.5, True, "tls", ("2001:db8::1", 5061), b"nonsense"),
    ]
    head, first, second = ladder(entries).splitlines()
    assert "tls [2001:db8::1]:5061" in head
    assert first.endswith("-|" + " " * 33 + "|")
    assert " ? " in first
    assert len(second) == len(first)
    assert second.endswith(">|")


def test_nothing_drawn_of_nothing() -> None:
    assert ladder([]).split() == ["stimme"]
