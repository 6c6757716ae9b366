"""Every port of the demo system, counted from one base port.

Policy: the same base gives the same ports each time, all within ``SPAN``, so that two systems whose bases
are that far apart never meet. Ports somebody else holds are named before anything starts; media ports are
not looked at, because who uses them passes over those that are taken.
"""

import errno
import socket
from dataclasses import dataclass
from typing import Self

from stimme.demo.network import NetworkPorts

HOST = "127.0.0.1"
SPAN = 2000
_LOWEST = 1024
_HIGHEST = 65535
_NETWORK = 10
_NETWORK_MEDIA = 100
_ENGINE_MEDIA = 600


class PortError(Exception):
    """The base port cannot be used."""


@dataclass(frozen=True, slots=True)
class Socket:
    """A port that one part of the system listens on at ``HOST``."""

    part: str
    transport: str
    port: int


@dataclass(frozen=True, slots=True)
class DemoPorts:
    """The table of ports. ``media`` is the engine's range, first and last port included."""

    web: int
    sip: int
    sip_tls: int
    metrics: int
    engine_metrics: int
    network: NetworkPorts
    media: tuple[int, int]

    @classmethod
    def counted_from(cls, base: int) -> Self:
        """Lay the ports out.

        Args:
            base: The lowest port.

        Raises:
            PortError: When there is no room for ``SPAN`` unprivileged ports from ``base``.
        """
        if not _LOWEST <= base <= _HIGHEST + 1 - SPAN:
            highest = _HIGHEST + 1 - SPAN
            raise PortError(f"the base port {base} is not usable; choose one from {_LOWEST} to {highest}")
        first = base + _NETWORK
        return cls(
            web=base,
            sip=base + 1,
            sip_tls=base + 2,
            metrics=base + 3,
            engine_metrics=base + 4,
            # Two for each subscriber: baresip listens for TLS one above its port.
            network=NetworkPorts(
                exchange=first,
                echo=first + 2,
                speech=first + 4,
                no_answer=first + 6,
                emergency=first + 8,
                media=base + _NETWORK_MEDIA,
            ),
            media=(base + _ENGINE_MEDIA, base + SPAN - 1),
        )

    def listeners(self) -> list[Socket]:
        """Every socket that has to be free at the start."""
        network = self.network
        subscribers = {
            "the echo number": network.echo,
            "the speech number": network.speech,
            "the number that nobody answers": network.no_answer,
            "the control centre": network.emergency,
        }
        return [
            Socket("the web client", "tcp", self.web),
            Socket("SIP", "udp", self.sip),
            Socket("SIP", "tcp", self.sip),
            Socket("SIP over TLS", "tcp", self.sip_tls),
            Socket("metrics", "tcp", self.metrics),
            Socket("the engine's metrics", "tcp", self.engine_metrics),
            Socket("the simulated exchange", "udp", network.exchange),
            *(Socket(name, kind, port) for name, port in subscribers.items() for kind in ("udp", "tcp")),
            *(Socket(name, "tcp", port + 1) for name, port in subscribers.items()),
        ]

    def require_free(self) -> None:
        """Look at every listener's port.

        Raises:
            PortError: Naming the first port that somebody holds.
        """
        for each in self.listeners():
            if not _is_free(each):
                raise PortError(
                    f"port {each.port}/{each.transport}, needed for {each.part}, is taken; "
                    "end what holds it or choose another --base-port"
                )

    def silent(self) -> Socket | None:
        """The first socket that nobody has opened yet, None once all parts are there."""
        return next((each for each in self.listeners() if _is_free(each)), None)


def _is_free(wanted: Socket) -> bool:
    kind = socket.SOCK_DGRAM if wanted.transport == "udp" else socket.SOCK_STREAM
    with socket.socket(socket.AF_INET, kind) as probe:
        if kind == socket.SOCK_STREAM:
            # Connections of an ended system that still wait out their time do not count.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, wanted.port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                return False
            raise PortError(f"port {wanted.port} cannot be used: {error.strerror}") from error
    return True
