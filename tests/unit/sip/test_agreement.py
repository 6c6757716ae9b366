"""RFC 3329: what a telephone that wants to agree on security is answered, and what one that does not."""

import pytest
from tests.unit.sip.agents import Agent, wire

from stimme.sip.agreement import SecurityAgreement, mechanisms, same_list

OURS = ["tls;q=0.9", "digest;d-alg=SHA-256;d-qop=auth;q=0.7", "digest;d-alg=MD5;d-qop=auth;q=0.5"]
LIST = ", ".join(OURS)
CHALLENGE = ("WWW-Authenticate", 'Digest realm="a"')


@pytest.mark.parametrize(
    ("algorithms", "tls", "expected"),
    [
        (("SHA-256", "MD5"), True, OURS),
        (("MD5",), True, ["tls;q=0.9", "digest;d-alg=MD5;d-qop=auth;q=0.7"]),
        (("MD5",), False, ["digest;d-alg=MD5;d-qop=auth;q=0.9"]),
    ],
)
def test_what_we_offer(algorithms: tuple[str, ...], tls: bool, expected: list[str]) -> None:
    assert mechanisms(algorithms, tls=tls) == expected


@pytest.mark.parametrize(
    ("theirs", "same"),
    [
        (OURS, True),
        ([each.upper() for each in OURS], True),
        (["TLS ; q=0.9", "digest;q=0.7;d-qop=auth;d-alg=SHA-256", OURS[2]], True),
        (['tls;q="0.9"', *OURS[1:]], True),
        ([OURS[0], OURS[1], f'{OURS[2]};d-ver="{"0" * 32}"'], True),
        ([OURS[1], OURS[0], OURS[2]], False),
        (OURS[1:], False),
        ([*OURS, "ipsec-ike;q=0.1"], False),
        (["tls;q=0.1", *OURS[1:]], False),
        ([OURS[0], "digest;d-alg=MD5;d-qop=auth;q=0.7", OURS[2]], False),
        ([f"{OURS[0]};port=1", *OURS[1:]], False),
        ([], False),
        (["", "", ""], False),
    ],
)
def test_the_list_that_came_back(theirs: list[str], same: bool) -> None:
    assert same_list(OURS, theirs) is same


def answer(*extra: str, method: str = "REGISTER", required: bool = False) -> list[str]:
    """What the agent answers, as lines; nothing when the request reached the application."""
    agent = Agent()
    agent.ua.agreement = SecurityAgreement(
        lambda: OURS, lambda request: [CHALLENGE], required=lambda request, flow: required
    )
    agent.receive(wire(method, extra=extra))
    if agent.application.transactions or agent.application.sessions:
        return []
    response = agent.fresh()[-1]
    names = ("Security-Server", "Require", "Unsupported", CHALLENGE[0])
    found = [f"{name}: {response.headers.get(name)}" for name in names if name in response.headers]
    return [str(getattr(response, "status", 0)), *found]


DEMAND = "Require: sec-agree"
VERIFY = f"Security-Verify: {LIST}"
REFUSED = ["494", f"Security-Server: {LIST}", "WWW-Authenticate: " + CHALLENGE[1]]
DEMANDED = [f"Security-Server: {LIST}", DEMAND, "WWW-Authenticate: " + CHALLENGE[1]]


@pytest.mark.parametrize("method", ["REGISTER", "INVITE", "SUBSCRIBE"])
@pytest.mark.parametrize(
    ("extra", "required", "expected"),
    [
        ((), False, []),
        (("Supported: sec-agree",), False, []),
        (("Security-Client: tls",), False, []),
        ((DEMAND, "Security-Client: tls, digest"), False, REFUSED),
        (("Proxy-Require: sec-agree", "Security-Client: digest"), False, REFUSED),
        ((DEMAND,), False, REFUSED),
        ((DEMAND, "Proxy-Require: sec-agree", VERIFY), False, []),
        ((DEMAND, *(f"Security-Verify: {each}" for each in OURS)), False, []),
        ((DEMAND, f"Security-Verify: {OURS[2]}"), False, REFUSED),
        ((), True, ["421", *DEMANDED]),
        (("Supported: 100rel, sec-agree",), True, ["494", *DEMANDED]),
        ((DEMAND, VERIFY), True, []),
        ((VERIFY,), True, ["421", *DEMANDED]),
        ((f"{DEMAND}, foo", VERIFY), False, ["420", "Unsupported: foo"]),
    ],
)
def test_requests(method: str, extra: tuple[str, ...], required: bool, expected: list[str]) -> None:
    assert answer(*extra, method=method, required=required) == expected


def test_without_an_agreement_the_extension_is_unknown() -> None:
    agent = Agent()
    agent.receive(wire("REGISTER", extra=(DEMAND,)))
    response = agent.fresh()[-1]
    assert response.headers.get("Unsupported") == "sec-agree"
    assert "sec-agree" not in agent.ua.supported
