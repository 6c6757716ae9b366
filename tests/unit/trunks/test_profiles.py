"""Providers' profiles, and whose number a call shows (T1, T6)."""

import tomllib
from dataclasses import replace
from importlib import resources
from typing import Any

import pytest

from stimme.trunks.numbers import NumberFormat
from stimme.trunks.profiles.presentation import Show, present, shown_number
from stimme.trunks.profiles.profile import Profile, ProfileError, make_profile, profiles

NETWORK, OTHER, HOST = "+493023125012", "+491701234567", "p.example"
GENERIC_TEXT = (resources.files("stimme.trunks.profiles") / "generic.toml").read_text(encoding="utf-8")
GENERIC: dict[str, Any] = tomllib.loads(GENERIC_TEXT)


def profile(**changes: Any) -> Profile:
    return replace(profiles()["generic"], **changes)


def test_the_promised_providers_are_there() -> None:
    assert {"generic", "telekom_companyflex", "peoplefone", "plusnet"} <= set(profiles())


def test_every_file_says_where_it_is_from_and_what_differs() -> None:
    for found in profiles().values():
        assert found.sources
        assert found.codecs
        assert "PCMA" in found.codecs
        assert 60 <= found.expires <= 3600


def test_every_value_is_explained() -> None:
    lines = GENERIC_TEXT.splitlines()
    explained = 0
    for name in GENERIC:
        place = next(number for number, line in enumerate(lines) if line.startswith(f"{name} ="))
        explained += any(line.startswith("#") for line in lines[max(0, place - 6) : place])
    assert explained == len(GENERIC)


def test_the_telekom_s_proxy_has_the_account_s_name() -> None:
    telekom = profiles()["telekom_companyflex"]
    assert telekom.proxy_of("1234567") == "1234567.primary.companyflex.de"
    assert telekom.numbers_out is NumberFormat.E164
    assert profiles()["generic"].proxy_of("1234567") == ""


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"colour": "red"}, "colour is unknown"),
        ({"port": "5060"}, "port is not a int"),
        ({"srv": 1}, "srv is not a bool"),
        ({"transport": "sctp"}, "transport is one of udp, tcp, tls"),
        ({"numbers_out": "roman"}, "numbers_out is one of e164"),
        ({"network_in": "rpid"}, "network_in is one of"),
    ],
)
def test_a_faulty_file_is_refused(values: dict[str, Any], reason: str) -> None:
    with pytest.raises(ProfileError, match=reason):
        make_profile("x", GENERIC, values)


def user(found: str) -> str:
    return found.partition("sip:")[2].partition("@")[0]


@pytest.mark.parametrize(
    ("network_in", "names"),
    [
        ("ppi", ["P-Preferred-Identity"]),
        ("pai", ["P-Asserted-Identity"]),
        ("both", ["P-Preferred-Identity", "P-Asserted-Identity"]),
        ("from", []),
    ],
)
def test_the_network_number_stands_where_the_provider_looks(network_in: str, names: list[str]) -> None:
    shown = present(profile(network_in=network_in), HOST, NETWORK)
    assert [name for name, _ in shown.headers] == names
    assert {user(value) for _, value in shown.headers} <= {NETWORK}
    assert shown.from_.user == NETWORK


def test_clip_no_screening_shows_another_number_and_the_network_still_knows() -> None:
    shown = present(profile(), HOST, NETWORK, shown=OTHER, name="Muster GmbH")
    assert str(shown.from_) == f'"Muster GmbH" <sip:{OTHER}@{HOST}>'
    assert {user(value) for _, value in shown.headers} == {NETWORK}


@pytest.mark.parametrize(
    ("show", "number"), [(Show.OWN, NETWORK), (Show.HEAD, "+4930231250"), (Show.OTHER, OTHER)]
)
def test_a_user_shows_the_own_number_the_head_number_or_another(show: Show, number: str) -> None:
    shown = shown_number(show, "+4930231250", OTHER)
    assert present(profile(), HOST, NETWORK, shown=shown).from_.user == number


def test_without_clip_no_screening_the_network_number_is_shown() -> None:
    assert present(profile(clip_no_screening=False), HOST, NETWORK, shown=OTHER).from_.user == NETWORK


def test_a_hidden_number_is_hidden_from_people_and_known_to_the_network() -> None:
    shown = present(profile(), HOST, NETWORK, shown=OTHER, name="Anna", hidden=True)
    assert str(shown.from_) == '"Anonymous" <sip:anonymous@anonymous.invalid>'
    assert ("Privacy", "id") in shown.headers
    assert dict(shown.headers)["P-Asserted-Identity"] == f"<sip:{NETWORK}@{HOST}>"
    visible = present(profile(anonymous_from=False), HOST, NETWORK, hidden=True)
    assert visible.from_.user == NETWORK
    assert ("Privacy", "id") in visible.headers


def test_where_only_from_is_read_the_number_stays_there() -> None:
    shown = present(profile(network_in="from"), HOST, NETWORK, hidden=True)
    assert shown.from_.user == NETWORK
    assert shown.headers == (("Privacy", "id"),)


@pytest.mark.parametrize("network_in", ["ppi", "pai", "both", "from"])
@pytest.mark.parametrize("anonymous_from", [True, False])
def test_an_emergency_call_shows_the_site_s_own_number_whatever_is_set(
    network_in: str, anonymous_from: bool
) -> None:
    shown = present(
        profile(network_in=network_in, anonymous_from=anonymous_from),
        HOST,
        NETWORK,
        shown=OTHER,
        name="Anna",
        hidden=True,
        emergency=True,
    )
    assert shown.from_.user == NETWORK
    assert {user(value) for _, value in shown.headers} <= {NETWORK}
    assert "Privacy" not in dict(shown.headers)


@pytest.mark.parametrize(
    ("form", "written"),
    [(NumberFormat.NATIONAL, "03023125012"), (NumberFormat.INTERNATIONAL, "00493023125012")],
)
def test_numbers_are_written_as_the_provider_wants_them(form: NumberFormat, written: str) -> None:
    shown = present(profile(numbers_out=form), HOST, NETWORK)
    assert shown.from_.user == written
    assert {user(value) for _, value in shown.headers} == {written}
