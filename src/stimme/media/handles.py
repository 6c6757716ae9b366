"""Handles on what lives in the engine.

Every verb raises EngineError, or EngineLostError when the engine is gone. Its request leaves when the verb is
called; those of one pass of the event loop leave in one write. Endpoints, of which every call has two, give
the future of the reply itself, so that nobody need make a task to wait for several.
"""

from collections.abc import Awaitable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Literal

from stimme.media.connection import Connection
from stimme.media.types import (
    T38,
    Codec,
    Direction,
    DtmfMethod,
    EndpointStats,
    Kind,
    LocalTransport,
    RemoteMedia,
    Role,
    Source,
)
from stimme.media.video import HeaderExtension, VideoStream


class Player:
    """A source that plays into an endpoint."""

    __slots__ = ("_connection", "id")

    def __init__(self, connection: Connection, player_id: int) -> None:
        self._connection = connection
        self.id = player_id

    async def stop(self) -> None:
        """Ends it; what the endpoint heard before comes back. Stopping twice is no error."""
        await self._connection.request("stop-player", player=self.id)


class Tap:
    """A program that listens to a leg."""

    def __init__(self, connection: Connection, tap_id: int) -> None:
        self._connection = connection
        self.id = tap_id

    async def stop(self) -> None:
        """Sends no further sound. Stopping twice is no error."""
        await self._connection.request("stop-tap", tap=self.id)


class Recorder:
    """A WAV file that is being written."""

    __slots__ = ("_connection", "id")

    def __init__(self, connection: Connection, recorder_id: int) -> None:
        self._connection = connection
        self.id = recorder_id

    async def stop(self) -> None:
        """Ends the recording; `RecorderFinished` follows when the file is complete."""
        await self._connection.request("stop-recorder", recorder=self.id)


class FaxSession:
    """A document that is being sent or received.

    `FaxPageDone` follows for each page that was confirmed, and `FaxFinished` at the end, however it ends.
    """

    def __init__(self, connection: Connection, fax_id: int) -> None:
        self._connection = connection
        self.id = fax_id

    async def stop(self) -> None:
        """Hangs up; the result is `dropped` then. Stopping one that is over is no error."""
        await self._connection.request("stop-fax", fax=self.id)


class Bridge:
    """Two endpoints that hear each other."""

    __slots__ = ("_connection", "a", "b", "id")

    def __init__(self, connection: Connection, bridge_id: int, a: int, b: int) -> None:
        self._connection = connection
        self.id = bridge_id
        self.a = a
        self.b = b

    async def delete(self) -> None:
        """Separates the two; both endpoints stay."""
        await self._connection.request("delete-bridge", bridge=self.id)


