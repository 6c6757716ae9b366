"""Backup and restore of a node: the database and the key that its secrets are encrypted with.

Policy: a backup is taken while the node runs, from one consistent moment (``stimme.store.backed_up``). It is
one file in the age format (age-encryption.org), encrypted with a passphrase or for a key, so that the
standard tool opens it too; inside is a gzipped tar archive with ``manifest.json``, ``secret.key`` and the
database, ``stimme.db`` (SQLite) or ``stimme.pgdump`` (PostgreSQL), and the recordings of calls as they lie in
their folder, ``recordings/CUSTOMER/ID.wav``. It appears under its name only when it is
complete. A restore checks everything before it replaces anything, never overwrites a node that is there
unless told so, and refuses a database newer than this program.
"""

import contextlib
import datetime
import hashlib
import io
import json
import os
import re
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import pyrage
from alembic.config import Config
from alembic.script import ScriptDirectory

from stimme.store.backed_up import BackedUp, BackupError, backed_up
from stimme.store.migrate import SCRIPTS
from stimme.store.secrets import SecretKeyError, Vault

_TOO_SLOW = "work parameter"
"""In the words with which age refuses (`DecryptError`); it has no other sign of it."""
_GUESSES = 8
_FORMAT = "stimme-backup/1"
_KEY, _MANIFEST = "secret.key", "manifest.json"
_PRIVATE, _PRIVATE_FOLDER = 0o600, 0o700
_RECORDINGS = "recordings"
_RECORDING = re.compile(rf"{_RECORDINGS}/[A-Za-z0-9-]{{1,64}}/[A-Za-z0-9-]{{1,64}}\.wav")


@dataclass(frozen=True, slots=True)
class Passphrase:
    """Encrypts with words; the archive passes through memory."""

    text: str


@dataclass(frozen=True, slots=True)
class KeyFile:
    """Encrypts for an age key: a file with ``age1…`` is enough to back up, ``AGE-SECRET-KEY-…`` restores."""

    path: Path


Protection = Passphrase | KeyFile


@dataclass(frozen=True, slots=True)
class Manifest:
    """What is in a backup; ``revision`` is that of the database's tables."""

    made_at: str
    revision: str
    database_sha256: str
    database_bytes: int


def new_key(path: Path) -> str:
    """Write a new age key (mode 0600) and return its public half.

    Raises:
        FileExistsError: When there is a file already.
    """
    identity = pyrage.x25519.Identity.generate()
    public = str(identity.to_public())
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _PRIVATE)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"# public key: {public}\n{identity}\n")
    return public


def backup(
    url: str,
    key_file: Path,
    target: Path,
    protection: Protection,
    *,
    now: datetime.datetime,
    recordings: Path | None = None,
) -> Manifest:
    """Back a node up into ``target`` while it runs, with the folder of recordings of calls, if one is named.

    Raises:
        BackupError: When the database cannot be copied, or the protection is unusable.
        OSError: When a file cannot be read or written.
    """
    database = backed_up(url)
    target.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".backup-") as work:
        copy = Path(work) / database.member
        database.copy(copy)
        manifest = Manifest(now.isoformat(), database.revision(copy), _sha256(copy), copy.stat().st_size)
        sealed = Path(work) / "sealed"
        with tempfile.TemporaryFile(dir=work) as archive:
            _pack(archive, copy, key_file, manifest, recordings)
            archive.seek(0)
            with _create(sealed) as file:
                _seal(archive, file, protection)
                file.flush()
                os.fsync(file.fileno())
        sealed.replace(target)
    return manifest


def restore(
    source: Path,
    url: str,
    key_file: Path,
    protection: Protection,
    *,
    force: bool = False,
    recordings: Path | None = None,
) -> Manifest:
    """Put a backup in place; the node must not be running. Without a folder recordings are left out.

    Raises:
        BackupError: When it cannot be opened, is damaged or too new, or without ``force`` a node is there.
        OSError: When a file cannot be read or written.
    """
    database = backed_up(url)
    if not force:
        for name, there in ((database, database.is_there()), (key_file, key_file.exists())):
            if there:
                raise BackupError(f"{name} exists; a restore would replace it")
    key_file.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=key_file.parent, prefix=".restore-") as work:
        copy, key = Path(work) / database.member, Path(work) / _KEY
        manifest = _unpack(source, Path(work), protection, database.member)
        _check(database, copy, key, manifest)
        database.put(copy)
        key.replace(key_file)
        if recordings is not None:
            _put_recordings(Path(work) / _RECORDINGS, recordings)
    return manifest


def _pack(
    archive: IO[bytes], database: Path, key_file: Path, manifest: Manifest, recordings: Path | None
) -> None:
    described = {"format": _FORMAT, **_fields(manifest)}
    with tarfile.open(fileobj=archive, mode="w:gz") as tar:
        _add(tar, _MANIFEST, json.dumps(described, indent=2).encode())
        _add(tar, _KEY, key_file.read_bytes())
        tar.add(database, database.name, filter=_anonymous)
        for path in sorted(recordings.glob("*/*.wav")) if recordings is not None else ():
            with contextlib.suppress(FileNotFoundError):  # its time was over while others were packed
                tar.add(path, f"{_RECORDINGS}/{path.parent.name}/{path.name}", filter=_anonymous)


def _put_recordings(found: Path, folder: Path) -> None:
    """Puts recordings beside those that are there; what no database knows is removed by the node later."""
    for path in found.glob("*/*.wav"):
        target = folder / path.parent.name / path.name
        for made in (folder, target.parent):
            made.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        shutil.move(path, target)


