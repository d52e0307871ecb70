"""Which addresses are public, in every spelling."""

import ipaddress
import socket

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from services.ingest.addresses import AddressRefused, GuardedResolver, check_host, is_any, is_public, literal_address


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0", "100.64.0.1"),
        *("224.0.0.1", "255.255.255.255", "192.0.2.1", "198.18.0.1", "240.0.0.1"),
        *("::1", "::", "fe80::1", "fc00::1", "fec0::1", "ff02::1", "2001:db8::1"),
        *(
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::7f00:1",
            "::ffff:0:127.0.0.1",
        ),
        *("2002:7f00:1::", "2002:a00:1::"),
    ],
)
def test_private_and_reserved_addresses_are_not_public(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    "address", ["8.8.8.8", "93.184.216.34", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_are(address: str) -> None:
    assert is_public(ipaddress.ip_address(address))


@pytest.mark.parametrize(
    ("host", "address"),
    [
        *((host, "127.0.0.1") for host in ("127.0.0.1", "2130706433", "0x7f000001", "0177.0.0.1", "127.1", "0x7f.1")),
        ("[::1]", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("127.0.0.1.", "127.0.0.1"),
    ],
)
def test_literal_addresses_are_known_in_every_spelling(host: str, address: str) -> None:
    assert literal_address(host) == ipaddress.ip_address(address)
    with pytest.raises(AddressRefused):
        check_host(host)
    check_host(host, is_any)


@pytest.mark.parametrize("host", ["example.com", "1.example.com", "", "localhost", "1.2.3.4.5", "dead.beef"])
def test_names_are_no_literals(host: str) -> None:
    assert literal_address(host) is None


class Answers(AbstractResolver):
    def __init__(self, *hosts: str) -> None:
        self.hosts = hosts

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=answer, port=port, family=family, proto=0, flags=0)
            for answer in self.hosts
        ]

    async def close(self) -> None:
        pass


async def test_name_with_one_private_address_is_refused() -> None:
    resolver = GuardedResolver(inner=Answers("93.184.216.34", "10.0.0.1"))
    with pytest.raises(AddressRefused, match=r"10\.0\.0\.1"):
        await resolver.resolve("mixed.example")


async def test_public_name_keeps_its_addresses() -> None:
    resolver = GuardedResolver(inner=Answers("93.184.216.34"))
    assert [result["host"] for result in await resolver.resolve("good.example")] == ["93.184.216.34"]
