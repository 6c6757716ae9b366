"""The licence model of the service description, rule by rule."""

import datetime
import itertools

import pytest

from stimme.licensing.errors import (
    LicenceChangeError,
    LicenceLimitError,
    LicenceMissingError,
    LicenceRightError,
    LicensingError,
)
from stimme.licensing.holding import Holding, Role, Standing
from stimme.licensing.packages import LicenceKind, Package

NOW = datetime.datetime(2026, 11, 25, 12, tzinfo=datetime.UTC)
DAY = datetime.timedelta(days=1)


def licensed(kind: LicenceKind = LicenceKind.BASE) -> Holding:
    return Holding().with_base(kind, by="provider", now=NOW)


@pytest.mark.feature("L1")
def test_nothing_without_a_base_licence() -> None:
    with pytest.raises(LicenceMissingError, match="A user needs"):
        Holding().with_user(Package.KLARE)
    with pytest.raises(LicenceMissingError, match="A trunk needs"):
        Holding().with_trunk()
    assert Holding().standing(NOW) is Standing.UNLICENSED


def test_a_second_base_licence_is_refused() -> None:
    for kind in (LicenceKind.BASE, LicenceKind.EXTENDED_BASE):
        with pytest.raises(LicenceChangeError, match="exactly one"):
            licensed(kind).with_base(kind, by="provider", now=NOW)


@pytest.mark.feature("L1", "L4")
def test_the_base_licence_includes_one_trunk_and_the_seventeenth_is_refused() -> None:
    holding = licensed()
    for count in range(1, 17):
        holding = holding.with_trunk()
        assert holding.licences().get(LicenceKind.TRUNK, 0) == count - 1
    with pytest.raises(LicenceLimitError, match="at most 16 trunks"):
        holding.with_trunk()
    assert holding.without_trunk().with_trunk() == holding


def test_a_demo_has_three_users_one_trunk_and_four_weeks() -> None:
    demo = licensed(LicenceKind.DEMO).with_trunk()
    for package in Package:
        demo = demo.with_user(package)
    with pytest.raises(LicenceLimitError, match="3 users"):
        demo.with_user(Package.KLARE)
    with pytest.raises(LicenceLimitError, match="1 trunk"):
        demo.with_trunk()
    assert demo.with_package(Package.KLARE, Package.VOLLE).users == {Package.KLINGENDE: 1, Package.VOLLE: 2}
    last = NOW + 28 * DAY - datetime.timedelta(microseconds=1)
    assert demo.standing(last) is Standing.DEMO
    assert demo.standing(NOW + 28 * DAY) is Standing.EXPIRED
    assert not Standing.EXPIRED.allows_calls()
    assert Standing.EXPIRED.allows_calls(emergency=True)
    assert demo.erasable_from() == NOW + 58 * DAY


def test_conversion_keeps_everything_and_lifts_the_limits() -> None:
    demo = licensed(LicenceKind.DEMO).with_trunk().with_user(Package.VOLLE)
    paid = demo.with_base(LicenceKind.BASE, by="reseller", now=NOW + 40 * DAY)
    assert (paid.trunks, paid.users) == (demo.trunks, demo.users)
    assert paid.standing(NOW + 40 * DAY) is Standing.LICENSED
    assert paid.erasable_from() is None
    assert paid.with_trunk().licences()[LicenceKind.TRUNK] == 1


def test_a_customer_gets_one_demo_and_only_as_a_new_customer() -> None:
    ended = licensed(LicenceKind.DEMO).with_base(None, by="provider", now=NOW)
    with pytest.raises(LicenceChangeError, match="has had"):
        ended.with_base(LicenceKind.DEMO, by="provider", now=NOW)
    with pytest.raises(LicenceChangeError, match="new customer"):
        licensed().with_base(LicenceKind.DEMO, by="provider", now=NOW)
    crowded = Holding(users={Package.KLARE: 4})
    with pytest.raises(LicenceLimitError):
        crowded.with_base(LicenceKind.DEMO, by="provider", now=NOW)


ROLES: tuple[Role, ...] = ("provider", "reseller", "customer", "user")


def test_who_may_change_the_base_licence() -> None:
    bases = (None, LicenceKind.BASE, LicenceKind.EXTENDED_BASE, LicenceKind.DEMO)
    done = set()
    for before, after, role in itertools.product(bases, bases, ROLES):
        holding = licensed(before) if before else Holding()
        try:
            changed = holding.with_base(after, by=role, now=NOW)
        except LicensingError:
            continue
        assert changed.base is after
        done.add((before, after, role))
    assert {role for _b, _a, role in done} == {"provider", "reseller"}
    by_reseller = {(before, after) for before, after, role in done if role == "reseller"}
    by_provider = {(before, after) for before, after, role in done if role == "provider"}
    assert by_provider - by_reseller == {(None, LicenceKind.DEMO), (LicenceKind.DEMO, None)}


def test_a_resellers_demo_is_a_matter_of_rights() -> None:
    with pytest.raises(LicenceRightError, match="provider's own staff"):
        Holding().with_base(LicenceKind.DEMO, by="reseller", now=NOW)
