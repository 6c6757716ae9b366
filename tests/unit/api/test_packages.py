"""Packages in the API: what is on, refusals that name feature and package, changes that count at once."""

import httpx
from tests.unit.api.world import World

from stimme.licensing.packages import Package, features


async def change_package(world: World, package: str) -> None:
    """North's administrator gives Anna another package."""
    path = f"/api/v1/users/{world.customers['north'].user_id}"
    async with await world.signed_in("admin@north.example") as client:
        now = await client.get(path)
        body = {
            name: value
            for name, value in now.json().items()
            if name not in ("id", "version", "line_state", "package")
        }
        answer = await client.put(
            path, json={**body, "package": package}, headers={"If-Match": now.headers["ETag"]}
        )
        assert answer.status_code == 200, answer.text


def assert_refused(answer: httpx.Response, feature: str, package: str) -> None:
    problem = answer.json()
    assert (answer.status_code, problem["type"]) == (403, "urn:stimme:problem:package-required")
    assert (problem["feature"], problem["package"]) == (feature, package)
    assert Package(package).title in problem["detail"]


async def test_the_session_tells_which_features_are_on(world: World) -> None:
    for login, package in (("anna@north.example", Package.VOLLE), ("bert@north.example", Package.KLARE)):
        async with await world.signed_in(login) as client:
            user = (await client.get("/api/v1/session")).json()["user"]
        assert user["package"] == package
        assert set(user["features"]) == features(package)


async def test_a_smaller_package_refuses_the_softphone_and_keeps_it(world: World) -> None:
    async with await world.signed_in("anna@north.example") as client:
        before = (await client.get("/api/v1/me/softphone")).json()
        await change_package(world, "klingende")
        assert_refused(await client.get("/api/v1/me/softphone"), "softphone", "volle")
        on = (await client.get("/api/v1/session")).json()["user"]["features"]
        assert "softphone" not in on
        assert "cti" in on
        await change_package(world, "volle")
        assert (await client.get("/api/v1/me/softphone")).json() == before
    async with await world.signed_in("admin@north.example") as client:
        assert (await client.get("/api/v1/me/softphone")).status_code == 404, "no extension"
    assert world.telephony.reloaded[-2:] == [world.customers["north"].id] * 2


async def test_problems_that_are_not_about_packages_say_nothing_of_them(world: World) -> None:
    async with world.client() as client:
        problem = (await client.get("/api/v1/session")).json()
    assert set(problem) == {"type", "title", "status", "detail", "errors"}
