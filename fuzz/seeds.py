"""What each target begins with: the torture messages, descriptions and documents of the tests."""

from tests.conformance.torture import CASES
from tests.unit.sip.agents import wire
from tests.unit.sip.test_fax import GATEWAY
from tests.unit.sip.test_negotiation import BROWSER, PHONE
from tests.unit.sip.test_srtp_keys import CM, KEY

from stimme.sip.events import dialog_info, pidf

_SECURED = PHONE.replace(b"RTP/AVP", b"RTP/SAVP", 1).replace(
    b"a=ptime:30",
    f"a=crypto:1 {CM} inline:{KEY}|2^20 WSH=64\na=crypto:2 {CM} inline:{KEY}|2^20|1:4 KDR=1".encode(),
)
_EXTENSIONS = wire(
    "INVITE",
    extra=[
        f"Session-ID: {'a' * 32};remote={'0' * 32}",
        "Max-Breadth: 60",
        "Contact: <sip:a@example.com;gr=urn:uuid:1;pn-provider=fcm;pn-prid=x>",
    ],
)
_MESSAGES = [*(case.data for case in CASES), _EXTENSIONS]
SEEDS: dict[str, list[bytes]] = {
    "message": _MESSAGES,
    "stream": [data + b"\r\n\r\n" + data for data in _MESSAGES],
    "agent": _MESSAGES,
    "description": [PHONE, BROWSER, GATEWAY, _SECURED, _SECURED.replace(b"RTP/SAVP", b"RTP/AVP", 1)],
    "document": [
        dialog_info.write_dialog_info("sip:a@b", 1, [dialog_info.DialogEntry("1", "early")]),
        pidf.write_pidf(pidf.Presence("sip:a@b", True, "note", ("away",))),
    ],
}
