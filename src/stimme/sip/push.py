"""What a telephone that sleeps says of itself when it registers: RFC 8599, the URI parameters of its Contact.

Policy: the parameters are part of the Contact, so they are kept with the binding and come back with it. A
push service is named in Feature-Caps (`+sip.pns`) only where one is really asked to wake telephones
(RFC 8599 §5); a registrar without one says nothing, so the telephone stays awake and keeps its connection.
"""

from collections.abc import Collection
from dataclasses import dataclass

from stimme.sip.uri import SipUri, quote_string


@dataclass(frozen=True, slots=True)
class PushParameters:
    """How a device is woken.

    Attributes:
        provider: the push service: `apns`, `fcm`, `webpush`.
        resource: the device at that service (`pn-prid`): a secret, never logged.
        detail: what the service needs besides (`pn-param`): topic, project, key.
        purposes: `pn-purr`, the proxy-unique registration reference, when it is asked for or given.
    """

    provider: str
    resource: str
    detail: str = ""
    purposes: str | None = None


def push_of(contact: SipUri) -> PushParameters | None:
    """The push parameters of a Contact; None without a service and a device, which make no sense alone."""
    provider, resource = contact.params.get("pn-provider"), contact.params.get("pn-prid")
    if not provider or not resource:
        return None
    detail = contact.params.get("pn-param") or ""
    return PushParameters(provider.lower(), resource, detail, contact.params.get("pn-purr"))


def feature_caps(contact: SipUri, services: Collection[str]) -> list[tuple[str, str]]:
    """The Feature-Caps of a response to REGISTER.

    For a contact whose service is one of ours, or which asks for all of them by an empty `pn-provider`
    (RFC 8599 §4.1.1).
    """
    if "pn-provider" not in contact.params:
        return []
    asked = contact.params["pn-provider"]
    named = sorted(services) if not asked else [name for name in services if name == asked.lower()]
    return [("Feature-Caps", f"*;+sip.pns={quote_string(name)}") for name in named]
