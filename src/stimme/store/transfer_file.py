"""The file that one customer fits into: its sections, its mistakes, and what differs from what is there."""

import datetime
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import yaml
from sqlalchemy import Table, inspect

from stimme.licensing.packages import Package
from stimme.store import schema
from stimme.store.customer_models import BillingAddress, CustomerLicence
from stimme.store.models import (
    Account,
    Base,
    CallListEntry,
    CallRecordRow,
    CustomerOwned,
    Organisation,
    Trunk,
    User,
)

FORMAT = "stimme-customer/1"
NOT_CONFIGURATION = frozenset[type]({CallRecordRow, CallListEntry, CustomerLicence})
"""What belongs to a customer and is not exported."""
ENCRYPTED = {"secret": "password"}
HASHED = "password_hash"
_IMPLIED = frozenset({"customer_id", "organisation_id", "version"})


class TransferError(Exception):
    """A file cannot be imported; nothing was changed. The message names the place in the file."""


@dataclass(frozen=True, slots=True)
class Change:
    """What an import does to one thing; ``fields`` names what differs."""

    action: Literal["create", "change", "delete"]
    section: str
    row_id: str
    label: str
    fields: tuple[str, ...] = ()


def write_file(document: Mapping[str, Any]) -> str:
    """Write a customer as YAML: stable order, one value per line."""
    return yaml.safe_dump(dict(document), sort_keys=False, allow_unicode=True, width=100)


def read_file(text: str) -> dict[str, Any]:
    """Read a customer from YAML or JSON.

    Raises:
        TransferError: When it is neither, or no customer.
    """
    try:
        document = json.loads(text) if text.lstrip().startswith("{") else yaml.safe_load(text)
    except (yaml.YAMLError, json.JSONDecodeError) as error:
        raise TransferError(f"the file cannot be read: {error}") from error
    if not isinstance(document, dict) or document.get("format") != FORMAT:
        raise TransferError(f"the file is no customer: it does not say 'format: {FORMAT}'")
    return document


def sections() -> dict[str, type[Any]]:
    """Return what is exported, in the order in which it can be created."""
    mapped = {mapper.local_table: mapper.class_ for mapper in Base.registry.mappers}
    ordered: dict[str, type[Any]] = {}
    for table in schema.metadata.sorted_tables:
        model = mapped.get(table)
        if model is None or model in NOT_CONFIGURATION:
            continue
        if issubclass(model, CustomerOwned) or model is Account:
            ordered[model.__tablename__] = model
    return ordered


@dataclass(frozen=True, slots=True)
class Wanted:
    """A file without mistakes: one customer as it shall be."""

    customer: dict[str, Any]
    licence: dict[str, Any]
    address: dict[str, Any] | None
    rows: dict[str, list[dict[str, Any]]]


def columns(model: type[Any]) -> list[str]:
    """Return what is exported of a row."""
    return [column.key for column in inspect(model).columns if column.key not in _IMPLIED]


def plain(value: Any) -> Any:
    """Write a value as YAML and JSON have it."""
    return value.isoformat() if isinstance(value, datetime.datetime) else value


def empty() -> dict[str, Any]:
    """Return what is there of a customer that is new."""
    return {"billing_address": None, **{name: [] for name in sections()}}


def checked(document: Mapping[str, Any]) -> Wanted:
    """Look at every name and kind of value in the file.

    Raises:
        TransferError: With the place of the first mistake.
    """
    order = sections()
    known = {"format", "customer", "licence", "billing_address", *order}
    unknown = sorted(document.keys() - known)
    if unknown:
        raise TransferError(f"{unknown[0]}: is not known")
    customer = _row(document.get("customer"), Organisation, "customer", {"id", "name", "domain", "language"})
    licence = document.get("licence") or {}
    if not isinstance(licence, dict) or licence.keys() - {"base", "demo_ends"}:
        raise TransferError("licence: holds base and demo_ends, nothing else")
    if licence.get("base") not in (None, "base", "extended_base", "demo"):
        raise TransferError(f"licence.base: '{licence['base']}' is no base licence")
    address = document.get("billing_address")
    if address is not None:
        address = _row(address, BillingAddress, "billing_address", set(columns(BillingAddress)))
    rows = {name: _rows(document.get(name), model, name) for name, model in order.items()}
    for index, fields in enumerate(rows[User.__tablename__]):
        if fields["package"] not in tuple(Package):
            raise TransferError(f"users[{index}].package: '{fields['package']}' is no package")
    for index, fields in enumerate(rows[Trunk.__tablename__]):
        if fields.get("srtp") == "require" and fields["transport"] != "tls":
            raise TransferError(f"trunks[{index}].srtp: 'require' needs the transport 'tls'")
    return Wanted(customer, licence, address, rows)


def _rows(value: Any, model: type[Any], place: str) -> list[dict[str, Any]]:
    if value is None:
        return []
    if not isinstance(value, list):
        raise TransferError(f"{place}: is not a list")
    names = {ENCRYPTED.get(name, name) for name in columns(model)}
    rows = [_row(one, model, f"{place}[{index}]", names) for index, one in enumerate(value)]
    seen: set[str] = set()
    for index, fields in enumerate(rows):
        if fields["id"] in seen:
            raise TransferError(f"{place}[{index}].id: is there twice")
        seen.add(fields["id"])
    return rows


def _row(value: Any, model: type[Any], place: str, names: set[str]) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TransferError(f"{place}: is not a group of values")
    unknown = sorted(str(name) for name in value if name not in names)
    if unknown:
        raise TransferError(f"{place}.{unknown[0]}: is not known")
    table: Table = model.__table__
    for name in sorted(names):
        column: Any = table.columns.get(name)
        if column is None:
            continue
        given = value.get(name)
        optional = column.nullable or column.default is not None or name == HASHED
        if given is None:
            if not optional:
                raise TransferError(f"{place}.{name}: is missing")
            continue
        kind = column.type.python_type
        if kind in (str, int, bool) and type(given) is not kind:
            raise TransferError(f"{place}.{name}: is no {_KINDS[kind]}")
    return value


_KINDS = {str: "text (put it in quotes)", int: "number", bool: "true or false"}


def compare(
    section: str, current: Sequence[Mapping[str, Any]], wanted: Sequence[Mapping[str, Any]]
) -> list[Change]:
    """Tell what makes the rows of a section the wanted ones."""
    before = {row["id"]: row for row in current}
    after = {row["id"]: row for row in wanted}
    changes = [
        Change("delete", section, row_id, _label(row))
        for row_id, row in before.items()
        if row_id not in after
    ]
    for row_id, row in after.items():
        if row_id not in before:
            changes.append(Change("create", section, row_id, _label(row)))
            continue
        fields = tuple(name for name, value in row.items() if before[row_id].get(name) != value)
        if fields:
            changes.append(Change("change", section, row_id, _label(row), fields))
    return changes


def compare_plain(
    section: str, row_id: str, current: Mapping[str, Any], wanted: Mapping[str, Any]
) -> list[Change]:
    """Tell what differs in a group of values."""
    names = [*wanted, *(name for name in current if name not in wanted)]
    fields = tuple(name for name in names if current.get(name) != wanted.get(name))
    return [Change("change", section, row_id, section, fields)] if fields else []


def _label(row: Mapping[str, Any]) -> str:
    for name in ("name", "login", "head", "sip_user", "extension"):
        if row.get(name):
            return str(row[name])
    return str(row["id"])
