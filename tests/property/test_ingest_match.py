"""Properties of matching: repetition changes nothing, order changes no identity, no article is lost."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from schemas.article import DateQuality, FeedRef
from schemas.feed import Feed
from services.ingest.article_index import ArticleIndex
from services.ingest.decision import Counts, Decision
from services.ingest.fingerprint import hashes_of
from services.ingest.match import match_document
from services.ingest.normalise import Draft
from services.ingest.parse import FeedInfo
from services.ingest.read import Document, ReadEntry

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
FEED = Feed(feed_id="f", url="https://p.example/feed", home="p.example", synced_at=NOW)


def draft(guid: str | None, path: str | None, title: str, body: str) -> Draft:
    fingerprint, key = hashes_of(title, None, body, has_identity=bool(guid or path))
    url = f"https://p.example/{path}" if path is not None else None
    return Draft(
        *(url, title, None, body, (), None, None, NOW, DateQuality.MISSING, None, (), (), None),
        fingerprint=fingerprint,
        truncated=(),
        guid=guid,
        content_key=key,
    )


FEW = st.sampled_from("abc")
DRAFTS = st.lists(
    st.builds(
        draft,
        guid=st.none() | FEW,
        path=st.none() | st.just("") | FEW,
        title=FEW,
        body=st.sampled_from(["", "x", "long one " * 50, "long two " * 50]),
    ),
    max_size=6,
)
DISTINCT = st.integers(1, 6).map(lambda count: [draft(f"g{n}", f"p{n}", f"t{n}", f"b{n}") for n in range(count)])


def match(index: ArticleIndex, drafts: list[Draft]) -> Decision:
    document = Document(FeedInfo(), tuple(ReadEntry(each, b"{}") for each in drafts))
    return match_document(index, FEED, FeedRef(feed_id="f"), document, NOW, lambda _: None)


@given(DRAFTS)
def test_same_document_again_changes_nothing(drafts: list[Draft]) -> None:
    index = ArticleIndex()
    first = match(index, drafts)
    index.apply(first.changes)
    again = match(index, drafts)
    assert again.records == ()
    assert again.counts.new == again.counts.updated == 0


@given(DRAFTS)
def test_every_entry_is_counted_and_every_id_is_unique(drafts: list[Draft]) -> None:
    decision = match(ArticleIndex(), drafts)
    ids = [record.article.article_id for record in decision.records]
    assert len(set(ids)) == len(ids)
    assert decision.counts.new + decision.counts.duplicate == len(drafts)
    assert set(ids) == {state.article_id for state in decision.states}


@given(DISTINCT, st.randoms())
def test_order_and_repetition_change_no_identity(drafts: list[Draft], random: object) -> None:
    shuffled = drafts * 2
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    straight, mixed = match(ArticleIndex(), drafts), match(ArticleIndex(), shuffled)
    assert {state.article_id for state in straight.states} == {state.article_id for state in mixed.states}
    assert mixed.counts == Counts(new=len(drafts), duplicate=len(drafts))


@given(st.lists(DRAFTS, max_size=4))
def test_index_built_from_states_decides_as_the_one_that_grew(documents: list[list[Draft]]) -> None:
    grown = ArticleIndex()
    table: dict[str, bytes] = {}
    for drafts in documents:
        decision = match(grown, drafts)
        grown.apply(decision.changes)
        table |= decision.changes
    built = ArticleIndex(table)
    for drafts in documents:
        assert match(built, drafts).counts.new == match(grown, drafts).counts.new
