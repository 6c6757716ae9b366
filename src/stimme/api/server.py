"""HTTP servers inside the event loop that SIP runs in."""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

_GRACE_SECONDS = 2
_SIP_AND_EVENTS_MAX_MESSAGE = 65536


def server_tls(certificate: Path, key: Path) -> ssl.SSLContext:
    """Make the TLS context of a listener: TLS 1.2 and above.

    Raises:
        OSError: When a file cannot be read.
        ssl.SSLError: When certificate and key do not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key)
    return context


class _Embedded(uvicorn.Server):
    """A server that leaves the process's signals to whoever owns the process."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


class HttpServer:
    """One listener. ``address`` is known after ``start``."""

    def __init__(self, app: ASGIApp, *, tls: ssl.SSLContext | None = None) -> None:
        config = uvicorn.Config(
            app,
            lifespan="off",
            log_config=None,
            access_log=False,
            server_header=False,
            # A forged X-Forwarded-For would get around the guard against guessing passwords.
            proxy_headers=False,
            ws_max_size=_SIP_AND_EVENTS_MAX_MESSAGE,
            ws_per_message_deflate=False,
            timeout_graceful_shutdown=_GRACE_SECONDS,
            ssl_context_factory=None if tls is None else lambda _config, _default: tls,
        )
        self._server = _Embedded(config)
        self._task: asyncio.Task[None] | None = None
        self.address: tuple[str, int] = ("", 0)

    async def start(self, host: str, port: int) -> tuple[str, int]:
        """Listen; port 0 lets the system choose.

        Raises:
            OSError: When the address is taken or not ours.
        """
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        listener = socket.socket(family, socket.SOCK_STREAM)
        try:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind((host, port))
        except OSError:
            listener.close()
            raise
        listener.setblocking(False)
        name = listener.getsockname()
        self.address = (name[0], name[1])
        self._task = asyncio.create_task(self._server.serve([listener]), name=f"http-{self.address[1]}")
        return self.address

    async def close(self) -> None:
        """Stop listening, end open connections within two seconds."""
        if self._task is None:
            return
        self._server.should_exit = True
        await self._task
        self._task = None
