"""Calls that a telephone answers by itself: intercom, paging, and calls that a program places for its user.

Policy: `Answer-Mode: Auto` (RFC 5373) is the standard; telephones that do not know it understand one of the
older ways, so all of them are sent. A telephone that knows none rings. Emergency calls and calls to the
outside never carry them. An intercom call is refused while the callee speaks or does not want to be
disturbed; a page passes such a telephone over.
"""

from collections.abc import Iterable
from dataclasses import dataclass


def auto_answer_headers(domain: str) -> list[tuple[str, str]]:
    """The headers of an INVITE that is to be answered by the telephone itself.

    Args:
        domain: the customer's SIP domain: what the informational URIs name.
    """
    return [
        ("Answer-Mode", "Auto"),
        ("Call-Info", f"<sip:{domain}>;answer-after=0"),
        ("Alert-Info", f"<http://{domain}>;info=alert-autoanswer;delay=0"),
    ]


@dataclass(frozen=True, slots=True)
class PageTarget:
    """A telephone that could be paged."""

    device_id: str
    user_id: str
    registered: bool = True
    busy: bool = False
    silent: bool = False


def who_hears_a_page(targets: Iterable[PageTarget], speaker: str) -> list[str]:
    """The telephones that a page goes to: free, not silenced, and not the speaker's own."""
    return [
        target.device_id
        for target in targets
        if target.registered and not target.busy and not target.silent and target.user_id != speaker
    ]
