"""Customers' own prompts, announcements and music, as an admin hands them in.

Policy: one row holds a sound with all its bytes, so that a backup has it. The same sound again changes
nothing; another one needs the version of the one before. At most `MOST` for each customer.
"""

import hashlib
from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import undefer

from stimme.prompts.own import OwnSounds
from stimme.prompts.upload import Sound
from stimme.sentences import Sentence
from stimme.store.accounts import utc_now
from stimme.store.changes import Authority, Expectation, Put, changing, delete_row, need, put_row
from stimme.store.database import Database, Scope
from stimme.store.errors import ConflictError, NotFoundError
from stimme.store.models import Organisation
from stimme.store.sound_models import OwnSound

MOST = 300


class OwnSoundRepository:
    """Changes the sounds in the store, and the files that are made of them.

    Args:
        database: Where they are.
        files: The files, None where nothing is played.
    """

    def __init__(
        self, database: Database, files: OwnSounds | None, *, now: Callable[[], datetime] = utc_now
    ) -> None:
        self._database = database
        self._files = files
        self._now = now

    async def list(self, scope: Scope, customer_id: str) -> Sequence[OwnSound]:
        """Return a customer's sounds by folder and name, without their bytes. Raises NotFoundError."""
        async with self._database.scoped(scope) as session:
            await _customer(session, customer_id)
            found = select(OwnSound).where(OwnSound.customer_id == customer_id)
            return (await session.scalars(found.order_by(OwnSound.folder, OwnSound.name))).all()

    async def find(self, scope: Scope, customer_id: str, folder: str, name: str) -> OwnSound:
        """Return a sound with its bytes. Raises NotFoundError."""
        async with self._database.scoped(scope) as session:
            row_id = _id(customer_id, folder, name)
            row = await session.get(OwnSound, row_id, options=[undefer(OwnSound.content)])
            if row is None:
                raise NotFoundError("There is no such recording.")
            return row

    async def check(self, scope: Scope, customer_id: str) -> None:
        """Raise NotFoundError for what is no customer inside the scope."""
        async with self._database.scoped(scope) as session:
            await _customer(session, customer_id)

    async def put(
        self, who: Authority, place: tuple[str, str, str], sound: Sound, expected: Expectation
    ) -> Put[OwnSound]:
        """Keep a sound at customer, folder and name.

        Raises:
            StoreError: As ``changes`` says; ConflictError when the customer has too many.
        """
        customer_id, folder, name = place
        digest = hashlib.sha256(sound.wav).hexdigest()
        async with changing(self._database, who) as session:
            await _customer(session, customer_id)
            row_id = _id(*place)
            there = await session.get(OwnSound, row_id, options=[undefer(OwnSound.content)])
            if there is None:
                count = select(func.count()).where(OwnSound.customer_id == customer_id)
                if (await session.scalar(count) or 0) >= MOST:
                    raise ConflictError(
                        Sentence(
                            "too-many-recordings", "A customer has at most {count} recordings.", count=MOST
                        )
                    )
            elif there.sha256 == digest and not expected.absent:
                return Put(there, created=False, changed=False)
            put = await put_row(
                session,
                OwnSound,
                row_id,
                fixed={"customer_id": customer_id, "folder": folder, "name": name},
                values={
                    "seconds": round(sound.seconds, 2),
                    "size": len(sound.wav),
                    "sha256": digest,
                    "changed_at": self._now(),
                    "content": sound.wav,
                },
                expected=expected,
            )
        if self._files is not None:
            self._files.write(customer_id, folder, name, sound.wav)
        return put

    async def delete(self, who: Authority, place: tuple[str, str, str], expected: Expectation) -> None:
        """Forget a sound: ours is heard again. Raises StoreError as ``changes`` says."""
        async with changing(self._database, who) as session:
            try:
                await delete_row(session, OwnSound, _id(*place), expected)
            except NotFoundError:
                raise NotFoundError("There is no such recording.") from None
        if self._files is not None:
            self._files.remove(*place)

    async def write_files(self) -> int:
        """Make the files that are missing or old, remove those of nobody; return how many were made."""
        if self._files is None:
            return 0
        async with self._database.system() as session:
            rows = (await session.scalars(select(OwnSound))).all()
            made = 0
            for row in rows:
                place = (row.customer_id, row.folder, row.name)
                if self._files.outdated(*place, row.size, row.changed_at.timestamp()):
                    content = await session.scalar(select(OwnSound.content).where(OwnSound.id == row.id))
                    self._files.write(*place, content or b"")
                    made += 1
        for customer in self._files.customers() - {row.customer_id for row in rows}:
            self._files.forget(customer)
        return made


def _id(customer_id: str, folder: str, name: str) -> str:
    return f"{customer_id}/{folder}/{name}"


async def _customer(session: AsyncSession, customer_id: str) -> None:
    customer = await need(session, Organisation, customer_id)
    if customer.kind != "customer":
        raise NotFoundError("There is no such customer.")
