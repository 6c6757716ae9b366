"""Runs the scenarios of `scenarios/*.yaml`, each against a running system."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.integration.scenarios.desks import LANGUAGE
from tests.integration.scenarios.people import Stage
from tests.integration.scenarios.script import Scenario, read_scenarios
from tests.peers.system import Demo, running_demo
from tests.ports import free_base_port

SCENARIOS = read_scenarios(Path(__file__).parent / "scenarios", LANGUAGE)


def _marks(scenario: Scenario) -> list[pytest.MarkDecorator]:
    marks = [pytest.mark.feature(*scenario.rows)]
    if scenario.slow or scenario.own_system:  # starting a system takes longer than most scenarios
        marks.append(pytest.mark.slow)
    if scenario.interop is not None:
        client, feature = scenario.interop
        marks.append(pytest.mark.interop(client=client, feature=feature))
    return marks


def _parameters() -> list[object]:
    return [pytest.param(each, id=f"{each.file}: {each.name}", marks=_marks(each)) for each in SCENARIOS]


@pytest.fixture
def system(scenario: Scenario, request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Demo]:
    """The system that all scenarios share, or one of its own."""
    if scenario.own_system:
        with running_demo(tmp_path / "demo", free_base_port()) as own:
            yield own
    else:
        yield request.getfixturevalue("demo")


@pytest.fixture
async def stage(scenario: Scenario, system: Demo, tmp_path: Path) -> AsyncIterator[Stage]:
    """Everybody of the scenario is there, with a telephone."""
    async with Stage(system, tmp_path) as made:
        for person in scenario.people:
            await made.enter(*person.split())
        yield made


@pytest.mark.parametrize("scenario", _parameters())
async def test_scenario(scenario: Scenario, stage: Stage) -> None:
    """Every sentence comes true, in order."""
    try:
        for sentence in scenario.steps:
            await LANGUAGE.say(stage, sentence)
    finally:
        for sentence in scenario.afterwards:
            await LANGUAGE.say(stage, sentence)
