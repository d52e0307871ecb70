"""Every format of a feed, and what servers and publishers do to them, from the body's bytes."""

import contextlib
import json
import time

import pytest

from schemas.entry import Entry
from schemas.reasons import Reason
from services.ingest.parse import MAX_ENTRIES, ParsedFeed, ParseError, Route, parse_feed

BASE = "https://paper.example/feed"
NEWS = "http://www.google.com/schemas/sitemap-news/0.9"


def parse(body: str | bytes, content_type: str = "") -> ParsedFeed:
    return parse_feed(body if isinstance(body, bytes) else body.encode(), {"content-type": content_type}, BASE)


def refused(body: str | bytes) -> Reason:
    with pytest.raises(ParseError) as caught:
        parse(body)
    return caught.value.reason


def title_of(entry: Entry) -> str | None:
    return entry.title.value if entry.title else None


RDF = 'xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
ATOM = 'xmlns="http://www.w3.org/2005/Atom"'
FORMATS = {
    "rss090": f'<rdf:RDF {RDF} xmlns="http://my.netscape.com/rdf/simple/0.9/"><channel><title>P</title></channel>'
    "<item><title>T</title><link>https://paper.example/a</link></item></rdf:RDF>",
    "rss091u": '<rss version="0.91"><channel><title>P</title><item><title>T</title>'
    "<link>https://paper.example/a</link></item></channel></rss>",
    "rss092": '<rss version="0.92"><channel><title>P</title><item><title>T</title>'
    "<link>https://paper.example/a</link></item></channel></rss>",
    "rss10": f'<rdf:RDF {RDF} xmlns="http://purl.org/rss/1.0/"><channel rdf:about="x"><title>P</title><items><rdf:Seq>'
    '<rdf:li rdf:resource="https://paper.example/a"/></rdf:Seq></items></channel><item rdf:about="https://paper.example/a">'
    "<title>T</title><link>https://paper.example/a</link></item></rdf:RDF>",
    "rss20": '<rss version="2.0"><channel><title>P</title><item><title>T</title>'
    "<link>https://paper.example/a</link></item></channel></rss>",
    "atom03": '<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>P</title><entry><title>T</title>'
    '<link rel="alternate" type="text/html" href="https://paper.example/a"/></entry></feed>',
    "atom10": f'<feed {ATOM}><title>P</title><entry><title>T</title><link href="https://paper.example/a"/></entry></feed>',
}


@pytest.mark.parametrize("dialect", FORMATS)
@pytest.mark.parametrize("content_type", ["application/rss+xml", "text/html; charset=utf-8", "application/json", ""])
def test_each_format_is_read_whatever_its_content_type(dialect: str, content_type: str) -> None:
    parsed = parse(FORMATS[dialect], content_type)
    assert (parsed.info.dialect, parsed.info.title, parsed.info.problem, parsed.route) == (
        dialect,
        "P",
        None,
        Route.FAST,
    )
    (entry,) = parsed.entries
    assert (title_of(entry), entry.links[0].href) == ("T", "https://paper.example/a")


def test_atom_entry_document_is_a_feed_of_one() -> None:
    (entry,) = parse(f'<entry {ATOM}><id>urn:1</id><title>T</title><link href="/a"/></entry>').entries
    assert (entry.guid, title_of(entry), entry.links[0].href) == ("urn:1", "T", "https://paper.example/a")


def test_cdf_channel_is_a_feed() -> None:
    body = (
        '<?xml version="1.0"?><CHANNEL HREF="https://paper.example/"><TITLE>P</TITLE>'
        '<ITEM HREF="https://paper.example/a" LASTMOD="2026-03-04T09:00"><TITLE>T</TITLE><ABSTRACT>S</ABSTRACT></ITEM>'
        "</CHANNEL>"
    )
    (entry,) = parse(body).entries
    assert (title_of(entry), entry.links[0].href, entry.published) == (
        "T",
        "https://paper.example/a",
        "2026-03-04T09:00",
    )
    assert entry.summary is not None
    assert entry.summary.value == "S"


