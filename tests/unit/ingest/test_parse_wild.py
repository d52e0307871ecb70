"""Feeds as software really writes them: what a reader who knows the formats expects of each."""

import pytest

from schemas.reasons import Reason
from services.ingest.parse import ParseError, Route, parse_feed
from services.ingest.parsed import MAX_ENTRIES, ParsedFeed

BASE = "https://feeds.example/rss"
JSON = '{"version": "https://jsonfeed.org/version/1.1", "items": [{"id": "1", "title": "%s"%s}]}'
MODULES = (
    'xmlns:thr="http://purl.org/syndication/thread/1.0" xmlns:prism="http://prismstandard.org/namespaces/basic/2.0/" '
    'xmlns:cc="http://cyber.law.harvard.edu/rss/creativeCommonsRssModule.html"'
)


def read(text: str | bytes, content_type: str = "") -> ParsedFeed:
    return parse_feed(text.encode() if isinstance(text, str) else text, {"content-type": content_type}, BASE)


def rss(item: str, prolog: str = '<?xml version="1.0"?>', namespaces: str = "") -> str:
    return f'{prolog}<rss version="2.0" {namespaces}><channel><title>T</title><item>{item}</item></channel></rss>'


def title_of(parsed: ParsedFeed) -> str:
    (entry,) = parsed.entries
    assert entry.title is not None
    return entry.title.value


@pytest.mark.parametrize(
    ("label", "codec", "word"),
    [
        ("x-sjis", "cp932", "日本語ニュース"),
        ("windows-31j", "cp932", "日本語ニュース①"),
        ("x-euc-jp", "euc_jp", "日本語ニュース"),
        ("windows-874", "cp874", "ข่าว “x”"),
        ("TIS-620", "cp874", "ข่าว “x”"),
        ("iso-8859-8-i", "iso8859-8", "חדשות היום"),
        ("win-1251", "cp1251", "Новости дня"),
        ("Windows1251", "cp1251", "Новости дня"),
    ],
)
def test_labels_that_browsers_know(label: str, codec: str, word: str) -> None:
    text = rss(f"<title>{word}</title>", f'<?xml version="1.0" encoding="{label}"?>')
    assert title_of(read(text.encode(codec))) == word


@pytest.mark.parametrize("pair", ["&#55357;&#56832;", "&#xD83D;&#xde00;"])
def test_references_to_utf_16_halves_are_one_character(pair: str) -> None:
    assert title_of(read(rss(f"<title>{pair} x &#55357; y</title>"))) == "\U0001f600 x  y"


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY nbsp "&#160;"><!ENTITY eacute "é">',
        '<!ENTITY % HTMLlat1 PUBLIC "-//W3C//ENTITIES Latin 1 for XHTML//EN" "lat1.ent"> %HTMLlat1;',
    ],
)
def test_entities_of_html_may_be_declared(subset: str) -> None:
    text = rss("<title>caf&eacute;&nbsp;x</title>", f'<?xml version="1.0"?><!DOCTYPE rss [{subset}]>')
    assert title_of(read(text)) == "café\xa0x"


