"""What every section of a realm file shares."""

from pydantic import BaseModel, ConfigDict

Names = tuple[str, ...]


class Section(BaseModel):
    """What every section shares: unknown keys and wrong types are errors, nothing changes after loading."""

    # `defer_build`: a section within another one is built with it, and by itself only where it is used by itself.
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True, defer_build=True)
