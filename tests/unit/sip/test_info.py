"""INFO within a call (RFC 6086): digits as before packages, and an answer to everything else."""

import pytest
from tests.unit.sip.agents import Network, wire

from stimme.sip.message import Response


@pytest.mark.parametrize(
    ("lines", "body", "status", "header"),
    [
        (["Content-Type: application/dtmf-relay"], b"Signal=5\r\n", 200, None),
        ([], b"", 200, None),  # some telephones look so whether the call is still there
        (["Content-Type: application/media_control+xml"], b"<media_control/>", 200, None),
        (["Info-Package: foo", "Content-Type: application/foo"], b"x", 469, "Recv-Info"),
        (["Info-Package: foo"], b"", 469, "Recv-Info"),
        (["Content-Type: application/foo"], b"x", 415, "Accept"),
        ([], b"x", 415, "Accept"),
    ],
)
def test_info(lines: list[str], body: bytes, status: int, header: str | None) -> None:
    net = Network()
    session, _, called, ears = net.established()
    tags = {"to_tag": called.id, "from_tag": session.id, "call_id": called.call_id}
    net.callee.receive(wire("INFO", cseq=9, extra=lines, body=body, **tags))
    (answer,) = net.callee.fresh()
    assert isinstance(answer, Response) and answer.status == status
    assert header is None or header in answer.headers
    assert ("info" in ears.heard) == (status == 200)