def json_feed(*items: object, version: str = "https://jsonfeed.org/version/1.1", **feed: object) -> str:
    return json.dumps({"version": version, "title": "P", "items": items, **feed})


def test_json_feed_11_is_read_whole() -> None:
    parsed = parse(
        "\ufeff"
        + json_feed(
            {
                "id": 7,
                "url": "/a",
                "external_url": "https://other.example/",
                "title": "T <b>",
                "content_html": "<p>H</p>",
                "content_text": "H",
                "summary": "S",
                "image": "https://img.example/i.jpg",
                "date_published": "2026-03-04T09:00:00Z",
                "date_modified": "2026-03-04T10:00:00Z",
                "tags": ["one", "", 3, "two"],
                "language": "de",
                "attachments": [
                    {"url": "/a.mp3", "mime_type": "audio/mpeg", "size_in_bytes": 12, "title": "Sound"},
                    {},
                    1,
                ],
                "authors": [{"name": "Jane"}, {"url": "https://jane.example/"}, "x", {}],
            },
            home_page_url="https://paper.example/",
            language="en",
        )
    )
    assert (parsed.info.dialect, parsed.info.link, parsed.info.language, parsed.route) == (
        *("json11", "https://paper.example/", "en", Route.JSON),
    )
    (entry,) = parsed.entries
    assert (entry.guid, title_of(entry), entry.language) == ("7", "T <b>", "de")
    assert [(link.href, link.rel) for link in entry.links] == [
        ("/a", "alternate"),
        ("https://other.example/", "related"),
    ]
    assert [(text.value, text.media_type) for text in entry.contents] == [
        ("<p>H</p>", "text/html"),
        ("H", "text/plain"),
    ]
    assert [category.term for category in entry.categories] == ["one", "two"]
    assert [(person.name, person.url) for person in entry.authors] == [("Jane", None), (None, "https://jane.example/")]
    assert [(item.url, item.medium, item.length) for item in entry.media] == [
        ("https://img.example/i.jpg", "image", None),
        ("/a.mp3", None, "12"),
    ]


def test_json_feed_10_has_one_author_and_the_feed_speaks_for_its_items() -> None:
    body = json_feed({"id": "a"}, version="https://jsonfeed.org/version/1", author={"name": "Desk"})
    parsed = parse(body)
    assert parsed.info.dialect == "json10"
    assert [person.name for person in parsed.entries[0].authors] == ["Desk"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ('{"version": "https://jsonfeed.org/version/1.1", "items": [{"id"', Reason.MALFORMED),
        ('{"version": "https://jsonfeed.org/version/1.1", "items": 3}', Reason.MALFORMED),
        ('{"status": 200, "items": []}', Reason.NOT_A_FEED),
        ("[1, 2]", Reason.NOT_A_FEED),
        ("{" * 100_000, Reason.NOT_A_FEED),
        ("[" * 100_000, Reason.NOT_A_FEED),
    ],
)
def test_json_that_is_no_feed_is_refused(body: str, reason: Reason) -> None:
    assert refused(body) is reason


@pytest.mark.parametrize("value", [None, 1, True, [], {}, "", [[]], {"a": 1}])
@pytest.mark.parametrize(
    "key", ["id", "url", "title", "content_html", "tags", "authors", "author", "attachments", "image"]
)
def test_json_value_of_a_wrong_type_is_absent(key: str, value: object) -> None:
    assert len(parse(json_feed({"summary": "S", key: value})).entries) == 1
    version = "https://jsonfeed.org/version/1.1"
    assert len(parse(json.dumps({"version": version, "items": [{"summary": "S"}], key: value})).entries) == 1


def sitemap(*urls: str, namespaces: str = f'xmlns:news="{NEWS}"') -> str:
    return f'<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" {namespaces}>{"".join(urls)}</urlset>'


def news(path: str, prefix: str = "news") -> str:
    inner = (
        f"<{prefix}:publication><{prefix}:name>The Paper</{prefix}:name><{prefix}:language>en</{prefix}:language>"
        f"</{prefix}:publication><{prefix}:publication_date>2026-03-04</{prefix}:publication_date>"
        f"<{prefix}:title>Title of {path}</{prefix}:title><{prefix}:keywords>Law, Housing, Law</{prefix}:keywords>"
    )
    return f"<url><loc>https://paper.example{path}</loc><{prefix}:news>{inner}</{prefix}:news></url>"


