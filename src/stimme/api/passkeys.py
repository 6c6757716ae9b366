"""WebAuthn ceremonies: what the server asks, and whether the answer is right.

Policy: a challenge is good for five minutes, once, for one purpose; it is kept in memory. The relying party
is the host that the browser asked, its origin the one of the page. The authenticator must check the person
(PIN, finger, face), for a passkey stands for both factors. Attestation is not asked for: any authenticator
will do.
"""

import secrets
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from webauthn import (
    base64url_to_bytes,
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import bytes_to_base64url, options_to_json_dict
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from stimme.store.credential_models import Passkey

LIFE_SECONDS = 300.0
_MAX_CHALLENGES = 10_000
_NAME = "stimme"


class PasskeyRefusedError(Exception):
    """The answer does not fit the challenge, or the challenge is gone."""


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A verified registration."""

    passkey_id: str
    public_key: bytes
    sign_count: int


class Ceremonies:
    """Challenges that are open."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._open: dict[str, tuple[bytes, str, float]] = {}

    def begin_registration(
        self, request: Request, account_id: str, login: str, known: Sequence[Passkey]
    ) -> tuple[str, dict[str, Any]]:
        """Return the ceremony's handle and the options for ``navigator.credentials.create``."""
        options = generate_registration_options(
            rp_id=_host(request),
            rp_name=_NAME,
            user_id=account_id.encode(),
            user_name=login,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[
                PublicKeyCredentialDescriptor(id=base64url_to_bytes(one.id)) for one in known
            ],
        )
        return self._keep(options.challenge, account_id), options_to_json_dict(options)

    def finish_registration(
        self, request: Request, handle: str, account_id: str, credential: dict[str, Any]
    ) -> NewPasskey:
        """Verify what the authenticator made.

        Raises:
            PasskeyRefusedError: When it does not fit.
        """
        challenge = self._take(handle, account_id)
        try:
            verified = verify_registration_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=_host(request),
                expected_origin=_origin(request),
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as error:
            raise PasskeyRefusedError(str(error)) from error
        return NewPasskey(
            bytes_to_base64url(verified.credential_id), verified.credential_public_key, verified.sign_count
        )

    def begin_sign_in(self, request: Request) -> tuple[str, dict[str, Any]]:
        """Return the ceremony's handle and the options for ``navigator.credentials.get``."""
        options = generate_authentication_options(
            rp_id=_host(request), user_verification=UserVerificationRequirement.REQUIRED
        )
        return self._keep(options.challenge, ""), options_to_json_dict(options)

    def finish_sign_in(
        self, request: Request, handle: str, passkey: Passkey, credential: dict[str, Any]
    ) -> int:
        """Verify a signature; returns the authenticator's new count.

        Raises:
            PasskeyRefusedError: When it does not fit.
        """
        challenge = self._take(handle, "")
        try:
            verified = verify_authentication_response(
                credential=credential,
                expected_challenge=challenge,
                expected_rp_id=_host(request),
                expected_origin=_origin(request),
                credential_public_key=passkey.public_key,
                credential_current_sign_count=passkey.sign_count,
                require_user_verification=True,
            )
        except (WebAuthnException, ValueError) as error:
            raise PasskeyRefusedError(str(error)) from error
        return verified.new_sign_count

    def _keep(self, challenge: bytes, purpose: str) -> str:
        now = self._clock()
        self._open = {key: value for key, value in self._open.items() if value[2] > now}
        while len(self._open) >= _MAX_CHALLENGES:
            self._open.pop(next(iter(self._open)))
        handle = secrets.token_urlsafe(18)
        self._open[handle] = (challenge, purpose, now + LIFE_SECONDS)
        return handle

    def _take(self, handle: str, purpose: str) -> bytes:
        challenge, meant, until = self._open.pop(handle, (b"", "", 0.0))
        if not challenge or meant != purpose or until <= self._clock():
            raise PasskeyRefusedError("The challenge is gone.")
        return challenge


def _host(request: Request) -> str:
    return request.url.hostname or ""


def _origin(request: Request) -> str:
    return f"https://{request.url.netloc}"
