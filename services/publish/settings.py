"""Settings of publish."""

from pydantic import BaseModel, ConfigDict, Field


class PublishSettings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    media_topic_threshold: float = Field(
        default=0.5, ge=0, le=1, description="Score from which an article goes to the topic of a media topic."
    )
    batch_records: int = Field(default=100, ge=1, le=1000, description="Articles of one batch.")
    accept_dead_letters: bool = Field(default=False, description="Switch the brake on dead letters off.")
