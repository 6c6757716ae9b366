"""An administrator at work by the API: things put, found and deleted."""

from typing import Any

import httpx

_FENCE = {"X-Requested-With": "stimme"}


def put(admin: httpx.Client, path: str, body: dict[str, Any]) -> None:
    """Make it, or change what is there."""
    there = admin.get(path)
    version = {"If-Match": there.headers["ETag"]} if there.is_success else {"If-None-Match": "*"}
    answer = admin.put(path, json=body, headers={**_FENCE, **version})
    assert answer.is_success, answer.text


def delete(admin: httpx.Client, path: str) -> None:
    """Delete it, if it is there."""
    there = admin.get(path)
    if there.is_success:
        admin.delete(path, headers={**_FENCE, "If-Match": there.headers["ETag"]}).raise_for_status()


def listed(admin: httpx.Client, kind: str, key: str, value: str) -> dict[str, Any]:
    """The first of a list that has this value."""
    found: dict[str, Any] = next(each for each in admin.get(f"/{kind}").json()["items"] if each[key] == value)
    return found
