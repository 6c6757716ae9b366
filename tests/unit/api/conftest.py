"""The fixture that most tests here start from."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from .world import World, build_world


@pytest.fixture
async def world(tmp_path: Path) -> AsyncIterator[World]:
    async for built in build_world(tmp_path):
        yield built
