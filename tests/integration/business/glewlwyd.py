"""Glewlwyd, an OpenID provider that others wrote (Debian package), started for a test and gone with it."""

import contextlib
import shutil
import sqlite3
import ssl
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from tests.ports import free_ports

from stimme.demo.certificates import Certificates

_TABLES = Path("/usr/share/dbconfig-common/data/glewlwyd/install/sqlite3")
_MODULES = Path("/usr/lib/glewlwyd")
SCOPES = ("openid", "email", "profile")
_START_SECONDS = 20.0


@dataclass(frozen=True, slots=True)
class Glewlwyd:
    """The running provider."""

    address: str
    trust: ssl.SSLContext

    @property
    def issuer(self) -> str:
        """As its tokens name it."""
        return f"{self.address}/api/oidc"

    def client(self) -> httpx.Client:
        """Somebody's browser there."""
        return httpx.Client(base_url=self.address, verify=self.trust, timeout=10)

    def add_client(self, client_id: str, secret: str, redirect_uri: str) -> None:
        """Register a relying party."""
        with self._administrator() as admin:
            body = {
                "client_id": client_id,
                "client_secret": secret,
                "confidential": True,
                "enabled": True,
                "redirect_uri": [redirect_uri],
                "authorization_type": ["code"],
                "token_endpoint_auth_method": ["client_secret_basic"],
                "scope": [],
            }
            admin.post("/api/client/", json=body).raise_for_status()

    def add_person(self, username: str, password: str, mail: str, *, verified: bool) -> None:
        """Make somebody who can sign in; where it is kept whether the mail is verified is ours to say."""
        with self._administrator() as admin:
            body = {
                "username": username,
                "password": password,
                "name": username.title(),
                "email": mail,
                "picture": "yes" if verified else "no",
                "scope": ["g_profile", *SCOPES],
                "enabled": True,
            }
            admin.post("/api/user/", json=body).raise_for_status()

    def signs_in(self, location: str, client_id: str, username: str, password: str) -> str:
        """The person signs in and consents where a browser was sent; gives where it is sent back."""
        with self.client() as browser:
            first = browser.get(location)
            assert "login.html" in first.headers["Location"], "not signed in yet"
            who = {"username": username, "password": password}
            browser.post("/api/auth/", json=who).raise_for_status()
            scopes = {"scope": " ".join(SCOPES)}
            browser.put(f"/api/auth/grant/{client_id}/", json=scopes).raise_for_status()
            back = browser.get(f"{location}&g_continue")
            assert back.status_code == 302, back.text
            return str(back.headers["Location"])

    @contextlib.contextmanager
    def _administrator(self) -> Iterator[httpx.Client]:
        with self.client() as client:
            client.post("/api/auth/", json={"username": "admin", "password": "password"}).raise_for_status()
            yield client

    def configure(self) -> None:
        """Switch OpenID Connect on, with PKCE required."""
        private, public = _key_pair()
        switches = {
            "auth-type-code-enabled": True,
            "auth-type-token-enabled": False,
            "auth-type-id-token-enabled": True,
            "auth-type-implicit-enabled": False,
            "auth-type-password-enabled": False,
            "auth-type-client-enabled": False,
            "auth-type-refresh-enabled": False,
            "allow-non-oidc": False,
            "refresh-token-rolling": False,
            "jwks-show": True,
            "pkce-allowed": True,
            "pkce-required": True,
            "pkce-method-plain-allowed": False,
            "request-parameter-allow": False,
        }
        verified = {
            "name": "email_verified",
            "user-property": "picture",
            "type": "boolean",
            "boolean-value-true": "yes",
            "boolean-value-false": "no",
            "mandatory": True,
        }
        parameters: dict[str, Any] = {
            **switches,
            "iss": self.issuer,
            "jwt-type": "rsa",
            "jwt-key-size": "256",
            "key": private,
            "cert": public,
            "access-token-duration": 3600,
            "refresh-token-duration": 3600,
            "code-duration": 60,
            "subject-type": "public",
            "allowed-scope": list(SCOPES),
            "name-claim": "mandatory",
            "email-claim": "mandatory",
            "scope-claim": "no",
            "claims": [verified],
            "additional-parameters": [],
            "address-claim": {"type": "no"},
        }
        plugin = {"module": "oidc", "name": "oidc", "display_name": "OIDC", "order_rank": 0}
        with self._administrator() as admin:
            for scope in SCOPES[1:]:
                body = {"name": scope, "display_name": scope, "password_required": False, "scheme": {}}
                admin.post("/api/scope/", json=body).raise_for_status()
            admin.post("/api/mod/plugin/", json={**plugin, "parameters": parameters}).raise_for_status()


@contextlib.contextmanager
def running(folder: Path, tls: Certificates) -> Iterator[Glewlwyd]:
    """The provider for the length of a block, its state in a folder."""
    program = shutil.which("glewlwyd")
    assert program, "Glewlwyd is missing: run make packages"
    (port,) = free_ports(1)
    database = folder / "glewlwyd.db"
    with contextlib.closing(sqlite3.connect(database)) as connection:
        connection.executescript(_TABLES.read_text())
    address = f"https://127.0.0.1:{port}"
    file = folder / "glewlwyd.conf"
    file.write_text(_configuration(port, address, database, tls))
    with (folder / "glewlwyd.log").open("wb") as log:
        process = subprocess.Popen([program, f"--config-file={file}"], stdout=log, stderr=log, cwd=folder)
    try:
        provider = Glewlwyd(address, ssl.create_default_context(cafile=str(tls.ca)))
        _await(provider, process, folder / "glewlwyd.log")
        provider.configure()
        yield provider
    finally:
        process.terminate()
        process.wait(10)


def _await(provider: Glewlwyd, process: "subprocess.Popen[bytes]", log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with contextlib.suppress(httpx.TransportError), provider.client() as client:
            if client.get("/config/").is_success:
                return
        time.sleep(0.05)
    raise AssertionError(f"Glewlwyd did not start: {log.read_text()}")


def _configuration(port: int, address: str, database: Path, tls: Certificates) -> str:
    values: dict[str, str | int | bool] = {
        "port": port,
        "bind_address": "127.0.0.1",
        "external_url": f"{address}/",
        "login_url": "login.html",
        "api_prefix": "api",
        "log_mode": "console",
        "log_level": "WARNING",
        "cookie_secure": 1,
        "session_key": "GLEWLWYD2_SESSION_ID",
        "admin_scope": "g_admin",
        "profile_scope": "g_profile",
        "user_module_path": str(_MODULES / "user"),
        "client_module_path": str(_MODULES / "client"),
        "user_auth_scheme_module_path": str(_MODULES / "scheme"),
        "plugin_module_path": str(_MODULES / "plugin"),
        "use_secure_connection": True,
        "secure_connection_key_file": str(tls.key),
        "secure_connection_pem_file": str(tls.certificate),
        "hash_algorithm": "SHA512",
    }
    lines = [f"{name}={_written(value)}" for name, value in values.items()]
    return "\n".join([*lines, f'database = {{ type = "sqlite3"; path = "{database}"; }};', ""])


def _written(value: str | int | bool) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int) else f'"{value}"'


def _key_pair() -> tuple[str, str]:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.TraditionalOpenSSL,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()
