"""The registrar (RFC 3261 §10.3, RFC 3327, RFC 5626)."""

from dataclasses import dataclass, field

import pytest
from tests.unit.pbx.world import EPOCH, Bindings, Connection, muster, register

from stimme.pbx.registrar import MAX_BINDINGS, Refusal, Registrar
from stimme.sip.flow import Flow, Target
from stimme.sip.gruu import GruuIssuer
from stimme.sip.push import PushParameters, push_of
from stimme.sip.uri import NameAddr, SipUri

DEVICE = muster().devices["p10"]
BROWSER = muster().devices["w10"]
PHONE = "<sip:muster-10@198.51.100.7:5070>"
INSTANCE = '<sip:muster-10@198.51.100.7:{port}>;+sip.instance="<urn:uuid:f81d4fae>";reg-id={reg_id}'


@dataclass
class World:
    """A registrar, its store, and what it told."""

    now: float = EPOCH
    store: Bindings = field(default_factory=Bindings)
    changed: list[str] = field(default_factory=list)
    moved: list[tuple[str, Flow]] = field(default_factory=list)
    push_services: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        self.registrar = self.restarted()

    def restarted(self) -> Registrar:
        return Registrar(
            "muster",
            self.store,
            wall_clock=lambda: self.now,
            changed=self.changed.append,
            moved=lambda device, flow: self.moved.append((device, flow)),
            gruus=GruuIssuer("muster.example", b"key"),
            push_services=self.push_services,
        )

    def contacts(self) -> list[str]:
        return [binding.contact for binding in self.registrar.of("p10")]


@pytest.fixture
def world() -> World:
    return World()


def test_a_binding_lives_until_it_expires_and_the_change_is_told_once(world: World) -> None:
    flow = Connection()
    headers = world.registrar.register(DEVICE, register(PHONE, expires=120), flow)
    assert headers == [("Contact", f"{PHONE};expires=120")]
    world.registrar.register(DEVICE, register(PHONE, cseq=2, expires=120), flow)
    assert world.changed == ["p10"]
    assert world.registrar.online() == {"p10"}
    world.now += 121
    assert world.registrar.online() == set()
    world.registrar.expire()
    assert world.changed == ["p10", "p10"]
    assert world.store.rows == {}


def test_the_contact_s_own_expires_wins_over_the_header(world: World) -> None:
    headers = world.registrar.register(DEVICE, register(f"{PHONE};expires=90", expires=600), Connection())
    assert headers == [("Contact", f"{PHONE};expires=90")]


@pytest.mark.parametrize(
    ("transport", "asked", "granted"),
    [("udp", 7200, 3600), ("tls", 3600, 3600), ("wss", 3600, 600), ("wss", 300, 300), ("udp", 60, 60)],
)
def test_the_granted_time_is_bounded(world: World, transport: str, asked: int, granted: int) -> None:
    headers = world.registrar.register(DEVICE, register(PHONE, expires=asked), Connection(transport))
    assert headers == [("Contact", f"{PHONE};expires={granted}")]


def test_too_brief_an_interval_is_refused_and_changes_nothing(world: World) -> None:
    refusal = world.registrar.register(DEVICE, register(PHONE, expires=59), Connection())
    assert refusal == Refusal(423, "Interval Too Brief", (("Min-Expires", "60"),))
    assert world.contacts() == []


def test_the_best_q_comes_first(world: World) -> None:
    world.registrar.register(
        DEVICE,
        register("<sip:a@192.0.2.5>;q=0.3", "<sip:b@192.0.2.6>", "<sip:c@192.0.2.7>;q=0.8", expires=300),
        Connection(),
    )
    assert world.contacts() == ["sip:b@192.0.2.6", "sip:c@192.0.2.7", "sip:a@192.0.2.5"]


