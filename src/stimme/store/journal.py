"""The journal of calls and their open legs: an append-only file, written before the call goes on.

Policy: what was appended outlives the death of the process, whatever the database does meanwhile; a killed
call control loses no call that it has answered and leaves none open that it was setting up. Nothing is forced
to the disk: when the machine itself dies, its calls are over. A call that has ended is forgotten only once
its record is in the database, so that it is recorded in any case, and once. The file holds MessagePack lists:
a key, its state (None when it is forgotten) and further keys that are forgotten with it. It is written anew,
with the living entries only, at the start and when it has grown too much. A state with keys of SRTP is
encrypted: who gets hold of the file cannot decrypt speech with it.
"""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import msgpack
import structlog

from stimme.store.secrets import SecretKeyError, Vault

_log = structlog.get_logger("stimme.store")
_GROWTH_BYTES = 16 << 20
_PACKER = msgpack.Packer()
_FORGOTTEN = cast(bytes, _PACKER.pack(None))
_KEYS = b"inline:"
"""What stands before each key of SRTP, in SDP and in what a leg keeps of it."""
_SEALED = 1
"""The MessagePack extension type of an encrypted state."""


class CallJournal:
    """Calls and legs, for a restarted call control to go on with (``stimme.pbx.ports.Journal``).

    Args:
        file: Where it lies; made when missing.
        settled: Calls what it is given once everything reported to the database until now is in there.
        vault: Encrypts what holds keys.

    Raises:
        OSError: When the file cannot be made or read.
    """

    def __init__(self, file: Path, settled: Callable[[Callable[[], None]], None], vault: Vault) -> None:
        self._file = file
        self._settled = settled
        self._vault = vault
        # As they stand in the file: objects would take three times the memory, for every call that goes on.
        self._living: dict[str, bytes] = {
            key: cast(bytes, _PACKER.pack(value)) for key, value in _read(file).items()
        }
        self._settled_keys: list[str] = []
        self._descriptor = -1
        self._grown = 0
        self._begin_anew()

    def put(self, key: str, value: dict[str, Any], *, voids: Sequence[str] = ()) -> None:
        """Keep the state of a call or leg, in place of what was there and of the entries that it voids."""
        packed = self._packed(value)
        if self._settled_keys:
            voids, self._settled_keys = (*voids, *self._settled_keys), []
        for void in voids:
            self._living.pop(void, None)
        self._living[key] = packed
        self._append(key, packed, voids)

    def drop(self, key: str) -> None:
        """Forget an entry."""
        if self._living.pop(key, None) is not None:
            self._append(key, _FORGOTTEN)

    def settle(self, key: str) -> None:
        """Forget an entry once everything reported to the database until now is in there.

        The file hears of it with the next entry: a record that is reported again after a crash is written
        once.
        """
        if key in self._living:
            self._settled(lambda: self._forget(key))

    def _forget(self, key: str) -> None:
        if self._living.pop(key, None) is not None:
            self._settled_keys.append(key)

    async def load(self) -> dict[str, dict[str, Any]]:
        """Return every entry that can be read, by key."""
        loaded: dict[str, dict[str, Any]] = {}
        for key, packed in self._living.items():
            try:
                loaded[key] = self._unpacked(packed)
            except SecretKeyError as error:
                _log.error("a call in the journal cannot be decrypted", call=key, error=str(error))
        return loaded

    def _packed(self, value: dict[str, Any]) -> bytes:
        packed: bytes = _PACKER.pack(value)
        if _KEYS not in packed:
            return packed
        return cast(bytes, _PACKER.pack(msgpack.ExtType(_SEALED, self._vault.seal(packed))))

    def _unpacked(self, packed: bytes) -> dict[str, Any]:
        value = msgpack.unpackb(packed)
        if isinstance(value, msgpack.ExtType):
            value = msgpack.unpackb(self._vault.open(value.data))
        return cast(dict[str, Any], value)

    def close(self) -> None:
        """Close the file."""
        if self._settled_keys:
            key, *others = self._settled_keys
            self._settled_keys = []
            self._append(key, _FORGOTTEN, others)
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _append(self, key: str, packed: bytes, voids: Sequence[str] = ()) -> None:
        if self._descriptor < 0:
            return
        try:
            self._grown += os.write(self._descriptor, _entry(key, packed, voids))
        except OSError as error:
            _log.error("the journal cannot be written", error=str(error))
        if self._grown > _GROWTH_BYTES:
            self._begin_anew()

    def _begin_anew(self) -> None:
        self._settled_keys = []
        self.close()
        self._file.parent.mkdir(parents=True, exist_ok=True)
        part = self._file.with_suffix(".part")
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND
        self._descriptor = os.open(part, flags, 0o600)
        for key, packed in self._living.items():
            os.write(self._descriptor, _entry(key, packed))
        part.rename(self._file)
        self._grown = 0


def _entry(key: str, packed: bytes, voids: Sequence[str] = ()) -> bytes:
    head = _PACKER.pack_array_header(2 + len(voids))
    return b"".join([head, _PACKER.pack(key), packed, *map(_PACKER.pack, voids)])


def _read(file: Path) -> dict[str, Any]:
    """The entries of a journal; what was cut off in the middle of a write is not one."""
    living: dict[str, Any] = {}
    if not file.exists():
        return living
    unpacker = msgpack.Unpacker(strict_map_key=False)
    unpacker.feed(file.read_bytes())
    try:
        for key, value, *voids in unpacker:
            for void in (key, *voids):
                living.pop(void, None)
            if value is not None:
                living[key] = value
    except (ValueError, TypeError, msgpack.UnpackException) as error:
        _log.error("the journal is damaged", file=str(file), error=str(error))
    return living
