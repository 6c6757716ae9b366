"""A provider that is silent: the call goes out by the next trunk, and administrators are told."""

import socket
import time
import uuid
from pathlib import Path

from tests.integration.administering import delete, listed, put
from tests.integration.listening import eventually
from tests.peers.baresip import telephone
from tests.peers.system import Demo

_HEAD = "+493099999"


async def test_the_next_trunk_takes_the_call_of_a_silent_provider(demo: Demo, tmp_path: Path) -> None:
    trunk_id, block_id = str(uuid.uuid4()), str(uuid.uuid4())
    with (
        demo.as_role("customer") as admin,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent,
    ):
        silent.bind(("127.0.0.1", 0))
        user = listed(admin, "users", "extension", "18")
        kept = admin.get(f"/users/{user['id']}").json()
        body = {
            name: kept[name]
            for name in ("customer_id", "extension", "name", "package", "language", "site_id")
        }
        trunk = {"kind": "static", "host": "127.0.0.1", "port": silent.getsockname()[1], "name": "Silent"}
        put(admin, f"/trunks/{trunk_id}", {"customer_id": kept["customer_id"], **trunk})
        try:
            block = {"trunk_id": trunk_id, "head": _HEAD, "extension_digits": 3}
            put(admin, f"/numbers/{block_id}", block)
            put(admin, f"/users/{user['id']}", {**body, "number": f"{_HEAD}018"})
            async with telephone(tmp_path, "hanna", demo.line("18")) as hanna:
                began = time.monotonic()
                await hanna.dial(demo.facts["outside"]["echo"])
                await hanna.event("CALL_ESTABLISHED", seconds=20)
                assert 4 < time.monotonic() - began < 12
                await hanna.hang_up()
            assert b"INVITE" in b"".join(_received(silent))
            told = await eventually(
                lambda: listed(admin, "trunks", "id", trunk_id)["state"] == "unreachable" or None,
                "the administrator sees that the provider does not answer",
                seconds=40,
            )
            assert told
            assert "has not answered" in listed(admin, "trunks", "id", trunk_id)["detail"]
            # Known to be down: the next call does not even try it first.
            async with telephone(tmp_path, "hanna2", demo.line("18")) as hanna:
                began = time.monotonic()
                await hanna.dial(demo.facts["outside"]["echo"])
                await hanna.event("CALL_ESTABLISHED")
                assert time.monotonic() - began < 4
                await hanna.hang_up()
        finally:
            put(admin, f"/users/{user['id']}", {**body, "number": kept.get("number")})
            for path in (f"/numbers/{block_id}", f"/trunks/{trunk_id}"):
                delete(admin, path)


def _received(sock: socket.socket) -> list[bytes]:
    sock.setblocking(False)
    found = []
    try:
        while True:
            found.append(sock.recv(65_536))
    except BlockingIOError:
        return found
