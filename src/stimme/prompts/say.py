"""A thing to be said: a prompt of the catalogue and the values in it."""

import datetime
from collections.abc import Mapping
from dataclasses import dataclass, field

Value = int | str | datetime.time | datetime.date


@dataclass(frozen=True, slots=True)
class Say:
    """One prompt by its id, with the values that its text asks for."""

    prompt: str
    values: Mapping[str, Value] = field(default_factory=dict)
