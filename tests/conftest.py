"""For every test: a slow machine is no failure of a property, and what shows a feature is noted."""

import os

import pytest
from hypothesis import settings
from tests.feature_results import Collector, note_rows
from tests.interop_results import Interop, note_clients

settings.register_profile("stimme", deadline=None)
settings.load_profile("stimme")


def pytest_configure(config: pytest.Config) -> None:
    """Only the process that has all reports keeps results."""
    if "PYTEST_XDIST_WORKER" not in os.environ:
        config.pluginmanager.register(Collector(), "feature-results")
        config.pluginmanager.register(Interop(), "interop-results")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Rows of the feature table go with their tests."""
    for item in items:
        note_rows(item)
        note_clients(item)
