"""Music for everybody who waits: one source a stream in the engine, which all of them hear together.

Policy: a stream is opened in each engine once, and again when its file has changed; who hears the old one
hears it on. A stream that a customer does not have is the customer's music on hold, and without that ours.
"""

import asyncio
from dataclasses import dataclass
from pathlib import Path

from stimme.media import EngineError, SharedSource, WavFile
from stimme.media.types import Source
from stimme.pbx.ports import Sounds
from stimme.pbx.switch import Switch

HOLD = "hold"


@dataclass(frozen=True, slots=True)
class _Stream:
    """A source, and what it was made of."""

    made_of: tuple[str, Path, int]
    source: SharedSource


class HoldMusic:
    """The streams of one customer."""

    def __init__(self, tenant_id: str, switch: Switch, sounds: Sounds) -> None:
        self._tenant_id = tenant_id
        self._switch = switch
        self._sounds = sounds
        self._streams: dict[str, _Stream] = {}
        self._opening = asyncio.Lock()

    async def source(self, name: str = HOLD) -> Source:
        """A stream by its name. Raises EngineError."""
        made_of = self._made_of(name)
        known = self._streams.get(name)
        if known is not None and known.made_of == made_of:
            return known.source
        async with self._opening:
            known = self._streams.get(name)
            if known is None or known.made_of != made_of:
                file, tag = WavFile(made_of[1]), f"music {name} of {self._tenant_id}"
                known = _Stream(made_of, await self._switch.source(file, tag))
                self._streams[name] = known
        return known.source

    def _made_of(self, name: str) -> tuple[str, Path, int]:
        path = self._sounds.music(self._tenant_id, name)
        try:
            changed = path.stat().st_mtime_ns
        except OSError as error:
            raise EngineError("bad-request", f"the music is not there: {error}") from error
        return self._switch.instance, path, changed
