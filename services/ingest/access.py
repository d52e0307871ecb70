"""Per-feed headers, credentials and proxy: the names of secrets on a feed's record in, what a request needs out."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

from schemas.feed import Feed
from schemas.reasons import Reason
from services.ingest.fetch_errors import FetchError

# The prefix keeps a feed list from sending other variables of this process, such as cloud keys, to a stranger.
SECRET_PREFIX: Final = "NEWSFLOW_SECRET_"  # noqa: S105 - a name
SECRET_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,99}")
MAX_SECRET_BYTES = 16 * 1024

_HEADER_NAME: Final = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
# What makes a request itself, and is not the feed list's to say.
_OURS: Final = frozenset(
    {"host", "connection", "content-length", "transfer-encoding", "accept-encoding", "if-none-match", "te", "range"}
    | {"if-modified-since", "upgrade", "expect", "trailer", "proxy-authorization"}
)
_SECRET_BY_NATURE: Final = frozenset({"authorization", "cookie"})

SecretOf = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Access:
    """What requests for one feed add. What is secret goes to the server of `owner` alone, the feed's own address."""

    owner: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    private: Mapping[str, str] = field(default_factory=dict, repr=False)
    credentials: str | None = field(default=None, repr=False)
    proxy: str | None = field(default=None, repr=False)

    @property
    def secrets(self) -> tuple[str, ...]:
        """What must not be told in any text."""
        credentials, proxy = self.credentials or "", urlsplit(self.proxy or "")
        of_proxy = (self.proxy, proxy.netloc, proxy.hostname, proxy.username, proxy.password)
        stated = (*self.private.values(), credentials, credentials.partition(":")[2], *of_proxy)
        return tuple(secret for secret in stated if secret)


NO_ACCESS: Final = Access()


def resolve_access(feed: Feed, secret_of: SecretOf) -> Access:
    """What the feed's record states. Raises FetchError CREDENTIALS_MISSING for a secret nobody has given."""
    stated = feed.access
    credentials = _credentials_in(feed.url)
    if stated is None:
        return NO_ACCESS if credentials is None else Access(feed.url, credentials=credentials)
    return Access(
        owner=feed.url,
        headers=stated.headers,
        private={header: _secret(name, secret_of) for header, name in stated.secret_headers.items()},
        credentials=credentials if stated.credentials is None else _secret(stated.credentials, secret_of),
        proxy=None if stated.proxy is None else _proxy(stated.proxy, secret_of),
    )


def _credentials_in(url: str) -> str | None:
    """User name and password of an address that holds them, decoded."""
    try:
        user, _, password = urlsplit(url).netloc.rpartition("@")[0].partition(":")
    except ValueError:
        return None
    return f"{unquote(user)}:{unquote(password)}" if user or password else None


def check_access(headers: Mapping[str, str], secret_headers: Mapping[str, str], secrets: Iterable[str | None]) -> None:
    """Raise ValueError for what could not be sent, or would put a secret on the log."""
    for header in (*headers, *secret_headers):
        if not _HEADER_NAME.fullmatch(header) or header.lower() in _OURS:
            raise ValueError(f"header {header[:50]!r} cannot be set")
    for header, value in headers.items():
        if header.lower() in _SECRET_BY_NATURE:
            raise ValueError(f"header {header!r} is secret: name its secret under secret_headers")
        if not value.isascii() or not value.isprintable():
            raise ValueError(f"header {header!r} is not one line of printable ASCII")
    for name in (*secret_headers.values(), *secrets):
        if name is not None and not SECRET_NAME.fullmatch(name):
            raise ValueError("a secret is given by its name (letters, digits, _ . -), never by its value")


def secrets_from(folder: Path | None, environment: Mapping[str, str] | None = None) -> SecretOf:
    """Looks a secret up each time it is needed, so that it can be changed without a restart.

    A file of its name in `folder` comes first (as mounted by container platforms), then `NEWSFLOW_SECRET_<NAME>`.
    """
    variables = os.environ if environment is None else environment

    def secret_of(name: str) -> str | None:
        if not SECRET_NAME.fullmatch(name):
            return None
        if folder is not None and (text := _read(folder / name)) is not None:
            return text
        return variables.get(SECRET_PREFIX + re.sub(r"[^A-Z0-9]", "_", name.upper()))

    return secret_of


def _read(path: Path) -> str | None:
    try:
        with path.open("rb") as file:
            return file.read(MAX_SECRET_BYTES).decode().strip()
    except (OSError, UnicodeDecodeError):
        return None


def _secret(name: str, secret_of: SecretOf) -> str:
    secret = secret_of(name)
    if not secret:
        raise FetchError(Reason.CREDENTIALS_MISSING, f"the secret {name[:100]!r} is not given to this process")
    if not secret.isprintable():
        raise FetchError(Reason.CREDENTIALS_MISSING, f"the secret {name[:100]!r} is not one printable line")
    return secret


def _proxy(name: str, secret_of: SecretOf) -> str:
    proxy = _secret(name, secret_of)
    try:
        is_usable = urlsplit(proxy).scheme in {"http", "https"} and bool(urlsplit(proxy).hostname)
    except ValueError:
        is_usable = False
    if not is_usable:
        raise FetchError(Reason.CREDENTIALS_MISSING, f"the secret {name[:100]!r} is no address of an HTTP proxy")
    return proxy
