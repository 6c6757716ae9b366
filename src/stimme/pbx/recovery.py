"""Bringing the media of one call back after the engine died.

Every leg of the conversation gets an endpoint in the new engine and a re-INVITE with its address. As the
answers come the endpoints are configured, and both are joined at once, so that the first leg to answer
already hears the other.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from stimme.media import Endpoint, EngineError
from stimme.pbx.leg import Leg
from stimme.pbx.switch import Switch
from stimme.sip.errors import SessionStateError, SipParseError
from stimme.sip.fax import read_fax
from stimme.sip.message import Request, Response

if TYPE_CHECKING:
    from stimme.pbx.call import Call


class MediaRecovery:
    """See the module's docstring."""

    def __init__(self, call: "Call", switch: Switch) -> None:
        self._call = call
        self._switch = switch

    async def recover(self, lost: Sequence[tuple[Leg, Endpoint]]) -> None:
        """The engine died, and these endpoints with it; another one has come."""
        call = self._call
        if call.answered_at is None:
            await self._before_answer(lost)
            return
        try:
            await self.begin()
            await call.stage.restored()
        except EngineError as error:
            call.log.warning("media could not be brought back", error=str(error))
            call.end(call.status, "system")

    async def _before_answer(self, lost: Sequence[tuple[Leg, Endpoint]]) -> None:
        """A call that rings is lost with its media, but for an emergency call: it is placed again.

        An emergency call that waited for the engine, and has been placed by it since, goes on as it is.
        """
        call = self._call
        if call.direction != "emergency":
            call.end(503, "system")
        elif any(leg.endpoint is endpoint for leg, endpoint in lost):
            call.forget_media()
            await call.stage.restored()

    async def begin(self) -> None:
        """Opens new endpoints, joins them and re-INVITEs every leg. Raises EngineError."""
        legs = self._call.talking_legs
        for leg in legs:
            leg.lose_media()
            leg.fax = None  # the fax is lost: machines that still listen begin anew over G.711
        self._call.bridge = None
        opened = await self._switch.open_all([("webrtc" if leg.webrtc else "rtp", leg.id) for leg in legs])
        for leg, endpoint in zip(legs, opened, strict=True):
            if isinstance(endpoint, EngineError):
                raise endpoint
            leg.endpoint = endpoint
        await self._call.join()
        self._call.confirm()
        for leg in legs:
            if not leg.webrtc:
                # The peer's side has not changed: it can be sent to before it has answered.
                await leg.connect_media(timeout=self._call.media_timeout)
            self._reinvite(leg)

    def _reinvite(self, leg: Leg) -> None:
        if leg.session is None:
            return
        try:
            leg.session.reinvite(leg.write_offer(leg.codecs))
        except SessionStateError:
            return  # a re-INVITE is under way or the leg is ending: its own events go on

    async def answered(self, leg: Leg, message: Request | Response | None) -> None:
        """A leg answered our re-INVITE, or a refresh that said our media once more."""
        if not isinstance(message, Response) or message.status >= 300 or not message.body:
            return
        try:
            if leg.fax is not None and read_fax(message.sdp) is not None:
                return  # its fax goes on
            leg.take_answer(message.body)
            await leg.connect_media(timeout=self._call.media_timeout)
        except (SipParseError, ValueError, EngineError):
            self._call.hang_up()
