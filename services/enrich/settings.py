"""Settings of enrich."""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field


class EnrichSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    languages: tuple[str, ...] = Field(
        default=("en", "de", "es", "fr", "it", "nl", "pt"),
        min_length=1,
        description="Languages to tell apart, as ISO 639-1 codes; `nb` and `nn` come out as `no`.",
    )
    entities: bool = Field(default=True, description="Tag entities.")
    entity_tagger: Literal["crf", "spacy"] = Field(
        default="crf", description="What marks names: our own model, or spaCy's (install newsflow[spacy])."
    )
    media_topics: bool = Field(default=True, description="Tag media topics.")
    signatures: bool = Field(default=True, description="Sign texts, so that edited copies can be found.")
    workers: int = Field(default=1, ge=1, le=64, description="Worker processes, about 170 MB each.")
    worker_memory_bytes: int = Field(default=2 * 1024**3, ge=512 * 1024**2, description="Address space of a worker.")
    batch_records: int = Field(default=32, ge=1, le=1000, description="Articles of one batch.")
    batch_timeout_seconds: float = Field(default=30.0, gt=0, description="A worker that takes longer is replaced.")
    article_timeout_seconds: float = Field(default=10.0, gt=0, description="The same for one article by itself.")
    accept_dead_letters: bool = Field(default=False, description="Switch the brake on dead letters off.")
