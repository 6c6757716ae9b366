"""A leg: one SIP session and the media endpoint that belongs to it."""

from collections.abc import Awaitable, Callable
from dataclasses import astuple, dataclass
from typing import Any

from stimme.media import (
    Codec,
    Crypto,
    DtmfReceived,
    Endpoint,
    MediaEvent,
    MediaTimeout,
    PlayerFinished,
    RemoteMedia,
)
from stimme.media.types import Direction
from stimme.pbx.t38 import fax_from_json, fax_to_json, t38_of
from stimme.sip.fax import Fax
from stimme.sip.hops import HopLimits
from stimme.sip.key_exchange import KeyExchange
from stimme.sip.message import Request, Response
from stimme.sip.negotiation import (
    BROWSER_CODECS,
    PHONE_CODECS,
    PLAIN_PROTOCOL,
    SECURED_PROTOCOL,
    Audio,
    AudioCodec,
    answer_direction,
    common_codecs,
    ordered,
    read_audio,
    write_answer,
    write_offer,
)
from stimme.sip.session import Session
from stimme.sip.session_states import SessionFeatures, SessionState
from stimme.sip.srtp_keys import ANYHOW, PLAIN, SrtpKey, SrtpTerms
from stimme.sip.transfer import Referral
from stimme.sip.uri import quote_string


@dataclass(frozen=True, slots=True)
class LegEvent:
    """Something that happened on a leg; `kind` names the handler method without `on_`."""

    leg: "Leg"
    kind: str
    message: Request | Response | None = None
    status: int = 0
    reason: str = ""
    value: Any = None


@dataclass(frozen=True, slots=True)
class LegRecording:
    """What records a leg: the id of the recording, and the recorder in the engine process that has it."""

    id: str
    engine: str
    recorder: int


def _nobody(_: LegEvent) -> None:
    """Hears for a leg whose call is over."""


