"""Groups, queues, menus, the attendant, calendars, barring … of customers: one resource with a kind.

Policy: as for everything that administrators set up: ids are UUIDs that the client chooses, a repeated PUT
changes nothing, versions are ETags, and a change is taken over by the telephone system at once.
"""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends, Response

from stimme.api import resources
from stimme.api.authentication import Authentication, Caller
from stimme.api.conditions import expectation, tag
from stimme.api.ports import Telephony
from stimme.pbx.features.codes import FEATURES
from stimme.store.changes import Expectation
from stimme.store.service_configuration import ServiceConfiguration
from stimme.store.service_models import Service

_Expected = Annotated[Expectation, Depends(expectation)]


def service_routes(
    authentication: Authentication, configuration: ServiceConfiguration, telephony: Telephony
) -> APIRouter:
    """Build the routes for the roles customer, reseller and provider."""
    router = APIRouter(tags=["configuration"])

    admin = authentication.at_least("customer")

    @router.get("/services")
    async def services(
        caller: Annotated[Caller, admin],
        customer_id: str | None = None,
        kind: resources.ServiceKind | None = None,
    ) -> resources.ServiceList:
        """List services by customer, kind and extension."""
        rows = await configuration.list(caller.person.scope, customer_id=customer_id, kind=kind)
        return resources.ServiceList(items=[_view(row) for row in rows])

    @router.get("/services/{service_id}")
    async def service(
        service_id: uuid.UUID, caller: Annotated[Caller, admin], response: Response
    ) -> resources.ServiceItem:
        """Return a service."""
        row = await configuration.find(caller.person.scope, str(service_id))
        tag(response, row.version)
        return _view(row)

    @router.put("/services/{service_id}", responses={201: {"model": resources.ServiceItem}})
    async def put_service(
        service_id: uuid.UUID,
        body: resources.ServiceBody,
        caller: Annotated[Caller, admin],
        response: Response,
        expected: _Expected,
    ) -> resources.ServiceItem:
        """Create or change a service; a mistake in its settings is told with its field."""
        put = await configuration.put(
            caller.authority,
            str(service_id),
            customer_id=body.customer_id,
            kind=body.kind,
            settings=body.settings,
            expected=expected,
        )
        if put.changed:
            await telephony.reload(put.row.customer_id)
        tag(response, put.row.version, created=put.created)
        return _view(put.row)

    @router.delete("/services/{service_id}", status_code=204)
    async def delete_service(
        service_id: uuid.UUID, caller: Annotated[Caller, admin], expected: _Expected
    ) -> None:
        """Delete a service that no other one needs."""
        row = await configuration.delete(caller.authority, str(service_id), expected)
        await telephony.reload(row.customer_id)

    @router.get("/feature-codes")
    async def feature_codes(
        caller: Annotated[Caller, Depends(authentication.caller)],
    ) -> resources.FeatureCodeList:
        """List what can be dialled for what, with the codes of a customer that has changed none."""
        return resources.FeatureCodeList(
            items=[
                resources.FeatureCodeItem(
                    id=feature.id,
                    codes=list(feature.codes),
                    name={"de": feature.german, "en": feature.english},
                )
                for feature in FEATURES
            ]
        )

    return router


def _view(row: Service) -> resources.ServiceItem:
    return resources.ServiceItem.model_validate(
        {
            "id": row.id,
            "customer_id": row.customer_id,
            "kind": row.kind,
            "extension": row.extension,
            "settings": row.value,
            "version": row.version,
        }
    )
