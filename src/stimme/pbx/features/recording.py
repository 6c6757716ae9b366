"""Recording one's conversation on demand: by code, by client or program.

Policy:
    * Only who the customer's rules allow (``stimme.pbx.recording_policy``), and only the own conversation;
      an emergency call never.
    * The parties hear first that they are recorded, unless the rules say that they know it otherwise. The
      announcement is on the recording.
    * What is recorded is the telephone of who asked: what it sends and what it hears, as two channels. So the
      recording goes with its user into a conference, hears nothing of the others once they are parked or
      transferred, and ends when its user leaves, or takes it back.
    * It goes on over a restart of call control; it ends with the media engine.
    * Who recorded, when and whom is noted before the first packet; the file is there when it is complete.
"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from stimme.media import EngineError
from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.leg import Leg, LegRecording
from stimme.pbx.model import User
from stimme.pbx.ports import RecordedCall
from stimme.pbx.saying import sound_of
from stimme.pbx.talking import Talking
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


def under_way(pbx: "Pbx") -> set[str]:
    """The ids of the recordings that are being made."""
    engine = pbx.switch.instance
    legs = [leg for leg, _ in pbx.legs()]
    return {leg.recording.id for leg in legs if leg.recording is not None and leg.recording.engine == engine}


def is_recorded(call: Call, engine: str) -> bool:
    """Whether anybody in a call records it."""
    return any(leg.recording is not None and leg.recording.engine == engine for leg in call.legs.values())


def start(pbx: "Pbx", call: Call, own: Leg, user: User) -> None:
    """Records a conversation for a user; one that is being recorded goes on so.

    Raises:
        FeatureRefusedError: 403 when the rules do not allow it, or in an emergency call; 501 where recordings
            are not kept; 480 when nobody talks yet.
    """
    if call.direction == "emergency" or not pbx.tenant.recording.allows(user.id):
        raise FeatureRefusedError("code.not_allowed", 403)
    if pbx.recordings is None:
        raise FeatureRefusedError("code.refused", 501)
    if not isinstance(call.stage, Talking) or own.endpoint is None:
        raise FeatureRefusedError("code.refused")

    async def work() -> None:
        await _begin(pbx, call, own, user)

    call.ask(work)


async def _begin(pbx: "Pbx", call: Call, own: Leg, user: User) -> None:
    other, engine = call.other(own), pbx.switch.instance
    recorded = own.recording is not None and own.recording.engine == engine
    if pbx.recordings is None or own.endpoint is None or other is None or recorded:
        return
    made = RecordedCall(
        pbx.new_id(), pbx.tenant.id, call.id, user.id, datetime.now(UTC), call.caller, call.callee
    )
    try:
        path = pbx.recordings.begin(made)
        recorder = await own.endpoint.record(path, what="both")
    except (EngineError, OSError) as error:
        call.log.warning("a call cannot be recorded", error=str(error))
        return
    own.recording = LegRecording(made.id, engine, recorder.id)
    call.log.info("a call is recorded", recording=made.id, user=user.id)
    if pbx.tenant.recording.announcement:
        await _announce(pbx, call, [own, other])
    call.owner.call_changed(call)
    call.confirm()


async def _announce(pbx: "Pbx", call: Call, legs: list[Leg]) -> None:
    sound = sound_of(pbx, call, [Say("call.recording")])
    for leg in legs if sound is not None else ():
        try:
            if leg.endpoint is not None and sound is not None:
                await leg.endpoint.play(sound)
        except EngineError as error:
            call.log.warning("a recording is not announced", error=str(error))


def stop(pbx: "Pbx", call: Call, own: Leg) -> None:
    """Ends the recording that a user's leg makes. Raises FeatureRefusedError when there is none."""
    recording, endpoint = own.recording, own.endpoint
    if recording is None or endpoint is None or recording.engine != pbx.switch.instance:
        raise FeatureRefusedError("code.refused")

    async def work() -> None:
        own.recording = None
        try:
            await endpoint.attach_recorder(recording.recorder).stop()
        except EngineError as error:
            call.log.warning("a recording has ended by itself", error=str(error))
        call.owner.call_changed(call)
        call.confirm()

    call.ask(work)


async def record(pbx: "Pbx", call: Call, user: User, command: c.Record) -> Say:
    """By code, from a second line: the conversation that the user has on hold."""
    conversation, own = pbx.conversation_of(user.id, besides=call)
    if conversation is None or own is None:
        raise FeatureRefusedError("code.refused")
    if command.on:
        start(pbx, conversation, own, user)
    else:
        stop(pbx, conversation, own)
    return Say("recording.on" if command.on else "recording.off")
