"""Whose telephone is whose now: home users or nobody, and guests who have logged in by hot desking (K6).

Policy: ``stimme.pbx.features.hotdesk`` says who is where. Whoever asks which telephones are a user's, or
whose a telephone is, asks here: calls, lamps and states follow at once. A browser is its user's for good.
Calls that go on when a telephone changes hands stay whose they are. Guests outlive a restart; one whose user
or telephone is taken away is there no longer.
"""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import structlog

from stimme.pbx.events import Event, RegistrationChanged
from stimme.pbx.features.hotdesk import Change, HotDesks
from stimme.pbx.model import Device, Tenant, User
from stimme.pbx.ports import StateStore

log = structlog.get_logger("stimme.pbx")
STATE = "hot_desks"


class Desks:
    """See the module's docstring.

    Args:
        tenant: the configuration.
        store: keeps who is logged in.
        registered: whether a device is.
        publish: where events go.
        changed: called with the users whose lines may be other than before.
        signal: told `desk:<device id>` when a telephone has changed hands.
    """

    def __init__(
        self,
        tenant: Tenant,
        store: StateStore,
        *,
        registered: Callable[[str], bool],
        publish: Callable[[Event], None],
        changed: Callable[[tuple[str, ...]], None],
        signal: Callable[[str], None],
    ) -> None:
        self._store = store
        self._registered = registered
        self._publish = publish
        self._lines_changed = changed
        self._signal = signal
        self._alarm: asyncio.TimerHandle | None = None
        self._hot = HotDesks({})
        self._of_user: dict[str, list[Device]] = {}
        self.reconfigure(tenant)

    def reconfigure(self, tenant: Tenant) -> None:
        """Takes over a changed configuration."""
        self._tenant = tenant
        homes = {device.id: device.user_id for device in tenant.devices.values()}
        guests = {
            device_id: guest
            for device_id, guest in self._hot.guests.items()
            if device_id in homes and guest.user_id in tenant.users
        }
        gone = self._hot.guests.keys() - guests.keys()
        self._hot = HotDesks(homes, tenant.hot_desk_logout, guests)
        self._index()
        if gone:
            self._save()
        for device_id in gone:
            self._signal(f"desk:{device_id}")

    def restore(self, stored: dict[str, Any]) -> None:
        """Takes back what the store kept. Raises KeyError or ValueError for a damaged value."""
        value = stored.get(STATE)
        if value:
            self._hot.restore(value["guests"])
            self.reconfigure(self._tenant)
            self._wake(0.0)

    def close(self) -> None:
        """Nobody is logged out by the clock any more."""
        if self._alarm is not None:
            self._alarm.cancel()

    # -- questions ------------------------------------------------------------------------------------------

    def user_at(self, device: Device) -> str | None:
        """The id of the user whose device this is now; None for a telephone at which nobody has logged in."""
        return self._hot.user_of(device.id) or device.user_id

    def devices_of(self, user_id: str) -> list[Device]:
        """Every device that is a user's now."""
        return self._of_user.get(user_id, [])

    def guest_at(self, device_id: str) -> str | None:
        """The id of the user who is logged in at somebody else's telephone."""
        guest = self._hot.guests.get(device_id)
        return guest.user_id if guest is not None else None

    # -- changes --------------------------------------------------------------------------------------------

    def log_in(self, device: Device, user: User) -> None:
        """A user takes a telephone."""
        change = self._hot.log_in(device.id, user.id, datetime.now(UTC))
        self._carry_out([] if change is None else [change])

    def log_out(self, device: Device) -> bool:
        """The guest of a telephone leaves; False when there is none."""
        change = self._hot.log_out(device.id)
        self._carry_out([] if change is None else [change])
        return change is not None

    def appeared(self, device: Device) -> None:
        """A device has registered, or is gone."""
        self._tell(device.id, self.user_at(device))

    def _carry_out(self, changes: list[Change]) -> None:
        self._index()
        self._save()
        for change in changes:
            log.info("a telephone changed hands", device=change.device_id, user=change.after)
            for user_id in (change.before, change.after):
                self._tell(change.device_id, user_id)
            self._signal(f"desk:{change.device_id}")
        self._wake_when_due()

    def _tell(self, device_id: str, user_id: str | None) -> None:
        if user_id is None:
            online = self._registered(device_id)
            self._publish(RegistrationChanged(self._tenant.id, None, device_id, online, 0, user_ids=()))
            return
        devices = self.devices_of(user_id)
        theirs = any(device.id == device_id for device in devices)
        self._publish(
            RegistrationChanged(
                self._tenant.id,
                user_id,
                device_id,
                theirs and self._registered(device_id),
                sum(1 for device in devices if self._registered(device.id)),
                user_ids=(user_id,),
            )
        )
        self._lines_changed((user_id,))

    def _index(self) -> None:
        self._of_user = {}
        for device in self._tenant.devices.values():
            user_id = self.user_at(device)
            if user_id is not None:
                self._of_user.setdefault(user_id, []).append(device)

    def _save(self) -> None:
        if self._hot.guests:
            self._store.put(self._tenant.id, STATE, {"guests": self._hot.snapshot()})
        else:
            self._store.delete(self._tenant.id, STATE)

    # -- by the clock ---------------------------------------------------------------------------------------

    def _wake_when_due(self) -> None:
        due = self._hot.next_wakeup()
        if due is not None:
            self._wake(max(0.0, (due - datetime.now(UTC)).total_seconds()))

    def _wake(self, seconds: float) -> None:
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm = asyncio.get_running_loop().call_later(seconds, self._log_out_due)

    def _log_out_due(self) -> None:
        changes = self._hot.run(datetime.now(UTC))
        if changes:
            self._carry_out(changes)
        else:
            self._wake_when_due()
