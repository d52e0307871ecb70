"""The 17 top-level IPTC media topics: code, label, and the slug that names a route. Everything else imports this table.

Source: IPTC Media Topics NewsCodes, level 1, labels as IPTC writes them in en-US (IPTC, CC BY 4.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class TopLevelMediaTopic:
    code: str
    label: str
    slug: str


# A slug is the label without commas and "and", in British spelling; it names public log topics, so it never changes.
TOP_LEVEL_MEDIA_TOPICS: Final[tuple[TopLevelMediaTopic, ...]] = tuple(
    TopLevelMediaTopic(code, label, slug)
    for code, label, slug in (
        ("medtop:01000000", "arts, culture, entertainment and media", "arts-culture-entertainment-media"),
        ("medtop:02000000", "crime, law and justice", "crime-law-justice"),
        (
            "medtop:03000000",
            "disaster, accident and emergency incident",
            "disaster-accident-emergency-incident",
        ),
        ("medtop:04000000", "economy, business and finance", "economy-business-finance"),
        ("medtop:05000000", "education", "education"),
        ("medtop:06000000", "environment", "environment"),
        ("medtop:07000000", "health", "health"),
        ("medtop:08000000", "human interest", "human-interest"),
        ("medtop:09000000", "labor", "labour"),
        ("medtop:10000000", "lifestyle and leisure", "lifestyle-leisure"),
        ("medtop:11000000", "politics", "politics"),
        ("medtop:12000000", "religion", "religion"),
        ("medtop:13000000", "science and technology", "science-technology"),
        ("medtop:14000000", "society", "society"),
        ("medtop:15000000", "sport", "sport"),
        ("medtop:16000000", "conflict, war and peace", "conflict-war-peace"),
        ("medtop:17000000", "weather", "weather"),
    )
)

MEDIA_TOPIC_BY_CODE: Final[Mapping[str, TopLevelMediaTopic]] = MappingProxyType(
    {media_topic.code: media_topic for media_topic in TOP_LEVEL_MEDIA_TOPICS}
)
MEDIA_TOPIC_BY_SLUG: Final[Mapping[str, TopLevelMediaTopic]] = MappingProxyType(
    {media_topic.slug: media_topic for media_topic in TOP_LEVEL_MEDIA_TOPICS}
)
