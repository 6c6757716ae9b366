"""Every feature that a user can ask for by a code: a command and who performs it, a line each."""

from collections.abc import Awaitable, Mapping
from typing import TYPE_CHECKING, Any

from stimme.licensing.packages import package_of
from stimme.pbx.call import Call
from stimme.pbx.entitlement import lacking
from stimme.pbx.features import (
    auto_redial,
    callback_call,
    conference,
    function_keys,
    group_login,
    hotdesk_call,
    in_call,
    intercom,
    malicious,
    own_settings,
    paging,
    park_call,
    pickup_call,
    reception,
    recording,
    redial_call,
    short_dial,
    transfer,
    trunk_test,
)
from stimme.pbx.features import (
    commands as c,
)
from stimme.pbx.features.asked import FeatureRefusedError, Handler
from stimme.pbx.features.pins import Pins
from stimme.pbx.leg import Leg
from stimme.pbx.model import User
from stimme.pbx.placing import party_of
from stimme.pbx.records import CallRecord, Party
from stimme.pbx.ringing import Ringing
from stimme.pbx.saying import say_and_end
from stimme.prompts.say import Say
from stimme.sip.session import Session

if TYPE_CHECKING:
    from stimme.pbx.pbx import Pbx

HANDLERS: Mapping[type[Any], Handler] = {
    c.SetDiversion: own_settings.set_diversion,
    c.ClearDiversion: own_settings.clear_diversion,
    c.SayDiversion: own_settings.say_diversion,
    c.Dnd: own_settings.set_dnd,
    c.CallWaiting: own_settings.set_call_waiting,
    c.Clir: own_settings.set_clir,
    c.ClirOnce: own_settings.clir_once,
    c.CallThrough: own_settings.call_through,
    c.SayOwnNumber: own_settings.say_own_number,
    c.SayTime: own_settings.say_time,
    c.Pickup: pickup_call.pick_up,
    c.PickupOf: pickup_call.pick_up_of,
    c.Park: park_call.park,
    c.Retrieve: park_call.retrieve,
    c.TransferTo: transfer.transfer_to,
    c.Transfer: transfer.transfer_both,
    c.Conference: conference.join_all,
    c.LoginGroup: group_login.log_in,
    c.LogoutGroup: group_login.log_out,
    c.SwitchNight: reception.switch_night,
    c.Callback: callback_call.call_back,
    c.CallbackCancel: callback_call.cancel,
    c.CallbackList: callback_call.say_list,
    c.HotDeskLogin: hotdesk_call.log_in,
    c.HotDeskLogout: hotdesk_call.log_out,
    c.Redial: redial_call.redial,
    c.ShortDial: short_dial.dial_short,
    c.NoteMaliciousCall: malicious.note_malicious,
    c.AutoRedial: auto_redial.auto_redial,
    c.Intercom: intercom.speak_to,
    c.Page: paging.page,
    c.TrunkTest: trunk_test.test_trunk,
    c.Record: recording.record,
}


class Features:
    """The features of one tenant."""

    def __init__(self, pbx: "Pbx") -> None:
        self._pbx = pbx
        self.reception = reception.Reception(pbx)
        self.callbacks = callback_call.CallingBack(pbx)
        self.auto_redials = auto_redial.AutoRedials(pbx)
        self.last_dialled = redial_call.LastDialled(pbx, self.auto_redials.dialled)
        self.trunk_tests = trunk_test.TrunkTests(pbx)
        self.last_calls = malicious.LastCalls()
        self.hand_sets = in_call.HandSets(pbx)
        self.pins = Pins(pbx.tenant.id, pbx.store)
        self.hot_desks = hotdesk_call.LogIns(pbx, self.pins)
        self.function_keys = function_keys.FunctionKeys(pbx)

    def restore(self, stored: dict[str, Any]) -> None:
        """Takes back what the store kept. Raises KeyError or ValueError for a damaged value."""
        self.reception.restore(stored)
        self.callbacks.restore(stored)
        self.last_dialled.restore(stored)
        self.auto_redials.restore(stored)
        self.pins.restore(stored)

    def call_over(self, call: Call, record: CallRecord | None) -> None:
        """A call has ended; without a record it was only the way to another."""
        self.callbacks.call_over(call, record)
        self.auto_redials.call_over(call, record)
        self.last_calls.call_over(call, record)

    def close(self) -> None:
        """The tenant leaves this node."""
        self.reception.close()
        self.callbacks.close()
        self.auto_redials.close()
        self.trunk_tests.close()

    def line_changed(self, user_id: str) -> None:
        """A user's line became free, or is in use."""
        self.callbacks.line_changed(user_id)
        self.auto_redials.line_changed(user_id)

    async def perform(self, call: Call, user: User, command: c.Command, said: str | None) -> None:
        """Does what a code asks for; the caller hears what came of it, or which package it needs."""
        needed = lacking(user, command)
        if needed is not None:
            await say_and_end(self._pbx, call, Say(f"package.{package_of(needed).value}"), 403)
            return
        handler = HANDLERS.get(type(command))
        if handler is None:
            await say_and_end(self._pbx, call, Say("code.refused"), 501)
            return
        await self._said(call, handler(self._pbx, call, user, command))

    async def log_in(self, call: Call, command: c.HotDeskLogin) -> None:
        """Somebody takes a telephone that is nobody's."""
        await self._said(call, hotdesk_call.log_in(self._pbx, call, None, command))

    async def _said(self, call: Call, work: Awaitable[Say | None]) -> None:
        try:
            say = await work
        except FeatureRefusedError as refusal:
            await say_and_end(self._pbx, call, refusal.say, refusal.status)
            return
        if say is not None:
            await say_and_end(self._pbx, call, say, 480)

    def take_place(self, session: Session, leg: Leg, user: User) -> None:
        """INVITE with Replaces (RFC 3891): pick-up, or another telephone of a user takes over."""
        pbx = self._pbx
        found = pbx.leg_of_session(session.replaces)
        if found is None:
            session.reject(481)
            return
        call, old = found
        other = call.other(old)
        if isinstance(call.stage, Ringing) and old.id in call.stage.called:
            pbx.place_in(call, leg, lambda: pickup_call.answer_with(pbx, call, leg))
        elif other is not None and old.user_id == user.id and call.answered_at is not None:
            pbx.place_in(call, leg, lambda: self._take_over(call, old, leg, user))
        else:
            session.reject(403)

    def join(self, session: Session, leg: Leg, user: User) -> None:
        """INVITE with Join (RFC 3911): another telephone of a user comes into the user's own conversation.

        Nobody may come into a colleague's, and nobody into an emergency call.
        """
        pbx = self._pbx
        found = pbx.leg_of_session(session.joins)
        if found is None:
            session.reject(481)
            return
        conversation, own = found
        if own.user_id != user.id or conversation.direction == "emergency":
            session.reject(403)
            return
        call = pbx.new_call("internal", party_of(user), Party("conference"))
        pbx.begin(call, leg, lambda: conference.join_in(pbx, call, conversation, own))

    async def _take_over(self, call: Call, old: Leg, leg: Leg, user: User) -> None:
        session = leg.session
        other = call.other(old)
        if session is None or session.ended or other is None:
            return
        if not await call.open([leg]) or session.ended:
            return
        session.answer(leg.write_answer(other.codecs) if leg.remote else leg.write_offer(other.codecs))
        await leg.connect_media(timeout=call.media_timeout)
        await call.replace(old, leg, party_of(user))
        if old.alive and old.session is not None:
            old.session.end()