def _fields(manifest: Manifest) -> dict[str, Any]:
    return {
        "made_at": manifest.made_at,
        "revision": manifest.revision,
        "database_sha256": manifest.database_sha256,
        "database_bytes": manifest.database_bytes,
    }


def _add(tar: tarfile.TarFile, name: str, content: bytes) -> None:
    entry = tarfile.TarInfo(name)
    entry.size = len(content)
    entry.mode = _PRIVATE
    tar.addfile(entry, io.BytesIO(content))


def _anonymous(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    entry.mode = _PRIVATE
    return entry


def _seal(archive: IO[bytes], target: IO[bytes], protection: Protection) -> None:
    match protection:
        case Passphrase(text):
            if not text:
                raise BackupError("the passphrase is empty")
            target.write(pyrage.passphrase.encrypt(archive.read(), text))
        case KeyFile(path):
            pyrage.encrypt_io(archive, target, [_recipient(path)])


def _recipient(path: Path) -> Any:
    for line in _key_lines(path):
        try:
            if line.startswith("age1"):
                return pyrage.x25519.Recipient.from_str(line)
            return pyrage.x25519.Identity.from_str(line).to_public()
        except (pyrage.RecipientError, pyrage.IdentityError) as error:
            raise BackupError(f"{path} holds no age key") from error
    raise BackupError(f"{path} holds no age key")


def _key_lines(path: Path) -> Iterator[str]:
    for line in path.read_text().splitlines():
        if line.strip() and not line.startswith("#"):
            yield line.strip()


def _unpack(source: Path, work: Path, protection: Protection, member: str) -> Manifest:
    with tempfile.TemporaryFile(dir=work) as archive:
        _open(source, archive, protection)
        archive.seek(0)
        try:
            with tarfile.open(fileobj=archive, mode="r:gz") as tar:
                entries = tar.getmembers()
                names = {entry.name for entry in entries if entry.isreg()}
                if {name for name in names if not _RECORDING.fullmatch(name)} != {_MANIFEST, _KEY, member}:
                    raise BackupError(f"{source} is not a backup of this kind of database")
                for entry in entries:
                    _extract(tar, entry, work)
        except (tarfile.TarError, EOFError, OSError) as error:
            raise BackupError(f"{source} is damaged: {error}") from error
    for name in (_KEY, member):
        (work / name).chmod(_PRIVATE)
    try:
        described = json.loads((work / _MANIFEST).read_text())
        if described.pop("format") != _FORMAT:
            raise BackupError(f"{source} is not a backup of this kind")
        return Manifest(**described)
    except (ValueError, KeyError, TypeError) as error:
        raise BackupError(f"{source} has no readable manifest") from error


def _extract(tar: tarfile.TarFile, entry: tarfile.TarInfo, work: Path) -> None:
    """Writes a plain file's content; `extractall` would follow what an archive says of links and owners."""
    content = tar.extractfile(entry) if entry.isreg() else None
    if content is not None:
        target = work / entry.name
        target.parent.mkdir(mode=_PRIVATE_FOLDER, parents=True, exist_ok=True)
        with content, _create(target) as file:
            shutil.copyfileobj(content, file)


def _open(source: Path, archive: IO[bytes], protection: Protection) -> None:
    try:
        match protection:
            case Passphrase(text):
                archive.write(_with_patience(source.read_bytes(), text))
            case KeyFile(path):
                identities = [
                    pyrage.x25519.Identity.from_str(line)
                    for line in _key_lines(path)
                    if not line.startswith("age1")
                ]
                with source.open("rb") as file:
                    pyrage.decrypt_io(file, archive, identities)
    except pyrage.IdentityError as error:
        raise BackupError("the key file holds no secret age key") from error
    except (pyrage.DecryptError, ValueError) as error:
        if _TOO_SLOW in str(error):
            raise BackupError(f"{source}: this machine is too busy or slow for its passphrase") from error
        raise BackupError(f"{source} cannot be opened with this passphrase or key") from error


def _with_patience(encrypted: bytes, words: str) -> bytes:
    """Decrypts by passphrase. age refuses what would take long by a guess that it makes at the moment: on a
    busy machine the guess is wrong, so it gets more than one."""
    for _ in range(_GUESSES - 1):
        try:
            return bytes(pyrage.passphrase.decrypt(encrypted, words))
        except pyrage.DecryptError as error:
            if _TOO_SLOW not in str(error):
                raise
    return bytes(pyrage.passphrase.decrypt(encrypted, words))


def _check(database: BackedUp, copy: Path, key: Path, manifest: Manifest) -> None:
    if _sha256(copy) != manifest.database_sha256:
        raise BackupError("the database in the backup is damaged")
    scripts = ScriptDirectory.from_config(_alembic())
    if manifest.revision not in {script.revision for script in scripts.walk_revisions()}:
        raise BackupError(f"the backup's database {manifest.revision} is newer than this program")
    secret = database.check(copy)
    try:
        vault = Vault(key.read_bytes().strip())
        if secret is not None:
            vault.decrypt(secret)
    except SecretKeyError as error:
        raise BackupError(str(error)) from error


def _alembic() -> Config:
    config = Config()
    config.set_main_option("script_location", str(SCRIPTS).replace("%", "%%"))
    return config


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _create(path: Path) -> IO[bytes]:
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _PRIVATE), "wb")