@pytest.mark.parametrize("q", ["nonsense", "nan", "-1", "0"])
def test_a_q_that_is_none_does_no_harm(world: World, q: str) -> None:
    world.registrar.register(DEVICE, register(f"{PHONE};q={q}", expires=300), Connection())
    assert [0.0 <= binding.q <= 1.0 for binding in world.registrar.of("p10")] == [True]


def test_the_same_instance_and_reg_id_replaces_and_another_reg_id_adds(world: World) -> None:
    first, second = Connection(remote=("198.51.100.7", 5070)), Connection(remote=("198.51.100.7", 6000))
    world.registrar.register(DEVICE, register(INSTANCE.format(port=5070, reg_id=1), expires=300), first)
    again = register(INSTANCE.format(port=6000, reg_id=1), cseq=2, call_id="after-reboot", expires=300)
    headers = world.registrar.register(DEVICE, again, second)
    assert world.contacts() == ["sip:muster-10@198.51.100.7:6000"]
    assert world.moved == [("p10", second)]
    assert isinstance(headers, list)
    assert headers[0][1].endswith(';expires=300;+sip.instance="<urn:uuid:f81d4fae>";reg-id=1')
    world.registrar.register(DEVICE, register(INSTANCE.format(port=6000, reg_id=2), cseq=3), second)
    assert len(world.contacts()) == 2


def test_an_old_cseq_of_the_same_call_id_changes_nothing(world: World) -> None:
    world.registrar.register(DEVICE, register(PHONE, cseq=7, expires=300), Connection())
    headers = world.registrar.register(DEVICE, register(PHONE, cseq=7, expires=0), Connection())
    assert headers == [("Contact", f"{PHONE};expires=300")]
    world.registrar.register(DEVICE, register(PHONE, cseq=1, call_id="another", expires=0), Connection())
    assert world.contacts() == []


def test_the_star_takes_everything_away_and_needs_a_zero(world: World) -> None:
    world.registrar.register(DEVICE, register(PHONE, "<sip:b@192.0.2.6>", expires=300), Connection())
    refusal = world.registrar.register(DEVICE, register("*", cseq=2, expires=60), Connection())
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400
    assert len(world.contacts()) == 2
    assert world.registrar.register(DEVICE, register("*", cseq=3, expires=0), Connection()) == []
    assert world.store.rows == {}
    assert world.changed == ["p10", "p10"]


def test_a_query_without_contact_shows_what_there_is(world: World) -> None:
    world.registrar.register(DEVICE, register(PHONE, expires=300), Connection())
    world.now += 100
    assert world.registrar.register(DEVICE, register(cseq=2), Connection()) == [
        ("Contact", f"{PHONE};expires=200")
    ]


@pytest.mark.parametrize(
    "request_",
    [
        register("<sip:>", expires=300),
        register("<tel:+4930231250>", expires=300),
        register("<mailto:a@b.example>", expires=300),
        register("*", PHONE, expires=0),
        register(PHONE, expires=300, path=["<sip:>"]),
        register(PHONE, expires=300, path=["<tel:123>"]),
    ],
)
def test_what_could_not_be_called_is_refused(world: World, request_: object) -> None:
    refusal = world.registrar.register(DEVICE, request_, Connection())  # type: ignore[arg-type]
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400
    assert world.contacts() == []


def test_the_path_is_kept_shown_and_followed(world: World) -> None:
    path = ["<sip:edge.example:5062;lr;transport=tcp>", "<sip:inner.example;lr>"]
    headers = world.registrar.register(DEVICE, register(PHONE, expires=300, path=path), Connection())
    assert ("Path", ", ".join(path)) in headers  # type: ignore[operator]
    (binding,) = world.registrar.of("p10")
    assert binding.destination() == Target("tcp", "edge.example", 5062)


def test_where_a_binding_is_reached(world: World) -> None:
    flow = Connection("tcp")
    world.registrar.register(DEVICE, register(PHONE, expires=300), flow)
    (binding,) = world.registrar.of("p10")
    assert binding.destination() is flow
    flow.closed = True
    assert binding.destination() == Target("tcp", "198.51.100.7", 5070)


