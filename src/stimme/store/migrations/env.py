"""Alembic's entry: runs on the connection that ``stimme.store.migrate`` hands over."""

from typing import Any, Literal

from alembic import context

from stimme.store.models import Base, UtcDateTime


def _render(kind: str, value: Any, _autogenerate: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(value, UtcDateTime):
        return "sa.DateTime()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_as_batch=True,
    render_item=_render,
)
with context.begin_transaction():
    context.run_migrations()
