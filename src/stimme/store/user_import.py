"""Many users at once, with a preview that cannot be wrong.

Policy: rows are matched by extension: known ones are changed, others created, nobody is deleted. Everything
is done in one transaction, each row in a savepoint of its own so that every mistake is found, licence limits
included. The preview does the same and takes it back; with one refused row nothing is kept.
"""

import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from stimme.licensing.errors import LicensingError
from stimme.sentences import Sentence, sentence_of
from stimme.store.changes import Authority, Expectation, changing, clash
from stimme.store.database import Database
from stimme.store.errors import FieldRefusedError, StoreError
from stimme.store.licences import lock_licences
from stimme.store.models import User
from stimme.store.telephony_configuration import TelephonyConfiguration


@dataclass(frozen=True, slots=True)
class Outcome:
    """What becomes of one row; ``field`` and ``message`` say why it is refused."""

    extension: str
    action: Literal["create", "change", "keep", "refuse"]
    field: str | None = None
    message: Sentence | None = None


class UserImport:
    """Imports users of one customer."""

    def __init__(self, database: Database, configuration: TelephonyConfiguration) -> None:
        self._database = database
        self._configuration = configuration

    async def run(
        self, who: Authority, customer_id: str, rows: Sequence[Mapping[str, Any]], *, apply: bool
    ) -> list[Outcome]:
        """Do it, or (without ``apply``, or with a refused row) only tell what would be done.

        Raises:
            NotFoundError: When there is no such customer inside the scope.
        """
        async with changing(self._database, who) as session:
            await lock_licences(session, customer_id)
            known = select(User).where(User.customer_id == customer_id)
            by_extension = {user.extension: user for user in await session.scalars(known)}
            seen: set[str] = set()
            outcomes = []
            for row in rows:
                extension = row["extension"]
                if extension in seen:
                    message = Sentence("extension-twice", "This extension is in the file twice.")
                    outcomes.append(Outcome(extension, "refuse", "extension", message))
                    continue
                seen.add(extension)
                outcomes.append(await self._one(session, customer_id, row, by_extension.get(extension)))
            if not apply or any(outcome.action == "refuse" for outcome in outcomes):
                await session.rollback()
        return outcomes

    async def _one(
        self, session: AsyncSession, customer_id: str, row: Mapping[str, Any], user: User | None
    ) -> Outcome:
        extension = row["extension"]
        user_id = str(uuid.uuid4()) if user is None else user.id
        expected = Expectation(absent=True) if user is None else Expectation(user.version)
        try:
            async with session.begin_nested():
                put = await self._configuration.put_user_in(
                    session, user_id, customer_id, values=row, expected=expected
                )
        except FieldRefusedError as error:
            return Outcome(extension, "refuse", error.field, sentence_of(error))
        except IntegrityError as error:
            meaning = clash(error)
            field = meaning.field if isinstance(meaning, FieldRefusedError) else None
            return Outcome(extension, "refuse", field, sentence_of(meaning))
        except (StoreError, LicensingError) as error:
            return Outcome(extension, "refuse", None, sentence_of(error))
        return Outcome(extension, "create" if put.created else "change" if put.changed else "keep")
