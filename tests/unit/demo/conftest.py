"""A base port for one test."""

import pytest
from tests.ports import free_base_port


@pytest.fixture
def free_base() -> int:
    """A base whose ports are free right now."""
    return free_base_port()
