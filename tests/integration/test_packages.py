"""Packages in the running system: refused by name, on at once after a change (L5)."""

import contextlib
from collections.abc import Iterator

import httpx
import pytest
from tests.peers.system import Demo

FENCE = {"X-Requested-With": "stimme"}


@contextlib.contextmanager
def package(demo: Demo, extension: str, name: str) -> Iterator[None]:
    """Another package for a user, given by the customer's administrator, for the length of a block."""
    with demo.as_role("customer") as admin:
        before = change(admin, extension, name)
        try:
            yield
        finally:
            change(admin, extension, before)


def change(admin: httpx.Client, extension: str, name: str) -> str:
    """Gives the package that the user had."""
    (user,) = (
        one for one in admin.get("/users").raise_for_status().json()["items"] if one["extension"] == extension
    )
    path = f"/users/{user['id']}"
    tag = admin.get(path).headers["ETag"]
    kept = ("customer_id", "extension", "name", "number", "language", "site_id")
    body = {**{each: user[each] for each in kept}, "package": name}
    admin.put(path, json=body, headers={**FENCE, "If-Match": tag}).raise_for_status()
    return str(user["package"])


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    problem = answer.json()
    return answer.status_code, problem["feature"], problem["package"]


@pytest.mark.feature("L5", "S2", "S3", "V5")
def test_a_package_switches_features_at_once_and_keeps_what_was_set(demo: Demo) -> None:
    diversion = {"kind": "busy", "number": "11", "origin": "any", "seconds": 20}
    with demo.as_user("19") as jana:
        call = {"number": "10"}
        assert refusal(jana.post("/calls", json=call, headers=FENCE)) == (403, "cti", "klingende")
        assert jana.post("/calls", json={"number": "112"}, headers=FENCE).status_code == 409, "no telephone"
        wanted = {"diversions": [diversion]}
        answer = jana.put("/me/settings", json=wanted, headers=FENCE)
        assert refusal(answer) == (403, "client_diversions", "klingende")
        assert jana.put("/me/settings", json={"clir": True}, headers=FENCE).is_success
        with package(demo, "19", "volle"):
            assert jana.post("/calls", json=call, headers=FENCE).status_code == 409, "no telephone"
            assert jana.put("/me/settings", json=wanted, headers=FENCE).is_success
            access = jana.get("/me/softphone").raise_for_status().json()
        assert refusal(jana.get("/me/softphone")) == (403, "softphone", "volle")
        assert jana.get("/me/settings").json()["diversions"] == [diversion]
        with package(demo, "19", "volle"):
            assert jana.get("/me/softphone").json() == access
            assert jana.put("/me/settings", json={}, headers=FENCE).is_success
