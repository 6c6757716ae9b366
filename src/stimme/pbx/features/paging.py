"""Paging: one speaks, the telephones of a group answer by themselves and are loudspeakers.

Policy:
    * From inside the house only: by code, or by the extension of a group for announcements. By code a hunt
      group can be paged, too.
    * Asked are desk telephones that are free, not silenced, and not the speaker's own, with the headers of
      ``features.auto_answer``. The offer is that of any call, since many telephones take one that only sends
      (RFC 3264 §5.1) for being put on hold; what they say goes nowhere. One that has not answered after
      `PATIENCE` is left alone: a page is no call, and nobody's call list shows it.
    * Telephones that listen to multicast get it without a call.
    * The speaker is connected at once, and hears a tone, as everybody does, when the first telephone listens.
      When nobody can hear it, the speaker is told (480).
    * It ends when the speaker hangs up, after the group's time, or when nobody is left to hear it.
"""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from stimme.media import Codec, Endpoint, EngineError, RemoteMedia, Room, Tone
from stimme.pbx.apps.paging import Multicast, PageGroup
from stimme.pbx.call import Call
from stimme.pbx.features import commands as c
from stimme.pbx.features.asked import FeatureRefusedError
from stimme.pbx.features.auto_answer import PageTarget, auto_answer_headers, who_hears_a_page
from stimme.pbx.leg import Leg, LegEvent
from stimme.pbx.model import User
from stimme.pbx.records import Party
from stimme.pbx.stages import Stage
from stimme.sip.errors import SipParseError
from stimme.sip.message import Response

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

PATIENCE = 5.0
"""Seconds in which a telephone has to answer by itself."""
LONGEST = 60.0
"""Seconds of a page to a hunt group."""
_ATTENTION = Tone((784.0,), level_dbm0=-16.0, duration_ms=400)
_NOBODY = 480
_PAYLOADS = {"PCMU": 0, "PCMA": 8, "G722": 9}


class Paging(Stage):
    """The anchor speaks to everybody who has answered; see the module's docstring."""

    kind: ClassVar[str] = "paging"

    def __init__(self, call: Call, pbx: "Pbx", legs: Sequence[Leg], group: PageGroup) -> None:
        super().__init__(call)
        self._pbx = pbx
        self._waiting = {leg.id: leg for leg in legs}
        self._listening: dict[str, Leg] = {}
        self._group = group
        self._room: Room | None = None
        self._multicast: Endpoint | None = None
        self._called_attention = False

    async def begin(self) -> None:
        """The speaker is connected, and everybody is asked."""
        call = self.call
        if not await call.answer() or call.anchor is None or call.anchor.endpoint is None:
            return
        for leg in self._waiting.values():
            call.take_in(leg)
        if not await call.open(list(self._waiting.values())):
            return
        try:
            self._room = await self._pbx.switch.room(call.id)
            await self._room.add(call.anchor.endpoint)
            if self._group.multicast is not None:
                await self._send_to(self._group.multicast)
        except EngineError as error:
            call.log.warning("a page cannot be heard", error=str(error))
            await call.fail(503)
            return
        for leg in self._waiting.values():
            leg.session = call.owner.invite(call, leg, leg.write_offer(call.anchor.codecs))
        call.after(PATIENCE, self._late)
        call.after(self._group.longest_seconds, self._over)

    async def _send_to(self, multicast: Multicast) -> None:
        (opened,) = await self._pbx.switch.open_all([("rtp", f"page of {self.call.id}")])
        if isinstance(opened, EngineError):
            raise opened
        self._multicast = opened
        codec = Codec(multicast.codec, _PAYLOADS[multicast.codec], 8000)
        await opened.configure(RemoteMedia(multicast.address, multicast.port), [codec], direction="sendonly")
        await self._let_hear(opened)

    async def _let_hear(self, endpoint: Endpoint) -> None:
        if self._room is None:
            return
        await self._room.add(endpoint, role="listen")
        if not self._called_attention:
            self._called_attention = True
            await self._room.play(_ATTENTION)

    async def hear(self, event: LegEvent) -> None:
        """A telephone answers, or refuses."""
        leg = self._waiting.get(event.leg.id)
        if leg is None:
            return
        if event.kind == "answer" and isinstance(event.message, Response):
            del self._waiting[leg.id]
            await self._answered(leg, event.message)
        elif event.kind == "failure":
            del self._waiting[leg.id]
            await self._drop(leg)

    async def _answered(self, leg: Leg, answer: Response) -> None:
        try:
            leg.take_answer(answer.sdp)
            await leg.connect_media(timeout=None)
            if leg.endpoint is not None:
                self._listening[leg.id] = leg
                await self._let_hear(leg.endpoint)
        except (SipParseError, ValueError, EngineError) as error:
            self.call.log.info("a telephone cannot hear a page", error=str(error))
            await self._drop(leg)

    async def _drop(self, leg: Leg) -> None:
        self._listening.pop(leg.id, None)
        if leg.alive and leg.session is not None:
            leg.session.end(_NOBODY)
        self.call.forget(leg)
        if not self._waiting and not self._listening and self._multicast is None:
            await self.call.fail(_NOBODY)

    async def _late(self) -> None:
        late, self._waiting = list(self._waiting.values()), {}
        for leg in late:
            await self._drop(leg)

    async def _over(self) -> None:
        self.call.end(200, "system")

    async def gone(self, leg: Leg, event: LegEvent) -> None:
        """The speaker has finished, or a telephone was put on its hook."""
        if leg is self.call.anchor:
            await super().gone(leg, event)
        else:
            self._waiting.pop(leg.id, None)
            await self._drop(leg)

    async def restored(self) -> None:
        """The media engine died: whoever is to hear it must be asked again, by the speaker."""
        await self._over()

    async def leave(self) -> None:
        """Silence everywhere."""
        for leg in [*self._waiting.values(), *self._listening.values()]:
            if leg.alive and leg.session is not None:
                leg.session.end(_NOBODY)
            self.call.forget(leg)
        room, endpoint = self._room, self._multicast
        self._room = self._multicast = None
        try:
            if endpoint is not None:
                await endpoint.delete()
            if room is not None:
                await room.delete()
        except EngineError as error:
            self.call.log.info("the room of a page is gone", error=str(error))

    def snapshot(self) -> dict[str, Any] | None:
        """A restarted call control asks everybody again."""
        return {"kind": self.kind}


