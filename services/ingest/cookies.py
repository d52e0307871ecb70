"""Cookies of one poll: some servers redirect to the same address until theirs comes back. Forgotten with the poll."""

import re
from collections.abc import Iterable
from typing import Final

from services.ingest.hosts import may_share_secrets

MAX_COOKIES = 20  # of one poll
MAX_COOKIE_BYTES = 4_096  # all of them together: gates use one of some hundred

_PAIR: Final = re.compile(r"\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*([!-:<-~]*(?: [!-:<-~]+)*)\s*(?:;|\Z)")


class Cookies:
    """Each goes back to the very server that set it, and never in clear after https; other attributes do not count."""

    def __init__(self) -> None:
        self._values: dict[tuple[str, str], str] = {}  # setting address without its path, name → value

    def take(self, url: str, stated: Iterable[str]) -> bool:
        """Keep the `Set-Cookie` values of an answer from `url`; whether the next request to it will differ for them."""
        before = self.header(url)
        for text in stated:
            if (match := _PAIR.match(text)) is not None:
                self._keep((_origin(url), match[1]), match[2])
        return self.header(url) != before

    def header(self, url: str) -> str | None:
        """The value of `Cookie` for a request to `url`, None if it has none."""
        pairs = [f"{name}={value}" for (origin, name), value in self._values.items() if may_share_secrets(origin, url)]
        return "; ".join(pairs) or None

    def _keep(self, key: tuple[str, str], value: str) -> None:
        others = {other: kept for other, kept in self._values.items() if other != key}
        size = sum(len(name) + len(kept) for (_, name), kept in others.items()) + len(key[1]) + len(value)
        if len(others) < MAX_COOKIES and size <= MAX_COOKIE_BYTES:
            self._values[key] = value


def _origin(url: str) -> str:
    scheme, _, rest = url.partition("://")
    return f"{scheme}://{re.split('[/?#]', rest, maxsplit=1)[0].rpartition('@')[2]}/"