@pytest.mark.parametrize(
    "subset",
    [
        '<!ENTITY nbsp "&#160;"><!ENTITY lol "ha">',
        '<!ENTITY nbsp "a long text">',
        '<!ENTITY nbsp "&lol;&lol;"><!ENTITY lol "&nbsp;&nbsp;">',
        '<!ENTITY nbsp SYSTEM "file:///etc/passwd">',
        '<!ENTITY % x PUBLIC "-//W3C//ENTITIES" "http://a.example/"><!ENTITY % y SYSTEM "http://a.example/">',
    ],
)
def test_other_entities_may_not(subset: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(rss("<title>&nbsp;</title>", f"<!DOCTYPE rss [{subset}]>"))
    assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize(
    ("title", "extra", "expected"),
    [("half \\ud83d pair", "", "half  pair"), ("two\nlines", "", "two\nlines"), ("x", ', "n": NaN', "x")],
)
def test_json_that_software_writes_wrongly(title: str, extra: str, expected: str) -> None:
    parsed = read(JSON % (title, extra))
    assert title_of(parsed) == expected
    assert parsed.info.problem is not None


ITEMS = '{"version": "https://jsonfeed.org/version/1.1", "title": "P", "items": [{"id": "1"}, {"id": "2", "tags": []}'


@pytest.mark.parametrize(
    ("text", "guids"),
    [
        (ITEMS + ', {"id": "3", "title": "cut', ["1", "2"]),
        (ITEMS + ', {"id": "3", "attachments": [{"url": "https://a.example/x"}', ["1", "2"]),
        (ITEMS + ',{"id": "3" "title": "x"},{"id":"4"}]}', ["1", "2"]),
        (ITEMS + "]", ["1", "2"]),
        (ITEMS + "]}<script>count()</script>", ["1", "2"]),
        (ITEMS + "]}" + ITEMS, ["1", "2"]),
        ("\ufeff\n/* made by a template */ // twice\n" + ITEMS + ",],}", ["1", "2"]),
        (ITEMS + ', {"id": "3", "url": "https://a.example/3", /* new */ "title": "a // b /* c */"}]}', ["1", "2", "3"]),
        (ITEMS.replace('"id": "1"', '"id": "a\nb"') + "]}", ["a\nb", "2"]),
    ],
)
def test_json_with_a_flaw_keeps_the_items_before_it(text: str, guids: list[str]) -> None:
    parsed = read(text)
    assert [entry.guid for entry in parsed.entries] == guids
    assert parsed.info.title == "P"
    assert parsed.info.problem


def test_json_with_a_flaw_is_cut_at_the_usual_number_of_items() -> None:
    parsed = read(ITEMS + ', {"id": "x"}' * MAX_ENTRIES)
    assert len(parsed.entries) == MAX_ENTRIES
    assert parsed.truncated


def test_json_cut_short_or_deep_is_malformed() -> None:
    for text in ((JSON % ("x", ""))[:-9], JSON % ("x", ', "n": ' + "[" * 100_000)):
        with pytest.raises(ParseError) as caught:
            read(text)
        assert caught.value.reason is Reason.MALFORMED


@pytest.mark.parametrize("item", ["<link></link><guid>{0}</guid>", "<guid>{0}</guid><link/>"])
@pytest.mark.parametrize("tail", ["", "<b>unclosed"])
def test_an_empty_link_does_not_hide_a_guid_that_is_one(item: str, tail: str) -> None:
    (entry,) = read(rss("<title>x</title>" + item.format("https://a.example/1") + tail)).entries
    assert [link.href for link in entry.links] == ["https://a.example/1"]


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_texts_of_an_image_are_not_those_of_its_item(order: tuple[int, int]) -> None:
    parts = (
        "<title>Ferry</title><description>It sails</description>",
        "<image><url>https://a.example/i.png</url><title>Logo</title><description>A logo</description></image>",
    )
    (entry,) = read(rss("".join(parts[each] for each in order))).entries
    assert entry.title is not None
    assert entry.summary is not None
    assert (entry.title.value, entry.summary.value) == ("Ferry", "It sails")


def test_a_modified_date_is_no_date_of_publication() -> None:
    dates = "<dcterms:created>2026-03-04</dcterms:created><dcterms:modified>2026-03-05</dcterms:modified>"
    (entry,) = read(rss(f"<title>x</title>{dates}", namespaces='xmlns:dcterms="http://purl.org/dc/terms/"')).entries
    assert (entry.published, entry.updated) == ("2026-03-04", "2026-03-05")


def test_cdata_that_was_escaped_or_nested() -> None:
    escaped = "<title>&lt;![CDATA[Ferry]]&gt;</title>"
    nested = "<description><![CDATA[a <![CDATA[b]]> c]]></description>"
    (entry,) = read(rss(escaped + nested)).entries
    assert entry.title is not None
    assert entry.summary is not None
    assert (entry.title.value, entry.summary.value) == ("Ferry", "a b c")


def test_modules_that_mean_nothing_to_us_leave_the_fast_route_open() -> None:
    parsed = read(rss("<title>x</title><thr:total>3</thr:total><prism:issn>1</prism:issn>", namespaces=MODULES))
    assert (title_of(parsed), parsed.route) == ("x", Route.FAST)


def test_a_prefix_of_another_known_namespace_in_use_does_not() -> None:
    swapped = 'xmlns:dc="http://purl.org/rss/1.0/modules/content/" xmlns:content="http://purl.org/dc/elements/1.1/"'
    assert read(rss("<title>x</title>", namespaces=swapped)).route is Route.TOLERANT


@pytest.mark.parametrize("tail", ["", "<b>unclosed"])
def test_full_text_of_russian_papers_is_the_content(tail: str) -> None:
    text = "<yandex:full-text>Паром ушёл.\n\nЕщё раз.</yandex:full-text>"
    namespace = 'xmlns:yandex="http://news.yandex.ru"'
    parsed = read(rss(f"<title>x</title><description>short</description>{text}{tail}", namespaces=namespace))
    assert [content.value for content in parsed.entries[0].contents] == ["Паром ушёл.\n\nЕщё раз."]
    assert parsed.route is (Route.TOLERANT if tail else Route.FAST)


def test_blogger_authors_are_read_on_the_fast_route() -> None:
    author = '<author><name>Ann</name><gd:image rel="t" width="16" src="https://a.example/i.gif"/></author>'
    parsed = read(
        '<feed xmlns="http://www.w3.org/2005/Atom" xmlns:gd="http://schemas.google.com/g/2005"><title>T</title>'
        f"<entry><id>1</id><title>x</title>{author}</entry></feed>"
    )
    assert ([person.name for person in parsed.entries[0].authors], parsed.route) == (["Ann"], Route.FAST)


@pytest.mark.parametrize(
    "text",
    [
        '<opml version="2.0"><head><title>x</title></head><body><outline xmlUrl="https://a.example"/></body></opml>',
        '<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><title>x</title></svg>',
    ],
)
def test_other_xml_with_a_title_is_no_page(text: str) -> None:
    with pytest.raises(ParseError) as caught:
        read(text)
    assert caught.value.reason is Reason.NOT_A_FEED


def test_an_element_that_ends_out_of_place_costs_itself_alone() -> None:
    text = rss("<title>x</title><category>a</category><category>b</item>c</category>")
    assert title_of(read(text)) == "x"


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("<![CDATA[One]]", "One"),
        ("<![CDATA[One]>", "One"),
        ("<![CDATA[a [b]] c]]>", "a [b]] c"),
        ("One ]]> two", "One ]]> two"),
        ("Three < four & I <3 it", "Three < four & I <3 it"),
        ("AT&T &copy; x", "AT&T © x"),
    ],
)
def test_flaw_of_a_title_costs_neither_its_words_nor_its_neighbours(title: str, expected: str) -> None:
    parsed = read(rss(f"<title>{title}</title><link>https://a.example/?a=1&b=2</link></item><item><title>Next</title>"))
    assert [entry.title and entry.title.value for entry in parsed.entries] == [expected, "Next"]
    assert parsed.entries[0].links[0].href == "https://a.example/?a=1&b=2"
    assert parsed.route is Route.FAST


