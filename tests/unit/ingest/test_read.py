"""From a body to drafts and refusals."""

import hashlib
from datetime import UTC, datetime

from schemas.entry import Entry
from schemas.reasons import Reason
from services.ingest.limits import MAX_ENTRY_BYTES
from services.ingest.normalise import FeedContext
from services.ingest.read import read_document

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
CONTEXT = FeedContext("f", "p.example", "https://p.example/feed")


def rss(items: str) -> bytes:
    return f'<rss version="2.0"><channel><title>T</title>{items}</channel></rss>'.encode()


def test_bad_entries_are_refused_once_and_cost_no_neighbour() -> None:
    document = read_document(
        rss("<item/><item><title>Good</title></item><item/>"), {}, "https://p.example/", CONTEXT, NOW
    )
    (refused,) = document.refused
    assert [entry.draft.title for entry in document.entries] == ["Good"]
    assert refused.reason is Reason.ENTRY_WITHOUT_CONTENT
    assert refused.payload_hash == hashlib.sha256(refused.payload).hexdigest()
    Entry.model_validate_json(refused.payload)


def test_relative_links_are_below_the_final_address() -> None:
    body = rss("<item><link>a</link></item>")
    (entry,) = read_document(body, {}, "https://new.example/dir/feed", CONTEXT, NOW).entries
    assert entry.draft.url == "https://new.example/dir/a"


def test_entry_over_its_limit_is_cut_and_says_so() -> None:
    body = rss(f"<item><title>T</title><description>{'word ' * 200_000}</description></item>")
    (entry,) = read_document(body, {}, "https://p.example/", CONTEXT, NOW).entries
    assert len(entry.entry_json) <= MAX_ENTRY_BYTES
    assert entry.draft.truncated == ("body", "entry")