class Endpoint:
    """Where one leg's media ends: its ports, codecs, keys."""

    __slots__ = ("_connection", "id", "kind", "local", "tag")

    def __init__(
        self, connection: Connection, endpoint_id: int, tag: str, kind: Kind, local: LocalTransport
    ) -> None:
        self._connection = connection
        self.id = endpoint_id
        self.tag = tag
        self.kind = kind
        self.local = local

    def configure(
        self,
        remote: RemoteMedia,
        codecs: Sequence[Codec],
        *,
        direction: Direction = "sendrecv",
        timeout: float | None = None,
        dtmf: DtmfMethod = "events",
        keep_digits: bool = False,
        t38: T38 | None = None,
        mid: str | None = None,
        video: Sequence[VideoStream] = (),
        extensions: Sequence[HeaderExtension] = (),
    ) -> Awaitable[None]:
        """Says where the peer is and what was negotiated; may be repeated, as a re-INVITE does.

        Args:
            remote: the peer's side.
            codecs: as negotiated; the first audio codec is what we send.
            direction: from our side.
            timeout: seconds of silence until `MediaTimeout`; None for never.
            dtmf: how the peer gets and sends digits. `events` needs telephone events negotiated; `inband`
                listens for tones; with `info` call control tells of digits by `receive_dtmf` and is told of
                those to send by `DtmfHandover`. A bridge translates between its two sides.
            keep_digits: the peer's digits are told by `DtmfReceived` and do not go on over a bridge; who
                wants them there sends them by `send_dtmf`.
            t38: the peer speaks T.38 by UDPTL instead of RTP, `codecs` may be empty; no timeout counts then.
                A fax under way goes on in the new way, and a bridge to a leg with G.711 becomes a gateway.
            mid: of a browser's audio stream; None where its SDP names none.
            video: a browser's video streams. Payload types that are not there at first cannot come later.
            extensions: header extensions that were negotiated with a browser, one number for all its streams.
        """
        return self._connection.request(
            "configure",
            endpoint=self.id,
            remote=remote.to_wire(),
            codecs=[codec.to_wire() for codec in codecs],
            direction=direction,
            timeout=timeout,
            dtmf=dtmf,
            keep_digits=keep_digits,
            t38=None if t38 is None else asdict(t38),
            mid=mid,
            video=[stream.to_wire() for stream in video],
            extensions=[extension.to_wire() for extension in extensions],
        )

    async def send_fax(
        self,
        document: Path,
        *,
        ident: str = "",
        header: str = "",
        zone: str = "",
        ecm: bool = True,
        max_bit_rate: int = 14_400,
        calling: bool = True,
    ) -> FaxSession:
        """Sends a document, by G.711 or by T.38, whichever is negotiated.

        Args:
            document: a TIFF file of class F: bilevel pages, 1728 pixels wide, at a resolution of T.30.
            ident: our number, at most 20 characters.
            header: text above each page, at most 50 characters.
            zone: of the time in it, as in POSIX `TZ`; the machine's where it is empty.
            ecm: whether errors may be corrected (T.30 annex A).
            max_bit_rate: fastest modem, bit/s.
            calling: whether we called.

        Raises:
            EngineError: `unsupported` without G.711 and T.38, `limit` while another fax is under way.
        """
        return await self._start_fax(
            mode="send",
            path=str(document),
            ident=ident,
            header=header,
            zone=zone,
            ecm=ecm,
            max_bit_rate=max_bit_rate,
            calling=calling,
        )

    async def receive_fax(
        self,
        document: Path,
        *,
        ident: str = "",
        ecm: bool = True,
        max_bit_rate: int = 14_400,
        calling: bool = False,
    ) -> FaxSession:
        """Receives a document into a TIFF file, which appears when the transfer is over and a page came."""
        return await self._start_fax(
            mode="receive",
            path=str(document),
            ident=ident,
            ecm=ecm,
            max_bit_rate=max_bit_rate,
            calling=calling,
        )

    async def _start_fax(self, **fields: object) -> FaxSession:
        reply = await self._connection.request("start-fax", endpoint=self.id, **fields)
        return FaxSession(self._connection, int(reply["fax"]))

    async def play(self, source: Source, *, loop: bool = False) -> Player:
        """Plays to the peer, in place of a bridge for as long as it lasts."""
        reply = await self._connection.request("play", endpoint=self.id, source=source.to_wire(), loop=loop)
        return Player(self._connection, int(reply["player"]))

    async def record(
        self,
        path: Path,
        *,
        what: Literal["received", "sent", "both", "mixed"] = "both",
        limit: float | None = None,
        silence: float | None = None,
        trim: bool = False,
    ) -> Recorder:
        """Writes what the peer says, hears, both as two channels, or both in one channel, into a file.

        Args:
            path: of the file, which appears when complete; Ogg with Opus if it ends in `.opus`, else WAV.
            what: which directions.
            limit: seconds after which it ends by itself.
            silence: seconds of silence after which it ends by itself.
            trim: leave out silence at the beginning and the end.
        """
        reply = await self._connection.request(
            "record",
            endpoint=self.id,
            path=str(path),
            what=what,
            limit_ms=None if limit is None else round(limit * 1000),
            silence_ms=None if silence is None else round(silence * 1000),
            trim=trim,
        )
        return Recorder(self._connection, int(reply["recorder"]))

    def attach_recorder(self, recorder_id: int) -> Recorder:
        """A handle on a recorder of this endpoint's that was started before."""
        return Recorder(self._connection, recorder_id)

    async def tap(
        self,
        path: Path,
        *,
        what: Literal["received", "sent", "both", "mixed"] = "received",
        rate: int = 16_000,
    ) -> Tap:
        """Lets a program hear what is said, as it is said: 20 ms of samples in each datagram (`media.tap`).

        Args:
            path: of a Unix datagram socket at which the program listens already, `TapListener` does.
            what: which directions; both are two channels, the peer's first.
            rate: samples a second: 8000, 16000 or 48000.
        """
        reply = await self._connection.request("tap", endpoint=self.id, path=str(path), what=what, rate=rate)
        return Tap(self._connection, int(reply["tap"]))

    async def send_dtmf(self, digits: str, *, duration_ms: int = 160) -> None:
        """Sends digits in the way that the peer understands, one after the other."""
        await self._connection.request("send-dtmf", endpoint=self.id, digits=digits, duration_ms=duration_ms)

    async def receive_dtmf(self, digits: str, *, duration_ms: int = 160) -> None:
        """Takes digits that came by SIP INFO as if the peer had sent them by RTP."""
        await self._connection.request(
            "receive-dtmf", endpoint=self.id, digits=digits, duration_ms=duration_ms
        )

    async def stats(self) -> EndpointStats:
        """The counters so far."""
        return EndpointStats.from_wire(await self._connection.request("stats", endpoint=self.id))

    def delete(self, *, idle: bool = False) -> Awaitable[None]:
        """Frees ports and everything else; a bridge with it ends. Deleting twice is no error.

        `idle` lets it wait for another request, 50 ms at most.
        """
        request = self._connection.request_idly if idle else self._connection.request
        return request("delete-endpoint", endpoint=self.id)


