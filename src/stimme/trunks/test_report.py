"""What "test this trunk" tells: each step in words, and the sheet of facts behind them.

Policy: a step has *passed*, has *failed* (calls would fail in the same way), is *noted* (the provider does
it otherwise, which is no fault) or was *skipped*, because an earlier one had failed. The trunk has passed
when no step has failed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from stimme.sip.message import Response
from stimme.trunks.profiles.facts import Fact, Finding, Measured, SelfCall, Verdict, fact_sheet, to_json

Result = Literal["passed", "failed", "noted", "skipped"]
KEYS_OUT, KEYS_BACK = "159", "260"
"""The keys that either side presses."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one call to ourselves.

    Attributes:
        call: as the sheet of facts has it.
        final: the last answer; None when none came.
        heard_out, heard_back: packets with speech that arrived at the called, at the calling side.
        keys_out, keys_back: keys that arrived there.
        hung_up: the calling side was told that the called one hung up.
    """

    call: SelfCall
    final: Response | None = None
    heard_out: int = 0
    heard_back: int = 0
    keys_out: str = ""
    keys_back: str = ""
    hung_up: bool = False


@dataclass(frozen=True, slots=True)
class Step:
    """One step, with a sentence for people."""

    id: str
    result: Result
    words: str


@dataclass(frozen=True, slots=True)
class Report:
    """The whole test of a trunk; `facts` as `to_json` gives them."""

    steps: tuple[Step, ...]
    facts: tuple[dict[str, Any], ...]

    @property
    def passed(self) -> bool:
        """Whether calls work by this trunk."""
        return all(step.result != "failed" for step in self.steps)


def write_report(
    language: str, provider: tuple[bool, str], head: str, outcomes: Mapping[str, Outcome]
) -> Report:
    """The report of the calls by what they showed: `network`, `hidden`, `other`.

    Args:
        language: of the sentences; any but German is English.
        provider: whether it answers or we are registered there, with a sentence.
        head: the trunk's head number.
        outcomes: of the calls that were placed.
    """
    words = _WORDS["de" if language == "de" else "en"]
    good, said = provider
    steps = [Step("provider", "passed" if good else "failed", words["provider"].format(said=said))]
    main = outcomes.get("network")
    sheet = {each.fact: each for each in _facts(head, outcomes)}
    steps += _main_call(words, main, sheet)
    steps += [
        _property(words, "hidden", sheet.get(Fact.CLIR), must=True),
        _property(words, "busy", sheet.get(Fact.BUSY), must=True),
        _property(words, "other_number", sheet.get(Fact.CLIP_NO_SCREENING), must=False),
        _property(words, "unknown", sheet.get(Fact.UNKNOWN), must=True),
    ]
    return Report(tuple(steps), tuple(to_json(sheet.values())))


def _facts(head: str, outcomes: Mapping[str, Outcome]) -> Sequence[Finding]:
    busy, unknown = outcomes.get("hidden"), outcomes.get("other")
    return fact_sheet(
        Measured(
            home=head,
            calls=tuple(outcome.call for outcome in outcomes.values()),
            busy=busy.final if busy is not None and busy.call.arrived else None,
            unknown=unknown.final if unknown is not None and unknown.call.arrived else None,
        )
    )


def _main_call(
    words: Mapping[str, str], main: Outcome | None, sheet: Mapping[Fact, Finding]
) -> Sequence[Step]:
    if main is None:
        return [Step(each, "skipped", words["skipped"]) for each in _MAIN]
    status = f"{main.final.status} {main.final.reason}" if main.final is not None else words["silence"]
    arrived, talked = main.call.arrived is not None, main.final is not None and main.final.status < 300
    came = Step("incoming", "passed", words["incoming"])
    found = [
        Step(
            "outgoing", "passed" if talked or arrived else "failed", words["outgoing"].format(status=status)
        ),
        came if arrived else replace(came, result="failed", words=words["not_incoming"]),
        _property(words, "number", sheet[Fact.CLIP], must=True),
    ]
    if not (arrived and talked):
        return [*found, *(Step(each, "skipped", words["skipped"]) for each in _MAIN[3:])]
    speech = main.heard_out > 0 and main.heard_back > 0
    keys = main.keys_out == KEYS_OUT and main.keys_back == KEYS_BACK
    return [
        *found,
        Step(
            "speech",
            "passed" if speech else "failed",
            words["speech"].format(out=main.heard_out, back=main.heard_back),
        ),
        Step(
            "keys",
            "passed" if keys else "failed",
            words["keys"].format(out=main.keys_out or "–", back=main.keys_back or "–"),
        ),
        Step("hang_up", "passed" if main.hung_up else "failed", words[f"hang_up_{main.hung_up}"]),
    ]


def _property(words: Mapping[str, str], step: str, finding: Finding | None, *, must: bool) -> Step:
    if finding is None or finding.verdict is Verdict.UNTESTED:
        return Step(step, "skipped", words["skipped"])
    yes = finding.verdict is Verdict.YES
    sentence = words[step if yes else f"not_{step}"].format(detail=finding.detail)
    return Step(step, "passed" if yes else "failed" if must else "noted", sentence)


_MAIN = ("outgoing", "incoming", "number", "speech", "keys", "hang_up")
_WORDS: Mapping[str, Mapping[str, str]] = {
    "en": {
        "provider": "The provider: {said}.",
        "outgoing": "A call to ourselves was placed over the trunk; the provider answered: {status}.",
        "silence": "nothing in time",
        "incoming": "The call came back by the same trunk.",
        "not_incoming": "The call did not come back. Is the number block right, and does it lead here?",
        "number": "The called side saw our number ({detail}).",
        "not_number": "The called side did not see our number ({detail}).",
        "speech": "Speech: {out} packets arrived at the called side, {back} at the calling side.",
        "keys": "Keys: {out} arrived at the called side, {back} at the calling side.",
        "hang_up_True": "The called side hung up, and the calling side was told.",
        "hang_up_False": "The called side hung up, and the calling side was not told.",
        "hidden": "A hidden number stays hidden ({detail}).",
        "not_hidden": "A hidden number is shown all the same ({detail}).",
        "busy": "A busy number is told as busy ({detail}).",
        "not_busy": "A busy number is not told as busy ({detail}).",
        "other_number": "Another number of one's own choice arrives ({detail}).",
        "not_other_number": "Another number of one's own choice is replaced by the provider ({detail}).",
        "unknown": "A number that nobody has is told as such ({detail}).",
        "not_unknown": "A number that nobody has is not told as such ({detail}).",
        "skipped": "Not tested, because something before it did not work.",
    },
    "de": {
        "provider": "Der Anbieter: {said}.",
        "outgoing": "Ein Anruf an uns selbst ging über den Anschluss; der Anbieter antwortete: {status}.",
        "silence": "nichts in der Zeit",
        "incoming": "Der Anruf kam über denselben Anschluss zurück.",
        "not_incoming": "Der Anruf kam nicht zurück. Stimmt der Rufnummernblock, und führt er hierher?",
        "number": "Die gerufene Seite sah unsere Rufnummer ({detail}).",
        "not_number": "Die gerufene Seite sah unsere Rufnummer nicht ({detail}).",
        "speech": "Sprache: {out} Pakete kamen bei der gerufenen Seite an, {back} bei der rufenden.",
        "keys": "Tasten: {out} kamen bei der gerufenen Seite an, {back} bei der rufenden.",
        "hang_up_True": "Die gerufene Seite legte auf, und die rufende erfuhr es.",
        "hang_up_False": "Die gerufene Seite legte auf, und die rufende erfuhr es nicht.",
        "hidden": "Eine unterdrückte Rufnummer bleibt verborgen ({detail}).",
        "not_hidden": "Eine unterdrückte Rufnummer wird trotzdem gezeigt ({detail}).",
        "busy": "Ein besetzter Anschluss wird als besetzt gemeldet ({detail}).",
        "not_busy": "Ein besetzter Anschluss wird nicht als besetzt gemeldet ({detail}).",
        "other_number": "Eine andere, selbst gewählte Rufnummer kommt an ({detail}).",
        "not_other_number": "Eine andere, selbst gewählte Rufnummer ersetzt der Anbieter ({detail}).",
        "unknown": "Eine nicht vergebene Rufnummer wird als solche gemeldet ({detail}).",
        "not_unknown": "Eine nicht vergebene Rufnummer wird nicht als solche gemeldet ({detail}).",
        "skipped": "Nicht geprüft, weil etwas davor nicht ging.",
    },
}
