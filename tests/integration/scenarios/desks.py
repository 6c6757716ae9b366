"""What can be said in a scenario about function keys."""

from typing import Any

from tests.integration.scenarios.people import Stage
from tests.integration.scenarios.surroundings import LANGUAGE

__all__ = ["LANGUAGE"]
sentence = LANGUAGE.sentence

_FENCE = {"X-Requested-With": "stimme"}


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
