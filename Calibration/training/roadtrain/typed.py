"""Values of a YAML file as the types, and in the limits, that a dataclass declares."""

from __future__ import annotations

import math
from dataclasses import MISSING, dataclass, fields, is_dataclass
from types import NoneType, UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

from .names import unknown

_NAMES = {float: "a number", int: "a whole number", str: "a text", bool: "true or false", list: "a list",
          tuple: "a list", NoneType: "nothing"}


@dataclass(frozen=True)
class Within:
    """What a number may be, for `Annotated`: `low` to `high`, or, where `above`, more than `low`."""

    low: float
    high: float = math.inf
    above: bool = False

    def __contains__(self, value: float) -> bool:
        return self.low <= value <= self.high and not (self.above and value == self.low)

    def __str__(self) -> str:
        if self.high < math.inf:
            return f"above {self.low} and at most {self.high}" if self.above else f"{self.low} to {self.high}"
        return f"above {self.low}" if self.above else f"at least {self.low}"


Positive = Annotated[float, Within(0, above=True)]
NotNegative = Annotated[float, Within(0)]
Share = Annotated[float, Within(0, 1)]
"""A probability, or a part of a whole."""
Count = Annotated[int, Within(1)]
Side = Annotated[int, Within(32, 16384)]
"""Pixels of a picture's height or width: the networks' coarsest stride is 32."""


def fitted(value: Any, kind: Any, where: str) -> Any:
    """`value` as `kind`: a dataclass (from a mapping), a list, a tuple, a union, a plain type or a limited one. Raises
    `ValueError`, with `where`, on what does not fit.
    """
    origin = get_origin(kind)
    if is_dataclass(kind):
        return value if isinstance(value, kind) else _made(value, kind, where)
    if origin is Annotated:
        return _limited(fitted(value, kind.__origin__, where), kind.__metadata__[0], where)
    if origin in (UnionType, Union):
        return _one_of(value, get_args(kind), where)
    if origin in (list, tuple):
        return _items(value, kind, where)
    if kind is float and (number := _number(value)) is not None:
        return number
    if kind is not float and isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
        return value
    raise _wrong(value, [kind], where)


def _made(values: Any, kind: type, where: str) -> Any:
    if not isinstance(values, dict):
        raise ValueError(f"{where}: expected keys with values, found {values!r}")
    hints = get_type_hints(kind, include_extras=True)
    for key in values:
        if key not in hints:
            raise ValueError(f"{where}: {unknown('key', key, hints)}")
    for field in fields(kind):
        if field.name not in values and field.default is MISSING and field.default_factory is MISSING:
            raise ValueError(f"{where}: the key '{field.name}' is missing")
    return kind(**{key: fitted(value, hints[key], f"{where}: {key}") for key, value in values.items()})


def _one_of(value: Any, kinds: tuple[Any, ...], where: str) -> Any:
    for kind in kinds:
        if isinstance(value, list) == (get_origin(kind) in (list, tuple)) and (value is None) == (kind is NoneType):
            return fitted(value, kind, where)
    raise _wrong(value, kinds, where)


def _items(value: Any, kind: Any, where: str) -> Any:
    if not isinstance(value, list | tuple):
        raise _wrong(value, [kind], where)
    kinds = get_args(kind)
    if get_origin(kind) is list:
        return [fitted(item, kinds[0], where) for item in value]
    if kinds[-1] is ...:
        return tuple(fitted(item, kinds[0], where) for item in value)
    if len(value) != len(kinds):
        raise ValueError(f"{where}: expected {len(kinds)} values, found {value!r}")
    return tuple(fitted(item, k, where) for item, k in zip(value, kinds))


def _limited(value: float, limits: Within, where: str) -> float:
    if value not in limits:
        raise ValueError(f"{where}: must be {limits}, not {value}")
    return value


def _number(value: Any) -> float | None:
    """A finite number; YAML 1.1 takes one such as 1e-3, without a point, for a text."""
    try:
        number = None if isinstance(value, bool) else float(value)
    except (TypeError, ValueError):
        return None
    return number if number is not None and math.isfinite(number) else None


def _wrong(value: Any, kinds: Any, where: str) -> ValueError:
    plain = [kind.__origin__ if get_origin(kind) is Annotated else kind for kind in kinds]
    names = " or ".join(_NAMES.get(get_origin(kind) or kind, "keys with values") for kind in plain)
    return ValueError(f"{where}: expected {names}, found {value!r}")
