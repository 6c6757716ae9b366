"""Saying something to a caller: prompts of the catalogue or the customer's own, in the customer's language.

Policy: before the answer it is early media (183) and costs the caller nothing. A sound that is missing is
logged, and the call goes on as if it had been said.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stimme.media import WavFile
from stimme.pbx.announcing import Announcing
from stimme.pbx.call import Call, Work
from stimme.prompts.grammar import SpeechError
from stimme.prompts.say import Say

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx


def sound_of(pbx: "Pbx", call: Call, words: Sequence[Say]) -> WavFile | None:
    """What says it; None when it cannot be said."""
    try:
        return WavFile(pbx.sounds.file(words, pbx.tenant.language, pbx.tenant.id))
    except SpeechError as error:
        call.log.warning("a prompt is missing", prompts=[say.prompt for say in words], error=str(error))
        return None


async def say_then(pbx: "Pbx", call: Call, words: Sequence[Say], then: Work) -> None:
    """Says something, then goes on."""
    sound = sound_of(pbx, call, words)
    if sound is None:
        await then()
    else:
        await call.become(Announcing(call, sound, then))


async def say_and_end(pbx: "Pbx", call: Call, say: Say, status: int) -> None:
    """Says why, and ends the call with a status (RFC 3261 §21)."""

    async def end() -> None:
        call.end(status, "system")

    await say_then(pbx, call, [say], end)
