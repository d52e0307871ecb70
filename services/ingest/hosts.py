"""Which server an address names: what gaps, cool-downs and secrets are kept by."""

from urllib.parse import urlsplit

_DEFAULT_PORTS = {"http": 80, "https": 443}


def host_of(url: str) -> str:
    """The name that sees our requests, in lower case, with its port unless that is its scheme's own.

    Never raises: an address that has no host gets one that no address has, and fails when it is fetched.
    """
    try:
        parts = urlsplit(url)
        name, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError:
        return "?"
    if ":" in name:
        name = f"[{name}]"
    return name if port in {None, _DEFAULT_PORTS.get(parts.scheme)} else f"{name}:{port}"


def same_feed_key(url: str) -> str:
    """What spellings of one address share: scheme, case of the host, default port and fragment do not count."""
    parts = urlsplit(url)
    user = parts.netloc.rpartition("@")[0]
    return f"{user}@{host_of(url)}{parts.path or '/'}?{parts.query}"


def shown_address(url: str) -> str:
    """`url` without user name and password, for people to see."""
    scheme, separator, rest = url.partition("://")
    netloc, slash, path = rest.partition("/")
    return f"{scheme}{separator}{netloc.rpartition('@')[2]}{slash}{path}" if separator else url


def may_share_secrets(url: str, other: str) -> bool:
    """Whether what is secret to `url` may be sent to `other`: the same server, and never in clear after https."""
    return host_of(url) == host_of(other) and (not is_downgrade(url, other))


def is_downgrade(url: str, other: str) -> bool:
    """Whether a step from `url` to `other` leaves https."""
    return url[:6].lower() == "https:" and other[:6].lower() != "https:"
