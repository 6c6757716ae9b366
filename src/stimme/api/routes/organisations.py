"""Who sells to whom: resellers, customers, their licences and addresses, the provider's gateways.

Policy: the provider makes resellers, resellers and the provider make customers; each sees its own. Licences
are changed under ``/customers/{id}/licence`` and refused as the licence model says, with a sentence that
names the licence or the limit.
"""

import uuid
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Response

from stimme.api import problems, resources
from stimme.api.authentication import Authentication, Caller
from stimme.api.conditions import expectation, tag
from stimme.api.ports import Telephony
from stimme.api.views import decode_cursor, encode_cursor
from stimme.licensing.packages import LicenceKind
from stimme.store.accounts import utc_now
from stimme.store.changes import Expectation
from stimme.store.customer_models import BillingAddress, CustomerLicence, Gateway
from stimme.store.licences import LicenceRepository, holding_of
from stimme.store.models import Organisation
from stimme.store.organisations import Organisations

_Expected = Annotated[Expectation, Depends(expectation)]
_Limit = Annotated[int, Query(ge=1, le=1000)]
_Query = Annotated[str, Query(max_length=200)]


def organisation_routes(
    authentication: Authentication,
    organisations: Organisations,
    licences: LicenceRepository,
    telephony: Telephony,
) -> APIRouter:
    """Build the routes of the hierarchy."""
    router = APIRouter(tags=["business"])

    provider, seller, admin = (authentication.at_least(role) for role in ("provider", "reseller", "customer"))
    _reseller_routes(router, provider, organisations)
    _customer_routes(router, seller, admin, organisations, telephony)
    _licence_routes(
        router,
        seller,
        admin,
        organisations=organisations,
        licences=licences,
        telephony=telephony,
    )
    _address_routes(router, admin, organisations)
    _gateway_routes(router, provider, admin, organisations)
    return router


def _reseller_routes(router: APIRouter, provider: Any, organisations: Organisations) -> None:
    @router.get("/resellers")
    async def resellers(
        caller: Annotated[Caller, provider],
        query: _Query = "",
        limit: _Limit = 200,
        after: str | None = None,
    ) -> resources.ResellerList:
        """List resellers by name."""
        rows = await organisations.page(
            caller.person.scope,
            "reseller",
            query=query,
            after=decode_cursor(after, "after"),
            limit=limit + 1,
        )
        items = [_reseller_view(row) for row, _licence in rows[:limit]]
        following = encode_cursor(items[-1].name, items[-1].id) if len(rows) > limit else None
        return resources.ResellerList(items=items, next=following)

    @router.get("/resellers/{reseller_id}")
    async def reseller(
        reseller_id: uuid.UUID, caller: Annotated[Caller, provider], response: Response
    ) -> resources.ResellerItem:
        """Return a reseller."""
        row, _licence = await organisations.get(caller.person.scope, "reseller", str(reseller_id))
        tag(response, row.version)
        return _reseller_view(row)

    @router.put("/resellers/{reseller_id}", responses={201: {"model": resources.ResellerItem}})
    async def put_reseller(
        reseller_id: uuid.UUID,
        body: resources.ResellerBody,
        caller: Annotated[Caller, provider],
        response: Response,
        expected: _Expected,
    ) -> resources.ResellerItem:
        """Create or change a reseller."""
        put = await organisations.put_reseller(
            caller.authority, str(reseller_id), body.model_dump(), expected
        )
        tag(response, put.row.version, created=put.created)
        return _reseller_view(put.row)

    @router.delete("/resellers/{reseller_id}", status_code=204)
    async def delete_reseller(
        reseller_id: uuid.UUID, caller: Annotated[Caller, provider], expected: _Expected
    ) -> None:
        """Delete a reseller without customers."""
        await organisations.delete(caller.authority, "reseller", str(reseller_id), expected)


def _customer_routes(
    router: APIRouter, seller: Any, admin: Any, organisations: Organisations, telephony: Telephony
) -> None:
    @router.get("/customers")
    async def customers(
        caller: Annotated[Caller, admin],
        query: _Query = "",
        limit: _Limit = 200,
        after: str | None = None,
    ) -> resources.CustomerList:
        """List customers by name with what they hold."""
        rows = await organisations.page(
            caller.person.scope,
            "customer",
            query=query,
            after=decode_cursor(after, "after"),
            limit=limit + 1,
        )
        items = [_customer_view(row, licence) for row, licence in rows[:limit]]
        following = encode_cursor(items[-1].name, items[-1].id) if len(rows) > limit else None
        return resources.CustomerList(items=items, next=following)

    @router.get("/customers/{customer_id}")
    async def customer(
        customer_id: uuid.UUID, caller: Annotated[Caller, admin], response: Response
    ) -> resources.CustomerItem:
        """Return a customer with what it holds."""
        row, licence = await organisations.get(caller.person.scope, "customer", str(customer_id))
        tag(response, row.version)
        return _customer_view(row, licence)

    @router.put("/customers/{customer_id}", responses={201: {"model": resources.CustomerItem}})
    async def put_customer(
        customer_id: uuid.UUID,
        body: resources.CustomerBody,
        caller: Annotated[Caller, seller],
        response: Response,
        expected: _Expected,
    ) -> resources.CustomerItem:
        """Create a customer, still without a licence, or change one."""
        put = await organisations.put_customer(
            caller.authority,
            str(customer_id),
            body.reseller_id,
            values=body.model_dump(exclude={"reseller_id"}),
            expected=expected,
        )
        if put.changed:
            await telephony.reload(put.row.id)
        row, licence = await organisations.get(caller.person.scope, "customer", put.row.id)
        tag(response, row.version, created=put.created)
        return _customer_view(row, licence)

    @router.delete("/customers/{customer_id}", status_code=204)
    async def delete_customer(
        customer_id: uuid.UUID, caller: Annotated[Caller, seller], expected: _Expected
    ) -> None:
        """Delete a customer whose licence has ended and who was billed for everything."""
        await organisations.delete(caller.authority, "customer", str(customer_id), expected)
        await telephony.reload(str(customer_id))


