"""All that enrich says about articles: articles in, tags out. A failure costs one article one kind of tag."""

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from os import environ
from types import MappingProxyType
from typing import Final, Literal, Protocol, Self, TypeVar

from schemas.article import Category, Publisher
from schemas.enriched import DetectedLanguage, Entity, MediaTopic, Signature, TaggedBy, TagProblem, TagTask
from schemas.reasons import Reason
from services.enrich.document_pass import entities_version, group_entities
from services.enrich.entities import EntityTagger, cap_fields, tag_fields
from services.enrich.explain import Section, explain_entities, explain_language, explain_media_topics
from services.enrich.known_names import KnownNames
from services.enrich.language import UNDETERMINED, LanguageDetector, primary_language
from services.enrich.media_topics import MediaTopicTagger
from services.enrich.near_duplicates import SCHEME, sign
from services.enrich.place_ids import PlaceIdentifier, home_country
from services.enrich.place_table import PlaceTable

Input = TypeVar("Input")
Result = TypeVar("Result")
NOTHING_LEFT_OUT: Final[Mapping[TagTask, Reason]] = MappingProxyType({})


class TaggableArticle(Protocol):
    """What tagging reads of an article; `schemas.article.Article` has it all."""

    @property
    def title(self) -> str | None: ...
    @property
    def summary(self) -> str | None: ...
    @property
    def body(self) -> str | None: ...
    @property
    def declared_language(self) -> str | None: ...
    @property
    def publisher(self) -> Publisher | None: ...
    @property
    def categories(self) -> Sequence[Category]: ...


@dataclass(frozen=True, slots=True)
class Tags:
    """`tagged_by` names what ran on this article. `entities_capped`: its end was too far to be tagged for entities."""

    language: DetectedLanguage
    entities: tuple[Entity, ...] = ()
    media_topics: tuple[MediaTopic, ...] = ()
    signature: Signature | None = None
    tagged_by: tuple[TaggedBy, ...] = ()
    problems: tuple[TagProblem, ...] = ()
    entities_capped: bool = False


class Taggers:
    """What a worker process loads once. A tagger left out is a task left out."""

    def __init__(
        self,
        language_detector: LanguageDetector,
        entity_tagger: EntityTagger | None,
        media_topic_tagger: MediaTopicTagger | None,
        known_names: KnownNames,
        place_identifier: PlaceIdentifier | None = None,
        *,
        signatures: bool = True,
    ) -> None:
        self._language_detector = language_detector
        self._entity_tagger = entity_tagger
        self._media_topic_tagger = media_topic_tagger
        self._known_names = known_names
        self._place_identifier = place_identifier
        self._signatures = signatures

    @classmethod
    def load(
        cls,
        languages: Iterable[str],
        *,
        entities: bool = True,
        media_topics: bool = True,
        entity_tagger: Literal["crf", "spacy"] = "crf",
        signatures: bool = True,
    ) -> Self:
        """Raises ValueError for a language that cannot be told, ImportError for spaCy if it is not installed."""
        # Before numpy is imported. A second thread only takes a core from the next worker.
        environ.setdefault("OPENBLAS_NUM_THREADS", "1")
        places = PlaceTable.load() if entities else None
        return cls(
            LanguageDetector.load(languages),
            load_entity_tagger(entity_tagger) if entities else None,
            MediaTopicTagger.load() if media_topics else None,
            KnownNames.load(places),
            PlaceIdentifier(places) if places else None,
            signatures=signatures,
        )

    def tag_articles(
        self, articles: Sequence[TaggableArticle], without: Mapping[TagTask, Reason] = NOTHING_LEFT_OUT
    ) -> list[Tags]:
        """The tags of each article, in order. Never raises because of what an article says.

        Tasks in `without` are left out, and noted on each article as lost for that reason.
        """
        drafts = [_Draft(article, without) for article in articles]
        for draft in drafts:
            self._detect_language(draft)
        self._tag_entities(drafts)
        # One task after another, as what a task looks up would not stay in the processor's cache beside another's.
        for task in (self._identify_places, self._tag_media_topics, self._sign):
            for draft in drafts:
                task(draft)
        return [draft.tags() for draft in drafts]

    def explain(self, article: TaggableArticle) -> list[Section]:
        """What was done to the article and why, one section for each task, the same as `tag_articles` does."""
        [tags] = self.tag_articles([article])
        draft = _Draft(article)
        detector = self._language_detector
        lines = explain_language(
            tags.language,
            detector.rank(draft.title, draft.lead),
            detector.languages,
            article.declared_language,
        )
        sections = [Section(_heading(TagTask.LANGUAGE, tags), tuple(lines))]
        if self._media_topic_tagger is not None:
            scores = {media_topic.code: media_topic.score for media_topic in tags.media_topics}
            evidence = self._media_topic_tagger.evidence(draft.title, draft.summary, draft.body, draft.categories)
            lines = explain_media_topics(scores, evidence)
            sections.append(Section(_heading(TagTask.MEDIA_TOPICS, tags), tuple(lines)))
        if self._entity_tagger is not None:
            [texts] = tag_fields([cap_fields(draft.fields)[0]], self._entity_tagger)
            lines = explain_entities(texts, tags.entities, self._known_names)
            sections.append(Section(_heading(TagTask.ENTITIES, tags), tuple(lines)))
        return sections

    def _detect_language(self, draft: "_Draft") -> None:
        detector = self._language_detector
        with draft.task(TagTask.LANGUAGE, detector.name, detector.version):
            draft.language = detector.detect(draft.title, draft.lead, draft.declared_language)

    def _tag_entities(self, drafts: Sequence["_Draft"]) -> None:
        tagger = self._entity_tagger
        if tagger is None:
            return
        read = [draft for draft in drafts if draft.wants(TagTask.ENTITIES, tagger.languages)]
        capped = [cap_fields(draft.fields) for draft in read]
        texts = tag_each([fields for fields, _ in capped], lambda articles: tag_fields(articles, tagger))
        version = entities_version(tagger.version, self._known_names)
        for draft, (_, is_capped), tagged in zip(read, capped, texts, strict=True):
            with draft.task(TagTask.ENTITIES, tagger.name, version):
                if isinstance(tagged, Exception):
                    raise tagged
                draft.entities = group_entities(tagged, draft.fields, self._known_names)
                draft.entities_capped = is_capped

    def _identify_places(self, draft: "_Draft") -> None:
        identifier = self._place_identifier
        if identifier is not None and draft.entities and draft.may(TagTask.PLACE_IDS):
            with draft.task(TagTask.PLACE_IDS, identifier.name, identifier.version):
                draft.entities = identifier.identify(draft.entities, draft.fields, draft.home_country)

    def _tag_media_topics(self, draft: "_Draft") -> None:
        tagger = self._media_topic_tagger
        if tagger is None or not draft.wants(TagTask.MEDIA_TOPICS, tagger.languages):
            return
        with draft.task(TagTask.MEDIA_TOPICS, tagger.name, tagger.version):
            draft.media_topics = tagger.tag(draft.title, draft.summary, draft.body, draft.categories)

    def _sign(self, draft: "_Draft") -> None:
        if self._signatures and draft.may(TagTask.SIGNATURE):
            with draft.task(TagTask.SIGNATURE, "newsflow", SCHEME):
                draft.signature = sign(draft.summary, draft.body)


