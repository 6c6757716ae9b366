"""T.38 of a leg: what the engine is told, and what the journal keeps."""

from dataclasses import replace

import pytest

from stimme.media import T38
from stimme.pbx.faxing import offered_fax
from stimme.pbx.leg import Leg
from stimme.pbx.t38 import fax_from_json, fax_to_json, t38_of
from stimme.sip.errors import SipParseError
from stimme.sip.fax import ErrorCorrection, Fax, RateManagement, write_fax_offer

GATEWAY = Fax(
    "192.0.2.7",
    49170,
    version=3,
    rate_management=RateManagement.LOCAL,
    fill_bit_removal=True,
    max_buffer=1800,
    max_datagram=320,
    error_correction=ErrorCorrection.FEC,
)
AUDIO = b"m=audio 4000 RTP/AVP 8\r\n"


def test_as_the_engine_is_told() -> None:
    told = T38(3, 14_400, True, True, 320, "t38UDPFEC")
    assert t38_of(GATEWAY) == told


@pytest.mark.parametrize(
    ("bit_rate", "told"), [(None, 14_400), (0, 14_400), (300, 2_400), (9_600, 9_600), (33_600, 14_400)]
)
def test_rates_that_no_modem_of_ours_has(bit_rate: int | None, told: int) -> None:
    assert t38_of(replace(GATEWAY, bit_rate=bit_rate)).max_bit_rate == told


@pytest.mark.parametrize("fax", [None, GATEWAY, replace(GATEWAY, version=0, max_datagram=None)])
def test_the_journal_gives_it_back(fax: Fax | None) -> None:
    leg = Leg("leg", lambda event: None)
    leg.fax = fax
    again = Leg("leg", lambda event: None)
    again.take_snapshot(leg.snapshot())
    assert again.fax == fax == fax_from_json(fax_to_json(fax))


def test_what_is_an_offer_of_fax() -> None:
    offer = write_fax_offer(GATEWAY, session_id="1", version=1)
    assert offered_fax(offer) == GATEWAY
    assert offered_fax(offer + AUDIO) is None, "audio comes first"
    assert offered_fax(offer + AUDIO.replace(b"4000", b"0")) == GATEWAY
    assert offered_fax(offer.replace(b"49170", b"0")) is None
    with pytest.raises(SipParseError):
        offered_fax(b"m=image")
