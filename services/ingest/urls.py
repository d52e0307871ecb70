"""Addresses as identity: one spelling for an article's address, and the publisher an address belongs to."""

import re
from functools import lru_cache
from ipaddress import IPv6Address
from typing import Final
from urllib.parse import quote, unquote, urljoin, urlsplit

import idna
from publicsuffixlist import PublicSuffixList

from services.ingest.addresses import literal_address

MAX_URL_CHARACTERS = 2_000

# Parameters that say how a reader came to a page, never which page it is. Names are compared in lower case.
TRACKING_PREFIXES: Final = ("utm_", "pk_", "mtm_", "matomo_", "piwik_", "hsa_", "at_custom", "at_link_", "_hs", "ns_")
TRACKING_NAMES: Final = frozenset(
    {
        # click identifiers of advertising and social networks
        *("fbclid", "gclid", "gclsrc", "dclid", "gbraid", "wbraid", "msclkid", "yclid", "ymclid", "twclid", "ttclid"),
        *("igshid", "igsh", "li_fat_id", "epik", "srsltid", "_openstat", "__twitter_impression"),
        # mailing lists
        *("mc_cid", "mc_eid", "mkt_tok", "vero_id", "vero_conv", "oly_anon_id", "oly_enc_id", "ck_subscriber_id"),
        # analytics of publishers and their tools
        *("_ga", "_gl", "wt.mc_id", "wt_mc", "wt.mc", "s_cid", "cmpid", "ocid", "ncid", "icid", "xtor", "ito", "smid"),
        *("at_medium", "at_campaign", "at_campaign_type", "at_format", "at_bbc_team", "at_ptr_name", "at_creation"),
        *("sr_share", "guccounter", "guce_referrer", "guce_referrer_sig", "wickedid", "cid_source", "ftag", "taid"),
    }
)
# Names that say where a reader came from if the value is, or begins with, one of `TRACKING_SOURCES`.
TRACKING_WAYS: Final = frozenset(
    {
        *("partner", "emc", "feedtype", "cmp", "source", "src", "ref", "referrer", "referer", "from", "mod", "via"),
        *("medium", "campaign", "campaign_id", "channel", "ns_mchannel", "xtor", "ext", "cid", "wt", "ana", "soc_src"),
        *("fr", "feature", "feedname", "refsrc", "mbid", "soc_trk", "tsrc", "ir", "platform", "link_source"),
    }
)
TRACKING_SOURCES: Final = re.compile(
    r"(?:public_)?(?:rss|atom|feed(?:burner|ly)?|newsfeed|xml)(?:[-_.:|%].*|\d.*)?|rss.*", re.DOTALL
)

# Domains that many publishers share, beside those the public suffix list names: there the whole host is the home.
SHARED_HOSTING: Final = frozenset(
    {
        *("substack.com", "medium.com", "feedburner.com", "wordpress.com", "tumblr.com", "livejournal.com", "ghost.io"),
        *("typepad.com", "feedblitz.com", "rss.app", "hatenablog.com", "over-blog.com", "buzzsprout.com", "libsyn.com"),
        *("beehiiv.com", "buttondown.com", "squarespace.com", "wixsite.com", "weebly.com", "googleusercontent.com"),
    }
)

_DEFAULT_PORTS: Final = {"http": 80, "https": 443}
_PERCENT = re.compile(r"%([0-9A-Fa-f]{2})?")
_UNRESERVED: Final = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
_NOT_IN_PATH = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/%]")
_NOT_IN_QUERY = re.compile(r"[^A-Za-z0-9\-._~!$&'()*+,;=:@/?%]")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
_HOST = re.compile(r"[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*")
_NEVER_IN_URLS = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u2060\ufeff\ud800-\udfff]+")
_GAP = re.compile(r"(?<=://)\s+")
_WWW = re.compile(r"www\.[\w-]+(?:\.[\w-]+)+(?![^:/?#])", re.IGNORECASE)
_MAX_HOST_CHARACTERS = 253  # RFC 1035 §2.3.4


