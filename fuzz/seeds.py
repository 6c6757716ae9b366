"""What each target begins with: the torture messages, descriptions and documents of the tests."""

from tests.conformance.torture import CASES
from tests.unit.sip.test_negotiation import BROWSER, PHONE

from stimme.sip.events import dialog_info, pidf

_MESSAGES = [case.data for case in CASES]
SEEDS: dict[str, list[bytes]] = {
    "message": _MESSAGES,
    "stream": [data + b"\r\n\r\n" + data for data in _MESSAGES],
    "agent": _MESSAGES,
    "description": [PHONE, BROWSER],
    "document": [
        dialog_info.write_dialog_info("sip:a@b", 1, [dialog_info.DialogEntry("1", "early")]),
        pidf.write_pidf(pidf.Presence("sip:a@b", True, "note", ("away",))),
    ],
}