def test_news_sitemap_is_a_feed() -> None:
    image = "<image:image><image:loc>https://img.example/i.jpg</image:loc><image:title>I</image:title></image:image>"
    body = sitemap(
        news("/a").replace("</url>", f"<lastmod>2026-03-05</lastmod>{image}</url>"),
        "<url><loc>https://paper.example/about</loc></url>",
        namespaces=f'xmlns:news="{NEWS}" xmlns:image="http://www.google.com/schemas/sitemap-image/1.1"',
    )
    parsed = parse(body)
    assert (parsed.info.title, parsed.info.dialect, parsed.info.problem, parsed.route) == (
        *("The Paper", "sitemap", None, Route.SITEMAP),
    )
    (entry,) = parsed.entries
    assert (title_of(entry), entry.links[0].href, entry.published, entry.updated, entry.language) == (
        *("Title of /a", "https://paper.example/a", "2026-03-04", "2026-03-05", "en"),
    )
    assert [category.term for category in entry.categories] == ["Law", "Housing"]
    assert [(item.url, item.title) for item in entry.media] == [("https://img.example/i.jpg", "I")]


@pytest.mark.parametrize("prefix", ["n", "news"])
def test_news_sitemap_may_use_any_prefix_or_forget_to_declare_it(prefix: str) -> None:
    declared = f'xmlns:n="{NEWS}"' if prefix == "n" else ""
    parsed = parse(sitemap(news("/a?x=1&y=2", prefix), namespaces=declared))
    assert len(parsed.entries) == 1
    assert parsed.info.problem is not None


def test_cut_off_sitemap_gives_what_it_holds() -> None:
    body = sitemap(news("/a"), news("/b"))
    parsed = parse(body[: body.index("Title of /b")])
    assert title_of(parsed.entries[0]) == "Title of /a"
    assert parsed.info.problem is not None


def test_sitemap_without_news_is_no_feed() -> None:
    plain = '<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"><url><loc>https://paper.example/</loc></url></urlset>'
    assert refused(plain) is Reason.NOT_A_FEED
    assert refused("<sitemapindex><sitemap><loc>x</loc></sitemap></sitemapindex>") is Reason.NOT_A_FEED
    assert parse(sitemap()).entries == ()


def test_long_sitemap_is_capped() -> None:
    parsed = parse(sitemap(*[news("/a")] * (MAX_ENTRIES + 1)))
    assert (len(parsed.entries), parsed.truncated) == (MAX_ENTRIES, True)


RSS = (
    '<?xml version="1.0" encoding="UTF-8"?><rss version="2.0"><channel><title>P</title>'
    "<item><title>T</title></item></channel></rss>"
)


@pytest.mark.parametrize(
    "body",
    [
        f"\n\n  {RSS}",
        f"<br />\n<b>Warning</b>: Undefined index in <b>/srv/feed.php</b> on line <b>3</b><br />\n{RSS}",
        f"PHP Notice:  Undefined variable\n{RSS}",
        f"<!-- cached -->{RSS}",
        f"{RSS}\n<!-- served in 0.1 s -->",
        f"{RSS}<script>stats()</script>",
        f"{RSS}<br />\n<b>Fatal error</b>: Allowed memory size exhausted",
        f"\ufeff\ufeff{RSS}",
    ],
)
def test_junk_around_a_feed_is_left_out(body: str) -> None:
    parsed = parse(body)
    assert [title_of(entry) for entry in parsed.entries] == ["T"]
    assert parsed.info.title == "P"


def test_junk_is_a_problem_that_is_told() -> None:
    assert parse(RSS + "<p>bye</p>").info.problem == "10 characters after the document"
    assert parse("Notice" + RSS).info.problem == "6 characters before the document"


def test_page_that_shows_a_feed_is_a_page() -> None:
    assert refused(f"<html><body><pre>{RSS}</pre></body></html>") is Reason.BODY_IS_HTML


