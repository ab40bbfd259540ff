"""What the schema allows at a path of the file: the keys of a section, the words of a choice."""

from collections.abc import Iterator, Mapping
from functools import cache
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from idp.realm.document import Path


def shape_at(model: type[BaseModel], path: Path) -> Any:
    """The annotation of what stands at a path, less optional and constraints; None where nothing may stand."""
    shape: Any = model
    for part in path:
        shape = _below(shape, part)
    return shape


def keys_of(shape: Any) -> Mapping[str, Any]:
    """The keys of a section as they are written in the file, each with its annotation."""
    if isinstance(shape, type) and issubclass(shape, BaseModel):
        return {field.alias or name: bare(field.annotation) for name, field in shape.model_fields.items()}
    return {}


def choices_of(shape: Any) -> tuple[Any, ...]:
    """The values of a `Literal`."""
    return get_args(shape) if get_origin(shape) is Literal else ()


def is_section(shape: Any) -> bool:
    """Whether keys stand below, were it none: a model, or names that each have a section."""
    return (isinstance(shape, type) and issubclass(shape, BaseModel)) or _has_names(shape)


def has_required(shape: Any) -> bool:
    """Whether `{}` is too little."""
    return bool(keys_of(shape)) and any(field.is_required() for field in shape.model_fields.values())


@cache
def sections_with(model: type[BaseModel], key: str) -> tuple[str, ...]:
    """The dotted paths of the sections (outside of lists) that have a key."""
    return tuple(path for path, shape in _sections(model, ()) if path and key in keys_of(shape))


def bare(annotation: Any) -> Any:
    """An annotation less `Annotated` and `None`."""
    if get_origin(annotation) is Annotated:
        return bare(get_args(annotation)[0])
    if get_origin(annotation) in (Union, UnionType):
        rest = [bare(part) for part in get_args(annotation) if part is not NoneType]
        return rest[0] if len(rest) == 1 else annotation
    return annotation


def _below(shape: Any, part: str | int) -> Any:
    if isinstance(part, int):
        return bare(get_args(shape)[0]) if get_origin(shape) is tuple else None
    if keys := keys_of(shape):
        return keys.get(part)
    return bare(get_args(shape)[1]) if _has_names(shape) else None


def _has_names(shape: Any) -> bool:
    return get_origin(shape) in (dict, Mapping)


def _sections(shape: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    yield ".".join(path), shape
    for key, below in keys_of(shape).items():
        yield from _sections(below, (*path, key))
