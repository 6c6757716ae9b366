"""Schemathesis sends what the API's description allows, and what it does not, to every route: never a 500.

The world is that of the unit tests, behind a real listener in a thread with an event loop of its own.
Requests come with the token of the provider, who reaches everything; those that would end the session are
left out.
"""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from tests.unit.api.world import World, build_world

from stimme.api.openapi import openapi_document
from stimme.api.server import HttpServer

EXAMPLES = int(os.environ.get("STIMME_EXAMPLES", "3"))
"""Requests of each kind per route; more of them when somebody has the time."""
for sound in ("audio/wav", "audio/mpeg"):
    schemathesis.serializer.alias(sound, "application/octet-stream")
_ENDS_SESSION = {("DELETE", "/api/v1/session"), ("PUT", "/api/v1/me/password")}


class Served:
    """The world, served from a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._ready = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="world")
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stop: asyncio.Event | None = None
        self.address = ""
        self.token = ""
        self.document: dict[str, Any] = {}

    def start(self) -> None:
        self._thread.start()
        assert self._ready.wait(60)

    def stop(self) -> None:
        assert self._loop is not None
        assert self._stop is not None
        self._loop.call_soon_threadsafe(self._stop.set)
        self._thread.join(30)

    async def _run(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        async for world in build_world(self._folder):
            await self._serve(world)

    async def _serve(self, world: World) -> None:
        assert self._stop is not None
        server = HttpServer(world.app)
        host, port = await server.start("127.0.0.1", 0)
        client = await world.signed_in("root@provider.example")
        await client.aclose()
        self.address = f"http://{host}:{port}"
        self.token = world.tokens["root@provider.example"]
        self.document = world.app.openapi()
        self._ready.set()
        await self._stop.wait()
        await server.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    world = Served(tmp_path_factory.mktemp("world"))
    world.start()
    yield world
    world.stop()


ROUTES = [
    (method.upper(), path)
    for path, methods in openapi_document()["paths"].items()
    for method in methods
    if (method.upper(), path) not in _ENDS_SESSION
]


@pytest.mark.parametrize(("method", "path"), ROUTES, ids=[" ".join(route) for route in ROUTES])
def test_no_request_is_too_much(served: Served, method: str, path: str) -> None:
    operation = schemathesis.openapi.from_dict(served.document)[path][method]

    @settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck), database=None)
    @given(operation.as_strategy() | operation.as_strategy(generation_mode=GenerationMode.NEGATIVE))
    def send(case: "schemathesis.Case[Any]") -> None:
        answer = case.call(base_url=served.address, headers={"Authorization": f"Bearer {served.token}"})
        assert answer.status_code < 500, (case.as_curl_command(), answer.text)
        if answer.status_code >= 400:
            assert answer.headers["content-type"][0] == "application/problem+json", answer.text
        assert answer.status_code != 401 or path.startswith("/api/v1/session"), answer.text

    send()