async def page(pbx: "Pbx", call: Call, user: User, command: c.Page) -> None:
    """By code: a group for announcements, or a hunt group."""
    group = _group_at(pbx, command.extension)
    if group is None:
        raise FeatureRefusedError("code.refused", 404)
    if not await speak(pbx, call, user.id, group):
        raise FeatureRefusedError("code.refused", _NOBODY)


def _group_at(pbx: "Pbx", extension: str) -> PageGroup | None:
    hunt = pbx.tenant.groups.get(extension)
    if extension not in pbx.tenant.pages and hunt is not None and hunt.members:
        return PageGroup(hunt.id, hunt.extension, hunt.name, hunt.members, longest_seconds=LONGEST)
    return pbx.tenant.pages.get(extension)


async def speak_again(pbx: "Pbx", call: Call) -> None:
    """A page that was going on when call control died: everybody is asked again."""
    group = _group_at(pbx, call.callee.number)
    speaker = call.anchor.user_id if call.anchor is not None else None
    if group is None or speaker is None or not await speak(pbx, call, speaker, group):
        await call.fail(_NOBODY)


async def dialled(pbx: "Pbx", call: Call, group: PageGroup) -> None:
    """By its extension, from inside the house."""
    speaker = call.anchor.user_id if call.anchor is not None else None
    if call.direction != "internal" or speaker is None:
        await call.fail(404)
    elif not await speak(pbx, call, speaker, group):
        await call.fail(_NOBODY)


async def speak(pbx: "Pbx", call: Call, speaker: str, group: PageGroup) -> bool:
    """Lets a user speak to a group; False when nobody could hear it."""
    legs = _loudspeakers(pbx, speaker, group.members)
    if not legs and group.multicast is None:
        return False
    call.callee = Party(group.extension, group.name)
    await call.become(Paging(call, pbx, legs, group))
    return True


def _loudspeakers(pbx: "Pbx", speaker: str, members: Iterable[str]) -> list[Leg]:
    headers = tuple(auto_answer_headers(pbx.tenant.domain))
    users = [pbx.tenant.users[user_id] for user_id in members if user_id in pbx.tenant.users]
    legs = [leg for user in users for leg in pbx.placing.to_user(user, headers) if not leg.webrtc]
    targets = [
        PageTarget(
            leg.id,
            leg.user_id or "",
            busy=pbx.line_state(leg.user_id or "") in ("busy", "ringing"),
            silent=pbx.settings.of(leg.user_id or "").dnd,
        )
        for leg in legs
    ]
    heard = set(who_hears_a_page(targets, speaker))
    return [leg for leg in legs if leg.id in heard]
