"""One demo system for all tests of this folder; a test that breaks parts of it gets one of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.peers.system import Demo, running_demo
from tests.ports import free_base_port


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs real peers."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.integration)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """A running demo that tests share: leave it as it was."""
    with running_demo(tmp_path_factory.mktemp("demo"), free_base_port()) as running:
        yield running


@pytest.fixture
def own_demo(tmp_path: Path) -> Iterator[Demo]:
    """A running demo for one test, to break things in."""
    with running_demo(tmp_path / "demo", free_base_port()) as running:
        yield running
