"""The demo's certificates, judged by OpenSSL through the standard library."""

import datetime
import ssl
from pathlib import Path

import pytest

from stimme.demo.certificates import Certificates, ensure_certificates

NOW = datetime.datetime.now(datetime.UTC)


def handshake(files: Certificates, name: str) -> None:
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(files.certificate, files.key)
    client = ssl.create_default_context(cafile=str(files.ca))
    upwards, downwards = ssl.MemoryBIO(), ssl.MemoryBIO()
    there = server.wrap_bio(upwards, downwards, server_side=True)
    here = client.wrap_bio(downwards, upwards, server_hostname=name)
    for side in (here, there, here, there):
        try:
            side.do_handshake()
        except ssl.SSLWantReadError:
            continue
    assert here.version() == "TLSv1.3"


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "muster.example"])
def test_clients_that_trust_the_authority_accept_the_server(tmp_path: Path, name: str) -> None:
    handshake(ensure_certificates(tmp_path / "tls", "muster.example", NOW), name)


def test_they_are_reused_until_a_month_before_their_end(tmp_path: Path) -> None:
    files = ensure_certificates(tmp_path, "muster.example", NOW)
    first = files.certificate.read_bytes()
    ensure_certificates(tmp_path, "muster.example", NOW + datetime.timedelta(days=300))
    assert files.certificate.read_bytes() == first
    ensure_certificates(tmp_path, "muster.example", NOW + datetime.timedelta(days=340))
    assert files.certificate.read_bytes() != first


def test_the_key_is_for_the_owner_alone(tmp_path: Path) -> None:
    assert ensure_certificates(tmp_path, "muster.example", NOW).key.stat().st_mode & 0o077 == 0
