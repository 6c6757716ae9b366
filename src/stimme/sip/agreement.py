"""Agreement on how messages are secured (RFC 3329): with telephones as server, with providers as client.

Policy, as the server:
    * Our list is fixed while we run: TLS where we listen for it, then digest with each algorithm that we
      challenge with. The telephone takes the first that it knows, by `q`.
    * A request that demands `sec-agree` without a Security-Verify is answered with 494, our list, and the
      challenge that digest needs (§2.3.1). That holds over TLS as well: only the list that comes back shows
      that nobody has shortened it on the way.
    * A Security-Verify must be our list: the same mechanisms with the same parameters in the same order. Any
      other is answered with 494 and the list as it is.
    * Where an agreement is required, a request outside a dialog that demands none is answered with 494 when
      the telephone supports one, else with 421 (§2.3.2).
    * `d-ver` is read over: a list that passes with digest alone is compared, not proved. Who wants
      proof takes TLS, which stands first for that reason.

Policy, as the client (`agreed`): nothing is offered until a provider demands it with 421 or 494. One
mechanism of its list must be one that we know and that the connection has; the whole list comes back with
every request from then on.
"""

from collections.abc import Callable, Sequence

from stimme.sip.auth import ALGORITHMS
from stimme.sip.flow import Flow
from stimme.sip.message import Request
from stimme.sip.reliable import has_option
from stimme.sip.uri import split_outside_quotes, unquote_string

OPTION = "sec-agree"
_PREFERENCES = ("0.9", "0.7", "0.5", "0.3", "0.1")
_IGNORED = "d-ver"

Mechanism = tuple[str, frozenset[tuple[str, str]]]


def mechanisms(algorithms: Sequence[str], *, tls: bool) -> list[str]:
    """What a server can secure messages with, the best first, as Security-Server lists it."""
    found = ["tls"] if tls else []
    found += [f"digest;d-alg={algorithm};d-qop=auth" for algorithm in algorithms]
    return [f"{name};q={q}" for name, q in zip(found, _PREFERENCES, strict=False)]


def _read(value: str) -> Mechanism:
    name, _, rest = value.partition(";")
    parameters: list[tuple[str, str]] = []
    for part in split_outside_quotes(rest, ";"):
        key, _, text = part.partition("=")
        if key.strip().lower() != _IGNORED:
            parameters.append((key.strip().lower(), unquote_string(text.strip()).lower()))
    return name.strip().lower(), frozenset(parameters)


def same_list(ours: Sequence[str], theirs: Sequence[str]) -> bool:
    """Whether a list that came back is the one that was sent: case and the order of parameters are free."""
    return len(ours) == len(theirs) and all(
        _read(mine) == _read(yours) for mine, yours in zip(ours, theirs, strict=True)
    )


def agreed(offered: Sequence[str], *, tls: bool) -> list[tuple[str, str]] | None:
    """What a client's requests carry once a server has demanded an agreement (§2.3.1, §2.4).

    Args:
        offered: the server's list; empty when it demands one and has not told its own yet (421).
        tls: the connection to the server is TLS, so that this mechanism is there.

    Returns:
        Header fields; None when none of the mechanisms can be used.
    """
    if offered and not any(_usable(_read(each), tls=tls) for each in offered):
        return None
    fields = [
        ("Security-Client", ", ".join(mechanisms(ALGORITHMS, tls=tls))),
        ("Require", OPTION),
        ("Proxy-Require", OPTION),
    ]
    return [*fields, ("Security-Verify", ", ".join(offered))] if offered else fields


def _usable(mechanism: Mechanism, *, tls: bool) -> bool:
    name, parameters = mechanism
    if name == "digest":
        algorithm = dict(parameters).get("d-alg", "md5")
        return algorithm in {each.lower() for each in ALGORITHMS}
    return name == "tls" and tls


class SecurityAgreement:
    """See the module's docstring.

    Args:
        offered: our list, as `mechanisms` writes it.
        challenge: the digest challenge for a request that has not been agreed on.
        required: whether a request outside a dialog that came over this flow needs an agreement though it
            asks for none.
    """

    def __init__(
        self,
        offered: Callable[[], Sequence[str]],
        challenge: Callable[[Request], list[tuple[str, str]]],
        *,
        required: Callable[[Request, Flow], bool],
    ) -> None:
        self._offered = offered
        self._challenge = challenge
        self._required = required

    def refusal(self, request: Request, flow: Flow) -> tuple[int, list[tuple[str, str]]] | None:
        """Status and headers of the answer to a request that may not go on, None when it may."""
        if has_option(request, "Require", OPTION) or has_option(request, "Proxy-Require", OPTION):
            if same_list(self._offered(), request.headers.values("Security-Verify")):
                return None
            return 494, self._list(request)
        if request.to.tag is not None or not self._required(request, flow):
            return None
        status = 494 if has_option(request, "Supported", OPTION) else 421
        return status, [("Require", OPTION), *self._list(request)]

    def _list(self, request: Request) -> list[tuple[str, str]]:
        return [("Security-Server", ", ".join(self._offered())), *self._challenge(request)]
