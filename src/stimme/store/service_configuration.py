"""Services of customers: groups, queues, menus, attendant, calendars, barring … as an admin sets them up.

Policy: what a service says is read just as the telephone system reads it (``stimme.pbx.apps.written``): a
mistake is refused with its field, and nothing is stored that cannot work. Members are users of the customer,
an extension is nobody else's, menus lead out, feature codes do not contradict each other.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.pbx.apps.fields import FieldError
from stimme.pbx.features.codes import CodeTable
from stimme.pbx.features.patterns import CodeError
from stimme.pbx.model import Tenant
from stimme.sentences import Sentence, no_such, sentence_of
from stimme.store.changes import Authority, Expectation, Put, changing, delete_row, need, put_row
from stimme.store.database import Database, Scope
from stimme.store.errors import ConflictError, FieldRefusedError, NotFoundError
from stimme.store.models import Organisation, User
from stimme.store.service_models import Service
from stimme.store.services import calendars_of, check_service

_ONLY_ONE = frozenset({"attendant", "parking", "codes", "barring", "hot_desking", "recording"})
_SETTINGS = "settings"


class ServiceConfiguration:
    """Changes the services of customers."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def list(
        self, scope: Scope, *, customer_id: str | None = None, kind: str | None = None
    ) -> Sequence[Service]:
        """List services by customer, kind and extension.

        Raises:
            NotFoundError: When the customer is not there, or not inside the scope.
        """
        statement = select(Service).order_by(Service.customer_id, Service.kind, Service.extension, Service.id)
        if kind is not None:
            statement = statement.where(Service.kind == kind)
        async with self._database.scoped(scope) as session:
            if customer_id is not None:
                await _customer(session, customer_id, None)
                statement = statement.where(Service.customer_id == customer_id)
            return (await session.scalars(statement)).all()

    async def find(self, scope: Scope, service_id: str) -> Service:
        """Return one service. Raises NotFoundError."""
        async with self._database.scoped(scope) as session:
            return await need(session, Service, service_id)

    async def put(
        self,
        who: Authority,
        service_id: str,
        *,
        customer_id: str,
        kind: str,
        settings: Mapping[str, Any],
        expected: Expectation,
    ) -> Put[Service]:
        """Create or change a service.

        Raises:
            StoreError: As ``changes`` says; FieldRefusedError names the field, settings as ``settings.…``.
        """
        async with changing(self._database, who) as session:
            customer = await _customer(session, customer_id, "customer_id")
            others = [row for row in await _services(session, customer_id) if row.id != service_id]
            users = (await session.scalars(select(User).where(User.customer_id == customer_id))).all()
            if kind in _ONLY_ONE and any(row.kind == kind for row in others):
                raise FieldRefusedError(
                    "kind", Sentence("one-already", "The customer has one already: change that.")
                )
            tenant = Tenant(id=customer.id, name=customer.name, domain=customer.domain or "")
            extension = _read(tenant, kind, settings, others)
            _check_extension(extension, users, others)
            _check_people(settings, {user.id for user in users})
            return await put_row(
                session,
                Service,
                service_id,
                fixed={"customer_id": customer_id, "kind": kind},
                values={"extension": extension, "value": dict(settings)},
                expected=expected,
            )

    async def delete(self, who: Authority, service_id: str, expected: Expectation) -> Service:
        """Delete a service.

        Raises:
            StoreError: As ``changes`` says; ConflictError when another service needs it.
        """
        async with changing(self._database, who) as session:
            row = await delete_row(session, Service, service_id, expected)
            name = row.value.get("id")
            for other in await _services(session, row.customer_id):
                if row.kind == "calendar" and other.value.get("calendar") == name:
                    raise ConflictError(
                        Sentence("calendar-in-use", "The {kind} follows this calendar.", kind=other.kind)
                    )
                if row.kind == "menu" and _names_menu(other, name):
                    raise ConflictError(
                        Sentence("menu-in-use", "The {kind} leads to this menu.", kind=other.kind)
                    )
            return row


def _names_menu(service: Service, menu_id: Any) -> bool:
    choices = service.value.get("choices")
    leads = choices.values() if isinstance(choices, Mapping) else ()
    return service.value.get("menu") == menu_id or any(
        isinstance(choice, Mapping) and choice.get("menu") == menu_id for choice in leads
    )


def _read(tenant: Tenant, kind: str, settings: Mapping[str, Any], others: Sequence[Service]) -> str | None:
    """Reads the settings as the telephone system would, beside those that are there; gives the extension."""
    rows = [(row.kind, row.value) for row in others]
    try:
        extension = check_service(tenant, kind, dict(settings), rows, calendars_of(rows)[0])
        if kind == "codes":
            CodeTable(tenant.code_changes)
    except FieldError as error:
        raise FieldRefusedError(f"{_SETTINGS}.{error.path}".rstrip("."), error.reason) from error
    except (CodeError, KeyError, TypeError, AttributeError) as error:
        raise FieldRefusedError(_SETTINGS, sentence_of(error)) from error
    return extension


def _check_extension(extension: str | None, users: Sequence[User], others: Sequence[Service]) -> None:
    if extension is None:
        return
    field = f"{_SETTINGS}.extension"
    if any(user.extension == extension for user in users):
        raise FieldRefusedError(field, Sentence("extension-of-user", "A user has this extension."))
    if any(row.extension == extension for row in others):
        raise FieldRefusedError(
            field, Sentence("extension-of-service", "Another service has this extension.")
        )


def _check_people(settings: Mapping[str, Any], users: set[str]) -> None:
    """Members are users of the same customer, wherever a service names them."""
    group = settings.get("group")
    places = [(f"{_SETTINGS}.members", settings.get("members"))]
    if isinstance(group, Mapping):
        places.append((f"{_SETTINGS}.group.members", group.get("members")))
    if isinstance(settings.get("owner"), str):
        places.append((f"{_SETTINGS}.owner", [settings["owner"]]))
    if isinstance(settings.get("users"), Mapping):
        places.append((f"{_SETTINGS}.users", list(settings["users"])))
    for field, members in places:
        for place, member in enumerate(members if isinstance(members, list) else ()):
            if member not in users:
                raise FieldRefusedError(f"{field}.{place}", no_such("user"))


async def _customer(session: AsyncSession, customer_id: str, field: str | None) -> Organisation:
    customer = await need(session, Organisation, customer_id, field)
    if customer.kind != "customer":
        if field is None:
            raise NotFoundError("There is no such customer.")
        raise FieldRefusedError(field, Sentence("not-a-customer", "This is no customer."))
    return customer


async def _services(session: AsyncSession, customer_id: str) -> Sequence[Service]:
    return (await session.scalars(select(Service).where(Service.customer_id == customer_id))).all()
