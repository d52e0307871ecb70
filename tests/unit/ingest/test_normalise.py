"""From stated entries to drafts, field by field."""

from datetime import UTC, datetime

import pytest

from schemas.article import DateQuality
from schemas.entry import Entry, StatedCategory, StatedLink, StatedMedia, StatedPerson, StatedText
from schemas.reasons import Reason
from services.ingest.limits import MAX_BODY_CHARACTERS
from services.ingest.normalise import Draft, EntryError, FeedContext, normalise_entry

NOW = datetime(2026, 3, 4, 12, 0, 0, 123456, tzinfo=UTC)
CONTEXT = FeedContext("f", "paper.example", "https://paper.example/feed")


def normalise(**fields: object) -> Draft:
    return normalise_entry(Entry.model_validate(fields), CONTEXT, NOW)


def text(value: str, media_type: str = "text/html") -> StatedText:
    return StatedText(value=value, media_type=media_type)


@pytest.mark.parametrize(
    "fields",
    [
        {},
        {"title": text(" <img src=x> "), "summary": text("<script>x</script>")},
        {"links": (StatedLink(href="javascript:x"),), "published": "2026-01-01"},
    ],
)
def test_entry_without_content_is_refused(fields: dict[str, object]) -> None:
    with pytest.raises(EntryError) as caught:
        normalise(**fields)
    assert caught.value.reason is Reason.ENTRY_WITHOUT_CONTENT


@pytest.mark.parametrize(
    "fields", [{"guid": "g"}, {"title": text("T")}, {"links": (StatedLink(href="/a"),)}, {"summary": text("S")}]
)
def test_any_one_of_title_link_guid_and_text_is_enough(fields: dict[str, object]) -> None:
    normalise(**fields)


def test_missing_date_stays_null() -> None:
    draft = normalise(guid="g")
    assert (draft.published_at, draft.date_quality) == (None, DateQuality.MISSING)
    assert draft.fetched_at == NOW.replace(microsecond=123000)


@pytest.mark.parametrize(
    ("links", "url"),
    [
        ((StatedLink(href="/a", rel="self"), StatedLink(href="/b")), "https://paper.example/b"),
        ((StatedLink(href="/b"), StatedLink(href="/c", rel="canonical")), "https://paper.example/c"),
        (
            (StatedLink(href="/x.json", media_type="application/json"), StatedLink(href="/b", media_type="text/html")),
            "https://paper.example/b",
        ),
        ((StatedLink(href="javascript:x"), StatedLink(href="/b")), "https://paper.example/b"),
        ((StatedLink(href="/a", rel="related"),), None),
    ],
)
def test_url_is_the_best_link(links: tuple[StatedLink, ...], url: str | None) -> None:
    assert normalise(guid="g", links=links).url == url


def test_longest_content_is_the_body() -> None:
    draft = normalise(guid="g", summary=text("S"), contents=(text("short"), text("<p>much longer</p>")))
    assert (draft.summary, draft.body) == ("S", "much longer")


def test_description_as_long_as_an_article_is_the_body() -> None:
    draft = normalise(guid="g", summary=text("word " * 500))
    assert draft.summary is None
    assert draft.body == ("word " * 500).strip()


def test_summary_that_repeats_the_body_is_dropped() -> None:
    draft = normalise(guid="g", summary=text("same"), contents=(text("<p>same</p>"),))
    assert (draft.summary, draft.body) == (None, "same")


def test_content_in_another_format_is_no_body() -> None:
    assert normalise(guid="g", contents=(text("AAAA", "image/png"),)).body is None


def test_long_fields_are_cut_and_named() -> None:
    many = tuple(StatedCategory(term=f"term {number}") for number in range(500))
    draft = normalise(
        guid="g" * 3_000,
        title=text("word " * 1_000),
        contents=(text("word " * 100_000),),
        categories=many,
        authors=(StatedPerson(name="A"), StatedPerson(name="A"), StatedPerson(name=None, url="https://a.example/")),
    )
    assert set(draft.truncated) == {"title", "body", "guid", "categories"}
    assert draft.body is not None
    assert MAX_BODY_CHARACTERS - 100 < len(draft.body) <= MAX_BODY_CHARACTERS
    assert draft.body.endswith("word")
    assert draft.guid is None
    assert [author.name for author in draft.authors] == ["A"]


def test_body_of_wide_characters_is_cut_by_bytes() -> None:
    draft = normalise(guid="g", contents=(text("😀" * 150_000),))
    assert draft.truncated == ("body",)


@pytest.mark.parametrize(
    ("stated", "tag"),
    [
        ("en-gb", "en-GB"),
        ("EN_us", "en-US"),
        ("zh-hans-cn", "zh-Hans-CN"),
        ("de", "de"),
        ("English", None),
        ("", None),
        ("x" * 50, None),
        ("en-", None),
        ("en-gb-!", None),
    ],
)
def test_declared_language_is_a_tag_or_nothing(stated: str, tag: str | None) -> None:
    assert normalise(guid="g", language=stated).declared_language == tag


def test_media_sizes_are_numbers_or_nothing() -> None:
    media = StatedMedia(url="/i.jpg", width="640px", height="auto", length="0", credit=" A\nP ")
    (item,) = normalise(guid="g", media=(media,)).media
    assert (item.url, item.width, item.height, item.bytes, item.credit) == (
        "https://paper.example/i.jpg",
        640,
        None,
        None,
        "A P",
    )
