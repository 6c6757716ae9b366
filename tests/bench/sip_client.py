"""The least of a SIP telephone: OPTIONS, registering, watching, with digest. Independent of our SIP stack."""

import hashlib
import re
import secrets
import socket

from tests.bench.processes import BenchError

_LOCALHOST = "127.0.0.1"
_PARAMETER = re.compile(r'(\w+)="?([^",]*)"?')


def answers_options(server_port: int) -> bool:
    """Whether anything answers OPTIONS on this UDP port of 127.0.0.1."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.settimeout(0.3)
        endpoint.connect((_LOCALHOST, server_port))
        port = endpoint.getsockname()[1]
        uri = f"sip:{_LOCALHOST}:{server_port}"
        try:
            endpoint.send(_request("OPTIONS", uri, port, to=uri, sequence=1, call_id=secrets.token_hex(8)))
            return endpoint.recv(65_535).startswith(b"SIP/2.0 ")
        except OSError:
            return False


def register(server_port: int, *, local_port: int, user: str, domain: str, password: str) -> None:
    """Bind `user` to 127.0.0.1:`local_port` for an hour, over UDP from that port.

    Raises:
        BenchError: The registrar refuses or does not answer.
    """
    call_id, uri, address = secrets.token_hex(8), f"sip:{domain}", f"sip:{user}@{domain}"
    extra = f"Contact: <sip:{user}@{_LOCALHOST}:{local_port}>\r\nExpires: 3600\r\n"
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as endpoint:
        endpoint.settimeout(3)
        endpoint.bind((_LOCALHOST, local_port))
        endpoint.connect((_LOCALHOST, server_port))
        endpoint.send(
            _request("REGISTER", uri, local_port, to=address, sequence=1, call_id=call_id, extra=extra)
        )
        challenge = _final_response(endpoint)
        extra += _authorization(challenge, uri, user, password)
        endpoint.send(
            _request("REGISTER", uri, local_port, to=address, sequence=2, call_id=call_id, extra=extra)
        )
        answer = _final_response(endpoint)
    if not answer.startswith("SIP/2.0 200 "):
        raise BenchError(f"REGISTER was answered {answer.splitlines()[0]!r}")


def subscribe(
    endpoint: socket.socket, watched: str, *, user: str, domain: str, password: str, call_id: str
) -> None:
    """Watch a line (RFC 4235) for ten minutes, by a socket that speaks with the server.

    Raises:
        BenchError: The server refuses or does not answer.
    """
    local_port = endpoint.getsockname()[1]
    uri, own = f"sip:{watched}@{domain}", f"sip:{user}@{domain}"
    extra = f"Contact: <sip:{user}@{_LOCALHOST}:{local_port}>\r\nEvent: dialog\r\nExpires: 600\r\n"
    tag = secrets.token_hex(4)

    def ask(sequence: int, more: str) -> str:
        request = _request(
            "SUBSCRIBE",
            uri,
            local_port,
            to=uri,
            from_=own,
            tag=tag,
            sequence=sequence,
            call_id=call_id,
            extra=extra + more,
        )
        endpoint.send(request)
        return _final_response(endpoint)

    answer = ask(2, _authorization(ask(1, ""), uri, user, password, method="SUBSCRIBE"))
    if not answer.startswith("SIP/2.0 200 "):
        raise BenchError(f"SUBSCRIBE was answered {answer.splitlines()[0]!r}")


def digest_response(
    user: str, password: str, *, realm: str, nonce: str, uri: str, cnonce: str, method: str = "REGISTER"
) -> str:
    """The `response` of an MD5 digest with qop=auth and nc=1 (RFC 2617 §3.2.2)."""
    ha1, ha2 = _md5(f"{user}:{realm}:{password}"), _md5(f"{method}:{uri}")
    return _md5(f"{ha1}:{nonce}:00000001:{cnonce}:auth:{ha2}")


def _md5(text: str) -> str:
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _authorization(challenge: str, uri: str, user: str, password: str, *, method: str = "REGISTER") -> str:
    for line in challenge.splitlines():
        name, _, value = line.partition(":")
        parameters = dict(_PARAMETER.findall(value))
        if name.strip().lower() == "www-authenticate" and parameters.get("algorithm", "MD5") == "MD5":
            break
    else:
        raise BenchError(f"{method} without credentials was answered {challenge.splitlines()[0]!r}")
    realm, nonce, cnonce = parameters["realm"], parameters["nonce"], secrets.token_hex(4)
    response = digest_response(
        user, password, realm=realm, nonce=nonce, uri=uri, cnonce=cnonce, method=method
    )
    opaque = f', opaque="{parameters["opaque"]}"' if "opaque" in parameters else ""
    return (
        f'Authorization: Digest username="{user}", realm="{realm}", nonce="{nonce}", uri="{uri}", '
        f'response="{response}", algorithm=MD5, cnonce="{cnonce}", qop=auth, nc=00000001{opaque}\r\n'
    )


def _final_response(endpoint: socket.socket) -> str:
    try:
        while True:
            response = endpoint.recv(65_535).decode()
            if response.startswith("SIP/2.0 ") and not response.startswith("SIP/2.0 1"):
                return response
    except OSError as error:
        raise BenchError("the registrar does not answer") from error


def _request(
    method: str,
    uri: str,
    local_port: int,
    *,
    to: str,
    sequence: int,
    call_id: str,
    extra: str = "",
    from_: str = "",
    tag: str = "",
) -> bytes:
    return (
        f"{method} {uri} SIP/2.0\r\n"
        f"Via: SIP/2.0/UDP {_LOCALHOST}:{local_port};branch=z9hG4bK{secrets.token_hex(8)};rport\r\n"
        f"From: <{from_ or to}>;tag={tag or secrets.token_hex(4)}\r\n"
        f"To: <{to}>\r\n"
        f"Call-ID: {call_id}\r\n"
        f"CSeq: {sequence} {method}\r\n"
        f"Max-Forwards: 70\r\n"
        f"{extra}"
        f"Content-Length: 0\r\n\r\n"
    ).encode()
