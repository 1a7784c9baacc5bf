"""What the sections of a configuration share."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Flag", "Seconds", "Section"]

Flag = Annotated[bool, Field(description="true or false")]
Seconds = Annotated[float, Field(ge=0, description="a number of seconds, 0 or more")]


class Section(BaseModel):
    """What all sections share: no change after loading, no silent conversion, no infinities."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore", protected_namespaces=())
