"""The fact sheet of a provider, from calls to oneself."""

from dataclasses import replace

import pytest

from stimme.sip.message import Headers, Request, Response
from stimme.sip.uri import SipUri
from stimme.trunks.profiles.facts import (
    Fact,
    Measured,
    SelfCall,
    Showing,
    Verdict,
    differences,
    fact_sheet,
    to_json,
)
from stimme.trunks.profiles.profile import profiles

HOME, OWN, OTHER = "+4930231250", "+493023125012", "+491701234567"
ANSWER = (
    b"v=0\r\no=- 1 1 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n"
    b"m=audio 4000 RTP/AVP 9 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"
)
PLAIN = ANSWER.replace(b" 9 8 101", b" 8").replace(b"a=rtpmap:101 telephone-event/8000\r\n", b"")
YES, NO, UNTESTED = Verdict.YES, Verdict.NO, Verdict.UNTESTED


def response(status: int, body: bytes = b"", **fields: str) -> Response:
    return Response(status, None, [(name.replace("_", "-"), value) for name, value in fields.items()], body)


def arrived(from_: str, *fields: tuple[str, str]) -> Request:
    return Request("INVITE", SipUri("192.0.2.1", "B1"), Headers([("From", from_), *fields]))


def call(showing: Showing, number: str, *answers: Response, back: Request | None = None) -> SelfCall:
    return SelfCall(showing, number, answers, back)


GOOD = Measured(
    HOME,
    (
        call(
            "network",
            OWN,
            response(183, ANSWER),
            response(
                200,
                ANSWER,
                Allow="INVITE, ACK, BYE, REFER",
                Session_Expires="1800;refresher=uas",
                P_Asserted_Identity=f"<sip:{OWN}@p.example>",
            ),
            back=arrived(f"<sip:{OWN}@p.example>;tag=1"),
        ),
        call("other", OTHER, response(200, ANSWER), back=arrived(f"<sip:{OTHER}@p.example>;tag=1")),
        call(
            "hidden",
            OWN,
            response(200, ANSWER),
            back=arrived("<sip:anonymous@anonymous.invalid>;tag=1", ("Privacy", "id")),
        ),
    ),
    fax=response(200, b"m=image 4000 udptl t38\r\n"),
    busy=response(486),
    unknown=response(404),
)


def verdicts(measured: Measured) -> dict[Fact, Verdict]:
    return {finding.fact: finding.verdict for finding in fact_sheet(measured)}


def test_a_provider_that_can_everything() -> None:
    assert verdicts(GOOD) == dict.fromkeys(Fact, YES)


def test_nothing_measured_is_nothing_known() -> None:
    assert verdicts(Measured(HOME)) == dict.fromkeys(Fact, UNTESTED)
    assert differences(profiles()["generic"], fact_sheet(Measured(HOME))) == []


POOR = Measured(
    HOME,
    (
        call(
            "network",
            OWN,
            response(180),
            response(200, PLAIN, Allow="INVITE"),
            back=arrived(f"<sip:{HOME}@p>"),
        ),
        call("other", OTHER, response(200, PLAIN), back=arrived(f"<sip:{OWN}@p.example>")),
        call("hidden", OWN, response(200, PLAIN), back=arrived("<sip:03023125012@p.example>")),
    ),
    fax=response(488),
    busy=response(480),
    unknown=response(503),
)


def test_a_provider_that_can_nothing() -> None:
    assert verdicts(POOR) == dict.fromkeys(Fact, NO)


def test_each_fact_says_what_shows_it() -> None:
    details = {finding.fact: finding.detail for finding in fact_sheet(POOR)}
    assert details[Fact.CLIP] == f"{HOME} arrived, {OWN} was sent"
    assert details[Fact.CLIR] == f"{OWN} arrived"
    assert details[Fact.G722] == "pcma"
    assert details[Fact.BUSY] == "480 Temporarily Unavailable"
    assert details[Fact.T38] == "488 Not Acceptable Here"


def test_where_the_profile_is_wrong_it_is_told() -> None:
    assert differences(replace(profiles()["generic"], refer=True), fact_sheet(GOOD)) == []
    told = differences(profiles()["generic"], fact_sheet(GOOD))
    assert told == ["calls can be passed on by REFER: is so, against the profile (INVITE, ACK, BYE, REFER)"]
    telekom = profiles()["telekom_companyflex"]
    wrong = differences(telekom, fact_sheet(POOR))
    assert [line.partition(":")[0] for line in wrong] == [
        Fact.CLIP.value,
        Fact.CLIR.value,
        Fact.CLIP_NO_SCREENING.value,
        Fact.G722.value,
        Fact.DTMF.value,
        Fact.BUSY.value,
        Fact.UNKNOWN.value,
    ]


def test_national_writing_is_the_same_number() -> None:
    back = arrived("<sip:03023125012@p.example>")
    (finding,) = [
        finding
        for finding in fact_sheet(Measured(HOME, (call("network", OWN, response(200), back=back),)))
        if finding.fact is Fact.CLIP
    ]
    assert finding.verdict is YES


@pytest.mark.parametrize("from_", ["nonsense <", "<tel:123>"])
def test_what_a_provider_writes_stops_nothing(from_: str) -> None:
    bad = Measured(HOME, (call("network", OWN, response(200, b"no sdp"), back=arrived(from_)),))
    assert verdicts(bad)[Fact.CLIP] is NO
    assert verdicts(bad)[Fact.G722] is NO


def test_the_sheet_can_be_kept() -> None:
    assert to_json(fact_sheet(GOOD))[0] == {
        "fact": "early_media",
        "verdict": "yes",
        "detail": "183 with a description",
    }
