"""Users, devices and trunks as people look at them: lists inside a scope, a page at a time.

Policy: pages are ordered by something stable and continue after the last item seen (``after`` holds its
key), so that rows added meanwhile neither repeat nor hide others.
"""

import secrets
import uuid
from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, or_, select, tuple_
from sqlalchemy.exc import IntegrityError

from stimme.licensing.packages import Feature, Package, require
from stimme.store.database import Database, Scope
from stimme.store.models import Device, NumberBlock, Organisation, Trunk, User
from stimme.store.secrets import Vault

_SIP_USER_BYTES = 8
_SIP_PASSWORD_BYTES = 24


@dataclass(frozen=True, slots=True)
class WebDevice:
    """The device that a user's browser registers as, its password in the clear."""

    device_id: str
    sip_user: str
    password: str
    domain: str
    created: bool


class DirectoryRepository:
    """Reads what belongs to the customers of one scope."""

    def __init__(self, database: Database, vault: Vault) -> None:
        self._database = database
        self._vault = vault

    @property
    def vault(self) -> Vault:
        """What encrypts the secrets of devices and trunks."""
        return self._vault

    async def colleagues(self, scope: Scope, query: str, *, limit: int) -> Sequence[User]:
        """Find users whose name contains ``query`` or whose extension or number begins with it."""
        statement = select(User).order_by(User.name, User.id).limit(limit)
        if query:
            statement = statement.where(_found(query))
        async with self._database.scoped(scope) as session:
            return (await session.scalars(statement)).all()

    async def users(
        self,
        scope: Scope,
        *,
        customer_id: str | None,
        after: Sequence[str] | None,
        limit: int,
        query: str = "",
    ) -> Sequence[User]:
        """List users by customer and extension; ``query`` as for colleagues."""
        statement = select(User).order_by(User.customer_id, User.extension).limit(limit)
        if query:
            statement = statement.where(_found(query))
        if customer_id is not None:
            statement = statement.where(User.customer_id == customer_id)
        if after is not None:
            statement = statement.where(tuple_(User.customer_id, User.extension) > tuple_(*after))
        async with self._database.scoped(scope) as session:
            return (await session.scalars(statement)).all()

    async def devices(
        self,
        scope: Scope,
        *,
        customer_id: str | None,
        after: Sequence[str] | None,
        limit: int,
        query: str = "",
    ) -> Sequence[Device]:
        """List devices by customer and SIP user; ``query`` is part of name or SIP user."""
        statement = select(Device).order_by(Device.customer_id, Device.sip_user).limit(limit)
        if query:
            statement = statement.where(
                or_(
                    Device.name.icontains(query, autoescape=True),
                    Device.sip_user.icontains(query, autoescape=True),
                )
            )
        if customer_id is not None:
            statement = statement.where(Device.customer_id == customer_id)
        if after is not None:
            statement = statement.where(tuple_(Device.customer_id, Device.sip_user) > tuple_(*after))
        async with self._database.scoped(scope) as session:
            return (await session.scalars(statement)).all()

    async def trunks(
        self,
        scope: Scope,
        *,
        customer_id: str | None,
        after: Sequence[str] | None,
        limit: int,
        query: str = "",
    ) -> Sequence[tuple[Trunk, list[NumberBlock]]]:
        """List trunks by customer and name, each with its numbers; ``query`` is part of name or host."""
        statement = select(Trunk).order_by(Trunk.customer_id, Trunk.name).limit(limit)
        if query:
            statement = statement.where(
                or_(
                    Trunk.name.icontains(query, autoescape=True), Trunk.host.icontains(query, autoescape=True)
                )
            )
        if customer_id is not None:
            statement = statement.where(Trunk.customer_id == customer_id)
        if after is not None:
            statement = statement.where(tuple_(Trunk.customer_id, Trunk.name) > tuple_(*after))
        async with self._database.scoped(scope) as session:
            trunks = (await session.scalars(statement)).all()
            numbers: dict[str, list[NumberBlock]] = {trunk.id: [] for trunk in trunks}
            blocks = select(NumberBlock).where(NumberBlock.trunk_id.in_(numbers)).order_by(NumberBlock.head)
            for block in await session.scalars(blocks):
                numbers[block.trunk_id].append(block)
        return [(trunk, numbers[trunk.id]) for trunk in trunks]

    async def has_customer(self, scope: Scope, customer_id: str) -> bool:
        """Tell whether a customer exists inside the scope."""
        statement = select(Organisation.id).where(
            Organisation.id == customer_id, Organisation.kind == "customer"
        )
        async with self._database.scoped(scope) as session:
            return await session.scalar(statement) is not None

    async def customer_ids(self, scope: Scope) -> Sequence[str]:
        """List the customers inside the scope."""
        async with self._database.scoped(scope) as session:
            return (await session.scalars(scope.customers())).all()

    async def web_device(self, scope: Scope, user_id: str) -> WebDevice | None:
        """Return the user's browser device, made at its first use; ``None`` for a user outside the scope.

        Raises:
            PackageRequiredError: When the user's package has no softphone; a device made earlier is kept.
        """
        async with self._database.scoped(scope) as session:
            package = await session.scalar(select(User.package).where(User.id == user_id))
        if package is None:
            return None
        require(Package(package), Feature.SOFTPHONE)
        found = await self._find_web_device(scope, user_id)
        if found is not None:
            return found
        try:
            async with self._database.scoped(scope) as session, session.begin():
                user = await session.scalar(select(User).where(User.id == user_id))
                if user is None:
                    return None
                password = secrets.token_urlsafe(_SIP_PASSWORD_BYTES)
                device = Device(
                    id=str(uuid.uuid4()),
                    customer_id=user.customer_id,
                    user_id=user.id,
                    kind="web",
                    name="Web",
                    sip_user=f"web-{secrets.token_hex(_SIP_USER_BYTES)}",
                    secret=self._vault.encrypt(password),
                )
                session.add(device)
        except IntegrityError:
            # Another request of the same user was quicker: one browser device per user is a constraint.
            return await self._find_web_device(scope, user_id)
        found = await self._find_web_device(scope, user_id)
        if found is None:
            return None
        return WebDevice(found.device_id, found.sip_user, found.password, found.domain, created=True)

    async def _find_web_device(self, scope: Scope, user_id: str) -> WebDevice | None:
        statement = (
            select(Device, Organisation.domain)
            .join(Organisation, Organisation.id == Device.customer_id)
            .where(Device.user_id == user_id, Device.kind == "web")
        )
        async with self._database.scoped(scope) as session:
            row = (await session.execute(statement)).one_or_none()
        if row is None:
            return None
        device, domain = row
        return WebDevice(
            device.id, device.sip_user, self._vault.decrypt(device.secret), domain or "", created=False
        )


def _found(query: str) -> ColumnElement[bool]:
    """Return the condition that a user's name contains ``query``, or its extension or number begins so."""
    return or_(
        User.name.icontains(query, autoescape=True),
        User.extension.startswith(query, autoescape=True),
        User.number.startswith(query, autoescape=True),
    )
