"""Keys of SRTP in offers and answers (RFC 4568): what is read, what is passed over, what both sides use."""

import base64
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stimme.sip.errors import SipParseError
from stimme.sip.key_exchange import KeyExchange, Securing
from stimme.sip.negotiation import (
    PCMA,
    SECURED_PROTOCOL,
    Audio,
    read_audio,
    write_answer,
    write_offer,
)
from stimme.sip.sdp import SessionDescription
from stimme.sip.srtp_keys import (
    ANYHOW,
    PLAIN,
    SUITES,
    Srtp,
    SrtpKey,
    SrtpTerms,
    new_key,
    new_offer,
    read_keys,
)

KEY = "WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz"
"""Thirty bytes: the key and salt of the examples of the RFC have this length."""
CM = "AES_CM_128_HMAC_SHA1_80"
OVER_TLS = SrtpTerms(Srtp.ACCEPT, protected=True)
OFFERS = SrtpTerms(Srtp.PREFER, protected=True)
MUST = SrtpTerms(Srtp.REQUIRE, protected=True)


@pytest.mark.parametrize(
    ("value", "tag"),
    [
        (f"1 {CM} inline:{KEY}", 1),
        (f"1 {CM} inline:{KEY}|2^20", 1),
        (f"23 {CM} inline:{KEY}|1048576", 23),
        (f"1 {CM} inline:{KEY} WSH=64", 1),
        (f"1 {CM} inline:{KEY} -FUTURE=yes", 1),
        (f"1 {CM.lower()} INLINE:{KEY}", 1),
        (f" 1  {CM}\tinline:{KEY} ", 1),
        (f"1 {CM} inline:{KEY}|2^20|1:4", None),  # a master key identifier
        (f"1 {CM} inline:{KEY}|1:4", None),
        (f"1 {CM} inline:{KEY};inline:{KEY}", None),  # several keys
        (f"1 {CM} inline:{KEY} KDR=2", None),
        (f"1 {CM} inline:{KEY} UNENCRYPTED_SRTP", None),
        (f"1 {CM} inline:{KEY} UNENCRYPTED_SRTCP", None),
        (f"1 {CM} inline:{KEY} WSH=64 UNAUTHENTICATED_SRTP", None),
        (f"1 {CM} inline:{KEY} FUTURE=yes", None),
        (f"1 F8_128_HMAC_SHA1_80 inline:{KEY}", None),
        (f"1 {CM} inline:{KEY[:-4]}", None),  # too short
        (f"1 AEAD_AES_128_GCM inline:{KEY}", None),  # too long
        (f"1 {CM} inline:{KEY[:-1]}!", None),
        (f"1 {CM} uri:{KEY}", None),
        (f"x {CM} inline:{KEY}", None),
        (f"-1 {CM} inline:{KEY}", None),
        (f"1234567890 {CM} inline:{KEY}", None),  # a tag has nine digits at most
        (f"1 {CM}", None),
        ("", None),
    ],
)
def test_attributes(value: str, tag: int | None) -> None:
    key = SrtpKey.parse(value)
    assert (key.tag if key is not None else None) == tag
    if key is not None:
        assert (key.suite, key.key) == (CM, KEY)


@pytest.mark.parametrize("suite", SUITES)
def test_a_key_of_each_suite_is_read_as_it_was_written(suite: str) -> None:
    key = SrtpKey(7, suite, new_key(suite))
    assert len(base64.b64decode(key.key)) == SUITES[suite]
    assert SrtpKey.parse(str(key)) == key
    assert SrtpKey.parse(str(key).rstrip("=")) is not None, "padding may be left out"
    assert key.key not in repr(key), "a secret"


@given(st.lists(st.text(max_size=80), max_size=5))
def test_nothing_that_is_written_there_raises(values: list[str]) -> None:
    assert all(key.suite in SUITES for key in read_keys(values))


def test_of_several_attributes_with_one_tag_the_first_is_taken() -> None:
    other = new_key(CM)
    values = [f"1 {CM} inline:{KEY}", f"1 {CM} inline:{other}", f"2 {CM} inline:{other}"]
    assert [(key.tag, key.key) for key in read_keys(values)] == [(1, KEY), (2, other)]


def test_an_offer_has_another_key_for_each_suite_and_none_with_a_short_tag() -> None:
    offered = new_offer()
    assert [key.tag for key in offered] == [1, 2, 3, 4]
    assert len({key.key for key in offered}) == 4
    assert not any(key.suite.endswith("_32") for key in offered)
    assert CM in [key.suite for key in offered], "what every telephone knows"


# -- which stream is used -----------------------------------------------------------------------------------


def described(*streams: tuple[str, str]) -> bytes:
    head = "v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    parts = [
        f"m=audio {4000 + 2 * number} {protocol} 8\r\n{lines}"
        for number, (protocol, lines) in enumerate(streams)
    ]
    return (head + "".join(parts)).encode()


