"""What each target begins with: the torture messages, descriptions and documents of the tests."""

from tests.conformance.torture import CASES
from tests.unit.sip.agents import wire
from tests.unit.sip.test_fax import GATEWAY
from tests.unit.sip.test_negotiation import BROWSER, PHONE

from stimme.sip.events import dialog_info, pidf

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
    "description": [PHONE, BROWSER, GATEWAY],
    "document": [
        dialog_info.write_dialog_info("sip:a@b", 1, [dialog_info.DialogEntry("1", "early")]),
        pidf.write_pidf(pidf.Presence("sip:a@b", True, "note", ("away",))),
    ],
}