def canonical_url(url: str, base: str = "", *, keep_tracking: bool = False) -> str | None:
    """The one spelling of an http or https address, or None for anything else.

    Relative addresses are joined to `base`. Scheme and host become lower-case ASCII (IDNA 2008 with UTS 46), default
    ports, user names, dot segments, tracking parameters and fragments go (`#!` fragments name pages and stay), percent
    encoding is as RFC 3986 §6.2.2 wants it. What may name another page stays: order of parameters, trailing slashes,
    `www.`, http against https. Idempotent. Longer than `MAX_URL_CHARACTERS` is None.
    """
    if len(url) > 4 * MAX_URL_CHARACTERS:
        return None
    text = tidied(url)
    try:
        parts = urlsplit(text if _SCHEME.match(text) or not base else urljoin(base, text))
        port = parts.port
    except ValueError:
        return None
    scheme, host = parts.scheme.lower(), _canonical_host(parts.hostname or "")
    if scheme not in _DEFAULT_PORTS or host is None:
        return None
    authority = host if port is None or port == _DEFAULT_PORTS[scheme] else f"{host}:{port}"
    path = _without_dot_segments(_normal_percent(parts.path, _NOT_IN_PATH))
    query = _normal_percent(parts.query, _NOT_IN_QUERY)
    query = query if keep_tracking else _without_tracking(query)
    fragment = _normal_percent(parts.fragment, _NOT_IN_QUERY) if parts.fragment.startswith("!") else ""
    canonical = f"{scheme}://{authority}{path}{'?' + query if query else ''}{'#' + fragment if fragment else ''}"
    return canonical if len(canonical) <= MAX_URL_CHARACTERS else None


def page_of(url: str) -> str:
    """What names the page of a canonical address: all but scheme and `www.`, which whole sites change over night."""
    return "//" + url.partition("://")[2].removeprefix("www.")


def tidied(address: str) -> str:
    """What `address`, absolute or not, is meant to say: in one piece, though it was broken over lines.

    One that begins with `www.` is no path: it lacks a scheme, and gets that of its base.
    """
    whole = "".join(line.strip() for line in address.splitlines())
    text = _GAP.sub("", _NEVER_IN_URLS.sub("", whole).strip(), count=1)
    if text.startswith("<![CDATA["):
        text = text[9:].removesuffix("]]>").strip()  # escaped by software that meant to mark it
    return f"//{text}" if _WWW.match(text) else text


def home_of(url: str) -> str:
    """The publisher an http or https address belongs to: its registrable domain, private suffixes counted.

    The whole host for IP addresses, single labels, public suffixes and the domains in `SHARED_HOSTING`. Raises
    ValueError if `url` is not an http or https address.
    """
    canonical = canonical_url(url)
    if canonical is None:
        raise ValueError("not an http or https address")
    host = urlsplit(canonical).netloc.rsplit("@")[-1]
    host = host.partition("]")[0] + "]" if host.startswith("[") else host.partition(":")[0]
    if literal_address(host) is not None or "." not in host:
        return host
    registrable = _suffixes().privatesuffix(host)
    return host if registrable is None or registrable in SHARED_HOSTING else registrable


@lru_cache(maxsize=1)
def _suffixes() -> PublicSuffixList:
    return PublicSuffixList()  # 0.1 s and 6 MB: loaded by the first caller only


@lru_cache(maxsize=4_096)  # feeds name few hosts, each many times
def _canonical_host(stated: str) -> str | None:
    host = unquote(stated).lower().rstrip(".")
    if not _HOST.fullmatch(host):
        literal = literal_address(host)
        if isinstance(literal, IPv6Address):
            return f"[{literal.compressed}]"
        try:
            host = idna.encode(host, uts46=True).decode("ascii").rstrip(".")
        except (UnicodeError, IndexError):
            return None
        if not _HOST.fullmatch(host):
            return None
    if len(host) > _MAX_HOST_CHARACTERS:
        return None
    literal = literal_address(host)
    return host if literal is None else literal.compressed


def _normal_percent(text: str, not_allowed: re.Pattern[str]) -> str:
    """Encode what is not allowed, decode what need not be encoded, write hex digits in capitals, mend lone `%`."""
    if "%" in text:
        text = _PERCENT.sub(_one_percent, text)
    return not_allowed.sub(lambda match: quote(match[0], safe=""), text)


def _one_percent(match: re.Match[str]) -> str:
    digits = match[1]
    if digits is None:
        return "%25"
    character = chr(int(digits, 16))
    return character if character in _UNRESERVED else f"%{digits.upper()}"


def _without_dot_segments(path: str) -> str:
    """RFC 3986 §5.2.4 for an absolute path; an empty one becomes `/`."""
    if "/." not in path:
        return path or "/"
    kept: list[str] = []
    segments = path.split("/")[1:]
    for segment in segments:
        if segment == "..":
            del kept[-1:]
        elif segment != ".":
            kept.append(segment)
    if segments[-1] in {".", ".."}:
        kept.append("")
    return "/" + "/".join(kept)


def _without_tracking(query: str) -> str:
    return "&".join(pair for pair in query.split("&") if pair and not _is_tracking(pair)) if query else ""


def _is_tracking(pair: str) -> bool:
    name, _, value = pair.lower().partition("=")
    if name.startswith(TRACKING_PREFIXES) or name in TRACKING_NAMES:
        return True
    return name in TRACKING_WAYS and TRACKING_SOURCES.fullmatch(value) is not None
