"""Both routes read alike: whatever feed the fast one accepts, feedparser gives the same elements."""

from html import escape
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from services.ingest.charset import decode_body
from services.ingest.elements import read_elements
from services.ingest.fast_xml import read_fast
from services.ingest.parse import ParsedFeed, Route, _parsed, _without_bad_characters, _without_doctype

BASE = "https://paper.example/news/feed"
FEEDS = sorted(Path(__file__).parent.parent.joinpath("golden").glob("*/feed.xml"))
NAMESPACES = (
    'xmlns:dc="http://purl.org/dc/elements/1.1/" xmlns:content="http://purl.org/rss/1.0/modules/content/" '
    'xmlns:media="http://search.yahoo.com/mrss/" xmlns:itunes="http://www.itunes.com/dtds/podcast-1.0.dtd" '
    'xmlns:dcterms="http://purl.org/dc/terms/" xmlns:sy="http://purl.org/rss/1.0/modules/syndication/" '
    'xmlns:slash="http://purl.org/rss/1.0/modules/slash/" xmlns:own="urn:own" '
    'xmlns:georss="http://www.georss.org/georss" '
    'xmlns:fb="http://rssnamespace.org/feedburner/ext/1.0" xmlns:rdf="http://www.w3.org/1999/02/22-rdf-syntax-ns#"'
)

TEXTS = st.sampled_from(
    [
        *("", " ", "Plain", "  padded\n text ", "a < b & c", "<b>bold</b> &amp; more", "AT&amp;T", "tags </x> here"),
        *(
            "Zürich’s “council”",
            "Ã©tÃ©",
            "it\x92s",
            "x&#146;y",
            "東京",
            "a\u00a0b",
            "<p>one</p><p>two</p>",
            "]]>",
            "1 &#8217; 2",
        ),
    ]
)
URLS = st.sampled_from(
    [
        *(
            "https://paper.example/a",
            "/b",
            "c?x=1&y=2",
            "http:////d.example/e",
            "//f.example/g",
            "",
            "HTTP://H.example/i",
        ),
        *(
            "mailto:x@y.example",
            "javascript:x",
            "https://paper.example/?p=1#k",
            "https://p.example/a;b?c",
            "tag:x,2026:1",
        ),
        *("www.paper.example/g", "https:// p.example/h", "http://p.example/j\n  k", "www.html"),
        *("https://paper.example/ä", " https://paper.example/pad ", "https://p.example/?a=1&amp;b=2", "https://[", "?"),
    ]
)
DATES = st.sampled_from(["Tue, 03 Mar 2026 10:00:00 GMT", "2026-03-03T10:00:00Z", "", "never"])


def quoted(value: str) -> str:
    return '"' + escape(value) + '"'


@st.composite
def texts(draw: st.DrawFn) -> str:
    value = draw(TEXTS)
    return f"<![CDATA[{value}]]>" if "]]>" not in value and draw(st.booleans()) else escape(value, quote=False)


def element(name: str, attributes: st.SearchStrategy[str] | None = None) -> st.SearchStrategy[str]:
    stated = st.just("") if attributes is None else attributes
    return st.builds(lambda extra, text: f"<{name}{extra}>{text}</{name}>", stated, texts())


