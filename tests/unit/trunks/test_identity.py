"""Who is calling, towards the provider and from it (RFC 3325)."""

import pytest
from tests.unit.pbx.world import HEAD, muster

from stimme.pbx.model import NumberBlock, TrunkConfig
from stimme.pbx.records import Party
from stimme.sip.message import Headers, Request
from stimme.sip.uri import SipUri, parse_uri
from stimme.trunks.identity import caller_of, dialled_number, outgoing_headers, outgoing_number

TENANT = muster()
BERLIN, MUNICH = TENANT.trunks["berlin"], TENANT.trunks["munich"]


def invite(
    uri: str = "sip:B1@192.0.2.1",
    from_: str = "<sip:anonymous@anonymous.invalid>;tag=1",
    to: str = "<sip:+493023125012@sip.provider.example>",
    *identities: str,
) -> Request:
    """A call as the provider delivers it."""
    headers = Headers([("From", from_), ("To", to)])
    for identity in identities:
        headers.add("P-Asserted-Identity", identity)
    return Request("INVITE", parse_uri(uri), headers)


@pytest.mark.parametrize(
    ("user", "trunk", "number"),
    [("u12", BERLIN, f"{HEAD}12"), ("u19", MUNICH, "+498912345670"), ("u19", BERLIN, f"{HEAD}19")],
)
def test_the_network_number_belongs_to_the_trunk(user: str, trunk: TrunkConfig, number: str) -> None:
    assert outgoing_number(TENANT, TENANT.users[user], trunk) == number


def test_an_extension_longer_than_the_block_sends_the_head_number() -> None:
    tenant = muster()
    tenant.numbers = [NumberBlock("berlin", HEAD, 1)]
    assert outgoing_number(tenant, tenant.users["u12"], BERLIN) == HEAD


def test_a_trunk_without_numbers_sends_what_the_provider_knows() -> None:
    tenant = muster()
    tenant.numbers = []
    assert outgoing_number(tenant, tenant.users["u12"], BERLIN) == "B1"


def test_all_identity_headers_name_the_network_number() -> None:
    from_, headers = outgoing_headers(f"{HEAD}12", BERLIN)
    assert from_.uri == SipUri("sip.provider.example", f"{HEAD}12")
    assert dict(headers) == {
        "P-Preferred-Identity": f"<sip:{HEAD}12@sip.provider.example>",
        "P-Asserted-Identity": f"<sip:{HEAD}12@sip.provider.example>",
    }


@pytest.mark.parametrize(
    ("from_", "identities", "caller"),
    [
        ("<sip:+4930901820@p.example>;tag=1", (), Party("+4930901820")),
        ("<sip:030901820@p.example>;tag=1", (), Party("+4930901820")),
        ('"Ada" <sip:+4930901820@p.example>;tag=1', (), Party("+4930901820", "Ada")),
        ('"030901820" <sip:030901820@p.example>;tag=1', (), Party("+4930901820")),
        (
            "<sip:anonymous@anonymous.invalid>;tag=1",
            ("<sip:+4930901820@p.example>", "<tel:+4930901820>"),
            Party("+4930901820"),
        ),
        ("<sip:1@p.example>;tag=1", ("<tel:+44-20-7946-0958>",), Party("+442079460958")),
        ("<sip:anonymous@anonymous.invalid>;tag=1", (), Party("anonymous")),
        ("<sip:+4930901820@p.example>;tag=1", ("nonsense <",), Party("+4930901820")),
        ("<sip:12@p.example>;tag=1", (), Party("12")),
    ],
)
def test_who_calls_from_outside(from_: str, identities: tuple[str, ...], caller: Party) -> None:
    request = invite("sip:B1@192.0.2.1", from_, "<sip:+493023125012@p.example>", *identities)
    assert caller_of(request) == caller


@pytest.mark.parametrize(
    ("uri", "to", "number"),
    [
        (f"sip:{HEAD}12@192.0.2.1", "<sip:x@p.example>", f"{HEAD}12"),
        ("sip:03023125012@192.0.2.1", "<sip:x@p.example>", f"{HEAD}12"),
        ("sip:B1@192.0.2.1", f"<sip:{HEAD}12@p.example>", f"{HEAD}12"),
        (f"tel:{HEAD}12", "<sip:x@p.example>", f"{HEAD}12"),
        ("sip:+4940123456@192.0.2.1", "<sip:+4940123456@p.example>", "+4940123456"),
        ("sip:B1@192.0.2.1", "<sip:p.example>", "B1"),
    ],
)
def test_which_number_was_dialled_outside(uri: str, to: str, number: str) -> None:
    assert dialled_number(invite(uri, to=to), TENANT, BERLIN) == number


@pytest.mark.parametrize(
    ("called", "number"),
    [
        (f"<sip:{HEAD}12@p.example>", f"{HEAD}12"),
        ("<tel:+49-30-231250-12>", f"{HEAD}12"),
        (f"<sip:{HEAD}12@p.example>, <sip:{HEAD}13@p.example>", f"{HEAD}12"),
        ("<sip:ada@p.example>", f"{HEAD}19"),
        ("nonsense <", f"{HEAD}19"),
    ],
)
def test_the_number_that_the_providers_proxy_replaced(called: str, number: str) -> None:
    """RFC 3455 §4.2: our account is the head number itself, and To is what the caller's address book says."""
    request = invite("sip:B1@192.0.2.1", to=f"<sip:{HEAD}19@p.example>")
    request.headers.add("P-Called-Party-ID", called)
    assert dialled_number(request, TENANT, BERLIN) == number
