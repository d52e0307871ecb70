"""An entry as a feed states it, before any interpretation: kept on the raw record, so it can be normalised again."""

from schemas.contract import Contract


class StatedText(Contract):
    """A text construct: `media_type` tells whether `value` is plain text or HTML (RFC 4287 §3.1)."""

    value: str
    media_type: str = "text/html"
    language: str | None = None
    base: str | None = None


class StatedLink(Contract):
    href: str
    rel: str = "alternate"
    media_type: str | None = None
    title: str | None = None


class StatedPerson(Contract):
    name: str | None = None
    url: str | None = None


class StatedCategory(Contract):
    term: str
    scheme: str | None = None
    label: str | None = None


class StatedMedia(Contract):
    """An enclosure, a Media RSS object, its thumbnail, or an item's picture. Sizes are text, as stated."""

    url: str
    media_type: str | None = None
    medium: str | None = None
    width: str | None = None
    height: str | None = None
    length: str | None = None
    title: str | None = None
    credit: str | None = None


class Entry(Contract):
    """One RSS item, Atom entry or alike. Every field is as stated, but for text decoding and feed-level fallbacks."""

    guid: str | None = None
    links: tuple[StatedLink, ...] = ()
    title: StatedText | None = None
    summary: StatedText | None = None
    contents: tuple[StatedText, ...] = ()
    published: str | None = None
    updated: str | None = None
    authors: tuple[StatedPerson, ...] = ()
    categories: tuple[StatedCategory, ...] = ()
    media: tuple[StatedMedia, ...] = ()
    source: StatedLink | None = None
    rights: str | None = None
    language: str | None = None