@pytest.mark.parametrize(
    ("title", "read"),
    [
        ("Cats & dogs", "Cats & dogs"),
        ("AT&T;", "AT&T;"),
        ("caf&eacute; &mdash; &laquo;x&raquo;", "café — «x»"),
        ("a &lt; b &amp;amp; c", "a < b & c"),
        ("&bogus; &", "&bogus; &"),
    ],
)
def test_ampersands_and_html_entities_are_mended(title: str, read: str) -> None:
    parsed = parse(RSS.replace("<title>T", f"<title>{title}"))
    (entry,) = parsed.entries
    assert entry.title is not None
    assert entry.title.value.replace("&amp;", "&") == read
    assert (parsed.route, parsed.info.title) == (Route.FAST, "P")


@pytest.mark.parametrize("prefix", ["media", "dc", "content", "unheard-of"])
def test_prefix_that_nobody_declared_costs_nothing(prefix: str) -> None:
    parts = {
        "media": "<media:thumbnail url='/i.jpg'/>",
        "dc": "<dc:creator>Jane</dc:creator>",
        "content": "<content:encoded><![CDATA[<p>Body</p>]]></content:encoded>",
        "unheard-of": "<unheard-of:x y:z='1'/>",
    }
    (entry,) = parse(RSS.replace("</item>", f"{parts[prefix]}</item>")).entries
    found = {
        "media": [item.url for item in entry.media],
        "dc": [person.name for person in entry.authors],
        "content": [text.value for text in entry.contents],
        "unheard-of": [title_of(entry)],
    }
    assert found[prefix] == {
        "media": ["https://paper.example/i.jpg"], "dc": ["Jane"], "content": ["<p>Body</p>"], "unheard-of": ["T"]
    }[prefix]  # fmt: skip


@pytest.mark.parametrize("end", ["</item>", "</channel>", "</rss>", "</title></item><item><title>half"])
def test_cut_off_feed_gives_its_whole_entries(end: str) -> None:
    body = RSS.replace("</channel>", "<item><title>U</title></item></channel>")
    cut = body[: body.index("<title>U")] + "<title>half"
    assert [title_of(entry) for entry in parse(cut).entries] == ["T"]
    assert title_of(parse(body.replace(end, "", 1) if end in body else body).entries[0]) is not None


@pytest.mark.parametrize(
    "declaration",
    ['<!DOCTYPE rss SYSTEM "file:///etc/passwd">', '<!DOCTYPE rss PUBLIC "-//x" "http://127.0.0.1:9/x.dtd">'],
)
def test_document_type_is_never_fetched(declaration: str) -> None:
    parsed = parse(RSS.replace("?>", f"?>{declaration}", 1))
    assert [title_of(entry) for entry in parsed.entries] == ["T"]


@pytest.mark.parametrize("junk", ["", "Warning: x\n"])
def test_entities_are_refused_before_parsing(junk: str) -> None:
    bomb = '<!DOCTYPE r [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;&a;">]>'
    assert refused(junk + RSS.replace("?>", f"?>{bomb}", 1)) is Reason.MALFORMED


def test_deep_nesting_is_survived() -> None:
    body = RSS.replace("</item>", "<x>" * 5_000 + "</x>" * 5_000 + "</item>")
    assert [title_of(entry) for entry in parse(body).entries] == ["T"]


@pytest.mark.parametrize(
    "part",
    [
        "<link " + " ".join(f"a{number}='1'" for number in range(20_000)) + "/>",
        "".join(f"<p{number}:x/>" for number in range(3_000)),
        "<description>& " + "<![CDATA[" * 50_000,
        "<description>" + "&lt;a href=x&gt;&lt;div&gt;" * 2_400 + "</description>",
    ],
    ids=["attributes", "prefixes", "open CDATA", "nested links"],
)
def test_hostile_entry_costs_no_more_than_it_is_long(part: str) -> None:
    started = time.process_time()
    with contextlib.suppress(ParseError):
        parse(RSS.replace("</item>", f"{part}</item>"))
    assert time.process_time() - started < 5  # quadratic readers take minutes
