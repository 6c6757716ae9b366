"""Alembic's entry: runs on the connection that ``stimme.store.migrate`` hands over."""

from typing import Any, Literal

from alembic import context

from stimme.store.ledger_models import Scaled
from stimme.store.models import UtcDateTime
from stimme.store.schema import metadata


def _render(kind: str, value: Any, _autogenerate: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(value, Scaled):
        return "sa.BigInteger()"
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
