"""One spelling per entity: what counts as the same address, card, name, device or domain.

Each function takes the distinct values of a day's part and returns, for each, its canonical text
(None where it cannot link accounts), its trait (what may be known of it without the key) and,
where it was dropped, the reason.
"""

import gzip
import ipaddress
import re
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import NamedTuple


class Canonical(NamedTuple):
    """Canonical text, trait, and the reason why a value cannot link (empty where it can)."""

    text: str | None
    trait: str
    reason: str = ""


_NOT_AN_ADDRESS = Canonical(None, "", "not an address")
_LIST = Canonical(None, "", "a list of addresses: log the one that connected to you")
_RESERVED = Canonical(None, "", "an inside or reserved address")
_NAT64 = ipaddress.ip_network("64:ff9b::/96")
_WITH_PORT = re.compile(
    r"(?:\[(?P<six>[^\[\]]*:[^\[\]]*)\]|(?P<four>[0-9.]+)(?=:))(?::(?P<port>[0-9]{1,5}))?"
)


def _ranges(*networks: str) -> tuple[list[int], list[int]]:
    """First and last addresses of networks that do not overlap, in order."""
    parsed = sorted(map(ipaddress.ip_network, networks), key=lambda network: int(network[0]))
    return [int(network[0]) for network in parsed], [int(network[-1]) for network in parsed]


# What the registries of special-purpose addresses (RFC 6890) call not globally reachable, and
# multicast: the same one means another machine behind every gateway, or none at all. Documentation
# ranges are not among them, so that examples work; of 2001::/23 Teredo has been folded before.
_UNREACHABLE = {
    4: _ranges(
        *("0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16"),
        *("172.16.0.0/12", "192.0.0.0/24", "192.168.0.0/16", "198.18.0.0/15", "224.0.0.0/3"),
    ),
    6: _ranges(
        *("::/64", "64:ff9b:1::/48", "100::/64", "100:0:0:1::/64", "2001::/23", "5f00::/16"),
        *("fc00::/7", "fe80::/10", "fec0::/10", "ff00::/8"),
    ),
}


def addresses(values: Sequence[str]) -> list[Canonical]:
    """IPv4 as it is, IPv6 by its /64 (one subscriber's prefix, RFC 6177); a port is cut off.

    IPv4 inside IPv6 (mapped, RFC 4291; NAT64, RFC 6052; 6to4, RFC 3056; Teredo, RFC 4380) is
    folded to the IPv4 address. Ranges that are not reachable from everywhere cannot link. Nor can
    a list, as a forwarded header holds it: senders write its first entries themselves, and the
    last may be a proxy of one's own.
    """
    return [_address(value) for value in values]


def _address(value: str) -> Canonical:
    if "," in value:
        return _LIST
    try:
        address = ipaddress.ip_address(_without_port(value.strip()))
    except ValueError:
        return _NOT_AN_ADDRESS
    if isinstance(address, ipaddress.IPv6Address):
        address = _folded(address)
    number = int(address)
    first, last = _UNREACHABLE[address.version]
    at = bisect_right(first, number) - 1
    if at >= 0 and number <= last[at]:
        return _RESERVED
    if isinstance(address, ipaddress.IPv4Address):
        return Canonical(str(address), "IPv4")
    prefix = ipaddress.IPv6Address(number >> 64 << 64)
    return Canonical(f"{prefix}/64", "IPv6 /64")


def _without_port(text: str) -> str:
    """The address in `203.0.113.7:443` and `[2001:db8::1]:443`; any other text as it is."""
    match = _WITH_PORT.fullmatch(text)
    if match is None or int(match["port"] or 0) > 65535:
        return text
    return match["six"] or match["four"]


def _folded(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address in _NAT64:
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    if address.sixtofour is not None:
        return address.sixtofour
    if address.teredo is not None:
        return address.teredo[1]
    return address


def names(values: Sequence[str]) -> list[str]:
    """Names and postal codes: compatibility forms folded, case, marks, and punctuation removed."""
    return [_name(value) for value in values]


def _name(value: str) -> str:
    letters = unicodedata.normalize("NFKD", value).casefold()
    kept = "".join(
        character if character.isalnum() else " "
        for character in letters
        if not unicodedata.combining(character)
    )
    return " ".join(kept.split())


def domains(values: Sequence[str]) -> list[Canonical]:
    """Mail domains in lower case; large public and disposable ones are marked."""
    return [_domain(value) for value in values]


def _domain(value: str) -> Canonical:
    text = value.strip().rstrip(".").casefold().rpartition("@")[2]
    if not text:
        return Canonical(None, "", "not a domain")
    if text in _PUBLIC:
        return Canonical(text, "public mail provider")
    if text in _disposable():
        return Canonical(text, "disposable mail domain")
    return Canonical(text, "own mail domain")


@cache
def _disposable() -> frozenset[str]:
    packed = resources.files("graphkit.entities").joinpath("disposable_domains.txt.gz")
    return frozenset(gzip.decompress(packed.read_bytes()).decode().split())


_PUBLIC_DOMAINS = """
gmail.com googlemail.com yahoo.com yahoo.co.uk yahoo.co.jp yahoo.fr yahoo.de ymail.com outlook.com
hotmail.com hotmail.co.uk hotmail.fr live.com msn.com icloud.com me.com mac.com aol.com gmx.de
gmx.net gmx.at web.de t-online.de freenet.de proton.me protonmail.com pm.me mail.com zoho.com
fastmail.com tutanota.com yandex.ru yandex.com mail.ru bk.ru list.ru inbox.ru rambler.ru qq.com
163.com 126.com sina.com sohu.com foxmail.com yeah.net naver.com daum.net hanmail.net rediffmail.com
orange.fr wanadoo.fr free.fr laposte.net libero.it virgilio.it uol.com.br bol.com.br terra.com.br
seznam.cz wp.pl o2.pl interia.pl comcast.net verizon.net att.net sbcglobal.net bellsouth.net cox.net
charter.net btinternet.com sky.com docomo.ne.jp ezweb.ne.jp
"""
_PUBLIC = frozenset(_PUBLIC_DOMAINS.split())


def device_trait(user_agent: str) -> str:
    """What may be said of a device: browser or client program."""
    return "browser" if user_agent.startswith("Mozilla/") else "client program"
