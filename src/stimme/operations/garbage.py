"""When the collector of cycles looks at the memory: often at what is new, at night at everything.

Policy: a call makes no cycles, it goes when nobody holds it any more. Left to itself, CPython 3.11 counts
what is made less what has gone: under steady load that hardly grows, so a collection is rare and then looks
at every transaction of the last half minute at once, for longer than the T1 of RFC 3261 (0.5 s): peers send
again. Twice a second it is a few milliseconds. What outlives its first collection is looked at again once a
day, when nobody calls.
"""

import asyncio
import datetime
import gc

_INTERVAL_SECONDS = 0.5
_MOST_NEW = 50_000
_NEVER = 1 << 30


def settle_memory() -> None:
    """Take everything that is loaded now for permanent, and collect by the policy of this module only."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_MOST_NEW, _NEVER, _NEVER)


async def collect_young(interval: float = _INTERVAL_SECONDS) -> None:
    """Look at what is new every `interval` seconds, until cancelled."""
    while True:
        await asyncio.sleep(interval)
        gc.collect(0)


async def collect_everything(_now: datetime.datetime) -> None:
    """Look at all that came since the start; the node stands still meanwhile, up to a second."""
    gc.collect()
