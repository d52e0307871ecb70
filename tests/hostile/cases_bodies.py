"""Hostile documents, all sent with status 200 and correct headers: what is wrong is the body."""

import gzip
import json
from collections.abc import Callable, Iterator
from functools import partial

from schemas.reasons import Reason
from tests.hostile.case import FEED, FORBIDDEN_NAME, ITEM, READ, XML, Case, Reasons, answer, one_of, rss

EMPTY = one_of(Reason.BODY_EMPTY)
NO_FEED = one_of(Reason.NOT_A_FEED, Reason.BODY_IS_HTML, Reason.MALFORMED)
ENTITIES = one_of(Reason.MALFORMED)
# A document that is only odd may be read or refused, but by a reason of its own and never by a crash.
ODD = READ | one_of(Reason.MALFORMED, Reason.NOT_A_FEED, Reason.BODY_EMPTY, Reason.PARSER_FAILED)
HEAVY = ODD | one_of(Reason.WORKER_TIMED_OUT, Reason.WORKER_DIED)


Content = bytes | Callable[[], bytes]


def body(name: str, content: Content, reasons: Reasons, *headers: tuple[str, str], packed: bool = False) -> Case:
    """`content` may be made when it is asked for, so that naming the cases costs nothing."""
    return Case(name, partial(_sent, content, headers or (XML,), packed=packed), reasons)


def _sent(content: Content, headers: tuple[tuple[str, str], ...], *, packed: bool) -> bytes:
    made = content if isinstance(content, bytes) else content()
    if packed:
        return answer(gzip.compress(made, 1), *headers, ("Content-Encoding", "gzip"))
    return answer(made, *headers)


def _described(markup: str) -> str:
    return f"<item><title>t</title><description>{markup}</description></item>"


def no_feed_cases() -> Iterator[Case]:
    yield body("empty", b"", EMPTY)
    yield body("white space", b" \n\t" * 100_000, EMPTY)
    yield body("a byte order mark alone", b"\xef\xbb\xbf", EMPTY)
    yield body("NULs alone", b"\0" * 100_000, EMPTY | NO_FEED)
    form = b"<form><input type=password></form>"
    page = b"<!doctype html><html><head><title>Sign in</title></head><body>" + form + b"</body></html>"
    wall = one_of(Reason.LOGIN_WALL)
    yield body("login wall", page, wall)
    yield body("login wall that says it is a feed", page, wall, ("Content-Type", "application/rss+xml"))
    yield body("page of 8 MB", b"<html><body>" + b"<p>word</p>" * 700_000, one_of(Reason.BODY_IS_HTML))
    for name, content in {
        "PNG": b"\x89PNG\r\n\x1a\n" + bytes(1_000),
        "ZIP": b"PK\x03\x04" + bytes(range(256)) * 10,
        "PDF": b"%PDF-1.7\n" + bytes(range(256)) * 10,
        "ELF": b"\x7fELF" + bytes(range(256)) * 10,
        "a path": b"/etc/passwd",
        "a file address": b"file:///etc/passwd",
        "an address": f"http://{FORBIDDEN_NAME}/feed.xml".encode(),
        "a path with .xml": b"feed.xml",
        "SVG": b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        "SOAP": b"<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'/>",
        "a root element alone": b"<a/>",
        "JSON that is no feed": b'{"status": "ok"}',
        "a JSON list": b"[1, 2, 3]",
        "a JSON string": b'"feed"',
        "YAML": b"a: &a [x, x]\nb: &b [*a, *a]\n",
        "a pickle": b"cos\nsystem\n(S'true'\ntR.",
        "PHP source": b"<?php echo 'feed'; ?>",
    }.items():
        yield body(name, content, NO_FEED)


