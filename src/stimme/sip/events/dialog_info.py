"""Who is in which call: the event package `dialog` (RFC 4235), for busy lamp fields and pick-up.

The tags and the Call-ID are those of the dialog as its owner sees it: a watcher that sends INVITE with
Replaces names them as they stand here.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from stimme.sip.events.markup import HEAD, element, text
from stimme.sip.uri import NameAddr

PACKAGE = "dialog"
CONTENT_TYPE = "application/dialog-info+xml"
NAMESPACE = "urn:ietf:params:xml:ns:dialog-info"
DialogState = Literal["trying", "proceeding", "early", "confirmed", "terminated"]


@dataclass(frozen=True, slots=True)
class DialogEntry:
    """One dialog of the watched address.

    Attributes:
        id: unique and constant for the dialog.
        initiator: the watched side placed the call; None when it is not to be told.
        local, remote: the two sides; None when they are not to be told.
        reason: why it ended: `cancelled`, `rejected`, `replaced`, `local-bye`, `remote-bye`, `timeout` or
            `error`.
    """

    id: str
    state: DialogState
    initiator: bool | None = None
    call_id: str | None = None
    local_tag: str | None = None
    remote_tag: str | None = None
    local: NameAddr | None = None
    remote: NameAddr | None = None
    reason: str | None = None


def write_dialog_info(
    entity: str, version: int, dialogs: Sequence[DialogEntry], *, full: bool = True
) -> bytes:
    """A dialog-info document; `full` when it names every dialog, else only those that changed (§4.1.1)."""
    content = "".join(_dialog(dialog) for dialog in dialogs)
    state = "full" if full else "partial"
    root = element("dialog-info", content, xmlns=NAMESPACE, version=str(version), state=state, entity=entity)
    return (HEAD + root).encode()


def _dialog(dialog: DialogEntry) -> str:
    direction = {True: "initiator", False: "recipient", None: None}[dialog.initiator]
    content = element("state", text(dialog.state), event=dialog.reason)
    content += _party("local", dialog.local) + _party("remote", dialog.remote)
    return element(
        "dialog",
        content,
        id=dialog.id,
        call_id=dialog.call_id,
        local_tag=dialog.local_tag,
        remote_tag=dialog.remote_tag,
        direction=direction,
    )


def _party(name: str, address: NameAddr | None) -> str:
    if address is None:
        return ""
    identity = element("identity", text(str(address.uri)), display=address.display_name or None)
    return element(name, identity + element("target", uri=str(address.uri)))
