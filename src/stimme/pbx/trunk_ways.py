"""One tenant's ways to the public network: a provider behind each trunk, a registration at most of them."""

import hashlib
import hmac
from collections.abc import Callable
from typing import TypeVar

from stimme.pbx.model import Tenant, TrunkConfig
from stimme.sip.transport.locating import Locator
from stimme.sip.ua import UserAgent
from stimme.trunks.provider import Provider
from stimme.trunks.registration import Registration, TrunkState

_Way = TypeVar("_Way", Provider, Registration)


class TrunkWays:
    """See the module's docstring.

    Args:
        ua: the node's user agent.
        key: the node's secret, for words that must be the same after a restart.
        locator: finds servers by DNS; None takes addresses as they are configured.
        changed: hears of a trunk's state, with a sentence.
        moved: hears that a provider's servers have other addresses.

    Attributes:
        registrations, providers: by trunk id.
    """

    def __init__(
        self,
        ua: UserAgent,
        key: bytes,
        locator: Locator | None,
        *,
        changed: Callable[[TrunkConfig, TrunkState, str], None],
        moved: Callable[[], None],
    ) -> None:
        self._ua = ua
        self._key = key
        self._locator = locator
        self._changed = changed
        self._moved = moved
        self._started = False
        self.providers: dict[str, Provider] = {}
        self.registrations: dict[str, Registration] = {}

    def configure(self, tenant: Tenant) -> None:
        """Takes over the trunks as they are configured now; a changed one registers anew."""
        _stop_changed(self.providers, tenant)
        _stop_changed(self.registrations, tenant)
        for trunk in tenant.trunks.values():
            if trunk.id not in self.providers:
                self.providers[trunk.id] = self._provider(trunk)
                if self._started:
                    self.providers[trunk.id].start()
            if trunk.kind == "register" and trunk.id not in self.registrations:
                self.registrations[trunk.id] = self._registration(trunk)
                if self._started:
                    self.registrations[trunk.id].start()

    def _registration(self, trunk: TrunkConfig) -> Registration:
        return Registration(
            self._ua,
            trunk,
            changed=lambda state, detail: self._changed(trunk, state, detail),
            word=hmac.digest(self._key, f"contact of {trunk.id}".encode(), hashlib.sha256).hex()[:24],
            ways=self.providers[trunk.id].ways,
        )

    def _provider(self, trunk: TrunkConfig) -> Provider:
        return Provider(
            self._ua,
            trunk,
            self._locator,
            changed=lambda: self._changed(trunk, *self.state(trunk.id)),
            moved=self._moved,
        )

    def start(self) -> None:
        """Registers the trunks, and asks their providers."""
        self._started = True
        for provider in self.providers.values():
            provider.start()
        for registration in self.registrations.values():
            registration.start()

    def close(self) -> None:
        """Asks no provider any more."""
        for provider in self.providers.values():
            provider.stop()

    def answered(self, trunk_id: str | None) -> None:
        """A call through a trunk was answered: its provider is there."""
        provider = self.providers.get(trunk_id or "")
        if provider is not None:
            provider.answered()

    def state(self, trunk_id: str) -> tuple[TrunkState, str]:
        """How a trunk is, with a sentence: what OPTIONS shows of the provider, and the registration."""
        registration, provider = self.registrations.get(trunk_id), self.providers.get(trunk_id)
        if provider is not None and not provider.usable:
            return TrunkState.UNREACHABLE, provider.describe()
        if registration is not None:
            return registration.state, registration.detail
        if provider is None:
            return TrunkState.UNKNOWN, "not in use"
        up = provider.health.last_sign is not None
        return TrunkState.REACHABLE if up else TrunkState.UNKNOWN, provider.describe()

    def order(self, trunk: TrunkConfig, tenant: Tenant) -> list[TrunkConfig]:
        """The ways outside in the order to try them: this trunk, then the others; unusable ones last."""
        others = [each for each in tenant.trunks.values() if each.id != trunk.id]
        return sorted([trunk, *others], key=lambda each: not self.providers[each.id].usable)


def _stop_changed(ways: dict[str, _Way], tenant: Tenant) -> None:
    for trunk_id, way in list(ways.items()):
        if tenant.trunks.get(trunk_id) != way.trunk:
            way.stop()
            del ways[trunk_id]
