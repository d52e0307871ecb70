"""Read a document: what a worker process does with a fetched body, from bytes to drafts, cheap to send back."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime

from schemas.article import DateQuality
from schemas.entry import Entry
from schemas.reasons import Reason
from services.ingest.dates import constant_dates
from services.ingest.limits import bounded_entry_json
from services.ingest.normalise import Draft, EntryError, FeedContext, normalise_entry
from services.ingest.parse import FeedInfo, Route, parse_feed, without_secrets

_DOUBTED = frozenset({DateQuality.STATED, DateQuality.ZONE_ASSUMED})

__all__ = ["Document", "FeedContext", "ReadEntry", "RefusedEntry", "read_document"]


@dataclass(frozen=True, slots=True)
class ReadEntry:
    """A draft and the entry it came from, the entry as JSON: it goes to the log as it is, unread."""

    draft: Draft
    entry_json: bytes


@dataclass(frozen=True, slots=True)
class RefusedEntry:
    """An entry that became no draft. `payload_hash` is the SHA-256 of `payload` in hex, the same at each poll."""

    reason: Reason
    detail: str
    payload_hash: str
    payload: bytes


@dataclass(frozen=True, slots=True)
class Document:
    """All that one body held, in the order of the document."""

    feed: FeedInfo
    entries: tuple[ReadEntry, ...]
    refused: tuple[RefusedEntry, ...] = ()
    route: Route = Route.TOLERANT


def read_document(
    body: bytes, headers: Mapping[str, str], base_url: str, feed: FeedContext, fetched_at: datetime
) -> Document:
    """Parse `body` and normalise its entries. Raises ParseError.

    A bad entry is refused alone, and once, however often its like is in the document. Picklable both ways.
    """
    parsed = parse_feed(body, headers, base_url)
    context = replace(feed, base_url=without_secrets(base_url))
    entries: list[ReadEntry] = []
    refused: list[RefusedEntry] = []
    kept: list[Entry] = []
    for entry in parsed.entries:
        entry_json, was_cut = bounded_entry_json(entry)
        try:
            draft = normalise_entry(entry, context, fetched_at)
        except EntryError as error:
            refused.append(_refused(error.reason, error.detail, entry))
            continue
        except Exception as error:  # a neighbour's defect must not cost this feed its other entries
            refused.append(_refused(Reason.ENTRY_INVALID, f"{type(error).__name__}: {error}"[:300], entry))
            continue
        if was_cut:
            draft = replace(draft, truncated=(*draft.truncated, "entry"))
        entries.append(ReadEntry(draft, entry_json))
        kept.append(entry)
    entries = _with_constant_dates(entries, [entry.published for entry in kept], fetched_at)
    return Document(
        parsed.info, tuple(entries), tuple({each.payload_hash: each for each in refused}.values()), parsed.route
    )


def _with_constant_dates(entries: list[ReadEntry], stated: list[str | None], now: datetime) -> list[ReadEntry]:
    """`entries`, those flagged whose date is only that of the document."""
    dates = [(entry.draft.published_at, text) for entry, text in zip(entries, stated, strict=True)]
    constant = constant_dates(dates, now)
    return [
        replace(entry, draft=replace(entry.draft, date_quality=DateQuality.CONSTANT))
        if entry.draft.published_at in constant and entry.draft.date_quality in _DOUBTED
        else entry
        for entry in entries
    ]


def _refused(reason: Reason, detail: str, entry: Entry) -> RefusedEntry:
    payload = entry.to_json()
    return RefusedEntry(reason, detail, hashlib.sha256(payload).hexdigest(), payload)