CRYPTO = f"a=crypto:1 {CM} inline:{KEY}\r\n"
DAMAGED = f"a=crypto:1 {CM} inline:{KEY}|2^20|1:4\r\n"
DTLS = "a=fingerprint:sha-256 AB:CD\r\n"
AVP, AVPF, SAVP, SAVPF = "RTP/AVP", "RTP/AVPF", "RTP/SAVP", "RTP/SAVPF"


@pytest.mark.parametrize(
    ("streams", "terms", "port"),
    [
        # Over TLS keys are taken, however the stream is named.
        ([(SAVP, CRYPTO)], OVER_TLS, 4000),
        ([(SAVPF, CRYPTO)], OVER_TLS, 4000),
        ([(AVP, CRYPTO)], OVER_TLS, 4000),
        ([(AVP, "")], OVER_TLS, 4000),
        ([(AVP, ""), (SAVP, CRYPTO)], OVER_TLS, 4002),
        ([(SAVP, CRYPTO), (AVP, "")], OVER_TLS, 4000),
        ([(SAVP, DAMAGED), (AVP, "")], OVER_TLS, 4002),
        ([(SAVP, DAMAGED)], OVER_TLS, "no key of SRTP that can be used"),
        ([(SAVP, "")], OVER_TLS, "no audio stream"),
        # Elsewhere whoever reads along would have them.
        ([(SAVP, CRYPTO)], PLAIN, "over TLS only"),
        ([(SAVP, CRYPTO), (AVP, "")], PLAIN, 4002),
        ([(AVP, CRYPTO)], PLAIN, 4000),
        # A line on which speech has to be encrypted.
        ([(AVP, "")], MUST, "has to be encrypted"),
        ([(AVP, CRYPTO)], MUST, 4000),
        ([(AVP, ""), (SAVP, CRYPTO)], MUST, 4002),
        ([(SAVP, CRYPTO)], SrtpTerms(Srtp.REQUIRE, protected=False), "over TLS only"),
        # An emergency call is taken in any case.
        ([(AVP, "")], ANYHOW, 4000),
        ([(SAVP, CRYPTO)], ANYHOW, 4000),
        # Keys come before certificates: a telephone that offers both has no ICE.
        ([(SAVP, CRYPTO + DTLS)], OVER_TLS, 4000),
        ([(SAVP, DTLS)], PLAIN, 4000),
    ],
)
def test_which_stream_is_used(streams: list[tuple[str, str]], terms: SrtpTerms, port: int | str) -> None:
    if isinstance(port, str):
        with pytest.raises(SipParseError, match=port):
            read_audio(described(*streams), terms)
        return
    audio = read_audio(described(*streams), terms)
    assert audio.port == port
    protocol, lines = streams[(port - 4000) // 2]
    secured = CRYPTO in lines and terms.protected
    assert audio.keys == ((SrtpKey(1, CM, KEY),) if secured else ())
    assert audio.webrtc == (DTLS in lines and not secured)
    assert audio.protocol == protocol


def test_the_answer_secures_that_stream_and_refuses_the_other() -> None:
    offer = described((AVP, ""), (SAVP, CRYPTO))
    ours = Audio("192.0.2.5", 30000, (PCMA,), keys=(SrtpKey(1, CM, KEY),))
    answer = SessionDescription.parse(write_answer(offer, ours, session_id="9", version=1, terms=OVER_TLS))
    plain, secured = answer.media
    assert (plain.port, plain.protocol, plain.get("crypto")) == (0, AVP, None)
    assert (secured.port, secured.protocol, secured.get("crypto")) == (30000, SAVP, f"1 {CM} inline:{KEY}")


def test_the_terms_depend_on_the_way_that_the_keys_would_take() -> None:
    assert SrtpTerms.over(Srtp.PREFER, "udp") is PLAIN
    assert SrtpTerms.over(Srtp.ACCEPT, "tcp") is PLAIN
    assert SrtpTerms.over(Srtp.PREFER, "tls").offers
    assert not SrtpTerms.over(Srtp.ACCEPT, "tls").offers
    assert not SrtpTerms.over(Srtp.REQUIRE, "udp").possible
    assert SrtpTerms.over(Srtp.REQUIRE, "tls").possible


# -- offers and answers of one leg --------------------------------------------------------------------------


def said(exchange: KeyExchange, *, answer: bool = False) -> tuple[SrtpKey, ...]:
    """What a side's SDP carries, as the other reads it."""
    keys = exchange.answer() if answer else exchange.offer()
    protocol = SECURED_PROTOCOL if exchange.terms.required else AVP
    audio = Audio("192.0.2.5", 30000, (PCMA,), keys=keys, protocol=protocol)
    return read_audio(write_offer(audio, session_id="1", version=1), OVER_TLS).keys


def agree(offerer: KeyExchange, answerer: KeyExchange) -> None:
    answerer.take_offer(said(offerer))
    offerer.take_answer(said(answerer, answer=True))


def test_both_sides_have_each_others_keys_and_keep_them_through_every_offer() -> None:
    one, other = KeyExchange(OFFERS), KeyExchange(OVER_TLS)
    agree(one, other)
    assert one.secured and other.secured
    first = one.agreed
    assert first is not None and other.agreed is not None
    assert (first.ours, first.theirs) == (other.agreed.theirs, other.agreed.ours)
    assert first.ours.suite == "AEAD_AES_256_GCM", "the strongest is offered first"
    assert first.ours.key != first.theirs.key
    agree(one, other)
    agree(other, one)
    assert one.agreed is not None
    assert (one.agreed.ours.key, one.agreed.theirs.key) == (first.ours.key, first.theirs.key)


@pytest.mark.parametrize("terms", [PLAIN, OVER_TLS])
def test_who_only_accepts_offers_nothing(terms: SrtpTerms) -> None:
    exchange = KeyExchange(terms)
    assert exchange.offer() == ()
    exchange.take_answer(())
    assert exchange.state is Securing.PLAIN


def test_a_peer_without_srtp_talks_without_and_is_not_asked_again() -> None:
    exchange = KeyExchange(OFFERS)
    assert len(exchange.offer()) == 4
    exchange.take_answer(())
    assert not exchange.secured
    assert exchange.offer() == ()


def test_an_offer_that_is_repeated_says_the_same_keys() -> None:
    exchange = KeyExchange(OFFERS)
    assert exchange.offer() == exchange.offer()


def test_an_answer_has_to_be_about_a_key_that_was_offered() -> None:
    exchange = KeyExchange(OFFERS)
    first = exchange.offer()[0]
    for wrong in (
        SrtpKey(9, first.suite, new_key(first.suite)),
        SrtpKey(first.tag, CM, new_key(CM)),
        first,  # our own key: both would encrypt alike
    ):
        with pytest.raises(ValueError, match="fits none"):
            exchange.take_answer((wrong,))
    assert exchange.state is Securing.OPEN


def test_a_peer_that_changes_its_key_does_not_change_ours() -> None:
    exchange = KeyExchange(OVER_TLS)
    exchange.take_offer((SrtpKey(1, CM, KEY),))
    (ours,) = exchange.answer()
    other = SrtpKey(4, CM, new_key(CM))
    exchange.take_offer((SrtpKey(3, "AEAD_AES_128_GCM", new_key("AEAD_AES_128_GCM")), other))
    assert exchange.agreed is not None and exchange.agreed.theirs == other
    assert exchange.answer() == (SrtpKey(4, CM, ours.key),), "the suite in use, our key, its tag"


def test_another_suite_has_another_key() -> None:
    exchange = KeyExchange(OVER_TLS)
    exchange.take_offer((SrtpKey(1, CM, KEY),))
    before = exchange.answer()
    exchange.take_offer((SrtpKey(1, "AES_CM_128_HMAC_SHA1_32", KEY),))
    assert exchange.answer()[0].key != before[0].key


def test_a_new_endpoint_has_to_find_how_far_the_peer_has_counted() -> None:
    """The engine died; telephones that take no other key within a call go on with the one they have."""
    exchange = KeyExchange(OVER_TLS)
    exchange.take_offer((SrtpKey(1, CM, KEY),))
    before = exchange.agreed
    assert before is not None and not before.late
    exchange.begin_anew()
    assert exchange.agreed == replace(before, late=True)
    assert exchange.offer() == (before.ours,)
    exchange.take_answer((before.theirs,))
    assert exchange.agreed is not None and exchange.agreed.late
    exchange.take_offer((SrtpKey(1, CM, new_key(CM)),))
    assert exchange.agreed is not None and not exchange.agreed.late, "with a new key it counts from the start"


def test_a_stream_that_is_no_longer_secured_is_plain() -> None:
    exchange = KeyExchange(OVER_TLS)
    exchange.take_offer((SrtpKey(1, CM, KEY),))
    exchange.take_offer(())
    assert (exchange.state, exchange.agreed, exchange.answer()) == (Securing.PLAIN, None, ())


def test_it_goes_on_after_a_crash() -> None:
    exchange = KeyExchange(MUST)
    exchange.offer()
    exchange.take_answer((SrtpKey(4, CM, KEY),))
    restored = KeyExchange.restored(exchange.snapshot())
    assert (restored.terms, restored.state, restored.agreed) == (MUST, Securing.SECURED, exchange.agreed)
    assert restored.offer() == exchange.offer()
    assert KeyExchange().snapshot() is None
    assert KeyExchange.restored(None).state is Securing.OPEN
    open_still = KeyExchange.restored(KeyExchange(OFFERS).snapshot())
    assert open_still.state is Securing.OPEN and open_still.agreed is None


@pytest.mark.parametrize("damage", [{"keys": ["1", "2"]}, {"state": "HALF"}, {"terms": ["maybe", True]}])
def test_a_damaged_snapshot_is_an_error(damage: dict[str, object]) -> None:
    value = KeyExchange(OFFERS).snapshot()
    assert value is not None
    with pytest.raises((ValueError, KeyError)):
        KeyExchange.restored({**value, **damage})
