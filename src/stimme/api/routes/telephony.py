"""What administrators set up: users, devices, sites, trunks, numbers.

Policy: ids are UUIDs that the client chooses; a PUT that is repeated changes nothing. Every change is taken
over by the customer's telephone system at once.
"""

import uuid
from collections.abc import Sequence
from typing import Annotated, Any, cast

from fastapi import APIRouter, Depends, Response
from sqlalchemy import select

from stimme.api import problems, resources, schemas
from stimme.api.authentication import Authentication, Caller
from stimme.api.conditions import expectation, tag
from stimme.api.ports import Telephony
from stimme.api.user_file import FileLine, read_users
from stimme.api.user_settings import replace_settings
from stimme.api.views import device_view, trunk_view, user_view
from stimme.store.changes import Expectation
from stimme.store.customer_models import Site
from stimme.store.database import Database
from stimme.store.models import Device, NumberBlock, Trunk, User
from stimme.store.privacy import Privacy
from stimme.store.telephony_configuration import TelephonyConfiguration
from stimme.store.user_import import Outcome, UserImport

_Expected = Annotated[Expectation, Depends(expectation)]


def telephony_routes(
    authentication: Authentication,
    configuration: TelephonyConfiguration,
    database: Database,
    telephony: Telephony,
) -> APIRouter:
    """Build the routes for the roles customer, reseller and provider."""
    router = APIRouter(tags=["configuration"])

    admin = authentication.at_least("customer")
    _user_routes(
        router,
        admin,
        configuration,
        privacy=Privacy(database),
        imports=UserImport(database, configuration),
        telephony=telephony,
    )
    _device_routes(router, admin, configuration, telephony)
    _trunk_routes(router, admin, configuration, telephony)
    _site_routes(router, admin, configuration, database, telephony)
    return router


def _user_routes(
    router: APIRouter,
    admin: Any,
    configuration: TelephonyConfiguration,
    *,
    privacy: Privacy,
    imports: UserImport,
    telephony: Telephony,
) -> None:
    @router.get("/users/{user_id}")
    async def user(
        user_id: uuid.UUID, caller: Annotated[Caller, admin], response: Response
    ) -> schemas.UserItem:
        """Return a user."""
        row = await configuration.find(caller.person.scope, User, str(user_id))
        tag(response, row.version)
        return user_view(row, telephony)

    @router.put("/users/{user_id}", responses={201: {"model": schemas.UserItem}})
    async def put_user(
        user_id: uuid.UUID,
        body: resources.UserBody,
        caller: Annotated[Caller, admin],
        response: Response,
        expected: _Expected,
    ) -> schemas.UserItem:
        """Create or change a user; the package's licence counts from now on."""
        put = await configuration.put_user(
            caller.authority,
            str(user_id),
            body.customer_id,
            values=body.model_dump(exclude={"customer_id"}),
            expected=expected,
        )
        if put.changed:
            await telephony.reload(put.row.customer_id)
        tag(response, put.row.version, created=put.created)
        return user_view(put.row, telephony)

    @router.delete("/users/{user_id}", status_code=204)
    async def delete_user(
        user_id: uuid.UUID, caller: Annotated[Caller, admin], expected: _Expected, forget: bool = False
    ) -> None:
        """Delete a user with devices, sign-in, call list; ``forget`` takes it out of others' calls, too."""
        delete = privacy.forget if forget else configuration.delete_user
        row = await delete(caller.authority, str(user_id), expected)
        await telephony.reload(row.customer_id)

    @router.post("/customers/{customer_id}/user-import")
    async def import_users(
        customer_id: uuid.UUID, body: resources.UserImportBody, caller: Annotated[Caller, admin]
    ) -> resources.UserImportResult:
        """Create and change users by a CSV file; with any mistake, or without ``apply``, none of them."""
        lines = read_users(body.csv)
        good = [line for line in lines if line.values is not None]
        outcomes = await imports.run(
            caller.authority,
            str(customer_id),
            [line.values for line in good if line.values is not None],
            apply=body.apply and len(good) == len(lines),
        )
        result = _import_result(lines, outcomes, apply=body.apply)
        if result.applied:
            await telephony.reload(str(customer_id))
        return result

    @router.get("/users/{user_id}/settings")
    async def user_settings(user_id: uuid.UUID, caller: Annotated[Caller, admin]) -> schemas.UserSettings:
        """Return a user's diversions, do not disturb, call waiting and number suppression."""
        row = await configuration.find(caller.person.scope, User, str(user_id))
        return telephony.settings(row.customer_id, row.id)

    @router.put("/users/{user_id}/settings")
    async def set_user_settings(
        user_id: uuid.UUID, body: schemas.UserSettings, caller: Annotated[Caller, admin]
    ) -> schemas.UserSettings:
        """Replace a user's settings, for one who is ill or has left."""
        row = await configuration.find(caller.person.scope, User, str(user_id))
        return replace_settings(telephony, row, body)

    @router.get("/users/{user_id}/personal-data")
    async def personal_data(user_id: uuid.UUID, caller: Annotated[Caller, admin]) -> dict[str, Any]:
        """Return everything that is kept about a user (GDPR article 15)."""
        return await privacy.personal_data(caller.person.scope, str(user_id))