def _heading(task: TagTask, tags: Tags) -> str:
    name = task.replace("_", " ")
    for by in tags.tagged_by:
        if by.task is task:
            return f"{name}, by {by.name} {by.version}"
    for problem in tags.problems:
        if problem.task is task:
            return f"{name}: {problem.reason}"
    return f"{name}: not done, as it reads no text in {tags.language.code}"


def load_entity_tagger(which: Literal["crf", "spacy"]) -> EntityTagger:
    """Imports no more than the one that is wanted: with spaCy come 100 MB."""
    if which == "spacy":
        from services.enrich.spacy_tagger import SpacyTagger

        return SpacyTagger.load()
    from services.enrich.crf.tagger import CrfTagger

    return CrfTagger.load()


class _Draft:
    """The tags of one article while they are being made."""

    def __init__(self, article: TaggableArticle, without: Mapping[TagTask, Reason] = NOTHING_LEFT_OUT) -> None:
        self.title, self.summary, self.body = article.title or "", article.summary or "", article.body or ""
        self.language = DetectedLanguage(code=UNDETERMINED, score=0.0)
        self.entities: tuple[Entity, ...] = ()
        self.media_topics: tuple[MediaTopic, ...] = ()
        self.signature: Signature | None = None
        self.entities_capped = False
        self.home_country = home_country(article.publisher.home) if article.publisher else None
        self.declared_language = article.declared_language
        self.categories = [category.label or category.term for category in article.categories]
        self._tagged_by: list[TaggedBy] = []
        self._without = without
        self._problems = [TagProblem(task=task, reason=reason) for task, reason in without.items()]

    def wants(self, task: TagTask, languages: Container[str]) -> bool:
        return self.reading_language in languages and self.may(task)

    def may(self, task: TagTask) -> bool:
        return task not in self._without

    @property
    def fields(self) -> dict[str, str]:
        texts = {"title": self.title, "summary": self.summary, "body": self.body}
        return {field: text for field, text in texts.items() if text}

    @property
    def lead(self) -> str:
        return f"{self.summary}\n{self.body}".lstrip()

    @property
    def reading_language(self) -> str:
        """The detected language, or what the publisher declares if it was too close to tell."""
        if self.language.code != UNDETERMINED or not self.language.score:
            return self.language.code
        return primary_language(self.declared_language)

    @contextmanager
    def task(self, task: TagTask, name: str, version: str) -> Iterator[None]:
        """Records who did the task, or that it failed: a tagger is other people's code on anybody's text."""
        try:
            yield
        except Exception:
            self._problems.append(TagProblem(task=task, reason=Reason.TAGGER_FAILED))
        else:
            self._tagged_by.append(TaggedBy(task=task, name=name, version=version))

    def tags(self) -> Tags:
        return Tags(
            self.language,
            self.entities,
            self.media_topics,
            self.signature,
            tuple(self._tagged_by),
            tuple(self._problems),
            self.entities_capped,
        )


def tag_each(inputs: Sequence[Input], tag: Callable[[Sequence[Input]], list[Result]]) -> list[Result | Exception]:
    """All inputs at once; if that fails, one by one, with an exception in place of the result of one that fails."""
    try:
        return list(tag(inputs))
    except Exception as error:
        if len(inputs) == 1:
            return [error]
        return [outcome for one in inputs for outcome in tag_each([one], tag)]
