"""What is asked of an identity provider and what is believed of its answers, without I/O.

Policy (OpenID Connect Core 1.0 and Discovery 1.0, RFC 6749, 7636, 9207, 9700): authorization code flow only,
always with PKCE by S256, state and nonce. The provider's own description must name the issuer that was
configured, and every address in it must be https. An ID token is believed when it is signed with a key of the
provider by an asymmetric algorithm that we know, is for us, is of this sign-in (nonce) and of now. A mail
address counts when the provider says that it is verified.
"""

import base64
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet

ALGORITHMS = frozenset(
    {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "Ed25519"}
)
"""No symmetric ones: a client secret is no signature key, and "none" is no signature."""
SCOPE = "openid email profile"
LEEWAY_SECONDS = 120
_MAX_SUBJECT = 255


class OpenIdError(Exception):
    """The provider's answer cannot be believed or used; the sentence is for the log and administrators."""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a provider says of itself (Discovery 1.0 section 3), as far as it is needed."""

    issuer: str
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str | None
    algorithms: frozenset[str]
    basic: bool
    """The token endpoint takes the client's secret as HTTP basic authentication, else in the body."""
    names_itself: bool
    """Its answers carry ``iss`` (RFC 9207)."""


@dataclass(frozen=True, slots=True)
class SignInRequest:
    """The secrets of one sign-in: what its answers must fit to."""

    state: str
    nonce: str
    verifier: str
    redirect_uri: str


@dataclass(frozen=True, slots=True)
class Claims:
    """Whom a provider has recognised; ``mail`` as it said it."""

    subject: str
    mail: str | None
    mail_verified: bool


def discovery_address(issuer: str) -> str:
    """Return where a provider describes itself (Discovery 1.0 section 4.1)."""
    return f"{issuer.rstrip('/')}/.well-known/openid-configuration"


def read_discovery(issuer: str, document: Mapping[str, Any]) -> Discovery:
    """Read a provider's description.

    Raises:
        OpenIdError: When it is another's, lacks something, or cannot do what we need.
    """
    if document.get("issuer") != issuer:
        raise OpenIdError(f"the description is of the issuer {document.get('issuer')!r}")
    required = {name: document.get(name) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")}
    addresses = {**required, "userinfo_endpoint": document.get("userinfo_endpoint")}
    for name, address in addresses.items():
        if not _is_https(address) and (name in required or address is not None):
            raise OpenIdError(f"{name} is not an https address")
    if "code" not in _words(document, "response_types_supported", ["code"]):
        raise OpenIdError("the provider does not offer the authorization code flow")
    methods = document.get("code_challenge_methods_supported")
    if methods is not None and "S256" not in _words(document, "code_challenge_methods_supported", []):
        raise OpenIdError("the provider does not offer PKCE with S256")
    algorithms = ALGORITHMS & _words(document, "id_token_signing_alg_values_supported", ["RS256"])
    if not algorithms:
        raise OpenIdError("the provider signs with no algorithm that we take")
    basic = "client_secret_basic" in _words(
        document, "token_endpoint_auth_methods_supported", ["client_secret_basic"]
    )
    return Discovery(
        issuer=issuer,
        authorization_endpoint=str(addresses["authorization_endpoint"]),
        token_endpoint=str(addresses["token_endpoint"]),
        jwks_uri=str(addresses["jwks_uri"]),
        userinfo_endpoint=addresses["userinfo_endpoint"],
        algorithms=algorithms,
        basic=basic,
        names_itself=document.get("authorization_response_iss_parameter_supported") is True,
    )


def authorization_address(discovery: Discovery, client_id: str, request: SignInRequest) -> str:
    """Return where the browser is sent to sign in (Core 1.0 section 3.1.2.1, RFC 7636 section 4.3)."""
    digest = hashlib.sha256(request.verifier.encode()).digest()
    parameters = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": request.redirect_uri,
        "scope": SCOPE,
        "state": request.state,
        "nonce": request.nonce,
        "code_challenge": base64.urlsafe_b64encode(digest).decode().rstrip("="),
        "code_challenge_method": "S256",
    }
    joint = "&" if urlsplit(discovery.authorization_endpoint).query else "?"
    return f"{discovery.authorization_endpoint}{joint}{urlencode(parameters)}"


def check_answerer(discovery: Discovery, issuer: str | None) -> None:
    """Check who answers (RFC 9207 section 2.4).

    Raises:
        OpenIdError: When it is somebody else, or does not say so where it always would.
    """
    if issuer != discovery.issuer and (issuer is not None or discovery.names_itself):
        raise OpenIdError("the answer is another provider's")


def read_keys(document: Mapping[str, Any]) -> KeySet:
    """Read a provider's keys (RFC 7517).

    Raises:
        OpenIdError: When there are none that can be used.
    """
    try:
        return KeySet.import_key_set({"keys": list(document["keys"])})
    except (JoseError, KeyError, TypeError, ValueError) as error:
        raise OpenIdError(f"the provider's keys cannot be read: {error}") from error


def read_id_token(
    token: str, keys: KeySet, discovery: Discovery, client_id: str, *, nonce: str, now: float
) -> Claims:
    """Believe an ID token, or not (Core 1.0 section 3.1.3.7).

    Args:
        token: As it came.
        keys: Of the provider.
        discovery: Its description.
        client_id: Who we are there.
        nonce: Of this sign-in.
        now: Seconds since the epoch.

    Raises:
        OpenIdError: When signature, issuer, audience, nonce, time or subject do not fit.
    """
    registry = jwt.JWTClaimsRegistry(
        now=int(now),
        leeway=LEEWAY_SECONDS,
        iss={"essential": True, "value": discovery.issuer},
        aud={"essential": True, "value": client_id},
        exp={"essential": True},
        iat={"essential": True},
        sub={"essential": True},
        nonce={"essential": True, "value": nonce},
    )
    try:
        claims = jwt.decode(token, keys, algorithms=sorted(discovery.algorithms)).claims
        registry.validate(claims)
    except (JoseError, ValueError, TypeError) as error:
        raise OpenIdError(f"the ID token is not good: {error}") from error
    audience = claims["aud"]
    party = claims.get("azp")
    if party != client_id and (party is not None or (isinstance(audience, list) and len(audience) > 1)):
        raise OpenIdError("the ID token was issued to somebody else")
    return read_claims(claims)


def read_claims(claims: Mapping[str, Any]) -> Claims:
    """Read who it is (Core 1.0 section 5.1).

    Raises:
        OpenIdError: When no subject is named.
    """
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= _MAX_SUBJECT:
        raise OpenIdError("no subject is named")
    mail = claims.get("email")
    # Some providers write the boolean as a word.
    verified = claims.get("email_verified") in (True, "true")
    return Claims(subject, mail if isinstance(mail, str) else None, verified)


def _words(document: Mapping[str, Any], name: str, default: list[str]) -> frozenset[str]:
    found = document.get(name, default)
    return frozenset(found if isinstance(found, list) else default)


def _is_https(address: object) -> bool:
    if not isinstance(address, str):
        return False
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.scheme == "https" and bool(parts.hostname) and parts.username is None
