"""What can be said in a scenario about keys and lamps, call lists and records, the provider, and crashes."""

import asyncio
import json
import re
import uuid
from collections.abc import Callable
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
from tests.integration.listening import eventually
from tests.integration.scenarios.people import Stage
from tests.integration.scenarios.sentences import LANGUAGE

__all__ = ["LANGUAGE"]
sentence = LANGUAGE.sentence

_STATES = {
    "free": "<state>terminated</state>",
    "off": "<state>terminated</state>",
    "ringing": "<state>early</state>",
    "talking": "<state>confirmed</state>",
    "on": "<state>confirmed</state>",
}

_FENCE = {"X-Requested-With": "stimme"}
_USER_KEYS = ("customer_id", "extension", "name", "package", "number", "language", "site_id")


@sentence("<who> watches <what>")
async def watches(stage: Stage, who: str, what: str) -> None:
    """A lamp: a colleague, a group, a park slot (`park.1`), `night.1`, `dnd`, `divert.always`."""
    person = stage.who(who)
    keys = await stage.keys(person)
    response, person.watched[what] = await keys.subscribe(stage.number(what), "dialog")
    assert response.status in (200, 202), response.start
    await eventually(lambda: bool(keys.notified(person.watched[what])), "the first NOTIFY")


@sentence("<who> has to watch <what> anew")
async def watches_anew(stage: Stage, who: str, what: str) -> None:
    """The subscription was ended as `deactivated` (RFC 6665 §4.1.3), and the telephone makes another."""
    person = stage.who(who)
    ended = person.watched[what].call_id
    keys = await stage.keys(person)

    def deactivated() -> bool:
        states = [
            each.headers.get("subscription-state", "")
            for each in keys.requests
            if each.headers.get("call-id") == ended
        ]
        return bool(states) and states[-1] == "terminated;reason=deactivated"

    await eventually(deactivated, "the end of the subscription")
    await watches(stage, who, what)


@sentence("<who> sees <what> <state>")
async def sees(stage: Stage, who: str, what: str, state: str) -> None:
    """The lamp shows: free, ringing, talking; or on, off."""
    person = stage.who(who)
    keys, wanted = await stage.keys(person), _STATES[state]

    def shown() -> str:
        return keys.notified(person.watched[what])[-1]

    try:
        await eventually(lambda: wanted in shown(), f"the lamp {state}")
    except TimeoutError as error:
        raise AssertionError(f"{error}; it shows {shown()}") from None


@sentence("<who> presses the lamp of <other>")
async def presses_lamp(stage: Stage, who: str, other: str) -> None:
    """Picks up what the lamp of a watched colleague shows (INVITE with Replaces, RFC 3891)."""
    person = stage.who(who)
    keys = await stage.keys(person)
    shown = keys.notified(person.watched[other])[-1]
    dialog = {name: _attribute(shown, name) for name in ("call-id", "remote-tag", "local-tag")}
    replaces = f"{dialog['call-id']};to-tag={dialog['remote-tag']};from-tag={dialog['local-tag']};early-only"
    await keys.call(stage.number(other), f"Replaces: {replaces}")


def _attribute(shown: str, name: str) -> str:
    found = re.search(rf' {name}="([^"]+)"', shown)
    assert found is not None, f"the lamp shows no call: {shown}"
    return found[1]


@sentence("<who>'s newest call is <result> [with <peer>]")
async def newest_call(stage: Stage, who: str, result: str, peer: str | None) -> None:
    """The call list of a user begins with a call of this result: answered, missed, busy, cancelled, …"""

    def found() -> bool:
        with stage.demo.as_user(stage.who(who).number) as client:
            items: list[dict[str, Any]] = client.get("/me/calls").raise_for_status().json()["items"]
        newest = items[0] if items else {}
        fits = peer is None or stage.number(peer) in newest.get("number", "")
        return newest.get("result") == result and fits

    await eventually(found, f"{result} in the call list")


@sentence("<who> lets the system dial <number>")
async def dials_by_api(stage: Stage, who: str, number: str) -> None:
    """The API places a call: first the user's own telephone rings, then the other."""
    with stage.demo.as_user(stage.who(who).number) as client:
        client.post("/calls", json={"number": stage.number(number)}, headers=_FENCE).raise_for_status()


@sentence("a program ends <who>'s call")
async def program_ends(stage: Stage, who: str) -> None:
    """The API hangs up the one call of a user."""
    with stage.demo.as_user(stage.who(who).number) as client:
        (call,) = client.get("/calls").raise_for_status().json()["items"]
        client.delete(f"/calls/{call['call_id']}", headers=_FENCE).raise_for_status()


@sentence("<who> diverts calls from outside to <number>")
async def diverts_from_outside(stage: Stage, who: str, number: str) -> None:
    """In the client, which tells calls of colleagues from calls from outside; `#21#` takes it back."""
    diversion = {"kind": "always", "number": stage.number(number), "origin": "external", "seconds": 20}
    with stage.demo.as_user(stage.who(who).number) as client:
        client.put("/me/settings", json={"diversions": [diversion]}, headers=_FENCE).raise_for_status()


