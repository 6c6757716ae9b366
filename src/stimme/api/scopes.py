"""What a program's token may do: an area of the API, to read or to write.

Policy: a token has the rights of its account and never more, cut down to its scopes. What concerns accounts
(password, second factors, tokens, sessions, invitations, rights of staff) and single sign-on is for people
who have signed in, whatever the scopes. Addresses that no area claims belong to ``configuration``.
"""

from typing import Literal, get_args

Scope = Literal[
    "calls:read",
    "calls:write",
    "configuration:read",
    "configuration:write",
    "billing:read",
    "billing:write",
]
SCOPES: tuple[Scope, ...] = get_args(Scope)

_AREAS: tuple[tuple[str, str], ...] = (
    ("/me/calls", "calls"),
    ("/me/settings", "configuration"),
    ("/me/keys", "configuration"),
    ("/calls", "calls"),
    ("/call-records", "calls"),
    ("/call-recordings", "calls"),
    ("/directory", "calls"),
    ("/phone-books", "calls"),
    ("/events", "calls"),
    ("/prices", "billing"),
    ("/vat-rates", "billing"),
    ("/months", "billing"),
    ("/invoices", "billing"),
    ("/organisations", "billing"),
    ("/me", ""),
    ("/session", ""),
    ("/invitations", ""),
    ("/password-resets", ""),
    ("/accounts", ""),
    ("/mail-server", ""),
    ("/single-sign-on", ""),
)
_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def allowed(scopes: frozenset[str], method: str, path: str) -> bool:
    """Tell whether a token with ``scopes`` may make a request; ``path`` is that below ``/api/v1``."""
    if (method, path) == ("GET", "/session"):
        return True
    area = next(
        (area for prefix, area in _AREAS if path == prefix or path.startswith(f"{prefix}/")), "configuration"
    )
    return f"{area}:{'read' if method in _SAFE else 'write'}" in scopes