def test_a_closed_connection_takes_a_browser_away_and_leaves_a_telephone(world: World) -> None:
    phone, browser = Connection("tls"), Connection("wss")
    world.registrar.register(DEVICE, register(PHONE, expires=300), phone)
    world.registrar.register(BROWSER, register("<sip:x@1234.invalid;transport=ws>", expires=300), browser)
    for flow in (phone, browser):
        flow.closed = True
        world.registrar.flow_closed(flow)
    assert world.registrar.online() == {"p10"}
    assert world.changed == ["p10", "w10", "w10"]
    assert len(world.store.rows) == 1


def test_bindings_come_back_after_a_restart_without_the_expired(world: World) -> None:
    world.registrar.register(DEVICE, register(PHONE, expires=300), Connection(remote=("203.0.113.4", 1024)))
    world.registrar.register(BROWSER, register("<sip:x@1234.invalid>", expires=100), Connection("wss"))
    world.now += 200
    registrar = world.restarted()
    registrar.restore(dict(world.store.rows))
    (binding,) = registrar.of("p10")
    assert binding.destination() == Target("udp", "203.0.113.4", 1024)
    assert registrar.online() == {"p10"}
    assert len(world.store.rows) == 1


def test_a_restored_browser_cannot_be_reached_until_it_registers_again(world: World) -> None:
    world.registrar.register(BROWSER, register("<sip:x@1234.invalid>", expires=300), Connection("wss"))
    registrar = world.restarted()
    registrar.restore(dict(world.store.rows))
    (binding,) = registrar.of("w10")
    assert binding.destination() is None


def test_the_oldest_binding_leaves_when_there_are_too_many(world: World) -> None:
    for number in range(MAX_BINDINGS + 2):
        world.registrar.register(
            DEVICE, register(f"<sip:a@192.0.2.{number}>", cseq=number + 1, expires=300), Connection()
        )
        world.now += 1
    assert len(world.contacts()) == MAX_BINDINGS
    assert "sip:a@192.0.2.1" not in world.contacts()


def test_a_refresh_at_the_limit_drops_nobody(world: World) -> None:
    contacts = [f"<sip:a@192.0.2.{number}>" for number in range(MAX_BINDINGS)]
    world.registrar.register(DEVICE, register(*contacts, expires=300), Connection())
    world.registrar.register(DEVICE, register(contacts[3], cseq=2, expires=300), Connection())
    assert len(world.contacts()) == MAX_BINDINGS


def test_one_request_with_more_contacts_than_allowed_is_refused(world: World) -> None:
    contacts = [f"<sip:a@192.0.2.{number}>" for number in range(MAX_BINDINGS + 1)]
    refusal = world.registrar.register(DEVICE, register(*contacts, expires=300), Connection())
    assert isinstance(refusal, Refusal)
    assert refusal.status == 400


# -- GRUU (RFC 5627) and push (RFC 8599) --------------------------------------------------------------------


def gruus_of(world: World, *, reg_id: int = 1, cseq: int = 1, call_id: str = "reg-1") -> dict[str, SipUri]:
    """Registers an instance that asks for its addresses, and reads them from the answer."""
    request = register(INSTANCE.format(port=5070, reg_id=reg_id), cseq=cseq, call_id=call_id, expires=600)
    request.headers.add("Supported", "gruu")
    headers = world.registrar.register(DEVICE, request, Connection())
    assert isinstance(headers, list)
    params = NameAddr.parse(dict(headers)["Contact"]).params
    return {name: SipUri.parse(params[name] or "") for name in ("pub-gruu", "temp-gruu")}


def behind(world: World, uri: SipUri) -> list[str]:
    return [binding.contact for binding in world.registrar.behind(uri, muster().devices)]


