"""MESSAGE from one telephone to another: who may, whom it reaches, and what the writer is told."""

from dataclasses import replace

import pytest
from tests.unit.pbx.line import telephone
from tests.unit.pbx.world import Connection, muster, register
from tests.unit.sip.agents import Agent, answer_to, wire

from stimme.licensing.packages import Package
from stimme.pbx import texting
from stimme.pbx.model import Device, Tenant
from stimme.pbx.pbx import Pbx
from stimme.pbx.settings import UserSettings
from stimme.pbx.texting import LARGEST, Texting
from stimme.sip.message import Request, Response

PLAIN = "Content-Type: text/plain;charset=utf-8"
HELLO = "Grüße".encode()
WRITER = Device("p12", "u12", "muster-12")


def house(package: Package = Package.KLINGENDE) -> Tenant:
    """User 12 writes; user 10 has two telephones and a browser."""
    tenant = muster()
    tenant.users["u12"] = replace(tenant.users["u12"], package=package)
    tenant.devices |= {"p12": WRITER, "q10": Device("q10", "u10", "muster-10-2")}
    return tenant


class Post:
    """The messages of user 12, what leaves for the telephones, and what the writer is told."""

    def __init__(self, pbx: Pbx) -> None:
        self.pbx = pbx
        self.agent = Agent()
        self.texting = Texting(self.agent.ua)
        self._count = 0

    def at_hand(self, *devices: str) -> None:
        for port, name in enumerate(devices, 5070):
            flow = Connection(remote=("198.51.100.8", port))
            contact = f"<sip:{name}@198.51.100.8:{port}>"
            self.pbx.registrar.register(self.pbx.tenant.devices[name], register(contact, call_id=name), flow)

    def write(self, to: str = "10", *, body: bytes = HELLO, kind: str = PLAIN) -> None:
        self._count += 1
        data = wire(
            "MESSAGE", branch=f"z9hG4bK{self._count}", call_id=f"m{self._count}", extra=[kind], body=body
        )
        self.agent.receive(data.replace(b"sip:10@192.0.2.1 SIP", f"sip:{to}@192.0.2.1 SIP".encode()))
        transaction = self.agent.application.transactions.pop()
        self.texting.message(transaction, transaction.request, self.pbx, WRITER)
        self.agent.take()

    def left(self) -> list[Request]:
        """The copies that have left since the last look."""
        return [each for each in self.agent.fresh() if isinstance(each, Request)]

    def told(self) -> list[int]:
        """What the writer has been told since the last look."""
        return [each.status for each in self.agent.fresh() if isinstance(each, Response)]

    def says(self, copy: Request, status: int) -> None:
        self.agent.receive(answer_to(copy, status))


async def post(package: Package = Package.KLINGENDE) -> Post:
    return Post((await telephone(house(package))).pbx)


async def test_every_telephone_gets_it_and_the_first_answers() -> None:
    mail = await post()
    mail.at_hand("p10", "q10", "w10")
    mail.write()
    first, second = mail.left()
    assert {str(copy.uri) for copy in (first, second)} == {
        "sip:p10@198.51.100.8:5070",
        "sip:q10@198.51.100.8:5071",
    }
    assert (first.body, first.headers.get("Content-Type")) == (HELLO, PLAIN.partition(": ")[2])
    assert (first.from_.user, first.from_.display_name, first.to.user) == ("12", "User 12", "10")
    mail.says(first, 486)
    assert mail.told() == []
    mail.says(second, 200)
    assert mail.told() == [200]


@pytest.mark.parametrize(
    ("statuses", "told"),
    [((486, 603), 603), ((401, 401), 480), ((200, 200), 200), ((200, 486), 200), ((100, 486, 405), 405)],
)
async def test_what_the_writer_is_told(statuses: tuple[int, ...], told: int) -> None:
    mail = await post()
    mail.at_hand("p10", "q10")
    mail.write()
    copies = mail.left()
    for status, copy in zip(statuses, [copies[0]] * (len(statuses) - 1) + [copies[1]], strict=True):
        mail.says(copy, status)
    assert mail.told() == [told]


async def test_telephones_that_say_nothing() -> None:
    mail = await post()
    mail.at_hand("p10")
    mail.write()
    mail.left()
    mail.agent.run_to(9)
    assert mail.told() == []
    mail.agent.run_to(11)
    assert mail.told() == [408]


@pytest.mark.parametrize(
    ("to", "body", "kind", "status"),
    [
        ("99", HELLO, PLAIN, 404),
        ("11", HELLO, PLAIN, 480),
        ("10", b"x" * (LARGEST + 1), PLAIN, 413),
        ("10", b"<x/>", "Content-Type: message/cpim", 415),
    ],
)
async def test_what_is_refused(to: str, body: bytes, kind: str, status: int) -> None:
    mail = await post()
    mail.at_hand("p10")
    mail.write(to, body=body, kind=kind)
    assert mail.told() == [status]


async def test_do_not_disturb_package_and_address() -> None:
    mail = await post()
    mail.at_hand("p10")
    mail.write("muster-10")
    assert len(mail.left()) == 1
    mail.pbx.settings.set("u10", UserSettings(dnd=True))
    mail.write()
    assert mail.told() == [480]
    poor = await post(Package.KLARE)
    poor.at_hand("p10")
    poor.write()
    assert poor.told() == [403]


async def test_no_more_than_so_many_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(texting, "MOST", 1)
    mail = await post()
    mail.at_hand("p10")
    mail.write()
    (copy,) = mail.left()
    mail.write()
    assert mail.told() == [503]
    mail.says(copy, 200)
    assert mail.told() == [200]
    mail.write()
    assert len(mail.left()) == 1
