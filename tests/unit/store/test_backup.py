"""Backup of a running node and its restore."""

import asyncio
import datetime
import io
import sqlite3
import tarfile
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pyrage
import pytest
from argon2 import PasswordHasher
from tests.migrated import bring_up_to_date

from stimme.store import migrate
from stimme.store.backed_up import BackupError
from stimme.store.backup import KeyFile, Passphrase, Protection, backup, new_key, restore
from stimme.store.database import Database
from stimme.store.provisioning import Provisioning
from stimme.store.secrets import Passwords, open_vault

NOW = datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC)
WORDS = Passphrase("four words of mine")


@dataclass
class Node:
    folder: Path
    database: Database
    make: Provisioning
    customer: str

    @property
    def url(self) -> str:
        return f"sqlite+aiosqlite:///{self.folder}/stimme.db"

    @property
    def key(self) -> Path:
        return self.folder / "secret.key"


@pytest.fixture
async def node(tmp_path: Path) -> AsyncIterator[Node]:
    folder = tmp_path / "node"
    folder.mkdir()
    database = Database(f"sqlite+aiosqlite:///{folder}/stimme.db")
    await bring_up_to_date(database)
    passwords = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    make = Provisioning(database, open_vault(folder / "secret.key"), passwords)
    provider = await make.create_provider("P", "root", "a long password")
    customer = await make.create_customer(provider, "C", "c.example")
    user = await make.create_user(customer, "10", "Anna", package="klare")
    await make.create_device(user, "anna", password="sip secret")
    yield Node(folder, database, make, customer)
    await database.close()


def device_secret(folder: Path) -> str:
    connection = sqlite3.connect(folder / "stimme.db")
    (stored,) = connection.execute("SELECT secret FROM devices").fetchone()
    connection.close()
    return open_vault(folder / "secret.key").decrypt(stored)


@pytest.mark.parametrize("kind", ["passphrase", "key"])
async def test_a_running_node_comes_back_elsewhere(node: Node, tmp_path: Path, kind: str) -> None:
    protection: Protection = WORDS
    if kind == "key":
        public = new_key(tmp_path / "backup.key")
        (tmp_path / "public").write_text(public + "\n")
        protection = KeyFile(tmp_path / "backup.key")
    target = tmp_path / "out" / "today.age"
    stop = asyncio.Event()

    async def keep_writing() -> int:
        number = 100
        while not stop.is_set():
            number += 1
            await node.make.create_user(node.customer, str(number), "X", package="klare")
        return number - 100

    writing = asyncio.create_task(keep_writing())
    sealing = KeyFile(tmp_path / "public") if kind == "key" else protection
    manifest = await asyncio.to_thread(backup, node.url, node.key, target, sealing, now=NOW)
    stop.set()
    assert await writing > 0
    assert target.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in target.parent.iterdir()] == ["today.age"]
    content = target.read_bytes()
    assert content.startswith(b"age-encryption.org/v1\n")
    assert node.key.read_bytes() not in content
    there = tmp_path / "there"
    restored = restore(target, f"sqlite+aiosqlite:///{there}/stimme.db", there / "secret.key", protection)
    assert restored == manifest
    assert (there / "secret.key").stat().st_mode & 0o777 == 0o600
    assert device_secret(there) == "sip secret"
    database = Database(f"sqlite+aiosqlite:///{there}/stimme.db")
    await migrate.check(database.engine)
    await database.close()


async def test_recordings_of_calls_come_back_with_the_rest(node: Node, tmp_path: Path) -> None:
    folder, target, there = tmp_path / "recordings", tmp_path / "b.age", tmp_path / "there"
    (folder / "c-1").mkdir(parents=True)
    (folder / "c-1" / "r-1.wav").write_bytes(b"RIFF sound")
    (folder / "c-1" / "notes.txt").write_text("no recording")
    backup(node.url, node.key, target, WORDS, now=NOW, recordings=folder)
    url, key = f"sqlite+aiosqlite:///{there}/stimme.db", there / "secret.key"
    kept = there / "call-recordings"
    restore(target, url, key, WORDS, recordings=kept)
    assert [path.relative_to(kept).as_posix() for path in kept.rglob("*.*")] == ["c-1/r-1.wav"]
    assert (kept / "c-1" / "r-1.wav").read_bytes() == b"RIFF sound"
    assert (kept / "c-1" / "r-1.wav").stat().st_mode & 0o777 == 0o600
    assert kept.stat().st_mode & 0o777 == 0o700
    restore(target, url, key, WORDS, force=True)  # without a folder the recordings are left where they are
    assert device_secret(there) == "sip secret"


