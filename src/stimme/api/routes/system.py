"""Health of the node, for load balancers and people; needs no sign-in and tells no secrets."""

from collections.abc import Mapping
from typing import Annotated

from fastapi import APIRouter, Depends, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from stimme.api import schemas
from stimme.api.authentication import Authentication, Caller
from stimme.api.ports import Telephony
from stimme.store.database import Database


def system_routes(
    database: Database, telephony: Telephony, authentication: Authentication, sip_ports: Mapping[str, int]
) -> APIRouter:
    """Build the routes of the node's health, and of where telephones register."""
    router = APIRouter(tags=["system"])
    signed_in = Depends(authentication.caller)

    @router.get("/sip-access")
    async def sip_access(caller: Annotated[Caller, signed_in]) -> schemas.SipAccess:
        """Tell the ports that telephones register at, by transport; the host is that of this address."""
        return schemas.SipAccess(ports=dict(sip_ports))

    @router.get("/health", responses={503: {"model": schemas.HealthReport}})
    async def health(response: Response) -> schemas.HealthReport:
        """Tell whether the node can carry calls: 200 when it can, 503 when not."""
        try:
            async with database.engine.connect() as connection:
                await connection.execute(text("SELECT 1"))
            store_up = True
        except SQLAlchemyError:
            store_up = False
        total, registered = telephony.trunk_counts()
        working = store_up and telephony.engine_up
        if not working:
            response.status_code = 503
        return schemas.HealthReport(
            status="down" if not working else "ok" if total == registered else "degraded",
            store="ok" if store_up else "down",
            engine="ok" if telephony.engine_up else "down",
            trunks=schemas.TrunkCount(total=total, registered=registered),
        )

    return router
