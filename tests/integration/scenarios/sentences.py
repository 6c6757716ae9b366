"""What can be said in a scenario about telephones and calls; about what is around them see `surroundings`."""

import asyncio

import numpy as np
from tests.audio import Samples, level, tone_level
from tests.integration.listening import eventually, hears_now, last_tone
from tests.integration.scenarios.language import Language
from tests.integration.scenarios.people import OUTSIDE, PEOPLE, TONES, Person, Stage

LANGUAGE = Language()
sentence = LANGUAGE.sentence
_RINGING_HZ = 425
_QUIET_DBFS = -50


def _recent(person: Person, seconds: float) -> tuple[Samples, int]:
    samples, rate = person.phone.heard()
    return samples[-int(seconds * rate) :], rate


def _address(stage: Stage, who: Person, said: str | None) -> str:
    """What somebody's telephone dials: people outside dial numbers of the public network."""
    number = stage.number(said)
    if who.name not in OUTSIDE:
        return number
    provider = stage.demo.facts["provider"]
    if said in PEOPLE:
        number = str(stage.demo.user(PEOPLE[said])["number"])
    elif number == "branch":
        number = provider["branch_number"]
    elif not number.startswith("+"):
        head = provider["trunk_number"]
        number = head if number == "head" else head + number
    return f"sip:{number}@{stage.demo.facts['provider']['sip']}"


# -- calling ------------------------------------------------------------------------------------------------


@sentence("<who> calls <number>")
async def calls(stage: Stage, who: str, number: str) -> None:
    """Dials a person, a number, a code, or `echo`, `busy`, … outside; `head`, `branch` are head numbers."""
    person = stage.who(who)
    await person.phone.dial(_address(stage, person, number))


@sentence("<who> dials <code> and is told <status>")
async def dials_code(stage: Stage, who: str, code: str, status: str) -> None:
    """Dials a code whose call the system ends by itself, with this status."""
    person = stage.who(who)
    person.forget("CALL_CLOSED")
    await person.phone.dial(code)
    reason = str((await person.next("CALL_CLOSED", seconds=25))["param"])
    assert reason.startswith(status), reason


@sentence("<who> dials <code>")
async def dials(stage: Stage, who: str, code: str) -> None:
    """Dials a code and listens until the system ends the call, whatever it says."""
    person = stage.who(who)
    person.forget("CALL_CLOSED")
    await person.phone.dial(code)
    await person.next("CALL_CLOSED", seconds=25)


@sentence("<who> sets <code>")
async def sets(stage: Stage, who: str, code: str) -> None:
    """Dials a code and hangs up as soon as the system confirms it."""
    person = stage.who(who)
    person.forget("CALL_PROGRESS")
    person.forget("CALL_CLOSED")
    await person.phone.dial(code)
    await person.next("CALL_PROGRESS", seconds=25)
    await person.phone.hang_up()
    await person.next("CALL_CLOSED")


@sentence("<who> rings [from <caller>] [showing <text>]")
async def rings(stage: Stage, who: str, caller: str | None, text: str | None) -> None:
    """A call arrives; the display shows this number or name."""
    incoming = await stage.who(who).next("CALL_INCOMING", seconds=20)
    shown = f"{incoming.get('peeruri', '')} {incoming.get('peerdisplayname', '')}"
    if caller is not None:
        number = stage.number(caller)
        assert number in shown, f"the display shows {shown}"
    if text is not None:
        seen = stage.who(who).phone.trace()
        assert text.strip('"') in shown or text.strip('"') in seen, f"the display shows {shown}"


@sentence("<who> does not ring")
async def does_not_ring(stage: Stage, who: str) -> None:
    """No call has arrived that was not spoken of."""
    person = stage.who(who)
    await person.phone.command("reginfo")  # answered after whatever has reached the telephone before
    assert not person.untold("CALL_INCOMING"), "a call arrived"


@sentence("<who> answers")
async def answers(stage: Stage, who: str) -> None:
    """Lifts the ringing telephone."""
    await stage.who(who).phone.answer()
    await talks(stage, who)


@sentence("<who> talks")
async def talks(stage: Stage, who: str) -> None:
    """A call that was placed is answered."""
    person = stage.who(who)
    await person.next("CALL_ESTABLISHED", seconds=25)
    person.invites_when_talking = person.invites()


@sentence("<who> hangs up", "<who> declines")
async def hangs_up(stage: Stage, who: str) -> None:
    """Ends the current call, or refuses the ringing one."""
    await stage.who(who).phone.hang_up()


@sentence("<who> is told <status>")
async def is_told(stage: Stage, who: str, status: str) -> None:
    """A call ends with this status, or with a reason that contains this text."""
    reason = str((await stage.who(who).next("CALL_CLOSED", seconds=40)).get("param", ""))
    assert status.strip('"') in reason, reason


@sentence("<who> stops ringing", "<who> is free", "<who> is hung up")
async def is_free(stage: Stage, who: str) -> None:
    """A call of this telephone is over."""
    await stage.who(who).next("CALL_CLOSED", seconds=40)


@sentence("<a> and <b> talk")
async def both_talk(stage: Stage, a: str, b: str) -> None:
    """The first calls the second, who answers, and each hears the other."""
    await calls(stage, a, b)
    await rings(stage, b, None, None)
    await answers(stage, b)
    await talks(stage, a)
    await hears(stage, a, b)
    await hears(stage, b, a)


# -- within a call ------------------------------------------------------------------------------------------


