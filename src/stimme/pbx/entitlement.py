"""What a user's package lets the telephone system do (the service's L5).

Policy:
    * Asked at every use, so a change of package counts from the next call, key or registration on.
    * A browser telephone is part of the package with the softphone. Without it the browser does not register
      and does not ring, and nobody calls from it but the emergency services, which every device reaches
      whatever the package.
    * A smaller package cuts no conversation off: the browser's registrations end, its call goes on until
      somebody hangs up.
    * Nothing that the user has set or kept is deleted; a larger package brings it back.
"""

from collections.abc import Mapping
from typing import Any

from stimme.licensing.errors import PackageRequiredError
from stimme.licensing.packages import Feature, features, package_of, require
from stimme.pbx.bus import EventBus
from stimme.pbx.events import FeaturesChanged
from stimme.pbx.features import commands as c
from stimme.pbx.model import Device, Tenant, User
from stimme.pbx.registrar import Refusal, Registrar
from stimme.sip.uri import quote_string

NEEDS: Mapping[type[Any], Feature] = {c.Voicemail: Feature.VOICEMAIL}
"""What a code needs that is not for everybody."""


def holds(user: User, feature: Feature) -> bool:
    """Tell whether a feature is part of the user's package."""
    return user.package.contains(package_of(feature))


def lacking(user: User, command: object) -> Feature | None:
    """What a user needs for a command and does not have."""
    feature = NEEDS.get(type(command))
    return None if feature is None or holds(user, feature) else feature


def device_refused(tenant: Tenant, device: Device) -> Refusal | None:
    """Why a device is not to be served: a browser whose user has no softphone (None: it is served)."""
    user = tenant.users.get(device.user_id or "")
    return refused(tenant, user, Feature.SOFTPHONE) if device.kind == "web" and user is not None else None


def refused(tenant: Tenant, user: User, feature: Feature) -> Refusal | None:
    """Why a user is refused a feature, for telephones: 403 with a Warning (RFC 3261 §20.43) that says it."""
    try:
        require(user.package, feature)
    except PackageRequiredError as error:
        return Refusal(403, "Package", (("Warning", f"399 {tenant.domain} {quote_string(str(error))}"),))
    return None


def withdraw_registrations(tenant: Tenant, registrar: Registrar) -> None:
    """Ends the registrations of devices that are not served any more."""
    for device in tenant.devices.values():
        if device_refused(tenant, device) is not None:
            registrar.forget(device.id)


def tell_changes(before: Tenant, after: Tenant, bus: EventBus) -> None:
    """Tells users whose package has changed which features they have now."""
    for user in after.users.values():
        old = before.users.get(user.id)
        if old is not None and old.package is not user.package:
            names = sorted(feature.value for feature in features(user.package))
            bus.publish(FeaturesChanged(after.id, user.id, user.package, names, user_ids=(user.id,)))
