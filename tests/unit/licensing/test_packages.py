"""Packages: each holds the one before it, a refusal names the one to buy."""

import pytest

from stimme.licensing.errors import PackageRequiredError
from stimme.licensing.packages import Feature, Package, features, package_of, require


def test_every_feature_belongs_to_exactly_one_package_and_those_above() -> None:
    klare, klingende, volle = (features(package) for package in Package)
    assert klare < klingende < volle == frozenset(Feature)
    for feature in Feature:
        assert feature in features(package_of(feature))


@pytest.mark.parametrize(
    ("package", "feature", "needed"),
    [
        (Package.KLARE, Feature.VOICEMAIL, "Klingende stimme"),
        (Package.KLARE, Feature.CLIENT_DIVERSIONS, "Klingende stimme"),
        (Package.KLARE, Feature.FAX, "Volle stimme"),
        (Package.KLINGENDE, Feature.SOFTPHONE, "Volle stimme"),
    ],
)
def test_a_refusal_names_the_package_to_buy(package: Package, feature: Feature, needed: str) -> None:
    with pytest.raises(
        PackageRequiredError, match=f"needs the package {needed}; this user has {package.title}"
    ) as refusal:
        require(package, feature)
    assert refusal.value.feature == feature.value
    assert Package(refusal.value.package) is package_of(feature)


def test_what_the_package_holds_is_not_refused() -> None:
    for package in Package:
        for feature in features(package):
            require(package, feature)
