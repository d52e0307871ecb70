"""Whether a changed text is an edit to announce: an article's state and its new fingerprint in, the next state out."""

from datetime import datetime, timedelta
from typing import Final

from schemas.feed import ArticleState

EDITS_PER_DAY: Final = 24  # a live blog, once an hour; what comes faster is announced as one edit later
RETURNS_PER_DAY: Final = 1  # to a text it had before: a correction taken back; more is flapping
REMEMBERED: Final = 6  # earlier fingerprints
DAY = timedelta(days=1)


def is_edit(known: ArticleState, feed_id: str, fingerprint: str) -> bool:
    """Whether the feed that speaks for an article now, maybe since this sight, says what it has not said before.

    A feed that takes over has a version of its own: what it said beside the home feed, or says at first sight, is none.
    """
    if fingerprint == known.fingerprint or known.feed.feed_id == feed_id:
        return fingerprint != known.fingerprint
    return any(ref.feed_id == feed_id for ref in known.also_in) and known.versions.get(feed_id) != fingerprint


def edited(known: ArticleState, fingerprint: str, now: datetime) -> ArticleState | None:
    """`known` with its next revision; None if the edit has to wait.

    A text that waits is compared again with each document, so the last one is announced once the day is over.
    """
    is_new_day = known.edits_since is None or now - known.edits_since >= DAY
    edits, returns = (0, 0) if is_new_day else (known.edits, known.returns)
    is_return = fingerprint in known.earlier
    if edits >= EDITS_PER_DAY or (is_return and returns >= RETURNS_PER_DAY):
        return None
    return known.model_copy(
        update={
            "revision": known.revision + 1,
            "fingerprint": fingerprint,
            "versions": {},
            "earlier": (*(old for old in known.earlier if old != known.fingerprint), known.fingerprint)[-REMEMBERED:],
            "edits": edits + 1,
            "returns": returns + is_return,
            "edits_since": now if is_new_day else known.edits_since,
        }
    )
