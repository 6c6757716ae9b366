"""How a trunk is, and "test this trunk": calls to oneself over it, each step told in words.

Policy: who may set a trunk up may test it. The test is answered when it is over, after ten seconds and more;
a second one meanwhile is refused (409). What it found last is part of the trunk's health.
"""

import uuid
from typing import Annotated

from fastapi import APIRouter

from stimme.api import problems, schemas
from stimme.api.authentication import Authentication, Caller
from stimme.api.ports import Telephony, TrunkTestRefusedError
from stimme.sentences import sentence_of
from stimme.store.models import Trunk
from stimme.store.telephony_configuration import TelephonyConfiguration


def trunk_test_routes(
    authentication: Authentication, configuration: TelephonyConfiguration, telephony: Telephony
) -> APIRouter:
    """Build the routes for the roles customer, reseller and provider."""
    router = APIRouter(tags=["configuration"])

    admin = authentication.at_least("customer")

    @router.get("/trunks/{trunk_id}/health")
    async def health(trunk_id: uuid.UUID, caller: Annotated[Caller, admin]) -> schemas.TrunkHealth:
        """Tell how a trunk and its provider are, and what its last test has found."""
        row = await configuration.find(caller.person.scope, Trunk, str(trunk_id))
        return telephony.trunk_health(row.customer_id, row.id)

    @router.post("/trunks/{trunk_id}/test")
    async def test(trunk_id: uuid.UUID, caller: Annotated[Caller, admin]) -> schemas.TrunkTestReport:
        """Call oneself over a trunk: both ends, speech, keys, numbers shown and hidden, busy, unknown."""
        row = await configuration.find(caller.person.scope, Trunk, str(trunk_id))
        try:
            return await telephony.test_trunk(row.customer_id, row.id, caller.person.account.language)
        except TrunkTestRefusedError as error:
            raise problems.ProblemError(409, "conflict", sentence_of(error)) from None

    return router
