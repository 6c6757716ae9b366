"""``python -m stimme.api.openapi > web/openapi.json``: the description of the API, from the API itself."""

import json
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from typing import Any

from cryptography.fernet import Fernet

from stimme.api.application import create_api
from stimme.api.ports import LiveEvent, NoSuchCallError, NotReachableError, TrunkTestRefusedError
from stimme.api.schemas import LineState, LiveCall, TrunkHealth, TrunkState, TrunkTestReport, UserSettings
from stimme.api.services import Services
from stimme.pbx.features.cti import Order
from stimme.sip.trace import TraceEntry
from stimme.store.accounts import Accounts
from stimme.store.calls import CallHistory
from stimme.store.database import Database
from stimme.store.directory import DirectoryRepository
from stimme.store.secrets import Passwords, Vault


class UnpluggedTelephony:
    """A node without tenants: enough to describe the API."""

    engine_up = False

    def line_state(self, tenant_id: str, user_id: str) -> LineState:
        """Nobody is there."""
        return "offline"

    def registered_devices(self, tenant_id: str) -> Collection[str]:
        """None is."""
        return ()

    def calls(self, tenant_id: str) -> Sequence[LiveCall]:
        """Nobody speaks."""
        return ()

    def hang_up(self, tenant_id: str, call_id: str) -> None:
        """There is nothing to end."""
        raise NoSuchCallError(call_id)

    def trace(self, tenant_id: str, call_id: str) -> Sequence[TraceEntry]:
        """No trace."""
        return ()

    def dial(self, tenant_id: str, user_id: str, number: str, device_id: str | None) -> LiveCall:
        """No telephone is there."""
        raise NotReachableError(user_id)

    def order(self, tenant_id: str, user_id: str, call_id: str, order: Order) -> LiveCall:
        """There is nothing to drive."""
        raise NoSuchCallError(call_id)

    def settings(self, tenant_id: str, user_id: str) -> UserSettings:
        """Nothing was set."""
        return UserSettings()

    def set_settings(self, tenant_id: str, user_id: str, settings: UserSettings) -> None:
        """Nobody keeps them."""
        raise NotReachableError(user_id)

    def set_pin(self, tenant_id: str, user_id: str, pin: str | None) -> None:
        """Nobody is there."""
        raise NotReachableError(user_id)

    def trunk_state(self, tenant_id: str, trunk_id: str) -> tuple[TrunkState, str]:
        """Nothing is known."""
        return "unknown", ""

    def recordings_under_way(self, tenant_id: str) -> Collection[str]:
        """Nobody records."""
        return ()

    def trunk_health(self, tenant_id: str, trunk_id: str) -> TrunkHealth:
        """Nothing is known of it."""
        return TrunkHealth(trunk_id=trunk_id, state="unknown", detail="", provider=None, last_test=None)

    async def test_trunk(self, tenant_id: str, trunk_id: str, language: str) -> TrunkTestReport:
        """Nothing can be called."""
        raise TrunkTestRefusedError("this is no node")

    def trunk_counts(self) -> tuple[int, int]:
        """There are none."""
        return 0, 0

    async def reload(self, tenant_id: str) -> None:
        """There is nothing to reload."""


class UnpluggedEvents:
    """No events ever."""

    async def subscribe(
        self, visible: Callable[[LiveEvent], bool], *, since: str | None
    ) -> AsyncIterator[dict[str, Any]]:
        """End at once."""
        nothing: tuple[dict[str, Any], ...] = ()
        for event in nothing:
            yield event


class UnpluggedSip:
    """No SIP."""

    async def websocket(
        self,
        receive: Callable[[], Awaitable[bytes | str | None]],
        send: Callable[[bytes], Awaitable[None]],
        *,
        remote: tuple[str, int],
        local: tuple[str, int],
        secure: bool,
    ) -> None:
        """Hang up at once."""


def openapi_document() -> dict[str, Any]:
    """Return the OpenAPI document of the API."""
    database = Database("sqlite+aiosqlite://")
    services = Services(
        database=database,
        accounts=Accounts(database),
        passwords=Passwords(),
        directory=DirectoryRepository(database, Vault(Fernet.generate_key())),
        history=CallHistory(database),
        telephony=UnpluggedTelephony(),
        events=UnpluggedEvents(),
        sip=UnpluggedSip(),
    )
    return create_api(services).openapi()


def main() -> None:
    """Print the document."""
    json.dump(openapi_document(), sys.stdout, indent=2, ensure_ascii=False, sort_keys=True)
    sys.stdout.write("\n")


if __name__ == "__main__":
    main()
