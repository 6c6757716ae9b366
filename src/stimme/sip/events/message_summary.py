"""Messages that wait: the event package `message-summary` (RFC 3842), for the lamp of a telephone."""

from dataclasses import dataclass

PACKAGE = "message-summary"
CONTENT_TYPE = "application/simple-message-summary"


@dataclass(frozen=True, slots=True)
class MessageCounts:
    """Messages of one class, new and old, and how many of them are urgent."""

    new: int = 0
    old: int = 0
    urgent_new: int = 0
    urgent_old: int = 0


def write_message_summary(account: str, *, voice: MessageCounts, fax: MessageCounts | None = None) -> bytes:
    """The summary of a mailbox; `account` is the URI to call for hearing the messages (§5.2)."""
    waiting = voice.new > 0 or (fax is not None and fax.new > 0)
    lines = [f"Messages-Waiting: {'yes' if waiting else 'no'}", f"Message-Account: {account}"]
    lines.append(_line("Voice-Message", voice))
    if fax is not None:
        lines.append(_line("Fax-Message", fax))
    return ("\r\n".join(lines) + "\r\n").encode()


def _line(name: str, counts: MessageCounts) -> str:
    return f"{name}: {counts.new}/{counts.old} ({counts.urgent_new}/{counts.urgent_old})"
