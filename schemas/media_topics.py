"""The IPTC media topics that newsflow tells: the 17 of the top level, whose slugs name routes, and some of the second.

Source: IPTC Media Topics NewsCodes, levels 1 and 2, labels as IPTC writes them in en-US (IPTC, CC BY 4.0).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final


@dataclass(frozen=True, slots=True)
class KnownMediaTopic:
    """The slug of one of the second level is its parent's, a slash, and its label's."""

    code: str
    label: str
    slug: str


# A slug is the label without commas and "and", in British spelling; it names public log topics, so it never changes.
TOP_LEVEL_MEDIA_TOPICS: Final[tuple[KnownMediaTopic, ...]] = tuple(
    KnownMediaTopic(code, label, slug)
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

MEDIA_TOPIC_BY_CODE: Final[Mapping[str, KnownMediaTopic]] = MappingProxyType(
    {media_topic.code: media_topic for media_topic in TOP_LEVEL_MEDIA_TOPICS}
)
MEDIA_TOPIC_BY_SLUG: Final[Mapping[str, KnownMediaTopic]] = MappingProxyType(
    {media_topic.slug: media_topic for media_topic in TOP_LEVEL_MEDIA_TOPICS}
)


# Those that words of news tell; level 2 has 102.
SECOND_LEVEL_MEDIA_TOPICS: Final[tuple[KnownMediaTopic, ...]] = tuple(
    KnownMediaTopic(code, label, slug)
    for code, label, slug in (
        ("medtop:20000002", "arts and entertainment", "arts-culture-entertainment-media/arts-and-entertainment"),
        ("medtop:20000038", "culture", "arts-culture-entertainment-media/culture"),
        ("medtop:20000045", "mass media", "arts-culture-entertainment-media/mass-media"),
        ("medtop:20000053", "act of terror", "conflict-war-peace/act-of-terror"),
        ("medtop:20000056", "armed conflict", "conflict-war-peace/armed-conflict"),
        ("medtop:20000065", "civil unrest", "conflict-war-peace/civil-unrest"),
        ("medtop:20000070", "coup d'etat", "conflict-war-peace/coup-d-etat"),
        ("medtop:20000073", "peace process", "conflict-war-peace/peace-process"),
        ("medtop:20000082", "crime", "crime-law-justice/crime"),
        ("medtop:20000106", "judiciary", "crime-law-justice/judiciary"),
        ("medtop:20000119", "justice", "crime-law-justice/justice"),
        ("medtop:20000121", "law", "crime-law-justice/law"),
        ("medtop:20000129", "law enforcement", "crime-law-justice/law-enforcement"),
        (
            "medtop:20000139",
            "accident and emergency incident",
            "disaster-accident-emergency-incident/accident-and-emergency-incident",
        ),
        ("medtop:20000148", "disaster", "disaster-accident-emergency-incident/disaster"),
        ("medtop:20000168", "emergency response", "disaster-accident-emergency-incident/emergency-response"),
        ("medtop:20000170", "business information", "economy-business-finance/business-information"),
        ("medtop:20000209", "products and services", "economy-business-finance/products-and-services"),
        ("medtop:20000344", "economy", "economy-business-finance/economy"),
        ("medtop:20000385", "market and exchange", "economy-business-finance/market-and-exchange"),
        ("medtop:20000400", "school", "education/school"),
        ("medtop:20000412", "curriculum", "education/curriculum"),
        ("medtop:20000413", "educational testing and examinations", "education/educational-testing-and-examinations"),
        ("medtop:20000415", "students", "education/students"),
        ("medtop:20000416", "teachers", "education/teachers"),
        ("medtop:20000418", "climate change", "environment/climate-change"),
        ("medtop:20000420", "conservation", "environment/conservation"),
        ("medtop:20000424", "environmental pollution", "environment/environmental-pollution"),
        ("medtop:20000430", "natural resources", "environment/natural-resources"),
        ("medtop:20000441", "nature", "environment/nature"),
        ("medtop:20000446", "disease and condition", "health/disease-and-condition"),
        ("medtop:20000461", "health facility", "health/health-facility"),
        ("medtop:20000464", "health treatment and procedure", "health/health-treatment-and-procedure"),
        ("medtop:20000485", "medical profession", "health/medical-profession"),
        ("medtop:20001358", "public health", "health/public-health"),
        ("medtop:20000498", "award and prize", "human-interest/award-and-prize"),
        ("medtop:20000499", "record and achievement", "human-interest/record-and-achievement"),
        ("medtop:20000501", "ceremony", "human-interest/ceremony"),
        ("medtop:20000505", "celebrity", "human-interest/celebrity"),
        ("medtop:20001237", "anniversary", "human-interest/anniversary"),
        ("medtop:20001238", "birthday", "human-interest/birthday"),
        ("medtop:20000509", "employment", "labour/employment"),
        ("medtop:20000521", "employment legislation", "labour/employment-legislation"),
        ("medtop:20000523", "labor market", "labour/labor-market"),
        ("medtop:20000524", "labor relations", "labour/labor-relations"),
        ("medtop:20000531", "retirement", "labour/retirement"),
        ("medtop:20000533", "unemployment", "labour/unemployment"),
        ("medtop:20000536", "unions", "labour/unions"),
        ("medtop:20000538", "leisure", "lifestyle-leisure/leisure"),
        ("medtop:20000565", "lifestyle", "lifestyle-leisure/lifestyle"),
        ("medtop:20001339", "wellness", "lifestyle-leisure/wellness"),
        ("medtop:20000574", "election", "politics/election"),
        ("medtop:20000587", "fundamental rights", "politics/fundamental-rights"),
        ("medtop:20000593", "government", "politics/government"),
        ("medtop:20000621", "government policy", "politics/government-policy"),
        ("medtop:20000638", "international relations", "politics/international-relations"),
        ("medtop:20000648", "political dissent", "politics/political-dissent"),
        ("medtop:20000649", "political process", "politics/political-process"),
        ("medtop:20000657", "belief systems", "religion/belief-systems"),
        ("medtop:20000690", "religious festival and holiday", "religion/religious-festival-and-holiday"),
        ("medtop:20000696", "religious ritual", "religion/religious-ritual"),
        ("medtop:20000697", "religious facilities", "religion/religious-facilities"),
        ("medtop:20000703", "religious leader", "religion/religious-leader"),
        ("medtop:20000705", "religious text", "religion/religious-text"),
        ("medtop:20000710", "biomedical science", "science-technology/biomedical-science"),
        ("medtop:20000717", "natural science", "science-technology/natural-science"),
        ("medtop:20000735", "scientific research", "science-technology/scientific-research"),
        ("medtop:20000756", "technology and engineering", "science-technology/technology-and-engineering"),
        ("medtop:20000768", "communities", "society/communities"),
        ("medtop:20000770", "demographics", "society/demographics"),
        ("medtop:20000771", "immigration", "society/immigration"),
        ("medtop:20000772", "emigration", "society/emigration"),
        ("medtop:20000775", "discrimination", "society/discrimination"),
        ("medtop:20000780", "family", "society/family"),
        ("medtop:20000799", "social condition", "society/social-condition"),
        ("medtop:20000802", "social problem", "society/social-problem"),
        ("medtop:20000808", "values", "society/values"),
        ("medtop:20000817", "welfare", "society/welfare"),
        ("medtop:20001373", "diversity, equity and inclusion", "society/diversity-equity-and-inclusion"),
        ("medtop:20000822", "competition discipline", "sport/competition-discipline"),
        ("medtop:20001104", "drug use in sport", "sport/drug-use-in-sport"),
        ("medtop:20001108", "sport event", "sport/sport-event"),
        ("medtop:20001125", "sport organization", "sport/sport-organization"),
        ("medtop:20001148", "sports transaction", "sport/sports-transaction"),
        ("medtop:20001301", "sport achievement", "sport/sport-achievement"),
        ("medtop:20001323", "sports coaching", "sport/sports-coaching"),
        ("medtop:20001128", "weather forecast", "weather/weather-forecast"),
        ("medtop:20001129", "weather phenomena", "weather/weather-phenomena"),
        ("medtop:20001130", "weather statistic", "weather/weather-statistic"),
        ("medtop:20001131", "weather warning", "weather/weather-warning"),
    )
)
