"""A group of telephones for announcements (P2), as a plain value."""

import ipaddress
from dataclasses import dataclass

from stimme.sentences import Sentence

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
            raise PagingError(
                Sentence(
                    "not-multicast",
                    "{address} is not a multicast address (224.0.0.0/4)",
                    address=self.address,
                )
            )
        if not 1024 <= self.port <= 65_534 or self.port % 2:
            raise PagingError(
                Sentence("multicast-port", "{port} is not an even port from 1024 to 65534", port=self.port)
            )
        if self.codec not in _CODECS:
            raise PagingError(
                Sentence("none-of", "{text} is none of {known}", text=self.codec, known=", ".join(_CODECS))
            )


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
            raise PagingError(Sentence("paging-nobody", "group {name}: nobody would hear it", name=self.name))
        if len(set(self.members)) != len(self.members):
            raise PagingError(
                Sentence("member-twice", "group {name}: a member is named twice", name=self.name)
            )
        if self.longest_seconds <= 0:
            raise PagingError(
                Sentence("time-not-positive", "group {name}: a time is not positive", name=self.name)
            )
