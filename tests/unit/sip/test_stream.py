"""Framing on streams (RFC 3261 §18.3), timers and flows."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.sip.errors import SipParseError
from stimme.sip.timers import AlarmQueue, Timers
from stimme.sip.transport.stream import MAX_HEAD_BYTES, MAX_MESSAGE_BYTES, StreamFramer

ONE = b"OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\nContent-Length: 3\r\n\r\nabc"
TWO = b"OPTIONS sip:b SIP/2.0\r\nl : 0\r\nCall-ID: 2\r\n\r\n"
PING = b"\r\n\r\n"


@pytest.mark.parametrize(
    ("stream", "messages"),
    [
        (ONE, [ONE]),
        (ONE + TWO, [ONE, TWO]),
        (PING, [PING]),
        (b"\r\n" + ONE, [ONE]),
        (PING + ONE + PING + TWO, [PING, ONE, PING, TWO]),
        (b"", []),
        (ONE[:-1], []),
        (b"\r\n", []),
        (b"\r\n\r", []),
    ],
)
def test_framing(stream: bytes, messages: list[bytes]) -> None:
    assert StreamFramer().feed(stream) == messages


@given(st.lists(st.integers(1, 40), max_size=30))
def test_framing_does_not_depend_on_how_the_bytes_come(cuts: list[int]) -> None:
    stream, framer, messages = ONE + PING + TWO + ONE, StreamFramer(), []
    for cut in cuts:
        messages += framer.feed(stream[:cut])
        stream = stream[cut:]
    messages += framer.feed(stream)
    assert messages == [ONE, PING, TWO, ONE]


@pytest.mark.parametrize(
    "stream",
    [
        b"OPTIONS sip:a SIP/2.0\r\nCall-ID: 1\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: x\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: -1\r\n\r\n",
        b"OPTIONS sip:a SIP/2.0\r\nContent-Length: %d\r\n\r\n" % MAX_MESSAGE_BYTES,
        b"x" * (MAX_HEAD_BYTES + 1),
    ],
)
def test_what_cannot_be_framed(stream: bytes) -> None:
    with pytest.raises(SipParseError):
        StreamFramer().feed(stream)


@given(st.lists(st.binary(max_size=40), max_size=20))
def test_nothing_but_a_parse_error(chunks: list[bytes]) -> None:
    framer = StreamFramer()
    try:
        for chunk in chunks:
            framer.feed(chunk)
    except SipParseError:
        return


def test_alarms_fire_in_order_and_once() -> None:
    queue, fired = AlarmQueue(), []
    for at in (3.0, 1.0, 2.0):
        queue.set(at, lambda at=at: fired.append(at))  # type: ignore[misc]
    cancelled = queue.set(0.5, lambda: fired.append(0.5))
    cancelled.cancel()
    assert queue.next() == 1.0
    queue.run(2.0)
    assert fired == [1.0, 2.0]
    queue.run(10)
    assert (fired, queue.next()) == ([1.0, 2.0, 3.0], None)


def test_an_alarm_may_set_another_that_is_due() -> None:
    queue, fired = AlarmQueue(), []

    def first() -> None:
        fired.append(1)
        queue.set(1, lambda: fired.append(2))

    queue.set(1, first)
    queue.run(1)
    assert fired == [1, 2]


def test_cancelled_alarms_cost_no_memory() -> None:
    queue: AlarmQueue = AlarmQueue()
    kept = [queue.set(2000.0 + number, lambda: None) for number in range(10)]
    for number in range(20_000):
        queue.set(1000.0 + number % 7, lambda: None).cancel()
    assert len(queue) < 2500
    assert queue.next() == 2000.0
    queue.run(5000)
    kept[0].cancel()
    kept[0].cancel()
    assert (len(queue), queue.next()) == (0, None)


def test_timers() -> None:
    assert (Timers().timeout, Timers(t1=0.25).timeout) == (32.0, 16.0)
