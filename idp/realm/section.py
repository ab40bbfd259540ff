"""What every section of a realm file shares."""

from pydantic import BaseModel, ConfigDict

Names = tuple[str, ...]


class Section(BaseModel):
    """What every section shares: unknown keys and wrong types are errors, nothing changes after loading."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True)
