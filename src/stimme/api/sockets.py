"""WebSockets: the stream of events for clients, and SIP for browsers' telephones.

Policy: a page of another origin may open neither (a cookie would be sent along). An event stream shows
users their own calls and everybody's line in their customer, administrators their customers, and nobody
anything else. It ends with close code 4401 when its session does. A reader that resumes with ``since``
gets what it missed, or ``events.gap``.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Annotated, Any
from urllib.parse import urlsplit

from fastapi import APIRouter, Depends, WebSocket, WebSocketDisconnect

from stimme.api import schemas
from stimme.api.authentication import (
    COOKIE,
    TICKET_SECONDS,
    Authentication,
    Caller,
    SignOuts,
    Tickets,
    bearer_token,
)
from stimme.api.ports import EventSource, LiveEvent, SipSocketServer
from stimme.store.directory import DirectoryRepository

CLOSE_UNAUTHENTICATED = 4401
_SESSION_CHECK_SECONDS = 30.0
_ADMIN_ROLES = frozenset({"customer", "reseller", "provider"})


class OriginPolicy:
    """Which pages may open WebSockets here: the ones this server served, and those configured."""

    def __init__(self, origins: tuple[str, ...]) -> None:
        self._origins = frozenset(origins)

    def allows(self, socket: WebSocket) -> bool:
        """Check ``Origin``; programs send none and are let through, for they have no foreign cookie."""
        origin = socket.headers.get("Origin")
        if origin is None or origin in self._origins:
            return True
        return urlsplit(origin).netloc == socket.headers.get("Host")


def event_routes(
    authentication: Authentication,
    tickets: Tickets,
    directory: DirectoryRepository,
    *,
    events: EventSource,
    origins: OriginPolicy,
    sign_outs: SignOuts,
) -> APIRouter:
    """Build ``/events`` and the route that issues its tickets."""
    router = APIRouter(tags=["events"])

    @router.post("/events/ticket")
    async def ticket(caller: Annotated[Caller, Depends(authentication.caller)]) -> schemas.EventTicket:
        """Issue a ticket that opens one event stream."""
        return schemas.EventTicket(ticket=tickets.issue(caller.token), expires_in=TICKET_SECONDS)

    async def find_caller(socket: WebSocket) -> Caller | None:
        query = socket.query_params
        if "ticket" in query:
            return await authentication.by_token(tickets.redeem(query["ticket"]))
        token = bearer_token(socket) or query.get("token") or socket.cookies.get(COOKIE)
        return await authentication.by_token(token)

    @router.websocket("/events")
    async def stream(socket: WebSocket, since: str | None = None) -> None:
        """Send events until the client or its session goes."""
        caller = await find_caller(socket) if origins.allows(socket) else None
        if caller is None or not caller.may("GET", "/events"):
            await socket.accept()
            await socket.close(CLOSE_UNAUTHENTICATED)
            return
        customers = frozenset(await directory.customer_ids(caller.person.scope))
        await socket.accept()
        stream = EventStream(socket, authentication, sign_outs, caller)
        await stream.run(events, visibility(caller, customers), since)

    return router


_NOT_OF_CALLS = frozenset({"registration.changed", "trunk.changed", "line.changed"})
"""What staff without the right to see calls is told."""


def visibility(caller: Caller, customers: frozenset[str]) -> Callable[[LiveEvent], bool]:
    """Return the test whether an event is for this account."""
    user = caller.person.user
    administrator = caller.person.account.role in _ADMIN_ROLES
    hears_calls = not caller.missing("GET", "/calls")

    def visible(event: LiveEvent) -> bool:
        if event.tenant_id not in customers:
            return False
        if administrator and not hears_calls:
            return event.to_json()["type"] in _NOT_OF_CALLS
        if administrator or event.user_ids is None:
            return True
        return user is not None and user.id in event.user_ids

    return visible


class EventStream:
    """One connected reader."""

    def __init__(
        self, socket: WebSocket, authentication: Authentication, sign_outs: SignOuts, caller: Caller
    ) -> None:
        self._socket = socket
        self._sign_outs = sign_outs
        self._authentication = authentication
        self._caller = caller

    async def run(self, events: EventSource, visible: Callable[[LiveEvent], bool], since: str | None) -> None:
        """Send until the client goes, the session ends, or the server stops."""
        tasks = {
            asyncio.create_task(self._send(events, visible, since)),
            asyncio.create_task(self._until_gone()),
            asyncio.create_task(self._until_signed_out()),
        }
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                raise result

    async def _send(
        self, events: EventSource, visible: Callable[[LiveEvent], bool], since: str | None
    ) -> None:
        async for event in events.subscribe(visible, since=since):
            await self._socket.send_json(event)

    async def _until_gone(self) -> None:
        while True:
            message = await self._socket.receive()
            if message["type"] == "websocket.disconnect":
                return

    async def _until_signed_out(self) -> None:
        ended = self._sign_outs.watch(self._caller.token)
        try:
            while await self._as_before():
                # Expiry and changes made by other processes are seen at the next check only.
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(ended.wait(), _SESSION_CHECK_SECONDS)
        finally:
            self._sign_outs.forget(self._caller.token, ended)
        await self._socket.close(CLOSE_UNAUTHENTICATED)

    async def _as_before(self) -> bool:
        """Tell whether the session lives and its account may do what it might when the stream began."""
        caller = await self._authentication.by_token(self._caller.token)
        return caller is not None and caller.person.rights == self._caller.person.rights


def sip_routes(sip: SipSocketServer, origins: OriginPolicy) -> APIRouter:
    """Build ``/sip``: SIP over secure WebSocket (RFC 7118)."""
    router = APIRouter()

    @router.websocket("/sip")
    async def telephone(socket: WebSocket) -> None:
        """Hand the frames of a telephone in a browser to the SIP transport."""
        if "sip" not in socket.scope.get("subprotocols", []) or not origins.allows(socket):
            await socket.close()
            return
        await socket.accept(subprotocol="sip")

        async def receive() -> bytes | str | None:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                return None
            data: bytes | str | None = message.get("bytes")
            return data if data is not None else message.get("text")

        async def send(data: bytes) -> None:
            try:
                await socket.send_text(data.decode())
            except UnicodeDecodeError:
                await socket.send_bytes(data)

        await sip.websocket(
            receive,
            send,
            remote=_address(socket.scope.get("client")),
            local=_address(socket.scope.get("server")),
            secure=socket.url.scheme == "wss",
        )

    return router


def _address(value: Any) -> tuple[str, int]:
    host, port = value or ("", 0)
    return str(host), int(port or 0)