def _device_routes(
    router: APIRouter, admin: Any, configuration: TelephonyConfiguration, telephony: Telephony
) -> None:
    @router.get("/devices/{device_id}")
    async def device(
        device_id: uuid.UUID, caller: Annotated[Caller, admin], response: Response
    ) -> schemas.DeviceItem:
        """Return a device; its password is never shown."""
        row = await configuration.find(caller.person.scope, Device, str(device_id))
        tag(response, row.version)
        return device_view(row, telephony)

    @router.put("/devices/{device_id}", responses={201: {"model": resources.DevicePut}})
    async def put_device(
        device_id: uuid.UUID,
        body: resources.DeviceBody,
        caller: Annotated[Caller, admin],
        response: Response,
        expected: _Expected,
    ) -> resources.DevicePut:
        """Create or change a phone; a new one's password is in this answer and never again."""
        made = await configuration.put_device(
            caller.authority, str(device_id), values=body.model_dump(), expected=expected
        )
        if made.put.changed:
            await telephony.reload(made.put.row.customer_id)
        tag(response, made.put.row.version, created=made.put.created)
        return _device_put(made.put.row, made.password)

    @router.post("/devices/{device_id}/password")
    async def renew_password(
        device_id: uuid.UUID, caller: Annotated[Caller, admin], response: Response
    ) -> resources.DevicePut:
        """Give a device a new password, told once."""
        row, password = await configuration.renew_device_password(caller.authority, str(device_id))
        await telephony.reload(row.customer_id)
        tag(response, row.version)
        return _device_put(row, password)

    @router.delete("/devices/{device_id}", status_code=204)
    async def delete_device(
        device_id: uuid.UUID, caller: Annotated[Caller, admin], expected: _Expected
    ) -> None:
        """Delete a device."""
        row = await configuration.delete_device(caller.authority, str(device_id), expected)
        await telephony.reload(row.customer_id)


def _trunk_routes(
    router: APIRouter, admin: Any, configuration: TelephonyConfiguration, telephony: Telephony
) -> None:
    @router.get("/trunks/{trunk_id}")
    async def trunk(
        trunk_id: uuid.UUID, caller: Annotated[Caller, admin], response: Response
    ) -> schemas.TrunkItem:
        """Return a trunk without its numbers; its password is never shown."""
        row = await configuration.find(caller.person.scope, Trunk, str(trunk_id))
        tag(response, row.version)
        return trunk_view(row, [], telephony)

    @router.put("/trunks/{trunk_id}", responses={201: {"model": schemas.TrunkItem}})
    async def put_trunk(
        trunk_id: uuid.UUID,
        body: resources.TrunkBody,
        caller: Annotated[Caller, admin],
        response: Response,
        expected: _Expected,
    ) -> schemas.TrunkItem:
        """Create or change a trunk; each beyond the first is a licence."""
        put = await configuration.put_trunk(
            caller.authority,
            str(trunk_id),
            body.customer_id,
            values=body.model_dump(exclude={"customer_id", "password"}),
            expected=expected,
            password=body.password,
        )
        if put.changed:
            await telephony.reload(put.row.customer_id)
        tag(response, put.row.version, created=put.created)
        return trunk_view(put.row, [], telephony)

    @router.delete("/trunks/{trunk_id}", status_code=204)
    async def delete_trunk(
        trunk_id: uuid.UUID, caller: Annotated[Caller, admin], expected: _Expected
    ) -> None:
        """Delete a trunk with its numbers; refused while a site uses it."""
        row = await configuration.delete_trunk(caller.authority, str(trunk_id), expected)
        await telephony.reload(row.customer_id)

    @router.get("/numbers/{block_id}")
    async def numbers(
        block_id: uuid.UUID, caller: Annotated[Caller, admin], response: Response
    ) -> resources.NumberBlockDetail:
        """Return a number block."""
        row = await configuration.find(caller.person.scope, NumberBlock, str(block_id))
        tag(response, row.version)
        return _block_view(row)

    @router.put("/numbers/{block_id}", responses={201: {"model": resources.NumberBlockDetail}})
    async def put_numbers(
        block_id: uuid.UUID,
        body: resources.NumberBlockBody,
        caller: Annotated[Caller, admin],
        response: Response,
        expected: _Expected,
    ) -> resources.NumberBlockDetail:
        """Create or change a number block; numbers that somebody has are refused."""
        put = await configuration.put_numbers(caller.authority, str(block_id), body.model_dump(), expected)
        if put.changed:
            await telephony.reload(put.row.customer_id)
        tag(response, put.row.version, created=put.created)
        return _block_view(put.row)

    @router.delete("/numbers/{block_id}", status_code=204)
    async def delete_numbers(
        block_id: uuid.UUID, caller: Annotated[Caller, admin], expected: _Expected
    ) -> None:
        """Delete a number block."""
        row = await configuration.delete_numbers(caller.authority, str(block_id), expected)
        await telephony.reload(row.customer_id)


