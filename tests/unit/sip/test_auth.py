"""Digest, both sides (RFC 3261 §22, RFC 7616, RFC 8760)."""

import pytest

from stimme.sip.auth import (
    MAX_NONCES,
    DigestClient,
    DigestServer,
    Rejected,
    Stale,
    Verified,
    digest_hash,
    ha1,
    parse_credentials,
)
from stimme.sip.message import Request, Response
from stimme.sip.uri import parse_uri

PASSWORD = "Circle of Life"


class Time:
    now = 1000.0


@pytest.fixture
def time() -> Time:
    return Time()


@pytest.fixture
def server(time: Time) -> DigestServer:
    return DigestServer("muster.example", b"a key of the server", clock=lambda: time.now)


def lookup(user: str, realm: str, algorithm: str) -> str | None:
    return ha1(user, realm, PASSWORD, algorithm) if user == "Mufasa" else None


def request(method: str = "REGISTER") -> Request:
    return Request(method, parse_uri("sip:muster.example"))


def challenged(server: DigestServer, algorithms: tuple[str, ...] = ("SHA-256", "MD5")) -> Response:
    return Response(401, None, server.challenge(401, algorithms=algorithms))


def with_credentials(
    server: DigestServer,
    *,
    password: str = PASSWORD,
    user: str = "Mufasa",
    algorithms: tuple[str, ...] = ("SHA-256", "MD5"),
) -> Request:
    message = request()
    header = DigestClient(user, password).authorize(message, challenged(server, algorithms))
    assert header is not None
    message.headers.add(*header)
    return message


def test_the_example_of_rfc_7616() -> None:
    """§3.9.1: the published response values, MD5 and SHA-256."""
    for algorithm, expected in (
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ):
        nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
        middle = f"{nonce}:00000001:f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ:auth"
        secret = ha1("Mufasa", "http-auth@example.org", PASSWORD, algorithm)
        ha2 = digest_hash(algorithm, "GET:/dir/index.html")
        assert digest_hash(algorithm, f"{secret}:{middle}:{ha2}") == expected


def test_the_strongest_is_offered_first(server: DigestServer) -> None:
    values = [parse_credentials(value) or {} for _, value in server.challenge(401)]
    assert [value["algorithm"] for value in values] == ["SHA-256", "MD5"]
    assert all(value["qop"] == "auth" and value["realm"] == "muster.example" for value in values)
    assert [name for name, _ in server.challenge(407)] == ["Proxy-Authenticate"] * 2


@pytest.mark.parametrize("algorithms", [("SHA-256", "MD5"), ("SHA-256",), ("MD5",)])
def test_right_password(server: DigestServer, algorithms: tuple[str, ...]) -> None:
    message = with_credentials(server, algorithms=algorithms)
    assert (parse_credentials(message.headers.get("Authorization") or "") or {})["algorithm"] == algorithms[0]
    assert server.verify(message, lookup, proxy=False) == Verified("Mufasa")


def test_wrong_password_and_unknown_user_look_the_same(server: DigestServer) -> None:
    wrong = server.verify(with_credentials(server, password="guess"), lookup, proxy=False)
    unknown = server.verify(with_credentials(server, user="Scar"), lookup, proxy=False)
    assert wrong == Rejected("wrong credentials", True, "Mufasa")
    assert unknown == Rejected("wrong credentials", True, "Scar")


def test_replay_is_stale(server: DigestServer) -> None:
    message = with_credentials(server)
    assert server.verify(message, lookup, proxy=False) == Verified("Mufasa")
    assert server.verify(message, lookup, proxy=False) == Stale("Mufasa")


@pytest.mark.parametrize("count", ["00000000", "x", "-1", "+1", "²"])
def test_odd_nonce_counts_are_not_accepted(server: DigestServer, count: str) -> None:
    message = with_credentials(server)
    value = message.headers.get("Authorization") or ""
    parameters = parse_credentials(value) or {}
    parameters["nc"] = count
    secret = lookup("Mufasa", server.realm, "SHA-256")
    ha2 = digest_hash("SHA-256", f"REGISTER:{parameters['uri']}")
    middle = f"{parameters['nonce']}:{count}:{parameters['cnonce']}:auth"
    parameters["response"] = digest_hash("SHA-256", f"{secret}:{middle}:{ha2}")
    message.headers.set("Authorization", "Digest " + ", ".join(f'{k}="{v}"' for k, v in parameters.items()))
    assert server.verify(message, lookup, proxy=False) == Stale("Mufasa")


