"""One search over everything that an account may see: customers, users, numbers, telephones, services.

Policy: names are found by any part of them, extensions and numbers by their beginning. A number may be
written as people write it: with spaces, with 0 or 00 in front. A number block is found by each number in it.
Of each kind the first few are told, sorted as in its own list; the session keeps to the account's scope.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy import Row, Select, and_, func, literal, or_, select
from sqlalchemy.orm import InstrumentedAttribute
from sqlalchemy.sql import ColumnElement

from stimme.store.customer_models import Site
from stimme.store.database import Database, Scope
from stimme.store.models import Device, NumberBlock, Organisation, Trunk, User
from stimme.store.service_models import Service

HitKind = Literal["reseller", "customer", "user", "number", "device", "service", "trunk", "site"]
_Found = Select[str, str, str, str, str]
"""Id, customer, its name, name, detail."""
_OF_EACH = 8
_NATIONAL = "+49"
_BETWEEN = re.compile(r"[\s()/.-]")
_DIALLED = re.compile(r"^\+?[0-9]+$")
_LONGEST_NUMBER = 16
_SHORTEST_IN_BLOCK = 6
"""So many characters of a number are needed before blocks are looked through for it."""


@dataclass(frozen=True, slots=True)
class Hit:
    """Something that was found.

    Attributes:
        id: of the thing itself; of a number, of its block.
        customer_id: whose it is; None for resellers.
        customer: that customer's name.
        name: what it is called.
        detail: an extension, number, SIP user, host, or the kind of a service.
    """

    kind: HitKind
    id: str
    customer_id: str | None
    customer: str | None
    name: str
    detail: str


class Search:
    """Finds what an account may see."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def find(self, scope: Scope, query: str, *, customer_id: str | None = None) -> Sequence[Hit]:
        """Find things by name, extension or number; with ``customer_id`` those of one customer only."""
        text = query.strip()
        if not text:
            return ()
        hits: list[Hit] = []
        async with self._database.scoped(scope) as session:
            if customer_id is None:
                organisations = await session.execute(_organisations(text))
                hits += [_organisation(row) for row in organisations]
            for kind, statement in _statements(text).items():
                own = statement if customer_id is None else statement.where(Organisation.id == customer_id)
                rows = await session.execute(own.limit(_OF_EACH))
                hits += [Hit(kind, *row) for row in rows]
        return hits


def numbers_meant(text: str) -> tuple[str, ...]:
    """What a written number may be in E.164 or as an extension: `030 23` is `+4930 23` or an extension."""
    bare = _BETWEEN.sub("", text)
    if not _DIALLED.match(bare):
        return ()
    if bare.startswith("00"):
        return (f"+{bare[2:]}",) if bare[2:] else (bare,)
    if bare.startswith("0"):
        return (bare, _NATIONAL + bare[1:])
    return (bare,)


def _organisations(text: str) -> Select[str, str, str, str | None]:
    return (
        select(Organisation.id, Organisation.kind, Organisation.name, Organisation.domain)
        .where(
            Organisation.kind.in_(("reseller", "customer")),
            _named(text, Organisation.name, Organisation.domain),
        )
        .order_by(Organisation.kind, Organisation.name)
        .limit(_OF_EACH)
    )


def _organisation(row: Row[str, str, str, str | None]) -> Hit:
    organisation_id, kind, name, domain = row
    if kind == "reseller":
        return Hit("reseller", organisation_id, None, None, name, "")
    return Hit("customer", organisation_id, organisation_id, name, name, domain or "")


def _statements(text: str) -> dict[HitKind, _Found]:
    """What is looked for, each as id, customer, its name, name, detail."""
    numbers = numbers_meant(text)
    label = func.coalesce(
        Service.value["name"].as_string(),
        Service.value["group"]["name"].as_string(),
        Service.value["calendar"]["name"].as_string(),
        Service.extension,
    )
    found: dict[HitKind, _Found] = {
        "user": _of(User, User.name, User.extension).where(
            or_(_named(text, User.name), _begins(numbers, User.extension, User.number))
        ),
        "number": _of(NumberBlock, NumberBlock.head, Trunk.name)
        .join(Trunk, Trunk.id == NumberBlock.trunk_id)
        .where(or_(_begins(numbers, NumberBlock.head), _in_block(numbers))),
        "device": _of(Device, Device.name, Device.sip_user).where(
            Device.kind == "phone", _named(text, Device.name, Device.sip_user)
        ),
        "service": _of(Service, label, Service.kind).where(
            or_(
                and_(label.is_not(None), label.icontains(text, autoescape=True)),
                _begins(numbers, Service.extension),
            )
        ),
        "trunk": _of(Trunk, Trunk.name, Trunk.host).where(_named(text, Trunk.name, Trunk.host)),
        "site": _of(Site, Site.name, Site.city).where(_named(text, Site.name, Site.street, Site.city)),
    }
    return found


def _of(
    model: type[User | NumberBlock | Device | Service | Trunk | Site],
    name: ColumnElement[str] | InstrumentedAttribute[str],
    detail: InstrumentedAttribute[str],
) -> _Found:
    return (
        select(model.id, model.customer_id, Organisation.name, name, detail)
        .join(Organisation, Organisation.id == model.customer_id)
        .order_by(Organisation.name, name, model.id)
    )


def _named(
    text: str, *columns: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
) -> ColumnElement[bool]:
    return or_(*(column.icontains(text, autoescape=True) for column in columns))


def _begins(
    numbers: Sequence[str], *columns: InstrumentedAttribute[str] | InstrumentedAttribute[str | None]
) -> ColumnElement[bool]:
    return or_(
        literal(False), *(column.startswith(each, autoescape=True) for each in numbers for column in columns)
    )


def _in_block(numbers: Sequence[str]) -> ColumnElement[bool]:
    """The block that a whole number belongs to: its head begins the number, its digits are the rest."""
    wanted = [
        each
        for each in numbers
        if each.startswith("+") and _SHORTEST_IN_BLOCK <= len(each) <= _LONGEST_NUMBER
    ]
    length = func.length(NumberBlock.head)
    return or_(
        literal(False),
        *(
            and_(
                func.substr(literal(each), 1, length) == NumberBlock.head,
                length + NumberBlock.extension_digits >= len(each),
            )
            for each in wanted
        ),
    )
