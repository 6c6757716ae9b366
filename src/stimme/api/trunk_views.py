"""What is known of a trunk, as the API shows it: its provider's health, the report of a test."""

from datetime import datetime

from stimme.api.schemas import ProviderHealth, TrunkTestReport
from stimme.trunks.provider import Provider
from stimme.trunks.test_report import Report


def provider_view(provider: Provider, now: float) -> ProviderHealth:
    """Show a provider's health; ``now`` is of the clock that it is kept by."""
    servers = [f"{server.host}:{server.port};transport={server.transport}" for server in provider.ways()]
    return ProviderHealth.model_validate({**provider.health.view(now), "servers": servers})


def trunk_test_view(trunk_id: str, at: datetime, report: Report) -> TrunkTestReport:
    """Show the report of a test."""
    return TrunkTestReport.model_validate(
        {
            "trunk_id": trunk_id,
            "at": at,
            "passed": report.passed,
            "steps": [{"id": step.id, "result": step.result, "words": step.words} for step in report.steps],
            "facts": list(report.facts),
        }
    )
