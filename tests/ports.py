"""Free base ports for demo systems under test."""

import random

import pytest

from stimme.demo.ports import SPAN, DemoPorts, PortError


def free_base_port() -> int:
    """A base whose ports are free right now, below those the system gives to clients."""
    bases = list(range(10000, 32768 - SPAN, SPAN))
    random.shuffle(bases)
    for base in bases:
        try:
            DemoPorts.counted_from(base).require_free()
        except PortError:
            continue
        return base
    pytest.fail("no free range of ports")
