"""The articles of one partition, found by what names them. A view over article-state records; writes nothing itself."""

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Self

from schemas.feed import ArticleState, FeedState
from services.ingest.identity import Key, keys_of

FORGET_AFTER = timedelta(days=30)
REFRESH_AFTER = timedelta(days=1)  # how old a persisted `last_seen_at` may get

MAX_RIVALS = 8  # remembered for a key: hundreds of articles may share a date


class ArticleIndex:
    """Article states of one partition as their JSON, parsed only when matched, and an index of their keys.

    Keys are 16-byte hashes: about 400 bytes an article beside the states themselves. Build it from a restored table,
    decide on `staged()` layers, and `apply` a layer's `changes` once their commit has succeeded; a layer that is
    dropped leaves no trace. Of several articles with one key the first keeps it; the next one has it when that lets go.
    """

    def __init__(self, states: Mapping[str, bytes] | None = None, *, below: Self | None = None) -> None:
        self._below = below
        self._states: dict[str, bytes | None] = {}
        self._owners: dict[Key, str | None] = {}
        self._rivals: dict[Key, tuple[str, ...]] = {}
        if states:
            self.apply(states)

    def staged(self) -> "ArticleIndex":
        """A layer on top: it sees this index, and keeps its own changes to itself."""
        return ArticleIndex(below=self)

    @property
    def changes(self) -> Mapping[str, bytes | None]:
        """What was applied to this layer: article_id → state as JSON, None for a forgotten article."""
        return self._states

    def apply(self, changes: Mapping[str, bytes | None]) -> None:
        """Take over states as written to the log; None forgets the article. Raises ValidationError."""
        for article_id, value in changes.items():
            if value is not None:
                self.put(ArticleState.model_validate_json(value), value)
                continue
            self._own(article_id, frozenset())
            if self._below is None:
                self._states.pop(article_id, None)
            else:
                self._states[article_id] = None

    def put(self, state: ArticleState, value: bytes) -> None:
        """Take over one state, of which `value` is the JSON: for a caller that has both."""
        self._own(state.article_id, frozenset(keys_of(state)))
        self._states[state.article_id] = value

    def _own(self, article_id: str, keys: frozenset[Key]) -> None:
        """Let `keys`, those that no other article has, lead to this one, and no others."""
        old = self.state(article_id)
        for key in keys_of(old) if old else ():
            if key not in keys and self._owner(key) == article_id:
                self._release(key)
        for key in keys:
            owner = self._owner(key)
            if owner is None:
                self._owners[key] = article_id
            elif owner != article_id:
                rivals = self._rivals_of(key)
                if article_id not in rivals and len(rivals) < MAX_RIVALS:
                    self._rivals[key] = (*rivals, article_id)

    def find(self, key: Key) -> ArticleState | None:
        owner = self._owner(key)
        return None if owner is None else self.state(owner)

    def state(self, article_id: str) -> ArticleState | None:
        value = self._value(article_id)
        return None if value is None else ArticleState.model_validate_json(value)

    def states(self) -> Iterator[ArticleState]:
        """Every state of this layer alone, parsed one by one."""
        for value in self._states.values():
            if value is not None:
                yield ArticleState.model_validate_json(value)

    def __len__(self) -> int:
        return len(self._states)

    def _value(self, article_id: str) -> bytes | None:
        if article_id in self._states or self._below is None:
            return self._states.get(article_id)
        return self._below._value(article_id)

    def _owner(self, key: Key) -> str | None:
        if key in self._owners or self._below is None:
            return self._owners.get(key)
        return self._below._owner(key)

    def _rivals_of(self, key: Key) -> tuple[str, ...]:
        if key in self._rivals or self._below is None:
            return self._rivals.get(key, ())
        return self._below._rivals_of(key)

    def _release(self, key: Key) -> None:
        """Give the key to the first other article that still has it."""
        heirs = [rival for rival in self._rivals_of(key) if (state := self.state(rival)) and key in keys_of(state)]
        if heirs:
            self._owners[key], self._rivals[key] = heirs[0], tuple(heirs[1:])
        elif self._below is None:
            del self._owners[key]
            self._rivals.pop(key, None)
        else:
            self._owners[key], self._rivals[key] = None, ()


def is_forgettable(state: ArticleState, feed_states: Mapping[str, FeedState], now: datetime) -> bool:
    """Whether an article was unseen for FORGET_AFTER and is in no feed's latest document.

    `feed_states` are those of the partition by feed_id. As `last_seen_at` is persisted at most once a day, an article
    counts as in the latest document unless that is more than a day younger.
    """
    if state.last_seen_at >= now - FORGET_AFTER:
        return False
    carriers = (state.feed.feed_id, *(ref.feed_id for ref in state.also_in))
    return not any(_may_carry(feed_states.get(feed_id), state.last_seen_at) for feed_id in carriers)


def _may_carry(feed_state: FeedState | None, seen_at: datetime) -> bool:
    if feed_state is None or feed_state.last_document_at is None:
        return False
    return seen_at >= feed_state.last_document_at - REFRESH_AFTER
