"""What users set for themselves: kept, told, and found again."""

from typing import Any

from stimme.pbx.features.commands import DiversionKind
from stimme.pbx.features.diversion import Diversion, Diversions
from stimme.pbx.settings import Settings, UserSettings


class Kept:
    """A store in memory."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, Any]] = {}

    def put(self, tenant_id: str, key: str, value: dict[str, Any]) -> None:
        self.values[key] = value

    def delete(self, tenant_id: str, key: str) -> None:
        del self.values[key]

    async def load(self, only: str | None = None) -> dict[str, dict[str, dict[str, Any]]]:
        return {"muster": self.values}


DIVERTED = UserSettings(
    Diversions((Diversion(DiversionKind.NO_REPLY, "12", "external", 30),)),
    dnd=True,
    call_waiting=False,
    clir=True,
)


def test_settings_come_back_as_they_were() -> None:
    assert UserSettings.from_json(DIVERTED.to_json()) == DIVERTED


def test_a_change_is_kept_and_told_once() -> None:
    store, told = Kept(), []
    settings = Settings("t", store, lambda user, value: told.append((user, value)))
    assert settings.of("u") == UserSettings()
    settings.set("u", DIVERTED)
    settings.set("u", DIVERTED)
    assert told == [("u", DIVERTED)]
    again = Settings("t", store, lambda user, value: None)
    again.restore({**store.values, "member:g/u": {"logged_in": True}})
    assert again.of("u") == DIVERTED
    assert again.of("other") == UserSettings()
