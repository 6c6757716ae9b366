"""A group of telephones for announcements (P2), as a plain value."""

import ipaddress
from dataclasses import dataclass

_CODECS = ("G722", "PCMA", "PCMU")


class PagingError(ValueError):
    """A group that cannot be, with the reason in words for the administrator."""


@dataclass(frozen=True, slots=True)
class Multicast:
    """Where telephones that listen to multicast RTP get an announcement, without a call.

    It reaches the node's own network only; the telephones must be set to address, port and codec.
    """

    address: str
    port: int
    codec: str = "G722"

    def __post_init__(self) -> None:
        try:
            multicast = ipaddress.IPv4Address(self.address).is_multicast
        except ValueError:
            multicast = False
        if not multicast:
            raise PagingError(f"{self.address} is not a multicast address (224.0.0.0/4)")
        if not 1024 <= self.port <= 65_534 or self.port % 2:
            raise PagingError(f"{self.port} is not an even port from 1024 to 65534")
        if self.codec not in _CODECS:
            raise PagingError(f"{self.codec} is none of {', '.join(_CODECS)}")


@dataclass(frozen=True, slots=True)
class PageGroup:
    """Who hears an announcement.

    Attributes:
        members: user ids.
        longest_seconds: after so long an announcement ends by itself.
    """

    id: str
    extension: str
    name: str
    members: tuple[str, ...] = ()
    multicast: Multicast | None = None
    longest_seconds: float = 60.0

    def __post_init__(self) -> None:
        if not self.members and self.multicast is None:
            raise PagingError(f"group {self.name}: nobody would hear it")
        if len(set(self.members)) != len(self.members):
            raise PagingError(f"group {self.name}: a member is named twice")
        if self.longest_seconds <= 0:
            raise PagingError(f"group {self.name}: a time is not positive")
