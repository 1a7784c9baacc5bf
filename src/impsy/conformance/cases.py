"""What the cases of all kinds of vector files share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field, PlainValidator
from pydantic_core import PydanticCustomError

from impsy.errors import ConfigError
from impsy.mapping.entries import Mapping, parse_mapping

__all__ = ["Byte", "Case", "Checker", "Dimension", "MappingField", "Part"]


class Part(BaseModel):
    """Something in a case: no silent conversion, no infinities, and room for what later versions add."""

    model_config = ConfigDict(frozen=True, strict=True, allow_inf_nan=False, extra="ignore", protected_namespaces=())


class Case(Part):
    """One case. ``expected`` is anything: what does not have the right form is a difference."""

    name: str
    expected: Any


def _mapping(items: object) -> Mapping:
    if not isinstance(items, list):
        raise PydanticCustomError("mapping", "wanted a list of mapping entries")
    try:
        return parse_mapping(items)
    except ConfigError as error:
        raise PydanticCustomError("mapping", "{text}", {"text": str(error).replace("\n", "; ")}) from error


MappingField = Annotated[Mapping, PlainValidator(_mapping)]
Byte = Annotated[int, Field(ge=0, le=255)]
Dimension = Annotated[int, Field(ge=2, le=10_000)]

AnyCase = TypeVar("AnyCase", bound=Case)


@dataclass(frozen=True, slots=True)
class Checker(Generic[AnyCase]):
    """One row of the table of file kinds.

    ``file`` is the name without its suffix. ``compute`` takes a case and the folder of its file, and gives what this
    implementation does, in the form of the case's ``expected``; it raises ImpsyError or ValueError if the case asks
    for what cannot be.
    """

    file: str
    case: type[AnyCase]
    compute: Callable[[AnyCase, Path], Any]
