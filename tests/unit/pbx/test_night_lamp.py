"""Keys of the night switch are told when the schedule moves it."""

import asyncio
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from tests.unit.pbx.line import telephone
from tests.unit.pbx.world import muster

from stimme.pbx.apps.attendant import Attendant
from stimme.pbx.apps.calendar import Calendar, Hours

ZONE = ZoneInfo("Europe/Berlin")


async def test_the_lamp_follows_the_schedule_and_its_changes() -> None:
    tenant = muster()
    line = await telephone(tenant)
    told = asyncio.Event()
    line.pbx.watchers.append(lambda signal: told.set() if signal == "night" else None)
    soon = datetime.now(ZONE) + timedelta(seconds=0.4)
    later = soon + timedelta(hours=1)
    hours = (Hours(soon.time(), later.time() if later.date() == soon.date() else soon.time().max),)
    calendar = Calendar("open", {soon.weekday(): hours})
    changed = muster()
    changed.attendant = Attendant("0", "10", calendar, nights=("11", None))
    line.pbx.reconfigure(changed)
    assert told.is_set()
    told.clear()
    async with asyncio.timeout(5):
        await told.wait()
    await line.pbx.close()
