"""What call control and its helper for phone books say to each other: length-prefixed MessagePack.

A list of entries travels in slices, so that neither side has a long list to pack or to unpack at once; a
frame with None ends it.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from types import EllipsisType
from typing import Any, BinaryIO, TypeVar, cast

import msgpack

from stimme.directory.entry import Entry, EntryNumber, NumberKind

_Value = TypeVar("_Value")
LENGTH = struct.Struct(">I")
SLICE = 50
"""Entries in a frame: what is done with so many of them takes a millisecond or two."""


def pack(value: Any) -> bytes:
    """A frame."""
    packed = cast(bytes, msgpack.packb(value))
    return LENGTH.pack(len(packed)) + packed


def unpack_from(source: BinaryIO) -> Any | EllipsisType:
    """The next frame of a file; an ellipsis at its end. Raises EOFError within a frame."""
    prefix = source.read(LENGTH.size)
    if not prefix:
        return ...
    (length,) = LENGTH.unpack(prefix)
    packed = source.read(length)
    if len(packed) < length:
        raise EOFError
    return msgpack.unpackb(packed, max_bin_len=length, use_list=False)


def slices(values: Iterable[_Value]) -> Iterator[list[_Value]]:
    """The values, so many at a time as are done without anybody noticing."""
    left = iter(values)
    while taken := list(islice(left, SLICE)):
        yield taken


def packed_slices(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The frames of a list of entries, without the end."""
    for taken in slices(entries):
        yield pack([_fields(entry) for entry in taken])


def entry_of(fields: Sequence[Any]) -> Entry:
    """What `packed_slices` has packed."""
    entry_id, name, numbers, company, email, sort, short = fields
    known = tuple(EntryNumber(number, NumberKind(kind)) for number, kind in numbers)
    return Entry(entry_id, name, known, company, email, sort, short)


def _fields(entry: Entry) -> tuple[Any, ...]:
    numbers = [(each.number, each.kind.value) for each in entry.numbers]
    return (entry.id, entry.name, numbers, entry.company, entry.email, entry.sort, entry.short)