def entity_cases() -> Iterator[Case]:
    laughs = "".join(f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 12))
    for name, subset in {
        "billion laughs": f"<!ENTITY l0 'ha'>{laughs}",
        "quadratic blow-up": f"<!ENTITY q '{'x' * 100_000}'>",
        "external entity of a file": "<!ENTITY x SYSTEM 'file:///etc/passwd'>",
        "external entity of a forbidden address": f"<!ENTITY x SYSTEM 'http://{FORBIDDEN_NAME}/x'>",
        "parameter entity": f"<!ENTITY % p SYSTEM 'http://{FORBIDDEN_NAME}/x'> %p;",
        "entity in lower case": "<!entity x 'y'>",
        "entities that name each other": "<!ENTITY a '&b;'><!ENTITY b '&a;'>",
    }.items():
        doc = (
            f"<?xml version='1.0'?><!DOCTYPE rss [{subset}]>"
            + rss(ITEM.replace("story", "&q;&x;&l9;"), declaration="").decode()
        )
        yield body(name, doc.encode(), ENTITIES)
    external = f"<!DOCTYPE rss SYSTEM 'http://{FORBIDDEN_NAME}/rss.dtd'>"
    yield body("external document type", (external + rss(declaration="").decode()).encode(), READ)
    yield body("document type of 10,000 brackets", b"<!DOCTYPE rss " + b"[" * 10_000 + rss(declaration=""), ODD)
    yield body("document type without an end", b"<!DOCTYPE rss [" + b"<!ELEMENT a ANY>" * 10_000, ODD | NO_FEED)
    sheet = f"<?xml-stylesheet type='text/xsl' href='http://{FORBIDDEN_NAME}/x.xsl'?>"
    yield body("style sheet elsewhere", rss(declaration=f"<?xml version='1.0'?>{sheet}"), READ)
    include = f"<xi:include xmlns:xi='http://www.w3.org/2001/XInclude' href='http://{FORBIDDEN_NAME}/x'/>"
    yield body("XInclude", rss(ITEM, extra=include), READ)
    yield body(
        "schema location elsewhere", rss(extra=f"<x xsi:schemaLocation='a http://{FORBIDDEN_NAME}/x.xsd'/>"), ODD
    )


def charset_cases() -> Iterator[Case]:
    text = FEED.decode()
    for coding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be", "utf-8-sig", "utf-7"):
        declared = text.replace("utf-8", coding.removesuffix("-sig"))
        yield body(f"in {coding}", declared.encode(coding), ODD | NO_FEED)
    for coding in ("cp037", "hz", "iso2022_jp", "shift_jis", "gb18030", "koi8-r"):
        yield body(f"in {coding}", text.replace("utf-8", coding).encode(coding), ODD | NO_FEED)
    for stated in (
        "rot13",
        "base64",
        "zip",
        "idna",
        "unicode_escape",
        "raw-unicode-escape",
        "undefined",
        "x" * 5_000,
        "\u00fc",
        "",
    ):
        yield body(
            f"declares {stated[:20]!r}", rss(declaration=f"<?xml version='1.0' encoding='{stated}'?>"), READ | ODD
        )
        safe = stated.encode("ascii", "replace").decode()
        yield body(f"header says {stated[:20]!r}", FEED, READ | ODD, ("Content-Type", f"text/xml; charset={safe}"))
    yield body("UTF-8 that is UTF-16 by its mark", b"\xff\xfe" + FEED, ODD | NO_FEED)
    yield body("lone surrogates in UTF-8", rss(ITEM.replace("story", "\ud800 \udfff story")), READ)
    yield body("lone surrogates as references", rss(ITEM.replace("story", "&#xD800;&#xDFFF;&#55296; story")), READ)
    yield body("references beyond Unicode", rss(ITEM.replace("story", "&#x110000;&#0;&#99999999999999; story")), READ)
    yield body("NULs in a feed", FEED.replace(b"story", b"st\0ory\0"), READ)
    yield body("control characters in a feed", FEED.replace(b"story", bytes(range(1, 32)) + b"story"), ODD)
    yield body("broken UTF-8", FEED.replace(b"story", b"st\xc3\x28\xff\xfe\xe2\x82ory"), READ)
    yield body("overlong UTF-8", FEED.replace(b"story", b"\xc0\xaf\xf8\x88\x80\x80\x80story"), READ)
    yield body("non-characters", rss(ITEM.replace("story", "\ufffe\uffff\U0010ffff story")), READ)
    yield body("right-to-left overrides", rss(ITEM.replace("story", "\u202e\u2066story" * 1_000)), READ)
    yield body("combining marks", rss(ITEM.replace("story", "e" + "\u0301" * 100_000)), READ)


