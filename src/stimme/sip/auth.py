"""HTTP digest for SIP (RFC 3261 §22, RFC 7616, RFC 8760): both sides.

The server side keeps no state for a nonce: a nonce carries its time and a keyed hash. A bounded table
remembers the highest nonce count seen for the nonces in use, so that a request cannot be replayed.
"""

import hashlib
import hmac
import re
import secrets
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from stimme.sip.message import Request, Response
from stimme.sip.uri import quote_string, split_outside_quotes, unquote_string

ALGORITHMS = ("SHA-256", "MD5")
_HASHES: dict[str, Callable[[bytes], "hashlib._Hash"]] = {"SHA-256": hashlib.sha256, "MD5": hashlib.md5}
MAX_NONCES = 50_000
_COUNT = re.compile(r"[0-9a-fA-F]{8}")


def digest_hash(algorithm: str, text: str) -> str:
    """H() of RFC 7616 §3.3 in hexadecimal."""
    return _HASHES[algorithm](text.encode("utf-8", "surrogateescape")).hexdigest()


def ha1(user: str, realm: str, password: str, algorithm: str) -> str:
    """What the server must keep of a password: H(user:realm:password)."""
    return digest_hash(algorithm, f"{user}:{realm}:{password}")


def parse_credentials(value: str) -> dict[str, str] | None:
    """The parameters of a Digest challenge or of Digest credentials, None when the scheme is another."""
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    parameters: dict[str, str] = {}
    for part in split_outside_quotes(rest, ","):
        name, _, text = part.partition("=")
        parameters[name.strip().lower()] = unquote_string(text.strip())
    return parameters


def _response(secret: str, parameters: dict[str, str], method: str, algorithm: str) -> str:
    ha2 = digest_hash(algorithm, f"{method}:{parameters.get('uri', '')}")
    middle = parameters["nonce"]
    if parameters.get("qop"):
        middle += f":{parameters.get('nc', '')}:{parameters.get('cnonce', '')}:{parameters['qop']}"
    return digest_hash(algorithm, f"{secret}:{middle}:{ha2}")


@dataclass(frozen=True, slots=True)
class Verified:
    """The credentials are right."""

    username: str


@dataclass(frozen=True, slots=True)
class Stale:
    """The credentials are right but the nonce is too old: challenge again with stale=true (RFC 7616 §3.3)."""

    username: str


@dataclass(frozen=True, slots=True)
class Rejected:
    """No credentials, or wrong ones; `guessed` tells whether somebody tried."""

    reason: str
    guessed: bool = False
    username: str = ""