@sentence("<who> holds")
async def holds(stage: Stage, who: str) -> None:
    """Presses the hold key."""
    await stage.who(who).phone.command("hold")


@sentence("<who> resumes")
async def resumes(stage: Stage, who: str) -> None:
    """Takes the held call back."""
    await stage.who(who).phone.command("resume")


@sentence("<who> takes line <number>")
async def takes_line(stage: Stage, who: str, number: str) -> None:
    """Makes another of the telephone's calls the current one; the first is line 1."""
    await stage.who(who).phone.command("line", number)


@sentence("<who> transfers to <target>")
async def transfers(stage: Stage, who: str, target: str) -> None:
    """Presses the transfer key and a number: a blind transfer by REFER."""
    await stage.who(who).phone.command("transfer", stage.number(target))


@sentence("<who> presses <keys>")
async def presses(stage: Stage, who: str, keys: str) -> None:
    """Presses keys during a call (RFC 4733)."""
    for key in keys:
        await stage.who(who).phone.press(key)
        await asyncio.sleep(0.15)


@sentence("<who> got the keys <keys>")
async def got_keys(stage: Stage, who: str, keys: str) -> None:
    """The other side pressed these keys; each arrived once, in order."""
    person = stage.who(who)

    def arrived() -> str:
        events = [each for each in person.phone.events if each["type"] == "CALL_DTMF_START"]
        return "".join(str(each["param"]) for each in events)

    await eventually(lambda: arrived() == keys, f"the keys {keys}")


# -- hearing ------------------------------------------------------------------------------------------------


@sentence("<who> hears <other>")
async def hears(stage: Stage, who: str, other: str) -> None:
    """Hears somebody's tone, now."""
    person, hz = stage.who(who), TONES[other]
    await eventually(lambda: person.phone.recorded_bytes() > 8000 and hears_now(person.phone, hz), f"{hz} Hz")


@sentence("<who> hears <one> and <other>")
async def hears_both(stage: Stage, who: str, one: str, other: str) -> None:
    """Hears two people at once, as in a conference."""
    person = stage.who(who)

    def both() -> bool:
        if person.phone.recorded_bytes() <= 8000:
            return False
        samples, rate = _recent(person, 0.5)
        return min(tone_level(samples, rate, TONES[each]) for each in (one, other)) > -30

    await eventually(both, f"{one} and {other}")


@sentence("<who> no longer hears <other>")
async def no_longer_hears(stage: Stage, who: str, other: str) -> None:
    """Somebody's tone is gone."""
    person = stage.who(who)

    def gone() -> bool:
        samples, rate = _recent(person, 0.4)
        return tone_level(samples, rate, TONES[other]) < -35

    await eventually(gone, f"without {other}")


@sentence("<who> hears music", "<who> hears an announcement")
async def hears_something(stage: Stage, who: str) -> None:
    """Hears something that is no tone of a person and no signal tone."""
    person = stage.who(who)
    known = [*TONES.values(), _RINGING_HZ]

    def other() -> bool:
        if person.phone.recorded_bytes() <= 8000:
            return False
        samples, _ = _recent(person, 0.5)
        return level(samples) > -45 and all(abs(last_tone(person.phone)[0] - hz) > 4 for hz in known)

    await eventually(other, "music or words")


@sentence("<who> hears ringing", "<who> hears a signal tone")
async def hears_signal(stage: Stage, who: str) -> None:
    """Hears 425 Hz: ringing, busy or another signal tone of the system."""
    person = stage.who(who)

    def rung() -> bool:
        samples, rate = _recent(person, 6.0)
        step = rate // 5
        return any(
            tone_level(samples[begin : begin + step], rate, _RINGING_HZ) > -35
            for begin in range(0, max(1, len(samples) - step), step)
        )

    await eventually(lambda: person.phone.recorded_bytes() > 4000 and rung(), "425 Hz")


@sentence("<who> hears nothing")
async def hears_nothing(stage: Stage, who: str) -> None:
    """Silence for half a second."""
    person = stage.who(who)

    def silent() -> bool:
        samples, _ = _recent(person, 0.5)
        return not len(samples) or level(np.asarray(samples)) < _QUIET_DBFS

    await asyncio.sleep(0.5)
    await eventually(silent, "silence")


# -- telephones ---------------------------------------------------------------------------------------------


@sentence("<who> loses power")
async def loses_power(stage: Stage, who: str) -> None:
    """The telephone vanishes without a word."""
    await stage.leave(who)


@sentence("<who> is switched off")
async def is_switched_off(stage: Stage, who: str) -> None:
    """The telephone says good-bye: it is registered no longer."""
    await stage.switch_off(who)


@sentence("<who> comes back")
async def comes_back(stage: Stage, who: str) -> None:
    """A telephone that had vanished, or was switched off, registers again."""
    await stage.enter(who)


@sentence("<who> saw <text>")
async def saw(stage: Stage, who: str, text: str) -> None:
    """The telephone was sent a message with this text in it."""
    person = stage.who(who)
    await eventually(lambda: text.strip('"') in person.phone.trace(), text)


@sentence("<who> never saw <text>")
async def never_saw(stage: Stage, who: str, text: str) -> None:
    """The telephone was sent no message with this text in it."""
    assert text.strip('"') not in stage.who(who).phone.trace()


@sentence("<who> was not invited again")
async def was_not_invited_again(stage: Stage, who: str) -> None:
    """No INVITE reached or left the telephone since its call was answered: others changed, not its call."""
    person = stage.who(who)
    found = person.invites() - person.invites_when_talking
    assert not found, f"{found} INVITEs more"
