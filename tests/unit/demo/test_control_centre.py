"""What the control centre notes of a call."""

import datetime

from stimme.demo.control_centre import entry


def test_every_identity_header_is_kept_in_full() -> None:
    message = (
        b"INVITE sip:112@127.0.0.1:5060 SIP/2.0\r\n"
        b"f: <sip:+493023125010@provider.example>;tag=1\r\n"
        b"To: <sip:112@provider.example>\r\n"
        b"Call-ID: abc\r\n"
        b"P-Asserted-Identity: <sip:+493023125010@provider.example>\r\n"
        b"P-Asserted-Identity: <tel:+493023125010>,\r\n <tel:+4930231250>\r\n"
        b"\r\nv=0\r\nContact: not a header\r\n"
    )
    assert entry(message, datetime.datetime(2026, 1, 2, 3, 4, 5, tzinfo=datetime.UTC)) == {
        "at": "2026-01-02T03:04:05+00:00",
        "number": "112",
        "call_id": "abc",
        "headers": {
            "from": ["<sip:+493023125010@provider.example>;tag=1"],
            "p-asserted-identity": [
                "<sip:+493023125010@provider.example>",
                "<tel:+493023125010>, <tel:+4930231250>",
            ],
        },
    }