def test_old_nonce_is_stale_and_says_so(server: DigestServer, time: Time) -> None:
    message = with_credentials(server)
    time.now += 301
    assert server.verify(message, lookup, proxy=False) == Stale("Mufasa")
    assert all("stale=true" in value for _, value in server.challenge(401, stale=True))


def test_old_nonce_with_a_wrong_password_is_not_stale(server: DigestServer, time: Time) -> None:
    message = with_credentials(server, password="guess")
    time.now += 301
    assert isinstance(server.verify(message, lookup, proxy=False), Rejected)


def test_nonce_of_another_server_or_realm(time: Time, server: DigestServer) -> None:
    for other in (
        DigestServer("muster.example", b"another key", clock=lambda: time.now),
        DigestServer("other.example", b"a key of the server", clock=lambda: time.now),
    ):
        message = with_credentials(other)
        verdict = server.verify(message, lookup, proxy=False)
        assert isinstance(verdict, Rejected)
        assert not verdict.guessed, "a phone that meets a restarted server has guessed nothing"


def test_the_other_header_does_not_count(server: DigestServer) -> None:
    assert server.verify(with_credentials(server), lookup, proxy=True) == Rejected("no credentials")


def test_another_method_does_not_verify(server: DigestServer) -> None:
    message = with_credentials(server)
    message.method = "INVITE"
    assert isinstance(server.verify(message, lookup, proxy=False), Rejected)


@pytest.mark.parametrize(
    "value",
    [
        "",
        "Basic TXVmYXNh",
        "Digest",
        'Digest realm="muster.example"',
        'Digest realm="muster.example", username="Mufasa", nonce="x", response="y", algorithm=SHA-512',
        'Digest realm="muster.example", username="Mufasa", nonce="1.2.3", response="y"',
        'Digest realm="muster.example", username="Mufasa", nonce="\udcff.a.b", response="\udcff"',
    ],
)
def test_odd_credentials(server: DigestServer, value: str) -> None:
    message = request()
    message.headers.add("Authorization", value)
    assert isinstance(server.verify(message, lookup, proxy=False), Rejected)


def test_credentials_of_several_realms_in_one_request(server: DigestServer) -> None:
    message = request()
    message.headers.add("Authorization", 'Digest realm="elsewhere", username="a", nonce="b", response="c"')
    header = DigestClient("Mufasa", PASSWORD).authorize(message, challenged(server))
    assert header is not None
    message.headers.add(*header)
    assert server.verify(message, lookup, proxy=False) == Verified("Mufasa")


def test_table_of_counts_is_bounded(server: DigestServer) -> None:
    for number in range(MAX_NONCES + 10):
        server._count(f"{number}", {"qop": "auth", "nc": "00000001"})
    assert len(server._counts) == MAX_NONCES


@pytest.mark.parametrize(
    ("challenges", "answered"),
    [
        (['Digest realm="r", nonce="n"'], "MD5"),
        (['Digest realm="r", nonce="n", algorithm=SHA-512-256', 'Digest realm="r", nonce="n"'], "MD5"),
        (['Digest realm="r", nonce="n", qop="auth,auth-int", algorithm=md5'], "MD5"),
        (['Digest realm="r", nonce="n", qop="auth-int"'], None),
        (['Digest realm="other", nonce="n"'], None),
        (['Digest realm="r"'], None),
        (["Bearer x"], None),
        ([], None),
    ],
)
def test_which_challenge_a_client_answers(challenges: list[str], answered: str | None) -> None:
    response = Response(407, None, [("Proxy-Authenticate", value) for value in challenges])
    header = DigestClient("a", "b", realm="r").authorize(request(), response)
    if answered is None:
        assert header is None
        return
    assert header is not None
    assert header[0] == "Proxy-Authorization"
    assert (parse_credentials(header[1]) or {})["algorithm"] == answered


def test_opaque_comes_back_and_quotes_are_escaped() -> None:
    response = Response(401, None, [("WWW-Authenticate", 'Digest realm="a \\"b\\"", nonce="n", opaque="o"')])
    header = DigestClient("u", "p").authorize(request(), response)
    assert header is not None
    assert 'realm="a \\"b\\""' in header[1]
    assert (parse_credentials(header[1]) or {})["opaque"] == "o"