def _site_routes(
    router: APIRouter,
    admin: Any,
    configuration: TelephonyConfiguration,
    database: Database,
    telephony: Telephony,
) -> None:
    @router.get("/sites")
    async def sites(caller: Annotated[Caller, admin], customer_id: str | None = None) -> resources.SiteList:
        """List sites by name."""
        statement = select(Site).order_by(Site.customer_id, Site.name)
        if customer_id is not None:
            statement = statement.where(Site.customer_id == customer_id)
        async with database.scoped(caller.person.scope) as session:
            rows = (await session.scalars(statement)).all()
        if customer_id is not None and not rows and not await _sees(caller, database, customer_id):
            raise problems.not_found("There is no such customer.")
        return resources.SiteList(items=[_site_view(row) for row in rows])

    @router.get("/sites/{site_id}")
    async def site(
        site_id: uuid.UUID, caller: Annotated[Caller, admin], response: Response
    ) -> resources.SiteItem:
        """Return a site."""
        row = await configuration.find(caller.person.scope, Site, str(site_id))
        tag(response, row.version)
        return _site_view(row)

    @router.put("/sites/{site_id}", responses={201: {"model": resources.SiteItem}})
    async def put_site(
        site_id: uuid.UUID,
        body: resources.SiteBody,
        caller: Annotated[Caller, admin],
        response: Response,
        expected: _Expected,
    ) -> resources.SiteItem:
        """Create or change a site."""
        put = await configuration.put_site(
            caller.authority,
            str(site_id),
            body.customer_id,
            values=body.model_dump(exclude={"customer_id"}),
            expected=expected,
        )
        if put.changed:
            await telephony.reload(put.row.customer_id)
        tag(response, put.row.version, created=put.created)
        return _site_view(put.row)

    @router.delete("/sites/{site_id}", status_code=204)
    async def delete_site(site_id: uuid.UUID, caller: Annotated[Caller, admin], expected: _Expected) -> None:
        """Delete a site; refused while users belong to it."""
        row = await configuration.delete_site(caller.authority, str(site_id), expected)
        await telephony.reload(row.customer_id)


async def _sees(caller: Caller, database: Database, customer_id: str) -> bool:
    async with database.scoped(caller.person.scope) as session:
        return customer_id in set(await session.scalars(caller.person.scope.customers()))


def _import_result(
    lines: Sequence[FileLine], outcomes: Sequence[Outcome], *, apply: bool
) -> resources.UserImportResult:
    told = iter(outcomes)
    items = []
    for line in lines:
        outcome = (
            Outcome(line.extension, "refuse", line.field, line.message) if line.values is None else next(told)
        )
        items.append(
            resources.UserImportLine(
                line=line.line,
                extension=outcome.extension,
                action=outcome.action,
                field=outcome.field,
                message=None if outcome.message is None else str(outcome.message),
                code=None if outcome.message is None else outcome.message.code,
                values={} if outcome.message is None else dict(outcome.message.values),
            )
        )
    refused = any(item.action == "refuse" for item in items)
    return resources.UserImportResult(applied=apply and not refused, items=items)


def _device_put(row: Device, password: str | None) -> resources.DevicePut:
    return resources.DevicePut(
        id=row.id,
        customer_id=row.customer_id,
        user_id=row.user_id,
        site_id=row.site_id,
        name=row.name,
        sip_user=row.sip_user,
        srtp=cast(schemas.Srtp, row.srtp),
        version=row.version,
        password=password,
    )


def _block_view(row: NumberBlock) -> resources.NumberBlockDetail:
    return resources.NumberBlockDetail.model_validate(row, from_attributes=True)


def _site_view(row: Site) -> resources.SiteItem:
    return resources.SiteItem.model_validate(row, from_attributes=True)