@pytest.mark.parametrize(
    "name", ["recordings/../../x.wav", "recordings/c/x.sh", "/etc/x.wav", "recordings/c/x/y.wav"]
)
def test_nothing_leaves_its_place(tmp_path: Path, name: str) -> None:
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for member in ("manifest.json", "secret.key", "stimme.db", name):
            tar.addfile(tarfile.TarInfo(member))
    (tmp_path / "b.age").write_bytes(pyrage.passphrase.encrypt(packed.getvalue(), WORDS.text))
    with pytest.raises(BackupError, match="not a backup"):
        restore(
            tmp_path / "b.age", f"sqlite+aiosqlite:///{tmp_path}/x/stimme.db", tmp_path / "x" / "key", WORDS
        )
    assert not list(tmp_path.rglob("*.wav"))


async def test_what_does_not_open_replaces_nothing(node: Node, tmp_path: Path) -> None:
    target = tmp_path / "b.age"
    backup(node.url, node.key, target, WORDS, now=NOW)
    there = tmp_path / "there"
    url, key = f"sqlite+aiosqlite:///{there}/stimme.db", there / "secret.key"
    with pytest.raises(BackupError, match="cannot be opened"):
        restore(target, url, key, Passphrase("other words"))
    damaged = tmp_path / "damaged.age"
    content = bytearray(target.read_bytes())
    content[-100] ^= 1
    damaged.write_bytes(content)
    with pytest.raises(BackupError, match="cannot be opened"):
        restore(damaged, url, key, WORDS)
    strange = tmp_path / "strange.age"
    strange.write_bytes(pyrage.passphrase.encrypt(b"no archive", WORDS.text))
    with pytest.raises(BackupError, match="is damaged"):
        restore(strange, url, key, WORDS)
    assert not (there / "stimme.db").exists()
    assert not key.exists()


async def test_a_node_is_replaced_only_when_told_so(node: Node, tmp_path: Path) -> None:
    target = tmp_path / "b.age"
    backup(node.url, node.key, target, WORDS, now=NOW)
    await node.make.create_user(node.customer, "99", "Later", package="klare")
    await node.database.close()
    with pytest.raises(BackupError, match=r"exists; a restore would replace it"):
        restore(target, node.url, node.key, WORDS)
    restore(target, node.url, node.key, WORDS, force=True)
    connection = sqlite3.connect(node.folder / "stimme.db")
    assert connection.execute("SELECT extension FROM users").fetchall() == [("10",)]
    connection.close()


async def test_a_newer_database_is_refused(node: Node, tmp_path: Path) -> None:
    connection = sqlite3.connect(node.folder / "stimme.db")
    connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.commit()
    connection.close()
    target = tmp_path / "b.age"
    backup(node.url, node.key, target, WORDS, now=NOW)
    with pytest.raises(BackupError, match="9999 is newer than this program"):
        restore(target, f"sqlite+aiosqlite:///{tmp_path}/x.db", tmp_path / "x.key", WORDS)


def test_mistakes_are_named(tmp_path: Path) -> None:
    key = tmp_path / "secret.key"
    with pytest.raises(BackupError, match="only SQLite files and PostgreSQL"):
        backup("mysql+aiomysql://h/d", key, tmp_path / "b.age", WORDS, now=NOW)
    with pytest.raises(BackupError, match="there is no database"):
        backup(f"sqlite+aiosqlite:///{tmp_path}/no.db", key, tmp_path / "b.age", WORDS, now=NOW)
    new_key(tmp_path / "k")
    with pytest.raises(FileExistsError):
        new_key(tmp_path / "k")


def test_a_busy_machine_gets_more_than_one_guess(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """age refuses a passphrase that it believes to take long; on a busy machine it errs."""
    target, there = tmp_path / "b.age", tmp_path / "there"
    backup(node.url, node.key, target, WORDS, now=NOW)
    refusals = iter([True, True])
    decrypt = pyrage.passphrase.decrypt

    def guess(encrypted: bytes, words: str) -> bytes:
        if next(refusals, False):
            raise pyrage.DecryptError("Excessive work parameter for passphrase.")
        return bytes(decrypt(encrypted, words))

    monkeypatch.setattr(pyrage.passphrase, "decrypt", guess)
    restore(target, f"sqlite+aiosqlite:///{there}/stimme.db", there / "secret.key", WORDS)
    assert (there / "secret.key").exists()


def test_a_machine_that_is_too_slow_is_named(
    node: Node, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target, there = tmp_path / "b.age", tmp_path / "there"
    backup(node.url, node.key, target, WORDS, now=NOW)

    def refuse(encrypted: bytes, words: str) -> bytes:
        raise pyrage.DecryptError("Excessive work parameter for passphrase.")

    monkeypatch.setattr(pyrage.passphrase, "decrypt", refuse)
    with pytest.raises(BackupError, match="too busy or slow"):
        restore(target, f"sqlite+aiosqlite:///{there}/stimme.db", there / "secret.key", WORDS)
