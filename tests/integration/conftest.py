"""One demo system for all tests of this folder; a test that breaks parts of it gets one of its own."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.peers.system import Demo, running_demo
from tests.ports import free_base_port

_HERE = Path(__file__).parent
_ALONE = ("test_survival", "test_attacks", "test_media_", "test_demo")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything here needs real peers, and some of it the processors for itself."""
    for item in items:
        if item.path.is_relative_to(_HERE):
            item.add_marker(pytest.mark.integration)
            if item.path.name.startswith(_ALONE):
                item.add_marker(pytest.mark.alone)


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
