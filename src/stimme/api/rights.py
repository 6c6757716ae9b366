"""Which rights reach which address: the table by which staff with named rights is let through or not.

Policy: asked in one place, for every request of somebody who has signed in (``Caller.missing``), beside the
role, never instead of it. The first line that fits an address counts; one that no line names is provisioning.
What would lead around the table, a customer's single sign-on and the mail server that carries new passwords,
is for accounts with all rights. One's own account needs no right.
"""

import re

from stimme.store.rights import Right

_P, _B, _S, _A = Right.PROVISIONING, Right.BILLING, Right.SUPPORT, Right.ACCOUNTS
_ALL = frozenset(Right)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})
_TABLE: tuple[tuple[re.Pattern[str], frozenset[Right], frozenset[Right]], ...] = tuple(
    (re.compile(pattern), frozenset(read), frozenset(write))
    for pattern, read, write in (
        (r"/(prompts|events)(/.*)?", _ALL, _ALL),
        (r"/(single-sign-on|mail-server)(/.*)?", (), ()),
        (r"/(accounts|invitations|letters|audit|call-recordings)(/.*)?", {_A}, {_A}),
        (r"/users/[^/]+/personal-data", {_A}, {_A}),
        (r"/(prices|vat-rates|months|invoices)(/.*)?", {_B}, {_B}),
        (r"/organisations/.*", {_B, _P, _S}, {_B}),
        (r"/trunks/[^/]+/test", {_P, _S}, {_P, _S}),
        (r"/(calls|call-records)(/.*)?", {_S}, {_S}),
        (r"/(customers|resellers)(/[^/]+)?", _ALL, {_P}),
        (r"/customers/[^/]+/licence-events", {_B, _P, _S}, {_P}),
    )
)
_OWN = re.compile(r"/(me|session)(/.*)?")
_REST = (frozenset({_P, _S}), frozenset({_P}))


def sufficient(method: str, path: str) -> frozenset[Right] | None:
    """Return the rights of which one is enough for a request, ``None`` when none is needed.

    Args:
        method: Of the request.
        path: That below ``/api/v1``.
    """
    if _OWN.fullmatch(path):
        return None
    read, write = next(((read, write) for pattern, read, write in _TABLE if pattern.fullmatch(path)), _REST)
    return read if method in _SAFE else write
