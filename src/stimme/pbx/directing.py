"""Where calls go: from who calls and what was dialled to telephones that ring.

Policy, in this order:
    * Emergency numbers leave by the trunk of the caller's site, whatever else is set; when that trunk
      fails, by any other. Nothing is asked before: no barring, no limit, no setting, no licence
      (docs/emergency.md).
    * At a telephone that is nobody's (``stimme.pbx.desks``) somebody can log in, and call nobody else: 403,
      and an announcement says so.
    * A browser whose user's package has no softphone calls nobody else either (``stimme.pbx.entitlement``).
    * A customer whose licence has run out can call nobody else, inside or outside (the service's L3).
    * INVITE with Replaces takes the place of a leg (RFC 3891).
    * A feature code becomes its command, and so does a function key that a telephone dials.
    * Everything else is a number: a user, a group, a service of the house, or the public network.
    * A call to a user follows the user's diversions (``stimme.pbx.features.diversion``). A call from
      outside to a user without telephone and without diversion is taken by the attendant; a colleague is
      told that the user cannot be reached.
    * A call that leads nowhere tells its caller; one that a colleague had connected comes back to that
      colleague.
"""

from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING

import structlog

from stimme.media.tones import tones_of
from stimme.pbx.announcing import Tone
from stimme.pbx.apps.menu_stage import InMenu
from stimme.pbx.call import Call
from stimme.pbx.emergency_numbers import emergency_number
from stimme.pbx.entitlement import device_refused
from stimme.pbx.features import commands as c
from stimme.pbx.features import paging
from stimme.pbx.features.codes import Dialled, Incomplete
from stimme.pbx.features.commands import DiversionKind
from stimme.pbx.features.diversion import (
    Absent,
    Busy,
    Circumstances,
    Line,
    Outcome,
    Ring,
    after_ringing,
    resolve,
)
from stimme.pbx.features.diversion_headers import diversions_so_far
from stimme.pbx.features.keys import LineKey, parse_key
from stimme.pbx.groups.hunting import Hunting
from stimme.pbx.leg import Leg
from stimme.pbx.model import Device, TrunkConfig, User
from stimme.pbx.outside import Outside
from stimme.pbx.placing import party_of
from stimme.pbx.records import Direction, HangupBy, Party
from stimme.pbx.ringing import BUSY, GivenUp, Ringing
from stimme.pbx.routing import (
    ToTrunk,
    ToUser,
    Unroutable,
    dialled_of,
    normalise,
    route_from_trunk,
    route_from_user,
)
from stimme.pbx.saying import say_and_end
from stimme.prompts.say import Say
from stimme.sip.gruu import is_gruu
from stimme.sip.session import Session
from stimme.sip.uri import SipUri
from stimme.trunks.identity import caller_of, dialled_number

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

log = structlog.get_logger("stimme.pbx")
_NO_REPLY = 408
_TONE_SECONDS = 8.0


