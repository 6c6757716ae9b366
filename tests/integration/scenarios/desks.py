"""What can be said in a scenario about telephones that are nobody's, function keys and phone books."""

import uuid
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import httpx
from tests.integration.scenarios.people import Stage
from tests.integration.scenarios.surroundings import LANGUAGE

__all__ = ["LANGUAGE"]
sentence = LANGUAGE.sentence

_FENCE = {"X-Requested-With": "stimme"}


@sentence("<who>'s telephone is nobody's [at <place>]")
async def telephone_is_nobodys(stage: Stage, who: str, place: str | None = None) -> None:
    """A free desk, at a site by name, until the scenario ends; the telephone stays registered."""
    with stage.demo.as_role("customer") as client:
        users = client.get("/users", params={"limit": 200}).raise_for_status().json()["items"]
        user = next(each["id"] for each in users if each["extension"] == stage.who(who).number)
        devices = client.get("/devices", params={"limit": 200}).raise_for_status().json()["items"]
        sites = client.get("/sites").raise_for_status().json()["items"]
        own = sorted(
            each["sip_user"] for each in devices if each["user_id"] == user and each["kind"] == "phone"
        )
        before = next(each for each in devices if each["sip_user"] == own[0])
        site = next((each["id"] for each in sites if each["name"] == place), None)
    path, kept = f"/devices/{before['id']}", {name: before[name] for name in ("name", "sip_user")}

    def put(body: dict[str, Any]) -> None:
        with stage.demo.as_role("customer") as client:
            etag = client.get(path).raise_for_status().headers["etag"]
            changed = client.put(path, json={**kept, **body}, headers={**_FENCE, "If-Match": etag})
            changed.raise_for_status()

    put({"customer_id": before["customer_id"], "site_id": site})
    stage.later(lambda: put({"user_id": user}))


@sentence("key <position> of <who> is <kind>", "key <position> of <who> is <kind> <target> [to <number>]")
async def key_is(
    stage: Stage,
    position: str,
    who: str,
    kind: str,
    target: str | None = None,
    number: str | None = None,
) -> None:
    """In the client: line, group, park, night, diversion, dial, dnd, pickup; until the scenario ends."""
    key: dict[str, Any] = {"position": int(position), "kind": kind}
    if target is not None:
        key["target"] = stage.number(target)
    if number is not None:
        key["number"] = stage.number(number)

    def change(keys: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [each for each in keys if each["position"] != key["position"]] + [key]

    before = _put_keys(stage, stage.who(who).number, change)
    extension = stage.who(who).number

    def close() -> None:
        _put_keys(stage, extension, lambda _: before)

    stage.later(close)


def _put_keys(stage: Stage, extension: str, change: Any) -> list[dict[str, Any]]:
    """Changes all keys of a user as that user; gives those of before."""
    with stage.demo.as_user(extension) as client:
        told = client.get("/me/keys").raise_for_status()
        names = ("position", "kind", "target", "number", "label")
        before = [{name: item[name] for name in names} for item in told.json()["items"]]
        etag = told.headers.get("etag")
        headers = _FENCE if etag is None else {**_FENCE, "If-Match": etag}
        client.put("/me/keys", json={"keys": change(before)}, headers=headers).raise_for_status()
    return before


@sentence("<who> pushes key <position>")
async def pushes_key(stage: Stage, who: str, position: str) -> None:
    """Presses a function key that switches something: the telephone dials its address, and is told."""
    person = stage.who(who)
    person.forget("CALL_PROGRESS")
    person.forget("CALL_CLOSED")
    await person.phone.dial(f"key.{position}")
    await person.next("CALL_PROGRESS", seconds=25)
    await person.phone.hang_up()
    await person.next("CALL_CLOSED")


@sentence("<who> calls by key <position>")
async def calls_by_key(stage: Stage, who: str, position: str) -> None:
    """Presses a function key that calls somebody, or takes a call: the telephone dials its address."""
    await stage.who(who).phone.dial(f"key.{position}")


# -- phone books --------------------------------------------------------------------------------------------


@sentence("the phone book knows <who> as <name> [at <short>]")
async def phone_book_knows(stage: Stage, who: str, name: str, short: str | None = None) -> None:
    """A shared phone book, until the scenario ends; the short number dials the entry."""
    with stage.demo.as_role("customer") as client:
        customer = client.get("/users").raise_for_status().json()["items"][0]["customer_id"]
    book = _book(stage, lambda: stage.demo.as_role("customer"), {"name": "Firma", "customer_id": customer})
    with stage.demo.as_role("customer") as client:
        _add(client, book, stage.number(who), name, short)


@sentence("<owner>'s own phone book knows <who> as <name>")
async def own_phone_book_knows(stage: Stage, owner: str, who: str, name: str) -> None:
    """A private phone book, until the scenario ends."""
    extension = stage.who(owner).number
    book = _book(stage, lambda: stage.demo.as_user(extension), {"name": "Privat"})
    with stage.demo.as_user(extension) as client:
        _add(client, book, stage.number(who), name, None)


@sentence("a file with <who> as <name> is read into a phone book")
async def file_is_read(stage: Stage, who: str, name: str) -> None:
    """A table as other programs write it, into a shared book, until the scenario ends."""
    with stage.demo.as_role("customer") as client:
        customer = client.get("/users").raise_for_status().json()["items"][0]["customer_id"]
    book = _book(stage, lambda: stage.demo.as_role("customer"), {"name": "Datei", "customer_id": customer})
    table = f"Name;Telefon\n{name.strip(chr(34))};{stage.number(who)}\n"
    with stage.demo.as_role("customer") as client:
        path = f"/phone-books/{book}/import"
        done = client.post(path, params={"apply": True}, content=table.encode(), headers=_FENCE)
        assert done.raise_for_status().json()["new"] == 1


@sentence("<who> finds <name> by <text>")
async def finds(stage: Stage, who: str, name: str, text: str) -> None:
    """In the phone books, as one types."""
    with stage.demo.as_user(stage.who(who).number) as client:
        found = client.get("/phone-books/search", params={"q": text.strip('"')}).raise_for_status().json()
    assert [each["name"] for each in found["items"]] == [name.strip('"')], found


def _book(stage: Stage, signed_in: Callable[[], AbstractContextManager[httpx.Client]], body: Any) -> str:
    book = str(uuid.uuid4())
    with signed_in() as client:
        client.put(f"/phone-books/{book}", json=body, headers=_FENCE).raise_for_status()

    def close() -> None:
        with signed_in() as client:
            client.delete(f"/phone-books/{book}", headers=_FENCE).raise_for_status()

    stage.later(close)
    return book


def _add(client: httpx.Client, book: str, number: str, name: str, short: str | None) -> None:
    entry = {"name": name.strip('"'), "numbers": [{"number": number}], "short": short}
    path = f"/phone-books/{book}/entries/{uuid.uuid4()}"
    client.put(path, json=entry, headers=_FENCE).raise_for_status()