class DigestServer:
    """Challenges and verifies for one realm.

    Args:
        realm: shown to the client, part of every stored hash.
        key: secret of this server that signs nonces.
        clock: seconds, any epoch.
        lifetime: seconds that a nonce is fresh.
    """

    def __init__(
        self, realm: str, key: bytes, *, clock: Callable[[], float], lifetime: float = 300.0
    ) -> None:
        self.realm = realm
        self._key = key
        self._clock = clock
        self._lifetime = lifetime
        self._counts: OrderedDict[str, int] = OrderedDict()

    def challenge(
        self, status: int, *, stale: bool = False, algorithms: tuple[str, ...] = ALGORITHMS
    ) -> list[tuple[str, str]]:
        """Headers of a 401 or 407, the preferred algorithm first (RFC 8760 §2.4)."""
        name = "WWW-Authenticate" if status == 401 else "Proxy-Authenticate"
        nonce = self._nonce()
        head = f'Digest realm={quote_string(self.realm)}, nonce="{nonce}"'
        tail = ", stale=true" if stale else ""
        return [(name, f'{head}, algorithm={algorithm}, qop="auth"{tail}') for algorithm in algorithms]

    def verify(
        self, request: Request, lookup: Callable[[str, str, str], str | None], *, proxy: bool
    ) -> Verified | Stale | Rejected:
        """Checks the credentials for our realm.

        Args:
            request: with Authorization, or Proxy-Authorization when `proxy`.
            lookup: gives the HA1 of (user, realm, algorithm), None for an unknown user.
            proxy: which of the two headers to read.
        """
        for value in request.headers.get_all("Proxy-Authorization" if proxy else "Authorization"):
            parameters = parse_credentials(value)
            if parameters and parameters.get("realm") == self.realm:
                return self._check(request.method, parameters, lookup)
        return Rejected("no credentials")

    def _check(
        self, method: str, parameters: dict[str, str], lookup: Callable[[str, str, str], str | None]
    ) -> Verified | Stale | Rejected:
        algorithm = (parameters.get("algorithm") or "MD5").upper()
        user, nonce = parameters.get("username", ""), parameters.get("nonce", "")
        if algorithm not in _HASHES or not user or "response" not in parameters:
            return Rejected("credentials that cannot be read", True, user)
        age = self._age(nonce)
        if age is None:
            return Rejected("a nonce that is not ours", False, user)
        # An unknown user costs the same work as a known one and gets the same answer.
        secret = lookup(user, self.realm, algorithm)
        expected = _response(secret or "", parameters, method, algorithm)
        given = parameters["response"].lower().encode("utf-8", "surrogateescape")
        if secret is None or not hmac.compare_digest(expected.encode(), given):
            return Rejected("wrong credentials", True, user)
        if age > self._lifetime or not self._count(nonce, parameters):
            return Stale(user)
        return Verified(user)

    def _nonce(self) -> str:
        body = f"{int(self._clock() * 1000):x}.{secrets.token_hex(6)}"
        return f"{body}.{self._sign(body)}"

    def _sign(self, body: str) -> str:
        return hmac.new(self._key, f"{self.realm}|{body}".encode(), hashlib.sha256).hexdigest()[:24]

    def _age(self, nonce: str) -> float | None:
        body, _, signature = nonce.rpartition(".")
        # A nonce of ours is ASCII; compare_digest and the hash take nothing else.
        if not body or not nonce.isascii() or not hmac.compare_digest(self._sign(body), signature):
            return None
        return self._clock() - int(body.partition(".")[0], 16) / 1000

    def _count(self, nonce: str, parameters: dict[str, str]) -> bool:
        """True when this nonce count is new (RFC 7616 §3.4); without qop a nonce may be used for its life."""
        if not parameters.get("qop"):
            return True
        if _COUNT.fullmatch(parameters.get("nc", "")) is None:
            return False
        count = int(parameters["nc"], 16)
        if count <= self._counts.get(nonce, 0):
            return False
        self._counts[nonce] = count
        self._counts.move_to_end(nonce)
        if len(self._counts) > MAX_NONCES:
            self._counts.popitem(last=False)
        return True


def _qop_of(challenge: dict[str, str]) -> list[str]:
    return [part.strip().lower() for part in challenge.get("qop", "").split(",")]


class DigestClient:
    """Answers challenges with one user name and password.

    Args:
        username: as the server knows us.
        password: in clear; never logged.
        realm: answer only this realm; None answers any.
    """

    def __init__(self, username: str, password: str, *, realm: str | None = None) -> None:
        self.username = username
        self._password = password
        self._realm = realm

    def authorize(self, request: Request, response: Response) -> tuple[str, str] | None:
        """The header that answers the challenge of a 401 or 407; None when no challenge can be answered."""
        proxy = response.status == 407
        for value in response.headers.get_all("Proxy-Authenticate" if proxy else "WWW-Authenticate"):
            challenge = parse_credentials(value)
            if challenge is None or "nonce" not in challenge:
                continue
            algorithm = (challenge.get("algorithm") or "MD5").upper()
            if algorithm not in _HASHES or (
                self._realm is not None and challenge.get("realm") != self._realm
            ):
                continue
            if "qop" in challenge and "auth" not in _qop_of(challenge):
                continue  # auth-int alone (RFC 7616 §3.3)
            header = self._credentials(request, challenge, algorithm)
            return ("Proxy-Authorization" if proxy else "Authorization", header)
        return None

    def _credentials(self, request: Request, challenge: dict[str, str], algorithm: str) -> str:
        realm = challenge.get("realm", "")
        parameters = {
            "username": self.username,
            "realm": realm,
            "nonce": challenge["nonce"],
            "uri": str(request.uri),
        }
        if "auth" in _qop_of(challenge):
            parameters |= {"qop": "auth", "nc": "00000001", "cnonce": secrets.token_hex(8)}
        secret = ha1(self.username, realm, self._password, algorithm)
        parameters["response"] = _response(secret, parameters, request.method, algorithm)
        parameters["algorithm"] = algorithm
        if "opaque" in challenge:
            parameters["opaque"] = challenge["opaque"]
        bare = ("qop", "nc", "algorithm")
        return "Digest " + ", ".join(
            f"{name}={value}" if name in bare else f"{name}={quote_string(value)}"
            for name, value in parameters.items()
        )
