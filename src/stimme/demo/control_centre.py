"""Notes an emergency call: reads its INVITE from standard input, appends one JSON line to the named file.

The simulated public network runs this file as a program for each call to 112 or 110, before the call goes
on; so the line is there when the control centre answers. It needs nothing but the standard library.
"""

import datetime
import json
import sys
from pathlib import Path
from typing import Any

_COMPACT = {"f": "from", "t": "to", "m": "contact", "i": "call-id", "y": "identity", "v": "via"}
_IDENTITY = frozenset(
    {
        *("from", "contact", "p-asserted-identity", "p-preferred-identity", "remote-party-id", "privacy"),
        *("diversion", "history-info", "identity", "referred-by", "geolocation", "user-to-user"),
    }
)


def entry(message: bytes, at: datetime.datetime) -> dict[str, Any]:
    """What the log keeps of an INVITE.

    Args:
        message: The request as received.
        at: The time of the call.
    """
    head = message.decode("utf-8", "replace").partition("\r\n\r\n")[0]
    lines = head.replace("\r\n ", " ").replace("\r\n\t", " ").split("\r\n")
    words = lines[0].split(" ")
    identity: dict[str, list[str]] = {}
    call_id = ""
    for line in lines[1:]:
        name, _, value = line.partition(":")
        plain = _COMPACT.get(name.strip().lower(), name.strip().lower())
        if plain == "call-id":
            call_id = value.strip()
        elif plain in _IDENTITY:
            identity.setdefault(plain, []).append(value.strip())
    uri = words[1] if len(words) > 1 else ""
    return {
        "at": at.isoformat(),
        "number": uri.partition(":")[2].partition("@")[0],
        "call_id": call_id,
        "headers": identity,
    }


def main() -> None:
    """Append the message on standard input to the file named by the first argument."""
    document = entry(sys.stdin.buffer.read(), datetime.datetime.now(datetime.UTC))
    with Path(sys.argv[1]).open("a", encoding="utf-8") as log:
        log.write(json.dumps(document) + "\n")


if __name__ == "__main__":
    main()
