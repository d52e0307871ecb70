"""Which network addresses may be fetched: the guard against requests into private networks (SSRF, DNS rebinding)."""

import asyncio
import ipaddress
import socket
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from aiohttp import ThreadedResolver
from aiohttp.abc import AbstractResolver, ResolveResult

Address = IPv4Address | IPv6Address
IsAllowed = Callable[[Address], bool]

_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_NAT64_LOCAL = ipaddress.IPv6Network("64:ff9b:1::/48")  # RFC 8215: is_global in some Python versions
_IPV4_TRANSLATED = ipaddress.IPv6Network("::ffff:0:0:0/96")  # RFC 2765 §2.1
_IPV4_COMPATIBLE = ipaddress.IPv6Network("::/96")


class AddressRefused(OSError):
    """A name or literal leads to an address that must not be fetched. An OSError, as resolvers raise these."""


def is_public(address: Address) -> bool:
    """Whether `address` is on the public internet, looking into IPv6 forms that carry an IPv4 address."""
    if isinstance(address, IPv6Address):
        if address.is_site_local or address in _NAT64_LOCAL:
            return False
        carried = _carried_ipv4(address)
        if carried is not None:
            return is_public(carried)
    return address.is_global and not address.is_multicast


def is_any(_: Address) -> bool:
    """Allow every address: for tests, and for publishers on the own network."""
    return True


def literal_address(host: str) -> Address | None:
    """The address `host` is a literal of, or None for a name.

    Beside the canonical forms it knows what `inet_aton` takes: `2130706433`, `0x7f.1` and `0177.0.0.1` are 127.0.0.1.
    """
    text = host.strip().strip("[]").partition("%")[0]
    try:
        return ipaddress.ip_address(text)
    except ValueError:
        pass
    text = text.rstrip(".")
    if not text or not text[0].isdigit() or not text.isascii() or " " in text:
        return None
    try:
        return IPv4Address(socket.inet_aton(text))
    except OSError:
        return None


def check_host(host: str, is_allowed: IsAllowed = is_public) -> None:
    """Raise AddressRefused if `host` is a literal that must not be fetched. A name is left to the resolver."""
    address = literal_address(host)
    if address is not None and not is_allowed(address):
        raise AddressRefused(f"{host} is not a public address")


class GuardedResolver(AbstractResolver):
    """Resolves names for aiohttp and refuses a name with any private address.

    aiohttp connects to just the addresses handed back here, so a name cannot change its address between check and
    connection, while TLS still sees the name. Literals bypass resolvers: `check_host` is for these.
    """

    def __init__(self, is_allowed: IsAllowed = is_public, *, inner: AbstractResolver | None = None) -> None:
        self._is_allowed = is_allowed
        self._inner = inner or ThreadedResolver(loop=asyncio.get_running_loop())

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        results = await self._inner.resolve(host, port, family)
        for result in results:
            address = literal_address(result["host"])
            if address is None or not self._is_allowed(address):
                raise AddressRefused(f"{host} leads to {result['host']}, which is not a public address")
        return results

    async def close(self) -> None:
        await self._inner.close()


def _carried_ipv4(address: IPv6Address) -> IPv4Address | None:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    if any(address in network for network in (_NAT64, _IPV4_TRANSLATED, _IPV4_COMPATIBLE)):
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return None
