"""Fetches JSON from identity providers: the only place where single sign-on opens connections.

Policy: customers name the addresses, so nothing is fetched but JSON of at most 1 MiB, by https with a
certificate that fits, without following redirects, within ten seconds. An address that is not on the public
internet is not asked, unless the configuration says that identity providers stand in the node's own network
(``[web] private_identity_providers``); the address that was checked is the one connected to.
"""

import asyncio
import ipaddress
import json
import socket
import ssl
from typing import Any, Protocol

import httpx

from stimme.api.openid.protocol import OpenIdError

_PATIENCE_SECONDS = 10.0
_MAX_BYTES = 1 << 20


class Fetch(Protocol):
    """Asks one address for a JSON object."""

    async def __call__(self, method: str, address: str, **request: Any) -> dict[str, Any]:
        """Return the answer; ``request`` is what httpx takes as ``headers``, ``data`` and ``auth``.

        Raises:
            OpenIdError: When there is none, or none that can be used.
        """


class HttpFetch:
    """Asks over the network.

    Args:
        tls: Which certificates are believed; ``None`` for the machine's own choice.
        private: Addresses that are not on the public internet are asked, too.
    """

    def __init__(self, tls: ssl.SSLContext | None = None, *, private: bool = False) -> None:
        self._tls = tls
        self._private = private

    async def __call__(self, method: str, address: str, **request: Any) -> dict[str, Any]:
        """Return the answer.

        Raises:
            OpenIdError: When the address may not be asked, does not answer, or not with a JSON object.
        """
        try:
            async with (
                asyncio.timeout(_PATIENCE_SECONDS),
                httpx.AsyncClient(transport=_Guarded(self._tls, private=self._private)) as client,
                client.stream(method, address, **request) as answer,
            ):
                body = b""
                async for part in answer.aiter_bytes():
                    body += part
                    if len(body) > _MAX_BYTES:
                        raise OpenIdError("the answer is too long")
        except (httpx.HTTPError, httpx.InvalidURL, TimeoutError) as error:
            raise OpenIdError(f"the provider cannot be reached: {error or type(error).__name__}") from error
        if answer.status_code != httpx.codes.OK:
            raise OpenIdError(f"the provider answered {answer.status_code}{_reason(body)}")
        try:
            document = json.loads(body)
        except ValueError as error:
            raise OpenIdError("the answer is not JSON") from error
        if not isinstance(document, dict):
            raise OpenIdError("the answer is not an object")
        return document


class _Guarded(httpx.AsyncBaseTransport):
    """Looks a host up, refuses addresses that are not for us to ask, connects to what was looked up."""

    def __init__(self, tls: ssl.SSLContext | None, *, private: bool) -> None:
        self._inner = httpx.AsyncHTTPTransport(verify=ssl.create_default_context() if tls is None else tls)
        self._private = private

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request to the address that was checked, under the name that was asked for."""
        host = request.url.host
        try:
            found = await asyncio.get_running_loop().getaddrinfo(
                host, request.url.port or 443, type=socket.SOCK_STREAM
            )
        except OSError as error:
            raise httpx.ConnectError(f"{host} is not known") from error
        addresses = [ipaddress.ip_address(each[4][0]) for each in found]
        if not self._private and not all(address.is_global for address in addresses):
            raise httpx.ConnectError(f"{host} is not on the public internet")
        request.extensions = {**request.extensions, "sni_hostname": host}
        request.url = request.url.copy_with(host=str(addresses[0]))
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._inner.aclose()


def _reason(body: bytes) -> str:
    """The error code of RFC 6749 section 5.2, when the answer holds one."""
    try:
        error = json.loads(body).get("error")
    except (ValueError, AttributeError):
        return ""
    return f": {error[:80]}" if isinstance(error, str) else ""
