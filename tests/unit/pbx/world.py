"""A customer with ten users, two trunks and its numbers; connections and a store that live in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from stimme.licensing.packages import Package
from stimme.pbx.model import Device, NumberBlock, Tenant, TrunkConfig, User
from stimme.sip.message import Headers, Request
from stimme.sip.uri import SipUri

HEAD = "+4930231250"
EPOCH = 1_800_000_000.0


@dataclass(slots=True)
class Connection:
    """A flow as the transport gives it."""

    transport: str = "udp"
    local: tuple[str, int] = ("192.0.2.1", 5060)
    remote: tuple[str, int] = ("198.51.100.7", 5070)
    closed: bool = False


@dataclass(slots=True)
class Bindings:
    """A store of bindings in memory."""

    rows: dict[str, dict[str, Any]] = field(default_factory=dict)

    def save(self, key: str, tenant_id: str, value: dict[str, Any]) -> None:
        self.rows[key] = value

    def remove(self, key: str) -> None:
        self.rows.pop(key, None)

    async def load(self, only: str | None = None) -> dict[str, dict[str, dict[str, Any]]]:
        return {"muster": dict(self.rows)}


def muster() -> Tenant:
    """Extensions 10 to 19 behind the head number, 19 with a number of its own on the second trunk.

    User 10 has the largest package, 12 the middle one, the others the smallest.
    """
    users = {
        f"u{extension}": User(f"u{extension}", str(extension), f"User {extension}")
        for extension in range(10, 19)
    }
    users["u10"] = User("u10", "10", "User 10", Package.VOLLE)
    users["u12"] = User("u12", "12", "User 12", Package.KLINGENDE)
    users["u19"] = User("u19", "19", "User 19", number="+498912345670")
    trunks = {
        "berlin": TrunkConfig("berlin", "Berlin", "register", "sip.provider.example", 5060, username="B1"),
        "munich": TrunkConfig("munich", "Munich", "static", "203.0.113.9", 5060),
    }
    return Tenant(
        id="muster",
        name="Muster GmbH",
        domain="muster.example",
        users=users,
        devices={
            "p10": Device("p10", "u10", "muster-10"),
            "w10": Device("w10", "u10", "web-10", "web"),
        },
        trunks=trunks,
        numbers=[NumberBlock("berlin", HEAD, 2), NumberBlock("munich", "+49891234567", 1)],
    )


def register(
    *contacts: str,
    cseq: int = 1,
    call_id: str = "reg-1",
    expires: int | None = None,
    path: Sequence[str] = (),
) -> Request:
    """A REGISTER as the registrar gets it, after authentication."""
    headers = Headers(
        [
            ("From", "<sip:muster-10@muster.example>;tag=1"),
            ("To", "<sip:muster-10@muster.example>"),
            ("Call-ID", call_id),
            ("CSeq", f"{cseq} REGISTER"),
            *(("Contact", contact) for contact in contacts),
            *(("Path", hop) for hop in path),
        ]
    )
    if expires is not None:
        headers.add("Expires", str(expires))
    return Request("REGISTER", SipUri("muster.example"), headers)
