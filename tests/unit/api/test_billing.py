"""A month's way over the API: prices, count, closing, documents, correction, exports."""

import datetime
import uuid
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import facturx
import httpx
import pytest

from stimme.api.application import create_api
from stimme.licensing.usage import Month

from .world import World

PROVIDER, RESELLER, ADMIN = "root@provider.example", "home@reseller.example", "admin@north.example"
ADDRESS = {"street": "Platz 1", "postcode": "10115", "city": "Berlin"}
MONTH = Month.of(datetime.datetime.now(datetime.UTC))


@pytest.fixture
async def client(world: World) -> AsyncIterator[dict[str, httpx.AsyncClient]]:
    """Clients of three accounts, a day after the month in which the world was made."""
    late = replace(world.services, now=lambda: MONTH.end + datetime.timedelta(days=1))
    # Sessions are judged by the accounts' own clock, which is the real one.
    there = replace(world, services=late, app=create_api(late))
    clients = {login: await there.signed_in(login) for login in (PROVIDER, RESELLER, ADMIN)}
    yield clients
    for one in clients.values():
        await one.aclose()


async def send(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> httpx.Response:
    return await client.request(method, f"/api/v1{path}", json=body)


async def addresses(world: World, client: dict[str, httpx.AsyncClient]) -> None:
    provider = (await send(client[PROVIDER], "GET", "/session")).json()["organisation"]["id"]
    own = {"iban": "DE02120300000000202051", "vat_id": "DE136695976", "email": "r@stimme.example"}
    made = await send(
        client[PROVIDER],
        "PUT",
        f"/organisations/{provider}/billing-address",
        {"name": "Stimme GmbH", **ADDRESS, **own},
    )
    assert made.status_code == 201, made.text
    for name, customer in world.customers.items():
        body = {"name": f"{name.title()} GmbH", **ADDRESS}
        await send(client[PROVIDER], "PUT", f"/organisations/{customer.id}/billing-address", body)


async def test_a_month_from_prices_to_correction(world: World, client: dict[str, httpx.AsyncClient]) -> None:
    provider, reseller, admin = client[PROVIDER], client[RESELLER], client[ADMIN]
    home = (await send(reseller, "GET", "/session")).json()["organisation"]["id"]
    agreed = {
        "kind": "volle",
        "valid_from": MONTH.first_day.isoformat(),
        "amount": "10.00",
        "commission": "0.2",
        "reseller_id": home,
    }
    assert (await send(provider, "PUT", "/prices", agreed)).json()["amount"] == "10.00"
    seen = (await send(reseller, "GET", "/prices")).json()["items"]
    assert {(one["kind"], one["amount"]) for one in seen} >= {("volle", "10.00"), ("base", "24.90")}

    report = (await send(provider, "GET", f"/months/{MONTH}")).json()
    assert (report["closed_at"], {one["billable"] for one in report["usage"]}) == (None, {False})
    closing = f"/months/{MONTH}/closing"
    refused = await send(provider, "PUT", closing)
    assert (refused.status_code, "no billing address" in refused.text) == (409, True)
    await addresses(world, client)
    closed = await send(provider, "PUT", closing)
    assert (closed.status_code, closed.json()["invoices"], closed.json()["net"]) == (201, 3, "125.30")
    again = await send(provider, "PUT", closing)
    assert (again.status_code, again.json()) == (200, closed.json())
    assert (await send(provider, "GET", "/months")).json()["items"] == [closed.json()]
    late = await send(provider, "PUT", "/prices", agreed)
    assert (late.status_code, late.json()["type"]) == (409, "urn:stimme:problem:month-closing")

    (mine,) = (await send(admin, "GET", "/invoices")).json()["items"]
    assert (mine["customer"], mine["net"], mine["gross"]) == ("North GmbH", "40.80", "48.55")
    number = mine["number"]
    pdf = await send(admin, "GET", f"/invoices/{number}/pdf")
    assert (pdf.headers["content-type"], pdf.content[:5]) == ("application/pdf", b"%PDF-")
    _name, inside = facturx.get_xml_from_pdf(pdf.content, check_xsd=True)
    assert inside == (await send(admin, "GET", f"/invoices/{number}/xml")).content
    assert number in pdf.headers["content-disposition"]

    note = f"/invoices/{number}/credit-notes/{uuid.uuid4()}"
    body = {"reason": "Irrtum", "quantities": {"volle": 1}}
    first = await send(provider, "PUT", note, body)
    assert (first.status_code, first.json()["net"]) == (201, "10.00")
    assert (await send(provider, "PUT", note, body)).json() == first.json()
    more = await send(provider, "PUT", f"/invoices/{number}/credit-notes/{uuid.uuid4()}", body)
    assert (more.status_code, more.json()["type"]) == (409, "urn:stimme:problem:invoice")

    summary = (await send(reseller, "GET", f"/months/{MONTH}/summary")).json()["items"]
    assert [(one["reseller"], one["net"], one["commission"]) for one in summary] == [
        ("Home", "71.60", "2.00")
    ]
    everybody = (await send(provider, "GET", f"/months/{MONTH}/summary")).json()["items"]
    assert {one["reseller"] for one in everybody} == {"Home", "Away"}
    rows = (await send(reseller, "GET", f"/months/{MONTH}/invoices.csv")).text.splitlines()
    assert len(rows) == 1 + 2 * 3 + 1
    batch = await send(provider, "GET", f"/months/{MONTH}/datev.csv?consultant=12345&client=7")
    assert batch.headers["content-type"] == "text/csv; charset=windows-1252"
    assert batch.content.decode("cp1252").splitlines()[0].split(";")[10:12] == ["12345", "7"]


async def test_lists_of_invoices_continue(world: World, client: dict[str, httpx.AsyncClient]) -> None:
    await addresses(world, client)
    await send(client[PROVIDER], "PUT", f"/months/{MONTH}/closing")
    numbers: list[str] = []
    before = ""
    while True:
        page = (await send(client[PROVIDER], "GET", f"/invoices?limit=2{before}")).json()
        numbers += [one["number"] for one in page["items"]]
        if page["next"] is None:
            break
        before = f"&before={page['next']}"
    assert len(numbers) == len(set(numbers)) == 3
    assert numbers == sorted(numbers, reverse=True)
