"""Commands on live calls: each reaches call control as its user, mistakes are named, refusals told apart."""

from tests.unit.api.world import World

from stimme.pbx.features import cti


async def test_each_command_reaches_call_control(world: World) -> None:
    north = world.customers["north"]
    call = f"live-{north.call_id}"
    wanted = [
        ("POST", "answer", None, cti.Answer()),
        ("PUT", "hold", None, cti.Hold(on=True)),
        ("DELETE", "hold", None, cti.Hold(on=False)),
        ("POST", "transfer", {"number": "12"}, cti.TransferTo("12")),
        ("POST", "transfer", {"call_id": "other"}, cti.JoinWith("other")),
        ("POST", "park", {}, cti.ParkIn(None)),
        ("POST", "park", {"slot": "703"}, cti.ParkIn("703")),
        ("POST", "pickup", {"device_id": "d"}, cti.PickUp("d")),
        ("POST", "conference", {"call_id": "other"}, cti.ConferWith("other")),
    ]
    async with await world.signed_in("anna@north.example") as client:
        for method, verb, body, _ in wanted:
            answer = await client.request(method, f"/api/v1/calls/{call}/{verb}", json=body)
            assert answer.status_code == 200, answer.text
            assert answer.json()["call_id"] == call
    assert world.telephony.orders == [(north.id, north.user_id, call, order) for *_, order in wanted]


async def test_mistakes_name_their_field(world: World) -> None:
    call = f"live-{world.customers['north'].call_id}"
    async with await world.signed_in("anna@north.example") as client:
        for body, field in (({"number": "x"}, "number"), ({"numbers": "1"}, "numbers")):
            answer = await client.post(f"/api/v1/calls/{call}/transfer", json=body)
            assert answer.status_code == 422
            assert field in {error["field"] for error in answer.json()["errors"]}
        both = await client.post(f"/api/v1/calls/{call}/transfer", json={"number": "1", "call_id": "x"})
        neither = await client.post(f"/api/v1/calls/{call}/transfer", json={})
        assert (both.status_code, neither.status_code) == (422, 422)
    assert world.telephony.orders == []


async def test_refusals_are_told_apart(world: World) -> None:
    call = f"live-{world.customers['north'].call_id}"
    async with await world.signed_in("anna@north.example") as client:
        forbidden = await client.post(f"/api/v1/calls/{call}/transfer", json={"number": "112"})
        assert (forbidden.status_code, forbidden.json()["type"]) == (403, "urn:stimme:problem:forbidden")
        assert (await client.put("/api/v1/calls/nonsense/hold")).status_code == 404
    async with await world.signed_in("admin@north.example") as client:
        assert (await client.put(f"/api/v1/calls/{call}/hold")).status_code == 404, "no extension"