def _licence_routes(
    router: APIRouter,
    seller: Any,
    admin: Any,
    *,
    organisations: Organisations,
    licences: LicenceRepository,
    telephony: Telephony,
) -> None:
    @router.put("/customers/{customer_id}/licence")
    async def set_licence(
        customer_id: uuid.UUID, body: resources.LicenceBody, caller: Annotated[Caller, seller]
    ) -> resources.CustomerItem:
        """Assign, exchange, convert or end the base licence."""
        await organisations.set_base(
            caller.authority,
            str(customer_id),
            None if body.base is None else LicenceKind(body.base),
            gateway_id=body.gateway_id,
            site_id=body.site_id,
        )
        await telephony.reload(str(customer_id))
        return _customer_view(*await organisations.get(caller.person.scope, "customer", str(customer_id)))

    @router.get("/customers/{customer_id}/licence-events")
    async def licence_events(
        customer_id: uuid.UUID,
        caller: Annotated[Caller, admin],
        limit: _Limit = 200,
        before: int | None = None,
    ) -> resources.LicenceEventList:
        """List what was provided since when, newest first."""
        await organisations.get(caller.person.scope, "customer", str(customer_id))
        rows = await licences.events(caller.person.scope, str(customer_id), before=before, limit=limit + 1)
        items = [resources.LicenceEventItem.model_validate(row, from_attributes=True) for row in rows[:limit]]
        following = str(items[-1].id) if len(rows) > limit else None
        return resources.LicenceEventList(items=items, next=following)


def _address_routes(router: APIRouter, admin: Any, organisations: Organisations) -> None:
    @router.get("/organisations/{organisation_id}/billing-address")
    async def address(
        organisation_id: uuid.UUID, caller: Annotated[Caller, admin], response: Response
    ) -> resources.AddressItem:
        """Return a billing address."""
        row = await organisations.address(caller.person.scope, str(organisation_id))
        if row is None:
            raise problems.not_found("There is no billing address yet.")
        tag(response, row.version)
        return _address_view(row)

    @router.put(
        "/organisations/{organisation_id}/billing-address", responses={201: {"model": resources.AddressItem}}
    )
    async def put_address(
        organisation_id: uuid.UUID,
        body: resources.AddressBody,
        caller: Annotated[Caller, admin],
        response: Response,
        expected: _Expected,
    ) -> resources.AddressItem:
        """Set who is billed; the provider's own is who bills."""
        put = await organisations.put_address(
            caller.authority, str(organisation_id), body.model_dump(), expected
        )
        tag(response, put.row.version, created=put.created)
        return _address_view(put.row)


def _gateway_routes(router: APIRouter, provider: Any, admin: Any, organisations: Organisations) -> None:
    @router.get("/gateways")
    async def gateways(caller: Annotated[Caller, admin]) -> resources.GatewayList:
        """List gateways: the provider's all, others' rented ones."""
        rows = await organisations.gateways(caller.person.scope)
        return resources.GatewayList(items=[_gateway_view(row) for row in rows])

    @router.put("/gateways/{gateway_id}", responses={201: {"model": resources.GatewayItem}})
    async def put_gateway(
        gateway_id: uuid.UUID,
        body: resources.GatewayBody,
        caller: Annotated[Caller, provider],
        response: Response,
        expected: _Expected,
    ) -> resources.GatewayItem:
        """Take a gateway into stock, or correct it."""
        put = await organisations.put_gateway(caller.authority, str(gateway_id), body.model_dump(), expected)
        tag(response, put.row.version, created=put.created)
        return _gateway_view(put.row)

    @router.delete("/gateways/{gateway_id}", status_code=204)
    async def delete_gateway(
        gateway_id: uuid.UUID, caller: Annotated[Caller, provider], expected: _Expected
    ) -> None:
        """Take a gateway out of stock."""
        await organisations.delete_gateway(caller.authority, str(gateway_id), expected)


def _reseller_view(row: Organisation) -> resources.ResellerItem:
    return resources.ResellerItem.model_validate(row, from_attributes=True)


def _customer_view(row: Organisation, licence: CustomerLicence | None) -> resources.CustomerItem:
    if licence is None:
        raise problems.not_found("There is no such customer.")
    held = holding_of(licence)
    return resources.CustomerItem.model_validate(
        {
            "id": row.id,
            "number": licence.number,
            "name": row.name,
            "domain": row.domain,
            "language": row.language,
            "parent_id": row.parent_id,
            "base": licence.base,
            "standing": held.standing(utc_now()).value,
            "demo_ends": held.demo_ends,
            "licences": {kind.value: count for kind, count in held.licences().items()},
            "created_at": row.created_at,
            "version": row.version,
        }
    )


def _address_view(row: BillingAddress) -> resources.AddressItem:
    return resources.AddressItem.model_validate(row, from_attributes=True)


def _gateway_view(row: Gateway) -> resources.GatewayItem:
    return resources.GatewayItem.model_validate(row, from_attributes=True)
