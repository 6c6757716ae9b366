"""What the test of a trunk tells of what its calls showed."""

from dataclasses import replace

from stimme.sip.message import Headers, Request, Response
from stimme.sip.uri import SipUri
from stimme.trunks.profiles.facts import SelfCall, Showing
from stimme.trunks.test_report import KEYS_BACK, KEYS_OUT, Outcome, Report, write_report

HEAD = "+4930231250"
FOREIGN = "+4922147100000"
UP = (True, "registered for 600 s")


def came(shown: str) -> Request:
    headers = Headers([("From", f"<sip:{shown}@p.example>;tag=1"), ("To", f"<sip:{HEAD}99@p.example>")])
    return Request("INVITE", SipUri("192.0.2.1", f"{HEAD}99"), headers)


def outcome(showing: Showing, status: int, number: str = HEAD, *, arrived: Request | None = None) -> Outcome:
    final = Response(status, {200: "OK", 404: "Not Found", 486: "Busy Here"}.get(status, "X"), Headers([]))
    return Outcome(SelfCall(showing, number, (final,), arrived), final)


def everything() -> dict[str, Outcome]:
    good = outcome("network", 200, arrived=came(HEAD))
    return {
        "network": replace(
            good, heard_out=90, heard_back=91, keys_out=KEYS_OUT, keys_back=KEYS_BACK, hung_up=True
        ),
        "hidden": outcome("hidden", 486, arrived=came("anonymous")),
        "other": outcome("other", 404, FOREIGN, arrived=came(FOREIGN)),
    }


def results(report: Report) -> dict[str, str]:
    return {step.id: step.result for step in report.steps}


def test_a_trunk_on_which_everything_is_right() -> None:
    report = write_report("en", UP, HEAD, everything())
    assert report.passed
    assert set(results(report).values()) == {"passed"}
    assert [step.words for step in report.steps if step.id == "speech"] == [
        "Speech: 90 packets arrived at the called side, 91 at the calling side."
    ]
    assert len(report.facts) > 8


def test_a_silent_provider_fails_and_the_rest_is_not_tested() -> None:
    silent = Outcome(SelfCall("network", HEAD, ()))
    report = write_report("de", (False, "the provider has not answered for 30 s"), HEAD, {"network": silent})
    found = results(report)
    assert not report.passed
    assert (found["provider"], found["outgoing"], found["incoming"]) == ("failed", "failed", "failed")
    assert {found[each] for each in ("number", "speech", "keys", "hang_up", "hidden", "busy")} == {"skipped"}
    assert "kam nicht zurück" in next(step.words for step in report.steps if step.id == "incoming")


def test_one_way_speech_lost_keys_and_a_lost_bye_are_failures() -> None:
    calls = everything()
    calls["network"] = replace(calls["network"], heard_back=0, keys_out="15", hung_up=False)
    found = results(write_report("en", UP, HEAD, calls))
    assert (found["speech"], found["keys"], found["hang_up"]) == ("failed", "failed", "failed")


def test_a_number_of_ones_own_choice_that_is_replaced_is_no_failure() -> None:
    calls = everything()
    calls["other"] = outcome("other", 404, FOREIGN, arrived=came(HEAD))
    report = write_report("en", UP, HEAD, calls)
    assert results(report)["other_number"] == "noted"
    assert report.passed


def test_a_hidden_number_that_is_shown_is_a_failure() -> None:
    calls = everything()
    calls["hidden"] = outcome("hidden", 486, arrived=came(HEAD))
    assert not write_report("en", UP, HEAD, calls).passed


def test_a_call_that_nobody_asked_to_be_tested_is_not_told() -> None:
    only = {"network": everything()["network"]}
    found = results(write_report("en", UP, HEAD, only))
    assert {found[each] for each in ("hidden", "busy", "other_number", "unknown")} == {"skipped"}