def size_cases() -> Iterator[Case]:
    million = 1_000_000
    yield body(
        "title of 10 MB",
        lambda: rss(ITEM.replace("story", "x" * 10 * million)),
        one_of(Reason.BODY_TOO_LARGE),
        packed=True,
    )
    yield body("title of 7 MB", lambda: rss(ITEM.replace("story", "words " * 1_200_000)), READ)
    yield body("guid of 1 MB", lambda: rss(ITEM.replace(">1</guid", f">{'g' * million}</guid")), READ)
    yield body("link of 1 MB", lambda: rss(ITEM.replace("hostile.example/1", f"hostile.example/{'l' * million}")), READ)
    yield body("attribute of 5 MB", lambda: rss(f"<item a='{'x' * 5 * million}'><title>t</title></item>"), HEAVY)
    yield body("element name of 1 MB", lambda: rss(f"<{'n' * million}/>" + ITEM), HEAVY)
    yield body("100,000 entries", lambda: rss(*(f"<item><title>{n}</title></item>" for n in range(100_000))), HEAVY)
    yield body("deep nesting, 200", lambda: rss(ITEM, extra="<a>" * 200 + "</a>" * 200), READ)
    yield body("deep markup in a description", lambda: rss(_described("&lt;div&gt;" * 100_000 + "text")), HEAVY)
    yield body(
        "deep markup closed", lambda: rss(_described("&lt;b&gt;" * 20_000 + "text" + "&lt;/b&gt;" * 20_000)), HEAVY
    )
    yield body(
        "50,000 links in an item",
        lambda: rss("<item><title>t</title>" + "<link>https://a.example/</link>" * 50_000 + "</item>"),
        HEAVY,
    )
    yield body(
        "50,000 categories",
        lambda: rss("<item><title>t</title>" + "<category>c</category>" * 50_000 + "</item>"),
        HEAVY,
    )
    yield body(
        "50,000 enclosures",
        lambda: rss(
            "<item><title>t</title>" + "<enclosure url='http://a.example/m' length='-1'/>" * 50_000 + "</item>"
        ),
        HEAVY,
    )
    yield body(
        "10,000 namespaces",
        lambda: rss(ITEM, extra="".join(f"<n{n}:a xmlns:n{n}='urn:{n}'/>" for n in range(10_000))),
        HEAVY,
    )
    yield body("comment of 7 MB", lambda: rss(ITEM, extra=f"<!--{'c' * 7 * million}-->"), READ)
    yield body("comments of hyphens", lambda: rss(ITEM, extra=f"<!--{'-' * 100_000}"), ODD)
    yield body("ampersands alone", lambda: rss(ITEM.replace("story", "&" * 500_000)), HEAVY)
    yield body("half references", lambda: rss(ITEM.replace("story", "&#" * 200_000)), HEAVY)
    yield body("quotes that never close", lambda: b"<rss a='" + b"x" * million, ODD | NO_FEED)
    yield body("processing instructions", lambda: b"<?x " * 100_000 + FEED, HEAVY | NO_FEED)
    yield body("white space before the declaration", lambda: b" " * million + FEED, READ | ODD)
    yield body("junk before the declaration", b"Warning: junk in line 1\n" * 1_000 + FEED, ODD | NO_FEED)
    yield body("a feed a hundred times over", FEED * 100, ODD)
    yield body(
        "a data image of 2 MB",
        lambda: rss(_described(f"&lt;img src='data:image/png;base64,{'A' * 2 * million}'&gt;")),
        READ,
    )


def heavy_cases() -> list[Case]:
    """Documents that may cost a worker process: a run of their own, as each takes until its deadline."""
    return list(_heavy_cases())


