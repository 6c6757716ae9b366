"""SIPS (RFC 5630): who speaks to us by sips: over TLS gets a sips: Contact, and nobody else does."""

import pytest
from tests.unit.sip.agents import Agent, Way, wire

from stimme.sip.checks import wants_sips

TLS = Way("tls")


@pytest.mark.parametrize(
    ("flow", "uri", "fields", "contact"),
    [
        (TLS, "sips", (), "<sips:10@192.0.2.1:5060>"),
        (Way("wss"), "sips", (), "<sips:10@192.0.2.1:5060;transport=ws>"),
        (Way("udp"), "sips", (), "<sip:10@192.0.2.1:5060>"),
        (TLS, "sip", (), "<sip:10@192.0.2.1:5060;transport=tls>"),
        (TLS, "sip", ("Record-Route: <sips:edge.example;lr>",), "<sips:10@192.0.2.1:5060>"),
        (TLS, "sips", ("Record-Route: <sip:edge.example;lr>",), "<sips:10@192.0.2.1:5060>"),
    ],
)
def test_our_contact(flow: Way, uri: str, fields: tuple[str, ...], contact: str) -> None:
    agent = Agent(transport=flow.transport)
    data = wire("INVITE", extra=fields, transport=flow.transport.upper())
    agent.receive(data.replace(b"INVITE sip:", f"INVITE {uri}:".encode()), flow)
    agent.application.sessions[0].ring()
    agent.take()
    assert agent.fresh()[-1].headers.get("Contact") == contact


def test_a_caller_with_a_sips_contact() -> None:
    agent = Agent(transport="tls")
    data = wire("INVITE", transport="TLS").replace(b"Contact: <sip:", b"Contact: <sips:")
    agent.receive(data, TLS)
    assert str(agent.application.sessions[0].contact).startswith("sips:")


@pytest.mark.parametrize("field", ["Record-Route: <nothing", "Contact: <sips:", "Record-Route: <tel:110>"])
def test_what_cannot_be_read_is_not_sips(field: str) -> None:
    agent = Agent(transport="tls")
    agent.receive(wire("SUBSCRIBE", transport="TLS", extra=(field,)), TLS)
    for transaction in agent.application.transactions:
        assert not wants_sips(transaction.request)