def attribute(name: str, values: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.just("") | values.map(lambda value: f" {name}={quoted(value)}")


def attributes(*parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    return st.tuples(*parts).map("".join)


LANGUAGE = attribute("xml:lang", st.sampled_from(["de", "en_GB", ""]))
XML_BASE = attribute("xml:base", URLS)
TYPES = attribute(
    "type", st.sampled_from(["text", "html", "text/html", "HTML", "xhtml", "application/xml", "text/x-md"])
)
SCOPE = attributes(LANGUAGE, XML_BASE)
CONSTRUCT = attributes(TYPES, SCOPE, attribute("mode", st.sampled_from(["escaped", "xml", "base64"])))
XHTML_URI = "http://www.w3.org/1999/xhtml"
XHTML = st.sampled_from(
    [
        f'<content type="xhtml"><div xmlns="{XHTML_URI}"><p class="a&quot;b">x &lt; y<br/></p></div></content>',
        f'<summary type="xhtml"><div xmlns="{XHTML_URI}">x</div><div xmlns="{XHTML_URI}"/></summary>',
        f'<content type="application/xhtml+xml" xmlns:h="{XHTML_URI}"><h:p>one</h:p></content>',
    ]
)
LINK = st.builds(
    lambda extra: f"<link{extra}/>",
    attributes(
        attribute("href", URLS),
        attribute("rel", st.sampled_from(["alternate", "self", "Enclosure", "related", "", "replies"])),
        attribute("type", st.sampled_from(["text/html", "application/json", "", "TEXT/HTML"])),
        attribute("title", TEXTS),
        attribute("length", st.just("12")),
        SCOPE,
    ),
)
PERSON = st.builds(
    lambda tag, name, uri, mail: f"<{tag}>{name}{uri}{mail}</{tag}>",
    st.sampled_from(["author", "contributor"]),
    st.just("") | element("name"),
    st.just("") | URLS.map(lambda url: f"<uri>{escape(url)}</uri>"),
    st.just("") | element("email"),
)
MEDIA_PART = (
    element("media:title", TYPES)
    | element("media:credit", attribute("role", st.just("author")))
    | element("media:description", TYPES)
    | element("media:keywords")
    | element("media:category", attribute("label", TEXTS))
    | element("media:rating")
    | st.just("<media:community><media:starRating average='1'/></media:community>")
    | URLS.map(lambda url: f"<media:thumbnail url={quoted(url)} width='5'/>")
)
MEDIA_CONTENT = st.builds(
    lambda url, extra, parts: f"<media:content url={quoted(url)}{extra}>{''.join(parts)}</media:content>",
    URLS,
    attributes(TYPES, attribute("medium", st.just("Image")), attribute("lang", st.just("fr"))),
    st.lists(MEDIA_PART, max_size=3),
)
MEDIA = (
    MEDIA_CONTENT
    | MEDIA_PART
    | st.lists(MEDIA_CONTENT | MEDIA_PART, max_size=3).map(lambda parts: f"<media:group>{''.join(parts)}</media:group>")
)
SOURCE = element("source", attribute("url", URLS)) | st.lists(
    element("title", TYPES) | LINK | element("id") | element("updated") | PERSON | element("rights"), max_size=4
).map(lambda parts: f"<source>{''.join(parts)}</source>")
CATEGORY = st.builds(
    lambda tag, extra, text: f"<{tag}{extra}>{text}</{tag}>",
    st.sampled_from(["category", "dc:subject", "itunes:category", "keywords"]),
    attributes(*(attribute(name, TEXTS) for name in ("term", "scheme", "domain", "label", "text"))),
    texts(),
)
IMAGE = (
    st.builds(
        lambda extra, text, url, size: f"<image{extra}>{text}{url}{size}</image>",
        attributes(*(attribute(name, URLS) for name in ("url", "href", "src"))),
        st.sampled_from(["", "\n", "A caption"]) | URLS.map(escape),
        st.just("") | URLS.map(lambda url: f"<url>{escape(url)}</url>"),
        st.sampled_from(["", "<width>5</width>"]) | element("title") | element("link") | element("description", TYPES),
    )
    | URLS.map(lambda url: f"<itunes:image href={quoted(url)}/>")
    | URLS.map(lambda url: f"<itunes:image>{escape(url)}</itunes:image>")
)
SHARED = (
    element("title", CONSTRUCT)
    | element("dc:title", LANGUAGE)
    | element("summary", CONSTRUCT)
    | element("content", CONSTRUCT)
    | element("description", CONSTRUCT)
    | element("content:encoded", SCOPE)
    | element("itunes:summary")
    | element("dc:description")
    | element("guid", attribute("isPermaLink", st.sampled_from(["true", "false", "", " True"])))
    | element("id")
    | URLS.map(lambda url: f"<guid>{escape(url)}</guid>")
    | URLS.map(lambda url: f"<link>{escape(url)}</link>")
    | LINK
    | PERSON
    | element("author")
    | element("dc:creator", SCOPE)
    | element("itunes:author")
    | CATEGORY
    | element("itunes:keywords")
    | MEDIA
    | SOURCE
    | URLS.map(lambda url: f"<enclosure url={quoted(url)} type='Audio/MPEG' length='7'/>")
    | URLS.map(lambda url: f"<fb:origLink>{escape(url)}</fb:origLink>")
    | element("dc:source", attribute("own", TEXTS))
    | IMAGE
    | element("dc:language")
    | element("dc:rights")
    | element("rights", CONSTRUCT)
    | XHTML
)
DATED = st.builds(
    lambda tag, date: f"<{tag}>{date}</{tag}>",
    st.sampled_from(
        ["pubDate", "published", "updated", "dc:date", "issued", "modified", "created", "dcterms:issued", "date"]
    ),
    DATES,
)
ODD = st.sampled_from(
    [
        *(
            "<slash:comments>3</slash:comments>",
            "<own:x a='1'>y</own:x>",
            "<own:x><own:y>z</own:y></own:x>",
            "<comments>c</comments>",
        ),
        *(
            "<own:title>no</own:title>",
            "<own:x><title>inner</title></own:x>",
            "<georss:point>1 2</georss:point>",
            "text between",
        ),
        *(
            "<image><url>/i.png</url></image>",
            "<title>a<b>c</b></title>",
            "<itunes:image href='/i'/>",
            "<!-- c --><?pi x?>",
        ),
        *(
            "<links>x</links>",
            "<tags>a,b</tags>",
            "<body>b</body>",
            "<expirationDate>x</expirationDate>",
            "<dcterms:valid>start=2026-03-03; end=2026-04-03; scheme=W3C-DTF</dcterms:valid>",
            "<ttl>5</ttl>",
        ),
        *("<dc:publisher>p</dc:publisher>", "<itunes:explicit>no</itunes:explicit>", "<div xmlns='urn:d'>x</div>"),
        *(
            '<post-id xmlns="com-blog:additions:1">7</post-id>',
            "<title xmlns='urn:d'>d</title>",
            "<x xmlns='urn:own'/>",
        ),
    ]
)
ENTRY_PART = SHARED | DATED | ODD
CHANNEL_PART = (
    SHARED
    | DATED
    | ODD
    | element("ttl")
    | element("language")
    | element("sy:updatePeriod")
    | element("subtitle", CONSTRUCT)
    | element("itunes:owner").map(lambda _: "<itunes:owner><itunes:name>n</itunes:name></itunes:owner>")
    | st.just("<image><title>i</title><url>/i.png</url><link>/l</link></image>")
    | st.just("<textInput><title>i</title><name>q</name></textInput>")
    | st.just("<items><rdf:Seq><rdf:li rdf:resource='/a'/></rdf:Seq></items>")
    | st.just("<skipHours><hour>1</hour></skipHours>")
    | element("managingEditor")
)
ENTRIES = st.lists(st.lists(ENTRY_PART, max_size=8).map("\n ".join), max_size=3)
HEADS = st.lists(CHANNEL_PART, max_size=4).map("\n".join)


@st.composite
def feeds(draw: st.DrawFn) -> str:
    head, entries, scope = draw(HEADS), draw(ENTRIES), draw(SCOPE)
    form = draw(st.sampled_from(["rss", "atom", "atom03", "rdf", "rss090"]))
    if form == "rss":
        version = draw(st.sampled_from(["2.0", "0.91", "0.92", "3"]))
        items = "".join(f"<item>{entry}</item>" for entry in entries)
        atom = draw(st.sampled_from(["", ' xmlns:atom="http://www.w3.org/2005/Atom"']))
        own = draw(st.sampled_from(["", "", ' xmlns="urn:d"', ' xmlns="http://backend.userland.com/rss2"']))
        return f'<rss version="{version}" {NAMESPACES}{atom}{own}{scope}><channel>{head}{items}</channel></rss>'
    if form in {"atom", "atom03"}:
        uri = "http://www.w3.org/2005/Atom" if form == "atom" else "http://purl.org/atom/ns#"
        items = "".join(f"<entry{draw(SCOPE)}>{entry}</entry>" for entry in entries)
        return f'<feed xmlns="{uri}" version="0.3" {NAMESPACES}{scope}>{head}{items}</feed>'
    uri = "http://purl.org/rss/1.0/" if form == "rdf" else "http://my.netscape.com/rdf/simple/0.9/"
    items = "".join(f'<item rdf:about="urn:{number}">{entry}</item>' for number, entry in enumerate(entries))
    return f'<rdf:RDF xmlns="{uri}" {NAMESPACES}{scope}><channel rdf:about="/">{head}</channel>{items}</rdf:RDF>'


def read_both(text: str, language: str | None = None) -> tuple[ParsedFeed, ParsedFeed] | None:
    fast = read_fast(text.encode(), BASE, language)
    if fast is None:
        return None
    return _parsed(fast, BASE, Route.FAST), _parsed(read_elements(text, BASE, language), BASE, Route.TOLERANT)


@example('<rss version="2.0"><channel><guid>https://p.example/a</guid><link>https://[</link></channel></rss>', None)
@example(
    '<feed xmlns="http://www.w3.org/2005/Atom"><link/><guid>https://p.example/a</guid><link href="https://["/></feed>',
    None,
)
@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(feeds(), st.sampled_from([None, "nl_BE"]))
def test_fast_route_reads_what_feedparser_reads(text: str, language: str | None) -> None:
    if (both := read_both(text, language)) is not None:
        fast, tolerant = both
        assert fast == tolerant


@pytest.mark.parametrize("path", FEEDS, ids=lambda path: path.parent.name)
def test_recorded_feed_reads_alike_on_both_routes(path: Path) -> None:
    text = _without_doctype(_without_bad_characters(decode_body(path.read_bytes(), "")).strip())
    if (both := read_both(text)) is not None:
        assert both[0] == both[1]