class Directing:
    """See the module's docstring."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx
        self.outside = Outside(pbx)

    # -- calls that come ------------------------------------------------------------------------------------

    def from_device(self, session: Session, device: Device) -> None:
        """A call of one of our users, already authenticated."""
        pbx = self._pbx
        user = pbx.tenant.users.get(pbx.user_at(device) or "")
        dialled = dialled_of(session.request.uri) if session.request is not None else ""
        user_id = user.id if user is not None else None
        dialled = pbx.features.function_keys.dialled(user_id, dialled)
        leg = pbx.placing.incoming(session, user_id=user_id, device_id=device.id)
        emergency = emergency_number(dialled)
        if emergency is not None:
            caller = party_of(user) if user is not None else Party(device.sip_user)
            trunk_id = self.outside.emergency_trunk(user, device.id)
            call = pbx.new_call("emergency", caller, Party(emergency), trunk_id)
            pbx.begin(call, leg, partial(self.outside.emergency, call, user, emergency, device.id))
            return
        if user is None:
            self._from_nobody(session, leg, device, dialled)
            return
        refusal = device_refused(pbx.tenant, device)
        if refusal is not None:
            session.reject(refusal.status, refusal.reason, refusal.headers)
            return
        licensed = pbx.tenant.licensed_at(datetime.now(UTC))
        if session.replaces is not None and licensed:
            pbx.features.take_place(session, leg, user)
            return
        if session.joins is not None:
            pbx.features.join(session, leg, user)
            return
        call = pbx.new_call("internal", party_of(user), Party(pbx.codes.shown(dialled)))
        call.withheld = pbx.settings.of(user.id).clir
        uri = session.request.uri if session.request is not None else None
        if isinstance(uri, SipUri) and is_gruu(uri.params) and licensed:
            pbx.begin(call, leg, partial(self.to_instance, call, uri))
            return
        pbx.begin(call, leg, partial(self.dial, call, dialled, user))

    def _from_nobody(self, session: Session, leg: Leg, device: Device, dialled: str) -> None:
        if device.user_id is not None:  # its user was deleted while the configuration changed
            session.reject(403)
            return
        callee = Party(self._pbx.codes.shown(dialled))
        call = self._pbx.new_call("internal", Party(device.sip_user), callee)
        self._pbx.begin(call, leg, partial(self._at_free_desk, call, dialled))

    async def _at_free_desk(self, call: Call, dialled: str) -> None:
        """A telephone that is nobody's: its owner for now says who it is."""
        parsed = self._pbx.codes.parse(dialled)
        if isinstance(parsed, Dialled) and isinstance(parsed.command, c.HotDeskLogin):
            await self._pbx.features.log_in(call, parsed.command)
        else:
            await say_and_end(self._pbx, call, Say("hotdesk.not_logged_in"), 403)

    def from_trunk(self, session: Session, trunk: TrunkConfig) -> None:
        """A call from the public network."""
        pbx = self._pbx
        if session.request is None:
            return
        caller = caller_of(session.request)
        known = pbx.tenant.phone_books.name_of(caller.number, None)
        caller = caller if known is None else Party(caller.number, known)
        number = dialled_number(session.request, pbx.tenant, trunk)
        if pbx.features.trunk_tests.takes(session, trunk, number):
            return
        leg = pbx.placing.incoming(session, trunk_id=trunk.id)
        session.pinned = False
        call = pbx.new_call("incoming", caller, Party(number), trunk.id)
        call.earlier_diversions = diversions_so_far(session.request)
        pbx.begin(call, leg, partial(self._arrive, call, leg, trunk, number))

    async def _arrive(self, call: Call, leg: Leg, trunk: TrunkConfig, number: str) -> None:
        if not self._pbx.tenant.licensed_at(datetime.now(UTC)):
            await call.fail(404)
            return
        if not self.outside.has_channel(trunk, leg):
            await call.fail(503)
            return
        service = self._service_behind(number)
        if service is not None:
            await self.to_extension(call, service)
            return
        match route_from_trunk(self._pbx.tenant, number):
            case ToUser(user):
                await self.to_user(call, user)
            case Unroutable() as refusal:
                await call.fail(refusal.status)
            case ToTrunk():
                await call.fail(404)

    def _service_behind(self, number: str) -> str | None:
        """The extension of a group or a service that a public number leads to."""
        for block in self._pbx.tenant.numbers:
            if number.startswith(block.head):
                extension = number[len(block.head) :] or "0"
                if self._pbx.tenant.is_service(extension):
                    return extension
        return None

    # -- numbers --------------------------------------------------------------------------------------------

    async def dial(self, call: Call, dialled: str, user: User) -> None:
        """What a user dialled: a code or a number."""
        if not self._pbx.tenant.licensed_at(datetime.now(UTC)) and emergency_number(dialled) is None:
            await say_and_end(self._pbx, call, Say("call.barred"), 403)
            return
        key = parse_key(dialled)
        if key is not None and not isinstance(key, LineKey):
            await self._pbx.features.function_keys.pressed(call, user, key)
            return
        parsed = self._pbx.codes.parse(dialled)
        match parsed:
            case Dialled(feature, command):
                await self._pbx.features.perform(call, user, command, feature.said)
            case Incomplete():
                await call.fail(484)
            case _:
                self._pbx.features.last_dialled.note(user.id, dialled)
                await self.to_number(call, dialled, user)

    async def to_number(self, call: Call, dialled: str, user: User) -> None:
        """A number, as this user may call it."""
        tenant = self._pbx.tenant
        if tenant.is_service(dialled):
            await self.to_extension(call, dialled)
            return
        match route_from_user(tenant, user, dialled):
            case ToUser(callee):
                await self.to_user(call, callee)
            case ToTrunk(trunk, number, emergency):
                if emergency:
                    await self.outside.emergency(call, user, number)
                else:
                    await self.outside.by_user(call, user, trunk, number)
            case Unroutable(status):
                await call.fail(status)

    async def to_extension(self, call: Call, extension: str) -> None:
        """A group or another service of the house."""
        pbx = self._pbx
        if extension in call.passed:
            await call.fail(480)
            return
        queue = pbx.tenant.queues.get(extension)
        if queue is not None:
            pbx.queues.room(queue).arrive(call)
            return
        menu = pbx.tenant.menu_at(extension)
        if menu is not None:
            await self.to_menu(call, menu.id)
            return
        group = pbx.tenant.groups.get(extension)
        if group is not None:
            call.callee = Party(group.extension, group.name)
            await Hunting(pbx, call, group).begin()
            return
        page = pbx.tenant.pages.get(extension)
        if page is not None:
            await paging.dialled(pbx, call, page)
            return
        attendant = pbx.tenant.attendant
        if attendant is not None and attendant.extension == extension:
            await pbx.features.reception.arrive(call)
            return
        await call.fail(404)

    async def to_menu(self, call: Call, menu_id: str) -> None:
        """A menu answers."""
        menu = self._pbx.tenant.menus[menu_id]
        call.callee = Party(menu.extension or "", menu.name)
        call.passed = frozenset()
        await call.become(InMenu(call, self._pbx, menu))

    async def to_internal(self, call: Call, number: str) -> None:
        """A number that the house itself leads to: a user, a service, or one outside in the house's name."""
        user = self._pbx.tenant.by_extension(number)
        if user is not None:
            await self.to_user(call, user)
        elif self._pbx.tenant.is_service(number):
            await self.to_extension(call, number)
        else:
            await self.outside.by_house(call, number)

    async def to_instance(self, call: Call, uri: SipUri) -> None:
        """A GRUU: the one device that it stands for rings (RFC 5627), whatever its user has set."""
        tenant = self._pbx.tenant
        bindings = self._pbx.registrar.behind(uri, tenant.devices)
        user = (
            tenant.users.get(self._pbx.user_at(tenant.devices[bindings[0].device_id]) or "")
            if bindings
            else None
        )
        if user is None:
            await call.fail(480)
            return
        call.callee = party_of(user)
        call.called_user_ids = (*call.called_user_ids, user.id)
        await self.ring(call, self._pbx.placing.to_bindings(user, bindings))

    # -- users ----------------------------------------------------------------------------------------------

    async def to_user(self, call: Call, user: User, *, follow: bool = True) -> None:
        """All telephones of a user ring, unless the user's diversions say otherwise."""
        call.callee = party_of(user)
        if user.id not in call.called_user_ids:
            call.called_user_ids = (*call.called_user_ids, user.id)
        circumstances = self._circumstances(call, follow=follow)
        outcome = resolve(user.extension, self.line, circumstances, call.hops)
        await self._follow(call, user.extension, outcome)

    def _circumstances(self, call: Call, *, follow: bool) -> Circumstances:
        internal = call.direction == "internal"
        attendant = None if internal else self._pbx.tenant.attendant
        return Circumstances(
            internal=internal,
            insistent=call.insistent,
            follow=follow,
            earlier=call.earlier_diversions,
            attendant=attendant.extension if attendant is not None else None,
        )

    def line(self, number: str) -> Line | None:
        """What a user's line does now; None for a number that is no user's."""
        tenant = self._pbx.tenant
        user = tenant.by_extension(number)
        if user is None:
            public = normalise(number)
            user = tenant.by_number(public) if public is not None else None
        if user is None:
            return None
        settings = self._pbx.settings.of(user.id)
        return Line(
            number=user.extension,
            diversions=settings.diversions,
            registered=self._pbx.placing.reachable(user),
            busy=not settings.call_waiting and self._pbx.line_state(user.id) in ("busy", "ringing"),
            silent=settings.dnd,
        )

    async def _follow(self, call: Call, start: str, outcome: Outcome) -> None:
        call.hops = outcome.hops
        match outcome:
            case Busy():
                await call.fail(486, "callee")
            case Absent():
                await call.fail(480)
            case Ring(number):
                user = self._pbx.tenant.by_extension(number)
                line = self.line(number) if user is None else None
                if user is None and line is not None:
                    user = self._pbx.tenant.by_extension(line.number)
                if user is not None:
                    await self._ring_user(call, start, outcome, user)
                else:
                    await self._divert_on(call, outcome)

    async def _ring_user(self, call: Call, start: str, outcome: Ring, user: User) -> None:
        if user.id not in call.called_user_ids:
            call.called_user_ids = (*call.called_user_ids, user.id)
        call.callee = party_of(user)
        seconds = outcome.no_reply.seconds if outcome.no_reply is not None else self._ring_seconds(call)
        await self.ring(
            call,
            self._pbx.placing.to_user(user),
            seconds=seconds,
            given_up=partial(self._unanswered, call, start, outcome),
        )

    def _ring_seconds(self, call: Call) -> float:
        """A call that a colleague connected comes back sooner than a caller would give up."""
        transferor = self._pbx.tenant.users.get(call.transferor or "")
        attendant = self._pbx.tenant.attendant
        if transferor is None:
            return self._pbx.ring_timeout
        if attendant is not None and self._pbx.features.reception.serves(transferor):
            return attendant.recall_seconds
        return self._pbx.recall_seconds

    async def _divert_on(self, call: Call, outcome: Ring) -> None:
        """To a group, or outside: in the name of who diverted last."""
        diverter = self._pbx.tenant.by_extension(outcome.hops[-1].number) if outcome.hops else None
        if diverter is None:
            await call.fail(404)
        else:
            await self.to_number(call, outcome.number, diverter)

    async def _unanswered(self, call: Call, start: str, outcome: Ring, status: int) -> None:
        kind = DiversionKind.BUSY if status in BUSY else DiversionKind.NO_REPLY
        following = None
        if status in BUSY or (status == _NO_REPLY and outcome.no_reply is not None):
            circumstances = self._circumstances(call, follow=True)
            following = after_ringing(outcome, kind, start, self.line, circumstances)
        if following is None:
            await call.fail(status, "system" if status == _NO_REPLY else "callee")
        else:
            await self._follow(call, start, following)

    async def ring(
        self,
        call: Call,
        legs: list[Leg],
        *,
        seconds: float | None = None,
        given_up: GivenUp | None = None,
    ) -> None:
        """Lets legs ring, by default as long as any call; without a leg nobody can be reached."""
        if not legs:
            await call.fail(480)
            return
        await call.become(Ringing(call, legs, seconds=seconds or self._pbx.ring_timeout, given_up=given_up))

    # -- nowhere --------------------------------------------------------------------------------------------

    async def failed(self, call: Call, status: int, by: HangupBy | None) -> None:
        """The caller is told; a call that a colleague connected comes back there first."""
        anchor = call.anchor
        if call.transferor is not None and anchor is not None and anchor.answered:
            transferor, call.transferor = self._pbx.tenant.users.get(call.transferor), None
            if transferor is not None and self._pbx.placing.reachable(transferor):
                await self._recall(call, transferor)
                return
        if anchor is not None and anchor.answered:
            tones = tones_of("DE")
            tone = tones.busy if status in BUSY else tones.congestion
            await call.become(Tone(call, tone, _TONE_SECONDS, call.status or status))
            return
        call.end(status, by)

    async def _recall(self, call: Call, transferor: User) -> None:
        """Back to who connected it, showing where it came from."""
        call.display = f"↩ {call.callee.name or call.callee.number}:"
        call.hops = ()
        call.callee = party_of(transferor)
        call.called_user_ids = (*call.called_user_ids, transferor.id)
        await self.ring(call, self._pbx.placing.to_user(transferor))


def direction_of(call: Call) -> Direction:
    """The direction of a call that goes on from another one: outside stays outside."""
    return call.direction if call.direction in ("incoming", "outgoing") else "internal"
