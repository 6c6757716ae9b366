"""Function keys of users: read, and set up by an administrator or by the user.

Policy: the keys of a user are changed together, under one version. What a key names must be there: an
extension, a group that the user is a member of, a slot, a night target (``stimme.pbx.features.key_plan``).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.pbx import model
from stimme.pbx.apps.fields import FieldError
from stimme.pbx.features.key_plan import check_keys, read_keys, write_keys
from stimme.pbx.features.keys import FunctionKey
from stimme.store.changes import Authority, Expectation, Put, changing, need, put_row
from stimme.store.database import Database, Scope
from stimme.store.errors import FieldRefusedError
from stimme.store.key_models import KeyPlanRow
from stimme.store.models import Organisation, User
from stimme.store.service_models import Service
from stimme.store.services import add_services


@dataclass(frozen=True, slots=True)
class UserKeys:
    """A user's keys, and the customer as far as keys name it; ``version`` is 0 until some are set up."""

    tenant: model.Tenant
    keys: tuple[FunctionKey, ...]
    version: int


class FunctionKeyRepository:
    """Reads and changes the keys of users."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, scope: Scope, user_id: str) -> UserKeys:
        """Return a user's keys.

        Raises:
            NotFoundError: When there is no such user inside the scope.
        """
        async with self._database.scoped(scope) as session:
            user = await need(session, User, user_id)
            row = await session.get(KeyPlanRow, user_id)
            tenant = await _tenant(session, user.customer_id)
        return UserKeys(tenant, read_keys(row.keys), row.version) if row else UserKeys(tenant, (), 0)

    async def put(
        self, who: Authority, user_id: str, values: Sequence[Any], expected: Expectation
    ) -> tuple[UserKeys, Put[KeyPlanRow]]:
        """Set all keys of a user.

        Raises:
            StoreError: As ``changes`` says; FieldRefusedError names the key.
        """
        async with changing(self._database, who) as session:
            user = await need(session, User, user_id)
            tenant = await _tenant(session, user.customer_id)
            try:
                keys = read_keys(values)
                check_keys(tenant, user_id, keys)
            except FieldError as error:
                raise FieldRefusedError(error.path, error.reason) from error
            put = await put_row(
                session,
                KeyPlanRow,
                user_id,
                fixed={"customer_id": user.customer_id},
                values={"keys": write_keys(keys)},
                expected=expected,
            )
        return UserKeys(tenant, read_keys(put.row.keys), put.row.version), put


async def _tenant(session: AsyncSession, customer_id: str) -> model.Tenant:
    customer = await need(session, Organisation, customer_id)
    tenant = model.Tenant(
        id=customer.id, name=customer.name, domain=customer.domain or "", language=customer.language
    )
    for user in await session.scalars(select(User).where(User.customer_id == customer_id)):
        tenant.users[user.id] = model.User(user.id, user.extension, user.name)
    services = await session.scalars(select(Service).where(Service.customer_id == customer_id))
    add_services(tenant, [(service.kind, service.value) for service in services])
    return tenant
