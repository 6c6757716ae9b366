"""An identity provider in memory, signing with the same library that we verify with.

It answers what the test tells it to, also what no good provider would; a real one is asked in
``tests/integration/business/test_single_sign_on.py``.
"""

import base64
import hashlib
import uuid
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs, urlsplit

from joserfc import jwt
from joserfc.jwk import ECKey, KeySet

from stimme.api.openid.protocol import OpenIdError, discovery_address

ISSUER = "https://login.example/realms/north"
CLIENT_ID = "stimme"
SECRET = "secret of the client"
NOW = 1_800_000_000


def new_key() -> ECKey:
    return ECKey.generate_key("P-256", {"kid": str(uuid.uuid4()), "alg": "ES256", "use": "sig"})


@dataclass
class IdentityServer:
    """The provider; each of its attributes may be changed before it is asked."""

    issuer: str = ISSUER
    key: ECKey = field(default_factory=new_key)
    person: dict[str, Any] = field(
        default_factory=lambda: {"sub": "anna", "email": "Anna@north.example", "email_verified": True}
    )
    claims: dict[str, Any] = field(default_factory=dict)
    """Put into the ID token in place of the right ones; None leaves a claim out."""
    userinfo: dict[str, Any] | None = None
    description: dict[str, Any] = field(default_factory=dict)
    down: bool = False
    asked: list[str] = field(default_factory=list)
    _codes: dict[str, dict[str, str]] = field(default_factory=dict)

    async def __call__(self, method: str, address: str, **request: Any) -> dict[str, Any]:
        self.asked.append(address)
        if self.down or not address.startswith("https://login.example/"):
            raise OpenIdError("the provider cannot be reached")
        answers = {
            discovery_address(self.issuer): self._describe,
            f"{self.issuer}/jwks": self._keys,
            f"{self.issuer}/token": self._token,
            f"{self.issuer}/userinfo": self._userinfo,
        }
        return answers[address](request)

    def signs_in(self, location: str) -> dict[str, str]:
        """The person signs in where the browser was sent; gives what it comes back with."""
        asked = {name: values[0] for name, values in parse_qs(urlsplit(location).query).items()}
        assert location.startswith(f"{self.issuer}/authorize?")
        assert (asked["response_type"], asked["client_id"]) == ("code", CLIENT_ID)
        assert "openid" in asked["scope"].split()
        assert asked["code_challenge_method"] == "S256"
        code = str(uuid.uuid4())
        self._codes[code] = asked
        return {"code": code, "state": asked["state"]}

    def _describe(self, _request: dict[str, Any]) -> dict[str, Any]:
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "response_types_supported": ["code"],
            "id_token_signing_alg_values_supported": ["ES256", "HS256", "none"],
        } | self.description

    def _keys(self, _request: dict[str, Any]) -> dict[str, Any]:
        return dict(KeySet([self.key]).as_dict(private=False))

    def _token(self, request: dict[str, Any]) -> dict[str, Any]:
        body = request["data"]
        asked = self._codes.pop(body["code"], None)
        challenge = base64.urlsafe_b64encode(hashlib.sha256(body["code_verifier"].encode()).digest())
        if asked is None or asked["code_challenge"] != challenge.decode().rstrip("="):
            raise OpenIdError("the provider answered 400: invalid_grant")
        assert request["auth"] == (CLIENT_ID, SECRET.replace(" ", "+"))
        assert (body["grant_type"], body["redirect_uri"]) == ("authorization_code", asked["redirect_uri"])
        return {"access_token": "access", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str, **header: str) -> str:
        right = {"iss": self.issuer, "aud": CLIENT_ID, "iat": NOW, "exp": NOW + 300, "nonce": nonce}
        claims = {**right, **self.person, **self.claims}
        said = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode({"alg": "ES256", "kid": self.key.kid, **header}, said, self.key)

    def _userinfo(self, request: dict[str, Any]) -> dict[str, Any]:
        assert request["headers"] == {"Authorization": "Bearer access"}
        assert self.userinfo is not None
        return self.userinfo