class Room:
    """A conference: everybody in it hears everybody else.

    An endpoint is in one room or one bridge; entering the one leaves the other. A member to whom something is
    played alone hears that instead of the room, and is heard on.
    """

    def __init__(self, connection: Connection, room_id: int, tag: str) -> None:
        self._connection = connection
        self.id = room_id
        self.tag = tag

    async def add(self, endpoint: Endpoint, *, role: Role = "talk") -> None:
        """Lets an endpoint in, or gives a member another role."""
        await self._connection.request("join-room", room=self.id, endpoint=endpoint.id, role=role)

    async def whisper(self, endpoint: Endpoint, *, to: Endpoint) -> None:
        """Lets an endpoint in that hears all and is heard by one member alone, as a supervisor who helps."""
        await self._connection.request(
            "join-room", room=self.id, endpoint=endpoint.id, role="whisper", whisper_to=to.id
        )

    async def watch(
        self,
        endpoint: Endpoint,
        mid: str,
        *,
        source: Endpoint | None = None,
        source_mid: str | None = None,
        nothing: bool = False,
    ) -> None:
        """Says whom a member is shown in one of its video streams.

        Args:
            endpoint: who looks.
            mid: in which of its streams.
            source: at whom; None for whoever speaks, or for `slides` whoever shares a screen.
            source_mid: at which of their streams; None for the first that shows the same kind.
            nothing: at nobody.

        Raises:
            EngineError: `not-found` without such a stream, `bad-request` for somebody who is not in the room.
        """
        what = "nothing" if nothing else "speaker" if source is None else "endpoint"
        await self._connection.request(
            "watch",
            endpoint=endpoint.id,
            mid=mid,
            what=what,
            source=None if source is None else source.id,
            source_mid=source_mid,
        )

    async def remove(self, endpoint: Endpoint) -> None:
        """Lets an endpoint out; it stays, alone. Removing one that is not in it is no error."""
        await self._connection.request("leave-room", endpoint=endpoint.id)

    async def play(self, source: Source, *, loop: bool = False) -> Player:
        """Plays to everybody in it, beside what they say: an announcement, a tone at entry."""
        reply = await self._connection.request("play-room", room=self.id, source=source.to_wire(), loop=loop)
        return Player(self._connection, int(reply["player"]))

    async def record(self, path: Path) -> Recorder:
        """Writes what is heard in it into a WAV file of one channel; whispers are not in it."""
        reply = await self._connection.request("record-room", room=self.id, path=str(path))
        return Recorder(self._connection, int(reply["recorder"]))

    async def delete(self) -> None:
        """Ends it; its members stay, alone. Deleting twice is no error."""
        await self._connection.request("delete-room", room=self.id)
