"""Presence that telephones publish: who may, for whom, and what becomes of it together with the line."""

from dataclasses import replace

import pytest
from tests.unit.pbx.line import Telephone, telephone
from tests.unit.pbx.world import muster

from stimme.licensing.packages import Package
from stimme.pbx.events import LineState
from stimme.pbx.model import Tenant
from stimme.pbx.presence import LARGEST, combined
from stimme.sip.auth import ha1
from stimme.sip.events.pidf import Presence, write_pidf
from stimme.sip.message import Response

EVENT = ("Event", "presence")
PIDF = ("Content-Type", "application/pidf+xml")
AWAY = Presence("sip:10@muster.example", True, "Back at two", ("away",))
CLOSED = Presence("sip:10@muster.example", False)


def muster_with(package: Package = Package.VOLLE) -> Tenant:
    tenant = muster()
    tenant.users["u10"] = replace(tenant.users["u10"], package=package)
    for device_id in ("p10", "w10"):
        device = tenant.devices[device_id]
        secret = ha1(device.sip_user, tenant.domain, "right", "MD5")
        tenant.devices[device_id] = replace(device, ha1={"MD5": secret})
    return tenant


class Publisher:
    """A telephone of user 10, and the presence of that user as the watchers are told."""

    def __init__(self, line: Telephone) -> None:
        self.line = line
        self.told: list[str] = []
        line.pbx.watchers.append(self.told.append)

    def publish(
        self,
        body: Presence | bytes = b"",
        *fields: tuple[str, str],
        user: str = "10",
        password: str = "right",
    ) -> Response:
        data = write_pidf(body) if isinstance(body, Presence) else body
        kind = () if any(name in ("Content-Type", "Event") for name, _ in fields) else (EVENT, PIDF)
        return self.line.say("PUBLISH", user, *kind, *fields, password=password, body=data)

    @property
    def state(self) -> list[Presence]:
        presence = self.line.node._presence
        assert presence is not None
        return presence.of(self.line.pbx, self.line.pbx.tenant.users["u10"])


async def publisher(package: Package = Package.VOLLE) -> Publisher:
    return Publisher(await telephone(muster_with(package)))


async def test_a_telephone_publishes_changes_and_ends() -> None:
    anna = await publisher()
    first = anna.publish(AWAY, ("Expires", "3600"))
    assert (first.status, first.headers.get("Expires"), anna.state) == (200, "600", [AWAY])
    tag = first.headers.get("SIP-ETag") or ""
    second = anna.publish(CLOSED, ("SIP-If-Match", tag))
    assert (second.status, anna.state) == (200, [CLOSED])
    assert anna.publish(b"", ("SIP-If-Match", tag)).status == 412, "that tag has been replaced"
    last = anna.publish(b"", ("SIP-If-Match", second.headers.get("SIP-ETag") or ""), ("Expires", "0"))
    assert (last.status, anna.state) == (200, [])
    assert anna.told == ["presence:u10"] * 3


@pytest.mark.parametrize(
    ("fields", "body", "status"),
    [
        ((("Expires", "30"),), write_pidf(AWAY), 423),
        ((("SIP-If-Match", "of-before-the-restart"),), b"", 412),
        ((), b"", 400),
        ((), b"<presence/>", 400),
        ((), b"no XML", 400),
        ((), b" " * (LARGEST + 1), 413),
        ((EVENT, ("Content-Type", "text/plain")), b"away", 415),
        ((EVENT,), b"away", 415),
        ((("Event", "dialog"), PIDF), write_pidf(AWAY), 489),
        ((PIDF,), write_pidf(AWAY), 489),
    ],
)
async def test_what_is_refused(fields: tuple[tuple[str, str], ...], body: bytes, status: int) -> None:
    anna = await publisher()
    assert anna.publish(body, *fields).status == status
    assert (anna.state, anna.told) == ([], [])


@pytest.mark.parametrize(
    ("user", "password", "status"),
    [("10", "right", 200), ("muster-10", "right", 200), ("11", "right", 403), ("10", "wrong", 401)],
)
async def test_only_for_oneself(user: str, password: str, status: int) -> None:
    anna = await publisher()
    assert anna.publish(AWAY, user=user, password=password).status == status
    assert bool(anna.state) is (status == 200)


async def test_the_package_decides_also_later() -> None:
    assert (await publisher(Package.KLARE)).publish(AWAY).status == 403
    anna = await publisher()
    anna.publish(AWAY)
    anna.line.pbx.reconfigure(muster_with(Package.KLARE))
    assert anna.state == []


async def test_ten_publications_a_user() -> None:
    anna = await publisher()
    assert [anna.publish(AWAY).status for _ in range(11)] == [200] * 10 + [503]


async def test_a_telephone_that_changes_hands_takes_its_state_along() -> None:
    anna = await publisher()
    anna.publish(AWAY)
    anna.line.pbx.state_changed("desk:w10")
    assert anna.state == [AWAY]
    anna.line.pbx.state_changed("desk:p10")
    assert anna.state == []


async def test_the_same_extension_of_another_customer_is_somebody_else() -> None:
    anna = await publisher()
    other = await anna.line.node.add_tenant(
        replace(muster_with(), id="other", domain="other.example", devices={})
    )
    told: list[str] = []
    other.watchers.append(told.append)
    anna.publish(AWAY)
    presence = anna.line.node._presence
    assert presence is not None
    assert (told, presence.of(other, other.tenant.users["u10"])) == ([], [])


OPEN = replace(CLOSED, available=True)


@pytest.mark.parametrize(
    ("line", "dnd", "published", "expected"),
    [
        ("offline", False, [], (False, "", ())),
        ("free", False, [], (True, "", ())),
        ("busy", True, [], (True, "", ("on-the-phone", "do-not-disturb"))),
        ("free", False, [CLOSED], (False, "", ())),
        ("ringing", False, [CLOSED], (True, "", ())),
        ("busy", False, [CLOSED], (True, "", ("on-the-phone",))),
        ("offline", False, [OPEN], (True, "", ())),
        ("free", False, [AWAY, CLOSED], (True, "Back at two", ("away",))),
        ("free", False, [replace(AWAY, note="Old"), AWAY], (True, "Back at two", ("away",))),
        ("busy", False, [replace(OPEN, activities=("on-the-phone",))], (True, "", ("on-the-phone",))),
    ],
)
def test_one_person_of_line_and_publications(
    line: LineState, dnd: bool, published: list[Presence], expected: tuple[bool, str, tuple[str, ...]]
) -> None:
    found = combined("sip:10@muster.example", line, dnd=dnd, published=published)
    assert (found.available, found.note, found.activities) == expected
