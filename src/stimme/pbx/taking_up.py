"""After a start: what the journal holds is gone on with, or ended cleanly.

Policy: an answered call goes on; its media too when the engine still has all of it, else it gets media anew.
A call that was being set up is refused with 503, whom it was calling is told that it is over, and it leaves
its record. A call that had ended leaves its record, if that was not yet in the store. Endpoints that belong
to no call are freed. An entry that cannot be read costs its own call only.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import structlog

from stimme.media import Endpoint, EndpointInfo, Engine
from stimme.pbx.pbx import Pbx
from stimme.pbx.ports import Journal
from stimme.pbx.records import CallRecord
from stimme.pbx.restoring import restore, resume
from stimme.pbx.snapshot import record_of_setup
from stimme.sip.errors import SipParseError
from stimme.sip.flow import Target
from stimme.sip.ua import UserAgent

_log = structlog.get_logger("stimme.node")


class TakingUp:
    """See the module's docstring.

    Args:
        tenants: by id, all of them.
        journal: what is read, and cleared of what is done with.
        ua: the node's user agent.
        owner: whose endpoints are freed when no call has them.
    """

    def __init__(self, tenants: Mapping[str, Pbx], journal: Journal, ua: UserAgent, owner: str) -> None:
        self._tenants = tenants
        self._journal = journal
        self._ua = ua
        self._owner = owner

    async def run(self, engine: Engine) -> None:
        """Takes everything up. Raises EngineError when the engine dies meanwhile."""
        living = {info.id: info for info in await engine.endpoints() if info.owner == self._owner}
        used: set[int] = set()
        entries = await self._journal.load()
        for key, value in entries.items():
            used |= self._entry(key, value, engine, living)
        self._hang_up({key for key, value in entries.items() if "hung_up" in value})
        orphans = [engine.attach(info) for number, info in living.items() if number not in used]
        if orphans:
            _log.info("freeing orphan endpoints", count=len(orphans))
            await _delete(orphans)

    def _entry(
        self, key: str, value: dict[str, Any], engine: Engine, living: Mapping[int, EndpointInfo]
    ) -> set[int]:
        """Takes one entry up and gives the endpoints that it uses."""
        pbx = self._tenants.get(value.get("tenant_id", ""))
        try:
            if pbx is not None and "legs" in value:
                return self._answered(pbx, value, engine, living)
            if pbx is not None:
                if "leg" in value:  # noted until the telephone is known to be told, should we die again
                    self._wind_up(value["leg"], lambda: self._journal.drop(key))
                    return set()
                self._unfinished(pbx, value)
        except (KeyError, TypeError, ValueError, SipParseError) as error:
            _log.warning("a journal entry cannot be read", entry=key, error=str(error))
        self._journal.settle(key)
        return set()

    def _answered(
        self, pbx: Pbx, value: dict[str, Any], engine: Engine, living: Mapping[int, EndpointInfo]
    ) -> set[int]:
        call = restore(pbx, self._ua, value)
        numbers = [item["endpoint"] for item in value["legs"]]
        if value["engine"] == engine.instance and all(number in living for number in numbers):
            for leg, number in zip(call.talking_legs, numbers, strict=True):
                leg.endpoint = engine.attach(living[number])
            resume(pbx, call, value.get("stage"))
            return set(numbers)
        resume(pbx, call, value.get("stage"))
        call.media_lost()
        return set()

    def _unfinished(self, pbx: Pbx, value: dict[str, Any]) -> None:
        if "ended" in value:
            pbx.add_record(CallRecord.from_json(value["ended"]), tuple(value["called_user_ids"]))
        elif "setup" in value:
            record = record_of_setup(value)
            if value["setup"] is not None:
                self._wind_up(value["setup"])
            pbx.add_record(record, tuple(value["called_user_ids"]))
            _log.info("a call that was being set up is over", call=record.id, tenant=record.tenant_id)

    def _hang_up(self, legs: set[str]) -> None:
        """Those who hung up in the last moment before we died: their calls end now."""
        for pbx in self._tenants.values():
            for call in pbx.calls.values():
                for leg in call.talking_legs:
                    if leg.id in legs and leg.session is not None:
                        leg.session.left()
                        leg.tell("bye", None)

    def _wind_up(self, value: dict[str, Any], done: Callable[[], None] = lambda: None) -> None:
        host, port = value["address"]
        self._ua.wind_up(value, Target(value["transport"], host, port), done)


async def _delete(endpoints: Iterable[Endpoint]) -> None:
    results: Sequence[Any] = await asyncio.gather(
        *(endpoint.delete() for endpoint in endpoints), return_exceptions=True
    )
    for failure in results:
        if isinstance(failure, BaseException):
            _log.warning("an orphan could not be freed", error=str(failure))
