"""The table of ports."""

import socket

import pytest

from stimme.demo.ports import HOST, SPAN, DemoPorts, PortError

BASES = (20000, 22000)


def _all(ports: DemoPorts) -> list[tuple[str, int]]:
    fixed = [(each.transport, each.port) for each in ports.listeners()]
    network_media = [("udp", port) for port in range(ports.network.media, ports.network.media + 500)]
    engine_media = [("udp", port) for port in range(ports.media[0], ports.media[1] + 1)]
    return fixed + network_media + engine_media


def test_no_port_is_given_twice() -> None:
    ports = _all(DemoPorts.counted_from(BASES[0]))
    assert len(set(ports)) == len(ports)


def test_two_systems_that_are_a_span_apart_share_nothing() -> None:
    first, second = (set(_all(DemoPorts.counted_from(base))) for base in BASES)
    assert not first & second
    assert all(BASES[0] <= port < BASES[0] + SPAN for _, port in first)


def test_the_engine_has_at_least_four_hundred_ports() -> None:
    first, last = DemoPorts.counted_from(BASES[0]).media
    assert last - first + 1 >= 400


@pytest.mark.parametrize("base", [0, 80, 63537, 70000])
def test_a_base_without_room_is_refused(base: int) -> None:
    with pytest.raises(PortError, match="from 1024 to 63536"):
        DemoPorts.counted_from(base)


def test_the_highest_base_fits() -> None:
    assert DemoPorts.counted_from(63536).media[1] == 65535


@pytest.mark.parametrize("kind", [socket.SOCK_STREAM, socket.SOCK_DGRAM])
def test_a_taken_port_is_named(kind: socket.SocketKind, free_base: int) -> None:
    with socket.socket(socket.AF_INET, kind) as holder:
        holder.bind((HOST, free_base + 1))
        if kind == socket.SOCK_STREAM:
            holder.listen()
        with pytest.raises(PortError, match=rf"port {free_base + 1}/.* SIP, is taken"):
            DemoPorts.counted_from(free_base).require_free()


def test_free_ports_are_accepted(free_base: int) -> None:
    DemoPorts.counted_from(free_base).require_free()