@sentence("<who> has the PIN <pin>")
async def has_pin(stage: Stage, who: str, pin: str) -> None:
    """Set in the client, for logging in at any telephone."""
    with stage.demo.as_user(stage.who(who).number) as client:
        client.put("/me/pin", json={"pin": pin}, headers=_FENCE).raise_for_status()


@sentence("guests are logged out after <seconds> seconds")
async def guests_logged_out(stage: Stage, seconds: str) -> None:
    """The administrator lets hot desking end by itself, until the scenario ends."""
    _service(stage, "hot_desking", {"logout_after_hours": float(seconds) / 3600})


def _service(stage: Stage, kind: str, settings: dict[str, Any]) -> None:
    """A service of the customer's, until the scenario ends."""
    path = f"/services/{uuid.uuid4()}"
    with stage.demo.as_role("customer") as client:
        customer = client.get("/users").raise_for_status().json()["items"][0]["customer_id"]
        body = {"customer_id": customer, "kind": kind, "settings": settings}
        client.put(path, json=body, headers=_FENCE).raise_for_status()

    def close() -> None:
        with stage.demo.as_role("customer") as client:
            client.delete(path, headers=_as_it_is(client, path)).raise_for_status()

    stage.later(close)


@sentence("<who>'s last call from <other> is noted as malicious")
async def noted_as_malicious(stage: Stage, who: str, other: str) -> None:
    """The newest record of a call from there has the user's note."""

    def noted() -> bool:
        with stage.demo.as_role("customer") as client:
            users = client.get("/users", params={"limit": 200}).raise_for_status().json()["items"]
            records = client.get("/call-records").raise_for_status().json()["items"]
        user = next(each["id"] for each in users if each["extension"] == stage.who(who).number)
        theirs = [each for each in records if each["caller"]["number"] == stage.number(other)]
        return bool(theirs) and [note["user_id"] for note in theirs[0]["notes"]] == [user]

    await eventually(noted, "the note in the record")


@sentence("the house closes in <seconds> seconds")
async def house_closes(stage: Stage, seconds: str) -> None:
    """The attendant follows a calendar that ends then, until the scenario ends."""
    end = datetime.now(ZoneInfo("Europe/Berlin")) + timedelta(seconds=float(seconds))
    name = str(uuid.uuid4())
    hours = {str(end.weekday()): [{"start": "00:00", "end": end.time().isoformat("seconds")}]}
    _service(stage, "calendar", {"id": name, "calendar": {"name": "Bald zu", "week": hours}})
    _change_service(stage, "attendant", "0", lambda settings: {**settings, "calendar": name})


@sentence("the queue <number> leads on to <target> when nobody is there")
async def queue_leads_on(stage: Stage, number: str, target: str) -> None:
    """The overflow of a queue, until the scenario ends."""

    def change(settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "group": {**settings["group"], "overflow": target}, "when_empty": "overflow"}

    _change_service(stage, "queue", number, change)


@sentence("a user may speak to expensive zones for <minutes> minutes an hour")
async def expensive_minutes(stage: Stage, minutes: str) -> None:
    """A limit against toll fraud, until the scenario ends; one that is written with a point."""

    def change(settings: dict[str, Any]) -> dict[str, Any]:
        return {**settings, "limits": {**settings.get("limits", {}), "user_minutes": float(minutes)}}

    _change_service(stage, "barring", None, change)


