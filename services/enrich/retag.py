"""Whether a new tagging of an article is worth publishing: what stands and what the taggers say now in. Pure."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from schemas.article import Article, Kind
from schemas.contract import hash_id
from schemas.enriched import EnrichedArticle
from schemas.reasons import Reason

# All that tagging adds, but for who tagged: a new version that says the same is nothing new to a reader.
_TAGS: Final = EnrichedArticle.model_fields.keys() - Article.model_fields.keys() - {"tagging", "tagged_by", "stages"}
_RULE: Final = "t1"


class Verdict(StrEnum):
    """What became of an article of the window."""

    RETAGGED = "retagged"
    UNCHANGED = "unchanged"
    SUPERSEDED = "superseded"  # a later revision exists
    WAITING = "waiting"  # enrich has not come to it yet, and will tag it by itself
    FAILED = "failed"  # a tagger failed on it now, so what it had is kept
    INVALID = "invalid"  # it became a dead letter when it first came


@dataclass(frozen=True, slots=True)
class Standing:
    """The newest tagging of an article on the log; `tags` is a hash of what it says."""

    revision: int
    tagging: int
    tags: str


def standing_of(article: EnrichedArticle) -> Standing:
    return Standing(article.revision, article.tagging, hash_id(_RULE, article.model_dump_json(include=set(_TAGS))))


def later(one: Standing | None, other: Standing) -> Standing:
    return other if one is None or (other.revision, other.tagging) > (one.revision, one.tagging) else one


def retag(now: EnrichedArticle, standing: Standing | None) -> tuple[Verdict, EnrichedArticle | None]:
    """The verdict on an article as tagged `now`, and the record to publish if it is RETAGGED."""
    if standing is None or standing.revision < now.revision:
        return Verdict.WAITING, None
    if standing.revision > now.revision:
        return Verdict.SUPERSEDED, None
    if any(problem.reason is not Reason.TAGGED_IN_PART for problem in now.tag_problems):
        return Verdict.FAILED, None
    if standing_of(now).tags == standing.tags:
        return Verdict.UNCHANGED, None
    return Verdict.RETAGGED, now.model_copy(update={"kind": Kind.RETAGGED, "tagging": standing.tagging + 1})