@pytest.mark.parametrize("text", ["Café “zurück”", "it’s", "SÃO PAULO", "naïve â€ la carte", "Ünïcode – 東京"])
def test_utf_8_that_was_taken_for_windows_1252_is_read(text: str) -> None:
    twice = "".join(
        chr(byte) if byte in {0x81, 0x8D, 0x8F, 0x90, 0x9D} else bytes((byte,)).decode("cp1252")
        for byte in text.encode()
    )
    assert title_of(read(rss(f"<title>{twice}</title>"))) == text
    assert title_of(read(rss(f"<title>{text}</title>"))) == text


def test_json_item_without_an_address_has_that_of_its_id_and_dates_may_be_numbers() -> None:
    (entry,) = read(
        ITEMS.replace('"1"}, {"id": "2"', '"https://a.example/1", "date_published": 1772618400') + "]}"
    ).entries
    assert [link.href for link in entry.links] == ["https://a.example/1"]
    assert entry.published == "1772618400"


def test_element_in_a_namespace_without_a_prefix_costs_a_feed_no_time() -> None:
    parsed = read(rss('<title>A</title><post-id xmlns="com-blog:additions:1">7</post-id><guid>g</guid>'))
    assert (title_of(parsed), parsed.entries[0].guid, parsed.route) == ("A", "g", Route.FAST)
