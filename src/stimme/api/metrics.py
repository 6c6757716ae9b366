"""Figures for Prometheus, on a listener of their own without TLS for the inside network."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from prometheus_client import CollectorRegistry, Gauge, make_asgi_app
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from starlette.types import ASGIApp

_LAG_INTERVAL_SECONDS = 0.5


@dataclass(frozen=True, slots=True)
class NodeFigures:
    """The node's counts at one moment; ``*_total`` only ever grow."""

    calls: int
    calls_total: dict[str, int]
    """Finished calls by result."""
    registrations: int
    trunks_total: int
    trunks_registered: int
    engine_up: bool
    sip_messages_total: dict[tuple[str, str], int]
    """SIP messages by direction (``in``, ``out``) and kind (method or status class)."""
    attacks_total: dict[str, int] = field(default_factory=dict)
    """What was refused because its source sends too much, guesses, or keeps connections open, by kind."""


class _NodeCollector(Collector):
    """Reads the node when Prometheus asks."""

    def __init__(self, read: Callable[[], NodeFigures]) -> None:
        self._read = read

    def collect(self) -> Iterator[Metric]:
        figures = self._read()
        yield GaugeMetricFamily("stimme_calls", "Calls going on.", value=figures.calls)
        finished = CounterMetricFamily("stimme_calls_finished", "Finished calls.", labels=["result"])
        for result, count in figures.calls_total.items():
            finished.add_metric([result], count)
        yield finished
        yield GaugeMetricFamily("stimme_registrations", "Registered devices.", value=figures.registrations)
        yield GaugeMetricFamily("stimme_trunks", "Trunks.", value=figures.trunks_total)
        yield GaugeMetricFamily(
            "stimme_trunks_registered", "Trunks that can carry calls.", value=figures.trunks_registered
        )
        yield GaugeMetricFamily("stimme_engine_up", "1 while the engine answers.", value=figures.engine_up)
        messages = CounterMetricFamily("stimme_sip_messages", "SIP messages.", labels=["direction", "kind"])
        for (direction, kind), count in figures.sip_messages_total.items():
            messages.add_metric([direction, kind], count)
        yield messages
        attacks = CounterMetricFamily("stimme_sip_attacks", "What was refused.", labels=["kind"])
        for kind, count in figures.attacks_total.items():
            attacks.add_metric([kind], count)
        yield attacks


class Metrics:
    """The registry and the ASGI application that shows it."""

    def __init__(self, read: Callable[[], NodeFigures]) -> None:
        registry = CollectorRegistry()
        registry.register(_NodeCollector(read))
        self._lag = Gauge(
            "stimme_event_loop_lag_seconds", "How late the event loop woke a timer.", registry=registry
        )
        self.app: ASGIApp = make_asgi_app(registry)

    async def watch_loop(self) -> None:
        """Measure the event loop's lag until cancelled."""
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + _LAG_INTERVAL_SECONDS
            await asyncio.sleep(_LAG_INTERVAL_SECONDS)
            self._lag.set(max(0.0, loop.time() - due))