class Leg(SessionFeatures):
    """One side of a call: the handler of its session, which hands what it hears to the call as `LegEvent`s.

    Attributes:
        id: unique among all legs; the engine knows the leg's endpoint by it.
        way: how its INVITE reaches the called side (``stimme.pbx.placing``); None for a caller's leg.
        limits: how far a call to it may go on (`stimme.sip.hops`).
        user_id: whose leg it is, None for the public network.
        device_id: which device, None for a trunk.
        trunk_id: which trunk it takes a channel of, None for a device.
        webrtc: the peer is a browser.
        srtp: the keys of its stream, where it is a telephone or trunk with encrypted speech.
        remote: the peer's audio as last negotiated.
        codecs: what was negotiated, the first is used.
        fax: the peer's T.38 stream as negotiated, in the place of its audio (``stimme.pbx.faxing``).
        escape: keys that lead to functions of ours; its keys are told to us alone then. None: they are the
            other side's.
        held: its user holds the call from outside, not by the telephone (``features.cti``).
        recording: what records it for its user (``features.recording``).
        noted: told at once, for the journal, when another INVITE left, the peer answered, refused or (True)
            hung up.
    """

    __slots__ = (
        "_report",
        "codecs",
        "device_id",
        "direction",
        "endpoint",
        "escape",
        "fax",
        "held",
        "id",
        "limits",
        "noted",
        "offer",
        "recording",
        "remote",
        "sdp_id",
        "sdp_version",
        "session",
        "srtp",
        "status",
        "trunk_id",
        "user_id",
        "way",
        "webrtc",
    )

    def __init__(
        self,
        leg_id: str,
        report: Callable[[LegEvent], None],
        *,
        user_id: str | None = None,
        device_id: str | None = None,
        trunk_id: str | None = None,
        webrtc: bool = False,
        srtp: SrtpTerms = PLAIN,
    ) -> None:
        self.id = leg_id
        self.way: Any = None
        self.limits: HopLimits | None = None
        self.user_id = user_id
        self.device_id = device_id
        self.trunk_id = trunk_id
        self.webrtc = webrtc
        self.srtp = KeyExchange(srtp)
        self.session: Session | None = None
        self.endpoint: Endpoint | None = None
        self.remote: Audio | None = None
        self.offer: bytes = b""
        self.codecs: tuple[AudioCodec, ...] = ()
        self.fax: Fax | None = None
        self.direction: Direction = "sendrecv"
        self.held = False
        self.recording: LegRecording | None = None
        self.escape: str | None = None
        self.status = 0
        self.sdp_id = str(abs(hash(leg_id)) % 10**9 + 1)
        self.sdp_version = 0
        self.noted: Callable[[Leg, bool], None] | None = None
        self._report = report

    @property
    def alive(self) -> bool:
        """True while its session can still become or be a conversation."""
        return self.session is not None and not self.session.ended

    @property
    def incoming(self) -> bool:
        """True while the peer waits for our answer."""
        return self.session is not None and self.session.state is SessionState.INCOMING

    @property
    def answered(self) -> bool:
        """True while its session is a conversation."""
        return self.session is not None and self.session.state in (
            SessionState.ANSWERED,
            SessionState.CONFIRMED,
        )

    @property
    def holds(self) -> bool:
        """True when the peer has put us on hold: whoever talks with it hears nothing from there."""
        return self.held or self.direction in ("recvonly", "inactive")

    def take_initial_offer(self, *, anyhow: bool = False) -> None:
        """Reads the offer of a peer who waits for our answer, if there is one in its INVITE.

        `anyhow` takes it encrypted or not. Raises SipParseError, or ValueError when no codec fits.
        """
        if anyhow:
            self.srtp.terms = ANYHOW
        if self.incoming and self.session is not None and self.session.request is not None:
            body = self.session.request.sdp
            if body:
                self.take_offer(body)

    def refuse_media(self, error: Exception) -> None:
        """Answers an offer that cannot be used with 488 and a Warning that says why (RFC 3261 §20.43)."""
        if self.session is None or self.session.ended:
            return
        warning = [("Warning", f"399 {self.session.contact.host} {quote_string(str(error))}")]
        if self.incoming:
            self.session.reject(488, None, warning)
        else:
            self.session.refuse(488, warning)

    def report_to(self, report: Callable[[LegEvent], None]) -> None:
        """Says which call hears this leg."""
        self._report = report

    def let_go(self) -> None:
        """The call is over: the leg holds it no longer (they hold each other)."""
        self._report = _nobody

    def tell(self, kind: str, value: Any) -> None:
        """Hands on what happened at this leg, past its session."""
        self._report(LegEvent(self, kind, value=value))

    def hear_media(self, event: MediaEvent) -> None:
        """Hands on what the engine says of this leg's endpoint, as far as it matters to calls."""
        match event:
            case MediaTimeout():
                self.tell("silent", event)
            case DtmfReceived(digit=digit):
                self.tell("digit", digit)
            case PlayerFinished():
                self.tell("played", event)

    # -- media ----------------------------------------------------------------------------------------------

    def known_codecs(self) -> tuple[AudioCodec, ...]:
        """What we can speak on this leg, in our order."""
        return BROWSER_CODECS if self.webrtc else PHONE_CODECS

    def write_offer(
        self, preferred: tuple[AudioCodec, ...], *, only: tuple[AudioCodec, ...] | None = None
    ) -> bytes:
        """Our offer, in which the codecs that the other leg can speak come first; `only` offers no others."""
        self.sdp_version += 1
        codecs = ordered(only or self.known_codecs(), preferred)
        audio = self._local(codecs, () if self.webrtc else self.srtp.offer())
        return write_offer(audio, session_id=self.sdp_id, version=self.sdp_version)

    def take_offer(self, offer: bytes) -> None:
        """Reads the peer's offer. Raises SipParseError, or ValueError when no codec fits.

        Nothing has changed then.
        """
        remote = read_audio(offer, self.srtp.terms)
        codecs = common_codecs(remote.codecs, BROWSER_CODECS if remote.webrtc else PHONE_CODECS)
        if not codecs:
            raise ValueError("no codec in common")
        self.remote, self.offer, self.webrtc = remote, offer, remote.webrtc
        self.codecs, self.fax = codecs, None
        self.srtp.take_offer(remote.keys)

    def take_answer(self, answer: bytes) -> None:
        """Reads the peer's answer to our offer. Raises SipParseError, or ValueError when nothing in it fits.

        Nothing has changed then.
        """
        remote = read_audio(answer, self.srtp.terms)
        # The answerer's order says what it will send (RFC 3264 §7): its first is ours too.
        ours = common_codecs(remote.codecs, ordered(self.known_codecs(), remote.codecs))
        if not ours:
            raise ValueError("no codec in common")
        self.srtp.take_answer(remote.keys)
        self.remote, self.codecs, self.fax = remote, ours, None

    def write_answer(self, preferred: tuple[AudioCodec, ...]) -> bytes:
        """Our answer to the peer's offer, with the codec first that the other leg speaks."""
        if self.remote is None:
            raise ValueError("there is no offer to answer")
        self.codecs = common_codecs(self.remote.codecs, ordered(self.known_codecs(), preferred))
        before, self.direction = self.direction, _direction(answer_direction(self.remote.direction))
        if before != "sendrecv" and self.direction == "sendrecv":
            self.held = False  # retrieved by the telephone's own key
        self.sdp_version += 1
        audio = self._local(self.codecs, self.srtp.answer())
        return write_answer(
            self.offer, audio, session_id=self.sdp_id, version=self.sdp_version, terms=self.srtp.terms
        )

    def _protocol(self) -> str:
        """How an offer of ours names the stream: as the peer did, once it is secured."""
        if self.srtp.secured and self.remote is not None:
            return self.remote.protocol
        return SECURED_PROTOCOL if self.srtp.terms.required else PLAIN_PROTOCOL

    def lose_media(self) -> None:
        """Its endpoint is gone with the engine: it gets another one."""
        self.endpoint = None
        self.srtp.begin_anew()

    def _local(self, codecs: tuple[AudioCodec, ...], keys: tuple[SrtpKey, ...]) -> Audio:
        if self.endpoint is None:
            raise ValueError("the leg has no endpoint")
        local = self.endpoint.local
        return Audio(
            address=local.address,
            port=local.port,
            codecs=codecs,
            rtcp_port=local.rtcp_port,
            rtcp_mux=self.webrtc or (self.remote is not None and self.remote.rtcp_mux),
            direction=self.direction,
            keys=keys,
            protocol=self._protocol(),
            ice_ufrag=local.ice_ufrag,
            ice_pwd=local.ice_pwd,
            fingerprint=local.fingerprint,
            setup="passive" if self.webrtc else None,
        )

    def connect_media(self, *, timeout: float | None) -> Awaitable[None]:
        """Tells the engine at once where the peer is, and what was negotiated; raises EngineError."""
        if self.endpoint is None or self.remote is None:
            return _done()
        if self.fax is not None:
            peer = RemoteMedia(self.fax.address, self.fax.port)
            return self.endpoint.configure(peer, (), t38=t38_of(self.fax))
        remote = self.remote
        media = RemoteMedia(
            address=remote.address,
            port=remote.port,
            rtcp_port=remote.rtcp_port,
            rtcp_mux=remote.rtcp_mux,
            ice_ufrag=remote.ice_ufrag,
            ice_pwd=remote.ice_pwd,
            fingerprint=remote.fingerprint,
            candidates=remote.candidates,
            dtls_setup=_our_setup(remote.setup) if remote.webrtc else None,
            crypto=self._crypto(),
        )
        codecs = [
            Codec(codec.name, codec.payload_type, codec.clock_rate, codec.channels, codec.fmtp)
            for codec in self.codecs
        ]
        # A peer that holds us sends nothing: its silence is no fault.
        direction = "inactive" if self.held else self.direction
        keep = self.escape is not None
        watched = timeout if direction == "sendrecv" else None
        return self.endpoint.configure(media, codecs, direction=direction, timeout=watched, keep_digits=keep)

    def _crypto(self) -> Crypto | None:
        agreed = self.srtp.agreed
        if agreed is None:
            return None
        return Crypto(agreed.ours.suite, agreed.ours.key, agreed.theirs.key, late=agreed.late)

    # -- the session's handler ------------------------------------------------------------------------------

    def on_provisional(self, session: Session, response: Response) -> None:
        """The called device rings, perhaps with early media."""
        self._report(LegEvent(self, "provisional", response, response.status))

    def on_answer(self, session: Session, response: Response) -> None:
        """The called device answered."""
        if self.noted is not None:
            self.noted(self, False)
        self._report(LegEvent(self, "answer", response, response.status))

    def on_failure(self, session: Session, status: int, reason: str, response: Response | None) -> None:
        """The called side refused. Silence: a provider is out of service (503), a device is away (480)."""
        if self.noted is not None:
            self.noted(self, False)
        silent = status == 408 and response is None
        self.status = (503 if self.device_id is None else 480) if silent else status
        self._report(LegEvent(self, "failure", response, self.status, reason))

    def on_invited_again(self, session: Session) -> None:
        """Another INVITE left in place of the first."""
        if self.noted is not None:
            self.noted(self, False)

    def on_ack(self, session: Session, request: Request) -> None:
        """The caller acknowledged; a body answers our offer."""
        self._report(LegEvent(self, "ack", request))

    def on_cancel(self, session: Session, request: Request) -> None:
        """The caller gave up."""
        self._report(LegEvent(self, "cancel", request))

    def on_reinvite(self, session: Session, request: Request) -> None:
        """The peer wants other media."""
        self._report(LegEvent(self, "reinvite", request))

    def on_reinvite_result(self, session: Session, response: Response | None) -> None:
        """Our re-INVITE was answered."""
        self._report(LegEvent(self, "reinvite_result", response))

    def on_refer(self, session: Session, referral: Referral) -> None:
        """The peer wants us to call somebody else."""
        self._report(LegEvent(self, "refer", value=referral))

    def on_info(self, session: Session, request: Request) -> None:
        """The peer sent INFO."""
        self._report(LegEvent(self, "info", request))

    def on_bye(self, session: Session, request: Request) -> None:
        """The peer hung up."""
        if self.noted is not None:
            self.noted(self, True)
        self._report(LegEvent(self, "bye", request))

    def on_ended(self, session: Session, reason: str) -> None:
        """The session is over without a BYE of the peer."""
        self._report(LegEvent(self, "ended", None, 0, reason))

    # -- across a crash -------------------------------------------------------------------------------------

    def snapshot(self) -> dict[str, Any]:
        """What `Call.restore` needs of this leg, as JSON types."""
        session = self.session
        remote = self.remote
        return {
            "id": self.id,
            "user_id": self.user_id,
            "device_id": self.device_id,
            "trunk_id": self.trunk_id,
            "webrtc": self.webrtc,
            "endpoint": self.endpoint.id if self.endpoint is not None else None,
            "session": session.snapshot() if session is not None else None,
            "codecs": [[c.name, c.payload_type, c.clock_rate, c.channels, c.fmtp] for c in self.codecs],
            "sdp": [self.sdp_id, self.sdp_version],
            "direction": self.direction,
            "held": self.held,
            "recording": list(astuple(self.recording)) if self.recording is not None else None,
            "escape": self.escape,
            "fax": fax_to_json(self.fax),
            "address": [remote.address, remote.port, remote.rtcp_port, remote.rtcp_mux] if remote else None,
            "srtp": self.srtp.snapshot(),
            "protocol": remote.protocol if remote else None,
        }

    def take_snapshot(self, value: dict[str, Any]) -> None:
        """Sets the media side from a snapshot. Raises KeyError, IndexError or TypeError for a damaged one."""
        self.codecs = tuple(AudioCodec(*item) for item in value["codecs"])
        self.sdp_id, self.sdp_version = str(value["sdp"][0]), int(value["sdp"][1]) + 10
        self.direction = value["direction"]
        self.held = bool(value.get("held", False))
        self.recording = LegRecording(*value["recording"]) if value.get("recording") else None
        self.escape = value.get("escape")
        self.fax = fax_from_json(value.get("fax"))
        if value["address"]:
            address, port, rtcp_port, mux = value["address"]
            protocol = value.get("protocol") or PLAIN_PROTOCOL
            self.remote = Audio(
                address, port, self.codecs, rtcp_port, bool(mux), self.direction, protocol=protocol
            )
        self.srtp = KeyExchange.restored(value.get("srtp"))


async def _done() -> None:
    """There was nothing to tell."""


def _our_setup(theirs: str | None) -> str:
    """Our DTLS role: passive, unless the peer insists on being that (RFC 5763 §5)."""
    return "active" if theirs == "passive" else "passive"


def _direction(value: str) -> Direction:
    return value if value in ("sendonly", "recvonly", "inactive") else "sendrecv"  # type: ignore[return-value]
