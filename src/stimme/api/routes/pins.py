"""PINs of users, for what they do by the keys of a telephone (hot desking): one's own, or a user's by staff.

Policy: a PIN can be set and taken away, never read.
"""

import uuid
from typing import Annotated

from fastapi import APIRouter, Depends

from stimme.api import problems, schemas
from stimme.api.authentication import Authentication, Caller
from stimme.api.ports import NotReachableError, Telephony
from stimme.store.models import User
from stimme.store.telephony_configuration import TelephonyConfiguration


def pin_routes(
    authentication: Authentication, configuration: TelephonyConfiguration, telephony: Telephony
) -> APIRouter:
    """Build the routes."""
    router = APIRouter(tags=["me"])
    signed_in = Depends(authentication.caller)
    admin = authentication.at_least("customer")

    @router.put("/me/pin", status_code=204)
    async def set_my_pin(body: schemas.PinBody, caller: Annotated[Caller, signed_in]) -> None:
        """Set the own PIN."""
        _set(telephony, caller.person.user, body.pin)

    @router.delete("/me/pin", status_code=204)
    async def clear_my_pin(caller: Annotated[Caller, signed_in]) -> None:
        """Have no PIN any more."""
        _set(telephony, caller.person.user, None)

    @router.put("/users/{user_id}/pin", status_code=204, tags=["configuration"])
    async def set_pin(user_id: uuid.UUID, body: schemas.PinBody, caller: Annotated[Caller, admin]) -> None:
        """Give a user a PIN in place of the one before."""
        _set(telephony, await configuration.find(caller.person.scope, User, str(user_id)), body.pin)

    @router.delete("/users/{user_id}/pin", status_code=204, tags=["configuration"])
    async def clear_pin(user_id: uuid.UUID, caller: Annotated[Caller, admin]) -> None:
        """Take a user's PIN away."""
        _set(telephony, await configuration.find(caller.person.scope, User, str(user_id)), None)

    return router


def _set(telephony: Telephony, user: User | None, pin: str | None) -> None:
    if user is None:
        raise problems.not_found("This account has no extension.")
    try:
        telephony.set_pin(user.customer_id, user.id, pin)
    except NotReachableError:
        raise problems.not_found() from None
