"""Test this trunk: by API, by the command line, by code; with a provider that works and a silent one."""

import json
import socket
import subprocess
import uuid
from pathlib import Path
from typing import Any

import pytest
from tests.integration.listening import eventually
from tests.peers.baresip import telephone
from tests.peers.system import Demo

_ROOT = Path(__file__).resolve().parents[2]
_FENCE = {"X-Requested-With": "stimme"}
_STEPS = {
    "provider", "outgoing", "incoming", "number", "speech", "keys", "hang_up", "hidden", "busy",
    "other_number", "unknown",
}  # fmt: skip


def trunk_id(admin: Any, name: str) -> str:
    items = admin.get("/trunks").raise_for_status().json()["items"]
    return str(next(each["id"] for each in items if name in each["name"]))


@pytest.mark.feature("T1")
async def test_a_trunk_of_each_site_passes_every_step(demo: Demo, tmp_path: Path) -> None:
    async with telephone(tmp_path, "anna", demo.line("10")) as anna:
        with demo.as_role("customer") as admin:
            for name in ("München", "Netz (simuliert)"):
                path = f"/trunks/{trunk_id(admin, name)}"
                report = admin.post(f"{path}/test", headers=_FENCE, timeout=60).raise_for_status().json()
                results = {step["id"]: step["result"] for step in report["steps"]}
                assert results == dict.fromkeys(_STEPS, "passed"), report["steps"]
                health = admin.get(f"{path}/health").raise_for_status().json()
                assert health["last_test"]["passed"]
                assert health["provider"]["state"] == "up"
            assert not admin.get("/calls").json()["items"]
        assert not anna.happened("CALL_INCOMING")


@pytest.mark.feature("T1")
def test_the_command_line_tells_each_step(demo: Demo) -> None:
    account = next(each for each in demo.facts["accounts"] if each["role"] == "customer")
    command = [str(_ROOT / "bin" / "stimme"), "test-trunk", "Öffentliches Netz, München (simuliert)"]
    command += ["--config", str(demo.data / "stimme.toml"), "--login", account["login"], "--json"]
    done = subprocess.run(
        command, input=account["password"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert {step["id"] for step in json.loads(done.stdout)["steps"]} == _STEPS
    command[2] = "Nirgendwo"
    done = subprocess.run(
        command, input=account["password"], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 1
    assert "Nirgendwo" in json.loads(done.stdout)["error"]


@pytest.mark.feature("T1")
async def test_by_code_the_result_is_heard(demo: Demo, tmp_path: Path) -> None:
    async with telephone(tmp_path, "bernd", demo.line("11")) as bernd:
        await bernd.dial("*78#")
        closed = await bernd.event("CALL_CLOSED", seconds=30)
        assert str(closed["param"]).startswith("480")
    with demo.as_role("customer") as admin:
        path = f"/trunks/{trunk_id(admin, 'Netz (simuliert)')}/health"
        assert admin.get(path).raise_for_status().json()["last_test"]["passed"]


@pytest.mark.feature("T1")
async def test_a_silent_provider_is_told_in_words(demo: Demo) -> None:
    made, block = f"/trunks/{uuid.uuid4()}", f"/numbers/{uuid.uuid4()}"
    with (
        demo.as_role("customer") as admin,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as silent,
    ):
        silent.bind(("127.0.0.1", 0))
        customer = admin.get("/users").json()["items"][0]["customer_id"]
        trunk = {"kind": "static", "host": "127.0.0.1", "port": silent.getsockname()[1], "name": "Zz Silent"}
        admin.put(made, json={"customer_id": customer, **trunk}, headers=_FENCE).raise_for_status()
        try:
            numbers = {"trunk_id": made.rpartition("/")[2], "head": "+493099998", "extension_digits": 2}
            admin.put(block, json=numbers, headers=_FENCE).raise_for_status()
            report = admin.post(f"{made}/test", headers=_FENCE, timeout=60).raise_for_status().json()
            results = {step["id"]: step["result"] for step in report["steps"]}
            assert not report["passed"]
            assert (results["incoming"], results["speech"]) == ("failed", "skipped")
        finally:
            for path in (block, made):
                version = admin.get(path).headers["etag"]
                admin.delete(path, headers={**_FENCE, "If-Match": version}).raise_for_status()
    await eventually(lambda: demo.health() == "ok", "healthy again")
