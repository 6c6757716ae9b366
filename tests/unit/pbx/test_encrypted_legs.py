"""Encrypted speech of a leg: what the engine is told, and what a refused offer leaves."""

import asyncio
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest

from stimme.media import Crypto, Endpoint, LocalTransport, RemoteMedia
from stimme.pbx.leg import Leg
from stimme.sip.errors import SipParseError
from stimme.sip.negotiation import PCMA, Audio, read_audio, write_offer
from stimme.sip.srtp_keys import Srtp, SrtpKey, SrtpTerms, new_key

CM = "AES_CM_128_HMAC_SHA1_80"
OVER_TLS = SrtpTerms(Srtp.PREFER, protected=True)
MUST = SrtpTerms(Srtp.REQUIRE, protected=True)


@dataclass
class Socket:
    """The endpoint as far as a leg needs it: it notes what it is told."""

    local: LocalTransport = field(default_factory=lambda: LocalTransport("192.0.2.1", 16400))
    told: list[RemoteMedia] = field(default_factory=list)
    id: int = 1

    async def configure(self, media: RemoteMedia, *_: Any, **__: Any) -> None:
        self.told.append(media)


def leg_with(terms: SrtpTerms) -> tuple[Leg, Socket]:
    leg, socket = Leg("leg", lambda event: None, srtp=terms), Socket()
    leg.endpoint = cast(Endpoint, socket)
    return leg, socket


def described(*keys: SrtpKey, protocol: str = "RTP/SAVP", port: int = 4000) -> bytes:
    audio = Audio("192.0.2.9", port, (PCMA,), keys=keys, protocol=protocol)
    return write_offer(audio, session_id="1", version=1)


def connected(leg: Leg, socket: Socket) -> Crypto | None:
    asyncio.run(cast(Any, leg.connect_media(timeout=None)))
    return socket.told[-1].crypto


def test_the_engine_is_told_the_keys_of_both_sides() -> None:
    leg, socket = leg_with(OVER_TLS)
    theirs = SrtpKey(3, CM, new_key(CM))
    leg.take_offer(described(theirs))
    (ours,) = read_audio(leg.write_answer(leg.codecs), OVER_TLS).keys
    assert (ours.tag, ours.suite) == (3, CM)
    assert connected(leg, socket) == Crypto(CM, ours.key, theirs.key)
    leg.take_offer(described(theirs, port=4002))
    assert connected(leg, socket) == Crypto(CM, ours.key, theirs.key), "another address, the same keys"


def test_our_offer_names_the_stream_as_the_terms_say() -> None:
    for terms, protocol, keys in (
        (OVER_TLS, "RTP/AVP", 4),
        (MUST, "RTP/SAVP", 4),
        (SrtpTerms(), "RTP/AVP", 0),
    ):
        offered = read_audio(leg_with(terms)[0].write_offer(()), OVER_TLS)
        assert (offered.protocol, len(offered.keys)) == (protocol, keys)


def test_a_telephone_without_srtp_answers_without_and_talks() -> None:
    leg, socket = leg_with(OVER_TLS)
    leg.write_offer(())
    leg.take_answer(described(protocol="RTP/AVP"))
    assert connected(leg, socket) is None


@pytest.mark.parametrize("answer", [described(protocol="RTP/AVP"), described(SrtpKey(9, CM, new_key(CM)))])
def test_where_keys_are_a_must_an_answer_without_one_of_ours_is_none(answer: bytes) -> None:
    leg, _ = leg_with(MUST)
    leg.write_offer(())
    with pytest.raises((SipParseError, ValueError)):
        leg.take_answer(answer)
    assert leg.remote is None


@pytest.mark.parametrize(
    "offer",
    [described(protocol="RTP/AVP", port=4002), described(port=4002).replace(b"RTP/SAVP 8", b"RTP/SAVP 99")],
)
def test_an_offer_that_is_refused_leaves_the_stream_as_it_was(offer: bytes) -> None:
    leg, socket = leg_with(MUST)
    leg.take_offer(described(SrtpKey(1, CM, new_key(CM))))
    before = connected(leg, socket)
    with pytest.raises((SipParseError, ValueError)):
        leg.take_offer(offer)
    assert connected(leg, socket) == before
    assert socket.told[-1].port == 4000


def test_keys_go_through_a_crash_of_call_control_and_one_of_the_engine() -> None:
    leg, socket = leg_with(OVER_TLS)
    leg.take_offer(described(SrtpKey(1, CM, new_key(CM))))
    before = connected(leg, socket)
    assert before is not None and not before.late
    again = Leg("leg", lambda event: None)
    again.take_snapshot(leg.snapshot())
    again.endpoint = cast(Endpoint, socket)
    assert connected(again, socket) == before
    again.lose_media()
    other = Socket()
    again.endpoint = cast(Endpoint, other)
    assert connected(again, other) == replace(before, late=True)
    offered = read_audio(again.write_offer(()), OVER_TLS)
    assert (offered.protocol, [key.key for key in offered.keys]) == ("RTP/SAVP", [before.send_key])
