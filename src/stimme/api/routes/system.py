"""Health of the node, for load balancers and people; needs no sign-in and tells no secrets."""

from fastapi import APIRouter, Response
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from stimme.api import schemas
from stimme.api.ports import Telephony
from stimme.store.database import Database


def system_routes(database: Database, telephony: Telephony) -> APIRouter:
    """Build the routes of the node's health."""
    router = APIRouter(tags=["system"])

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