def test_an_instance_gets_a_public_and_a_temporary_address(world: World) -> None:
    made = gruus_of(world)
    assert str(made["pub-gruu"]) == "sip:muster-10@muster.example;gr=urn:uuid:f81d4fae"
    temporary = made["temp-gruu"]
    assert "muster-10" not in str(temporary)
    assert "f81d4fae" not in str(temporary)
    for uri in made.values():
        assert behind(world, uri) == ["sip:muster-10@198.51.100.7:5070"]


def test_every_temporary_address_of_a_registration_is_good_until_it_ends(world: World) -> None:
    first, second = gruus_of(world)["temp-gruu"], gruus_of(world, cseq=2)["temp-gruu"]
    assert first != second
    assert behind(world, first) == behind(world, second) != []
    third = gruus_of(world, call_id="reg-2")["temp-gruu"]
    assert behind(world, first) == []
    assert behind(world, third) != []
    world.now += 601
    assert behind(world, third) == []


def test_only_who_asks_and_has_an_instance_gets_addresses(world: World) -> None:
    plain = world.registrar.register(DEVICE, register(INSTANCE.format(port=5070, reg_id=1)), Connection())
    assert "gruu" not in str(plain)
    request = register(PHONE, cseq=2)
    request.headers.add("Supported", "gruu")
    answer = world.registrar.register(DEVICE, request, Connection())
    assert isinstance(answer, list)
    assert answer[-1] == ("Contact", f"{PHONE};expires=600")


@pytest.mark.parametrize(
    "uri",
    [
        "sip:muster-11@muster.example;gr=urn:uuid:f81d4fae",
        "sip:muster-10@other.example;gr=urn:uuid:f81d4fae",
        "sip:muster-10@muster.example;gr=urn:uuid:another",
        "sip:tgruu.0123456789abcdef0123456789abcdef0123@muster.example;gr",
        "sip:tgruu.short@muster.example;gr",
        "sip:muster-10@muster.example",
    ],
)
def test_an_address_that_leads_nowhere(world: World, uri: str) -> None:
    gruus_of(world)
    assert behind(world, SipUri.parse(uri)) == []


def test_addresses_are_good_after_a_restart(world: World) -> None:
    made = gruus_of(world)
    world.registrar = world.restarted()
    world.registrar.restore(dict(world.store.rows))
    for uri in made.values():
        assert behind(world, uri) == ["sip:muster-10@198.51.100.7:5070"]


PUSH = "<sip:muster-10@198.51.100.7:5070;pn-provider=fcm;pn-prid=secret-token;pn-param=project>"


def test_push_parameters_are_kept_with_the_binding(world: World) -> None:
    headers = world.registrar.register(DEVICE, register(PUSH), Connection())
    world.registrar = world.restarted()
    world.registrar.restore(dict(world.store.rows))
    push = world.registrar.of("p10")[0].push
    assert push == PushParameters("fcm", "secret-token", "project")
    # No push service is asked, so none is named: the telephone keeps its connection.
    assert isinstance(headers, list)
    assert "Feature-Caps" not in dict(headers)


@pytest.mark.parametrize(
    ("contact", "told"),
    [
        (PUSH, ['*;+sip.pns="fcm"']),
        (PUSH.replace("fcm", "apns"), []),
        ("<sip:muster-10@198.51.100.7:5070;pn-provider>", ['*;+sip.pns="fcm"', '*;+sip.pns="webpush"']),
        (PHONE, []),
    ],
)
def test_a_push_service_that_is_really_there_is_named(world: World, contact: str, told: list[str]) -> None:
    world.push_services = ("fcm", "webpush")
    headers = world.restarted().register(DEVICE, register(contact), Connection())
    assert isinstance(headers, list)
    assert [value for name, value in headers if name == "Feature-Caps"] == told


def test_a_service_without_a_device_wakes_nobody() -> None:
    assert push_of(SipUri.parse("sip:a@b;pn-provider=fcm")) is None