def _change_service(
    stage: Stage, kind: str, extension: str | None, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """A service with other settings until the scenario ends."""
    with stage.demo.as_role("customer") as client:
        found = client.get("/services", params={"kind": kind}).raise_for_status().json()["items"]
        service = next(each for each in found if each["extension"] == extension)
        path = f"/services/{service['id']}"
        body = {key: service[key] for key in ("customer_id", "kind", "settings")}
        changed = {**body, "settings": change(body["settings"])}
        client.put(path, json=changed, headers=_as_it_is(client, path)).raise_for_status()

    def close() -> None:
        with stage.demo.as_role("customer") as client:
            client.put(path, json=body, headers=_as_it_is(client, path)).raise_for_status()

    stage.later(close)


@sentence("<who> works at a site with the number <number>")
async def works_at_site(stage: Stage, who: str, number: str) -> None:
    """An own site, whose number control centres are shown, until the scenario ends."""
    site = {"name": "Filiale", "street": "Musterweg 1", "postcode": "10115", "city": "Berlin"}
    site_path = f"/sites/{uuid.uuid4()}"
    with stage.demo.as_role("customer") as client:
        users = client.get("/users", params={"limit": 200}).raise_for_status().json()["items"]
        before = next(user for user in users if user["extension"] == stage.who(who).number)
        user_path = f"/users/{before['id']}"
        body = {key: before[key] for key in _USER_KEYS}
        (trunk, *_) = client.get("/trunks").raise_for_status().json()["items"]
        site |= {"customer_id": body["customer_id"], "trunk_id": trunk["id"], "emergency_number": number}
        client.put(site_path, json=site, headers=_FENCE).raise_for_status()
        there = {**body, "site_id": site_path.rpartition("/")[2]}
        client.put(user_path, json=there, headers=_as_it_is(client, user_path)).raise_for_status()

    def close() -> None:
        with stage.demo.as_role("customer") as client:
            client.put(user_path, json=body, headers=_as_it_is(client, user_path)).raise_for_status()
            client.delete(site_path, headers=_as_it_is(client, site_path)).raise_for_status()

    stage.later(close)


@sentence("the reception is closed today")
async def reception_closed(stage: Stage) -> None:
    """The administrator enters a day off in the reception's calendar, until the scenario ends."""
    with stage.demo.as_role("customer") as client:
        (service,) = client.get("/services", params={"kind": "calendar"}).raise_for_status().json()["items"]
        path, today = f"/services/{service['id']}", date.today()
        body = {name: service[name] for name in ("customer_id", "kind", "settings")}
        calendar = body["settings"]["calendar"]
        off = {"first": f"{today - timedelta(1)}", "last": f"{today + timedelta(1)}", "name": "", "hours": []}
        closed = {**calendar, "special": [off, *calendar["special"]]}
        settings = {**body["settings"], "calendar": closed}
        changed = {**body, "settings": settings}
        client.put(path, json=changed, headers=_as_it_is(client, path)).raise_for_status()

    def close() -> None:
        with stage.demo.as_role("customer") as client:
            client.put(path, json=body, headers=_as_it_is(client, path)).raise_for_status()

    stage.later(close)


def _as_it_is(client: httpx.Client, path: str) -> dict[str, str]:
    """Headers for a change of what is at a path now (optimistic locking by ETag)."""
    return {**_FENCE, "If-Match": client.get(path).raise_for_status().headers["etag"]}


@sentence("the control centre gets <number> from <identity>")
async def control_centre(stage: Stage, number: str, identity: str) -> None:
    """An emergency call arrived with this network number, and nothing about its caller is hidden."""
    log = Path(stage.demo.facts["emergency_log"])

    def entry() -> dict[str, Any] | None:
        lines = log.read_text().splitlines()[stage.seen_emergencies :]
        return json.loads(lines[0]) if lines else None

    found = await eventually(entry, "the control centre's log", seconds=20)
    stage.seen_emergencies += 1
    assert found["number"] == number, found
    assert "anonymous" not in json.dumps(found["headers"]), f"the number was hidden: {found['headers']}"
    asserted = found["headers"].get("p-asserted-identity", [])
    assert any(identity in value for value in asserted), f"it was told {asserted}"


@sentence("call control crashes")
async def call_control_crashes(stage: Stage) -> None:
    """`kill -9`, and wait until its successor is up."""
    old = stage.demo.pid("call-control")
    stage.demo.kill("call-control")
    await eventually(lambda: stage.demo.alive("call-control", other_than=old), "a new call control")
    await eventually(lambda: stage.demo.health() == "ok", "call control is up")


@sentence("the media engine crashes")
async def engine_crashes(stage: Stage) -> None:
    """`kill -9`, and wait until its successor is up."""
    old = stage.demo.pid("media")
    stage.demo.kill("media")
    await eventually(lambda: stage.demo.alive("media", other_than=old), "a new engine")


@sentence("the provider stops")
async def provider_stops(stage: Stage) -> None:
    """The provider's exchange stands still until `the provider goes on`, or until the scenario ends."""
    stage.demo.pause("kamailio")
    stage.later(lambda: stage.demo.resume("kamailio"))


@sentence("the provider goes on")
async def provider_goes_on(stage: Stage) -> None:
    """The exchange works again."""
    stage.demo.resume("kamailio")


@sentence("<seconds> seconds pass")
async def seconds_pass(stage: Stage, seconds: str) -> None:
    """Nothing happens; only for what the system does after a time."""
    await asyncio.sleep(float(seconds))


@sentence("the customer has no licence any more")
async def no_licence(stage: Stage) -> None:
    """The reseller ends the base licence: calls are stopped, but 110 and 112."""
    with stage.demo.as_role("customer") as client:
        customer = client.get("/users").raise_for_status().json()["items"][0]["customer_id"]
    with stage.demo.as_role("reseller") as client:
        fence = {"X-Requested-With": "stimme"}
        answer = client.put(f"/customers/{customer}/licence", json={"base": None}, headers=fence)
        assert answer.status_code == 200, answer.text


@sentence("everybody is barred from the public network")
async def everybody_barred(stage: Stage) -> None:
    """The administrator bars all calls that leave the house."""
    with stage.demo.as_role("customer") as client:
        fence = {"X-Requested-With": "stimme"}
        (service,) = client.get("/services", params={"kind": "barring"}).raise_for_status().json()["items"]
        body = {
            "customer_id": service["customer_id"],
            "kind": "barring",
            "settings": {"everybody": {"reach": "internal"}},
        }
        headers = {**fence, "If-Match": f'"{service["version"]}"'}
        client.put(f"/services/{service['id']}", json=body, headers=headers).raise_for_status()
