"""PINs: kept as hashes, set and taken away, never without digits."""

from typing import Any

import pytest

from stimme.pbx.features.pins import PinError, Pins


class Kept:
    """A store in memory."""

    def __init__(self) -> None:
        self.values: dict[str, dict[str, Any]] = {}

    def put(self, tenant_id: str, key: str, value: dict[str, Any]) -> None:
        self.values[key] = value

    def delete(self, tenant_id: str, key: str) -> None:
        self.values.pop(key, None)

    async def load(self, only: str | None = None) -> dict[str, dict[str, dict[str, Any]]]:
        return {"muster": self.values}


def test_only_the_own_pin_fits_and_it_outlives_a_restart() -> None:
    store = Kept()
    Pins("muster", store).set("anna", "4711")
    assert "4711" not in str(store.values)
    again = Pins("muster", store)
    again.restore(store.values)
    assert again.fits("anna", "4711")
    assert not again.fits("anna", "4712")
    assert not again.fits("bert", "4711")


def test_without_a_pin_nothing_fits() -> None:
    store = Kept()
    pins = Pins("muster", store)
    assert not pins.fits("anna", "")
    pins.set("anna", "123456789012")
    pins.clear("anna")
    pins.clear("anna")
    assert not pins.has("anna")
    assert not pins.fits("anna", "123456789012")
    assert store.values == {}


def test_a_damaged_hash_fits_nobody() -> None:
    pins = Pins("muster", Kept())
    pins.restore({"pin:anna": {"hash": "not a hash"}})
    assert not pins.fits("anna", "4711")


@pytest.mark.parametrize("pin", ["", "123", "1234567890123", "12a4", "²²²²"])
def test_what_is_no_pin(pin: str) -> None:
    with pytest.raises(PinError):
        Pins("muster", Kept()).set("anna", pin)