def _heavy_cases() -> Iterator[Case]:
    million = 1_000_000
    yield body(
        "100,000 attributes",
        lambda: rss("<item " + " ".join(f"a{n}='1'" for n in range(100_000)) + "><title>t</title></item>"),
        HEAVY,
    )
    yield body("deep nesting, 100,000", lambda: rss(ITEM, extra="<a>" * 100_000 + "</a>" * 100_000), HEAVY)
    yield body("deep nesting, never closed", lambda: b"<rss><channel>" + b"<a>" * 200_000, HEAVY)
    yield body("angle brackets alone", lambda: b"<rss><channel>" + b"<" * million, HEAVY)
    yield body("CDATA without an end", lambda: FEED[:-30] + b"<description><![CDATA[" + b"]" * million, ODD)


def value_cases() -> Iterator[Case]:
    for number, date in enumerate(
        ("9" * 100_000, "Fri, 31 Dec 99999 23:59:59 GMT", "-1", "0000-00-00", "\u0660" * 50, "2026-W99-9", "now")
    ):
        yield body(
            f"date {number}: {date[:20]}", rss(ITEM.replace("</item>", f"<pubDate>{date}</pubDate></item>")), READ
        )
    for number, link in enumerate(
        (
            "javascript:alert(1)",
            "file:///etc/passwd",
            "data:text/html,x",
            "//",
            "http://[::1",
            "http://a.example:99999/",
            "\\\\host\\share",
            "x" * 100_000,
        )
    ):
        yield body(f"link {number}: {link[:20]}", rss(ITEM.replace("https://hostile.example/1", link)), READ)
    yield body(
        "base elsewhere", rss(f"<item xml:base='http://{FORBIDDEN_NAME}/'><title>t</title><link>x</link></item>"), READ
    )
    yield body("ttl of letters", rss(extra="<ttl>often</ttl>"), READ)
    yield body("ttl of an age", rss(extra=f"<ttl>{'9' * 5_000}</ttl>"), READ)
    yield body("every guid the same", rss(*(ITEM.replace("story", f"story {n}") for n in range(500))), READ)
    yield body(
        "script everywhere", rss(_described("&lt;script&gt;x&lt;/script&gt;&lt;img src=x onerror=y&gt;" * 1_000)), READ
    )
    yield body("an entry of nothing", rss("<item/>" * 500), ODD)


def json_cases() -> Iterator[Case]:
    kind = ("Content-Type", "application/feed+json")
    version = "https://jsonfeed.org/version/1.1"
    good = {"version": version, "title": "T", "items": [{"id": "1", "content_text": "A story"}]}
    odd = ODD | NO_FEED
    yield body("JSON feed", json.dumps(good).encode(), READ | NO_FEED, kind)
    for name, content in {
        "JSON nested 100,000 deep": b"[" * 100_000,
        "JSON objects nested 100,000 deep": b'{"version":' * 100_000,
        "JSON number of a million digits": b'{"version": "%b", "items": [{"id": %b}]}'
        % (version.encode(), b"9" * 1_000_000),
        "JSON infinity": b'{"version": "%b", "items": [{"id": 1e999999}]}' % version.encode(),
        "JSON NaN": b'{"version": "%b", "items": [{"id": NaN}]}' % version.encode(),
        "JSON cut off": json.dumps(good).encode()[:-10],
        "JSON with lone surrogates": b'{"version": "%b", "items": [{"id": "\\ud800", "title": "\\udfff"}]}'
        % version.encode(),
        "JSON items of no list": json.dumps({**good, "items": {"a": 1}}).encode(),
        "JSON items of all kinds": json.dumps(
            {**good, "items": [1, None, "x", [], {}, {"id": {}}, {"id": ["1"]}]}
        ).encode(),
        "JSON fields of wrong kinds": json.dumps(
            {"version": version, "title": [], "items": [{"id": 1, "url": 2, "tags": 3, "authors": 4}]}
        ).encode(),
        "JSON with 100,000 items": json.dumps({**good, "items": [{"id": str(n)} for n in range(100_000)]}).encode(),
        "JSON with 100,000 keys": json.dumps({**good, **{f"k{n}": 1 for n in range(100_000)}}).encode(),
        "JSON in UTF-16": json.dumps(good).encode("utf-16"),
    }.items():
        yield body(name, content, HEAVY | odd, kind)


def body_cases() -> list[Case]:
    makers = (no_feed_cases, entity_cases, charset_cases, size_cases, value_cases, json_cases)
    return [case for make in makers for case in make()]
