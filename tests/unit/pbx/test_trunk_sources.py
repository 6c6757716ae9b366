"""Several trunks at one provider: which of them a call has come by."""

from dataclasses import dataclass, field, replace
from types import SimpleNamespace
from typing import Any

import pytest
from tests.unit.pbx.world import muster

from stimme.pbx.model import NumberBlock, Tenant, TrunkConfig
from stimme.pbx.trunk_sources import TrunkSources
from stimme.sip.message import Headers, Request
from stimme.sip.uri import SipUri

PROVIDER = ("203.0.113.9", 5060)


@dataclass(slots=True)
class House:
    """What `TrunkSources` looks at of a tenant's actor."""

    tenant: Tenant
    ways: Any = field(default_factory=lambda: SimpleNamespace(providers={}, registrations={}))


def invite(user: str, line: str | None = None) -> Request:
    uri = SipUri("192.0.2.1", user)
    headers = Headers([("From", "<sip:+49301@p.example>;tag=1"), ("To", f"<sip:{user}@p.example>")])
    return Request("INVITE", uri.with_params(line=line) if line else uri, headers)


def house(tenant_id: str, head: str, *, word: str = "") -> House:
    trunk = TrunkConfig(tenant_id, "T", "register", *PROVIDER, username="account")
    tenant = replace(
        muster(), id=tenant_id, trunks={tenant_id: trunk}, numbers=[NumberBlock(tenant_id, head, 2)]
    )
    made = House(tenant)
    if word:
        made.ways.registrations[tenant_id] = SimpleNamespace(word=word)
    return made


def known(*houses: House) -> TrunkSources:
    sources = TrunkSources()
    for each in houses:
        assert sources.learn(each) == {PROVIDER[0]}  # type: ignore[arg-type]
    return sources


def test_an_address_that_is_no_providers() -> None:
    assert known(house("a", "+4930111")).find(("203.0.113.9", 5061), invite("+493011110")) is None


@pytest.mark.parametrize(("number", "expected"), [("+493011110", "a"), ("+493022210", "b")])
def test_two_customers_at_one_provider_are_told_apart_by_the_number(number: str, expected: str) -> None:
    found = known(house("a", "+4930111"), house("b", "+4930222")).find(PROVIDER, invite(number))
    assert found is not None
    assert found[1].id == expected


def test_the_contact_that_we_registered_decides_before_the_number() -> None:
    sources = known(house("a", "+4930111", word="w-a"), house("b", "+4930222", word="w-b"))
    found = sources.find(PROVIDER, invite("account", line="w-b"))
    assert found is not None
    assert found[1].id == "b"


def test_a_number_that_nobody_has_is_refused_by_the_first() -> None:
    found = known(house("a", "+4930111"), house("b", "+4930222")).find(PROVIDER, invite("+493033310"))
    assert found is not None
    assert found[1].id == "a"


def test_a_customer_that_is_gone_gets_no_call() -> None:
    one, other = house("a", "+4930111"), house("b", "+4930222")
    sources = known(one, other)
    sources.forget(one)  # type: ignore[arg-type]
    found = sources.find(PROVIDER, invite("+493011110"))
    assert found is not None
    assert found[1].id == "b"
    sources.forget(other)  # type: ignore[arg-type]
    assert sources.find(PROVIDER, invite("+493011110")) is None
