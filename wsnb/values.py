"""Values: the frozen, checked, named pieces that a trial is made of.

A class of values says what it is by its fields and does what it does by its methods:

>>> @kind("half_again")
... class HalfAgain(Value):
...     '''Half as much again.'''
...     factor: float = setting(1.5, above=0)
>>> HalfAgain(2)
HalfAgain(factor=2.0)

Its name stands in records and its code decides their keys: by its version when it belongs to this
package, by a digest of its source when it comes from elsewhere.
"""

from __future__ import annotations

import dataclasses
import functools
import math
import numbers
import re
from collections.abc import Callable, Mapping
from types import UnionType
from typing import Any, ClassVar, Literal, TypeVar, Union, dataclass_transform, get_args, get_origin, get_type_hints

from wsnb.errors import InvalidValue, near_miss
from wsnb.sources import is_foreign, remember, source_digest


def setting(
    default: Any = dataclasses.MISSING,
    *,
    minimum: float | None = None,
    above: float | None = None,
    maximum: float | None = None,
    added: bool = False,
    measured: bool = False,
) -> Any:
    """A field whose numbers must lie in a range.

    Args:
        default: its value when none is given.
        minimum: the smallest number allowed.
        above: numbers must be larger than this.
        maximum: the largest number allowed.
        added: the field came after records had been made: it enters the canonical form only when it
            differs from its default, so that the keys of those records stay what they were.
        measured: the field says what is measured and changes no outcome, so it enters no key.
    """
    metadata = {"minimum": minimum, "above": above, "maximum": maximum, "added": added, "measured": measured}
    return dataclasses.field(default=default, metadata=metadata)


class Value:
    """Base of the values that a trial is made of: frozen, checked, with a canonical JSON form.

    A class of values is made by the decorator :func:`kind`.
    """

    kind: ClassVar[str] = ""
    version: ClassVar[int] = 1

    def __new__(cls, *args: Any, **fields: Any) -> Any:
        """Refused where the class has no kind: without one it is no dataclass either, and would take any fields."""
        if not vars(cls).get("kind"):
            raise InvalidValue(
                f"{cls.__name__} has no kind of its own, by which records would know it; write "
                f'@kind("{_snake(cls.__name__)}") above the class.'
            )
        known = cls.__dataclass_fields__  # type: ignore[attr-defined]
        for name in fields.keys() - known.keys():
            raise InvalidValue(
                f"{cls.__name__} has no field {name!r}; allowed: {', '.join(known) or 'none'}.{near_miss(name, known)}"
            )
        return super().__new__(cls)

    def __post_init__(self) -> None:
        hints = _hints(type(self))
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            given = getattr(self, field.name)
            checked = _checked(f"{type(self).__name__}.{field.name}", given, hints[field.name], field.metadata)
            if checked is not given:
                object.__setattr__(self, field.name, checked)

    def canonical(self) -> dict[str, Any]:
        """The JSON object that stands for this value in keys and records: what decides an outcome, no more."""
        form: dict[str, Any] = {"kind": self.kind}
        if self.version != 1:
            form["version"] = self.version
        if is_foreign(type(self)):
            form["source"] = source_digest(type(self))
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            given = self._decisive(field.name, getattr(self, field.name))
            # A default of another version gives other results than it gave when it was left out.
            is_as_it_was = given == field.default and getattr(given, "version", 1) == 1
            if not (field.metadata.get("measured") or (field.metadata.get("added") and is_as_it_was)):
                form[field.name] = in_json(given)
        return form

    def _decisive(self, name: str, given: Any) -> Any:
        """What of the field of this name decides an outcome."""
        return given

    def to_json(self) -> dict[str, Any]:
        """The JSON object from which :func:`from_json` makes this value again, all of it."""
        form: dict[str, Any] = {"kind": self.kind}
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            form[field.name] = in_json(getattr(self, field.name), whole=True)
        return form

    def replace(self, **changes: Any) -> Any:
        """This value with some of its fields changed."""
        return dataclasses.replace(self, **changes)  # type: ignore[type-var]

    def __repr__(self) -> str:
        shown = []
        for field in dataclasses.fields(self):  # type: ignore[arg-type]
            given = getattr(self, field.name)
            if (type(given), given) != (type(field.default), field.default):
                shown.append(f"{field.name}={self._shown(given)}")
        return f"{type(self).__name__}({', '.join(shown)})"

    def _shown(self, given: Any) -> str:
        """A field's value in the repr."""
        return repr(given)


def in_json(given: Any, *, whole: bool = False) -> Any:
    """A field's value as JSON: canonical, or whole."""
    if isinstance(given, Value):
        return given.to_json() if whole else given.canonical()
    return [in_json(item, whole=whole) for item in given] if isinstance(given, tuple) else given


# Kinds --------------------------------------------------------------------------------------------

Class = TypeVar("Class", bound=type)

_kinds: dict[str, type[Value]] = {}


@dataclass_transform(frozen_default=True, field_specifiers=(setting, dataclasses.field))
def kind(name: str, *, version: int = 1) -> Callable[[Class], Class]:
    """Make a class a frozen dataclass of values, known by a name in records and keys.

    The same class may be defined again, as a notebook's cell does; it takes its own place.

    Args:
        name: lower-case letters, digits and underscores, such as ``"shrink_perturb"``.
        version: of the code of a class of this package; raise it whenever a change alters results, and the
            records that rest on it, and no others, are made again. A class from elsewhere is known by its source.

    Raises:
        InvalidValue: when the name is none, or is that of another class.
    """

    def register(cls: Class) -> Class:
        if not isinstance(name, str) or not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise InvalidValue(
                f"The kind of {cls.__name__} is {name!r}; allowed: lower-case letters, digits and underscores, "
                f"such as {_snake(cls.__name__)!r}."
            )
        if not issubclass(cls, Value):
            raise InvalidValue(
                f"{cls.__name__} is no class of values; derive it from one of those of wsnb.seam, such as Start."
            )
        there = _kinds.get(name)
        if there is not None and (there.__module__, there.__qualname__) != (cls.__module__, cls.__qualname__):
            raise InvalidValue(
                f"The kind {name!r} is taken by {there.__module__}.{there.__qualname__}; "
                f"choose another name for {cls.__module__}.{cls.__qualname__}."
            )
        cls.kind, cls.version = name, version
        made = dataclasses.dataclass(frozen=True, repr=False)(cls)
        _kinds[name] = made
        remember(made)
        return made

    return register


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def class_of(name: str) -> type[Value]:
    """The class of values of this kind.

    Raises:
        InvalidValue: when none is known.
    """
    if name not in _kinds:
        raise InvalidValue(
            f"The kind {name!r} is not known here: the code that defines it is missing. Import it, or run the cell "
            f"that defines it.{near_miss(str(name), _kinds)}"
        )
    return _kinds[name]


def from_json(form: Mapping[str, Any]) -> Any:
    """The value that a JSON object describes: one of :meth:`Value.to_json` or :meth:`Value.canonical`.

    Raises:
        InvalidValue: when its kind is not known here, or it was made by other code of that kind.
    """
    if not isinstance(form, Mapping):
        raise InvalidValue(f"from_json was given {form!r}, a {type(form).__name__}; allowed: what to_json gives.")
    cls = class_of(str(form.get("kind")))
    if "source" in form and form["source"] != source_digest(cls):
        raise InvalidValue(
            f"{cls.__name__} has another source here ({source_digest(cls)}) than where this was made "
            f"({form['source']}); use the code that made it."
        )
    if form.get("version", cls.version) != cls.version and "source" not in form:
        raise InvalidValue(
            f"This was made by version {form.get('version', 1)} of {form['kind']!r}; here is version {cls.version}."
        )
    if hasattr(cls, "from_json"):  # a form of its own, as a trial's
        return cls.from_json(form)
    known = {field.name for field in dataclasses.fields(cls)} | {"kind", "version", "source"}  # type: ignore[arg-type]
    known |= {"fingerprint", "normalization"}  # a part's, which are its data set's
    for name in form:
        if name not in known:
            raise InvalidValue(f"{cls.__name__} has no field {name!r}; allowed: {', '.join(sorted(known))}.")
    names = known & {field.name for field in dataclasses.fields(cls)}  # type: ignore[arg-type]
    return cls(**{name: restored(value) for name, value in form.items() if name in names})


def restored(value: Any) -> Any:
    """A field's value from its JSON."""
    if isinstance(value, Mapping) and "kind" in value:
        return from_json(value)
    return tuple(map(restored, value)) if isinstance(value, list) else value


# Checking -----------------------------------------------------------------------------------------


@functools.cache
def _hints(cls: type[Value]) -> dict[str, Any]:
    """How the fields of a class are declared, or an :class:`InvalidValue` where no key could hold one."""
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):  # type: ignore[arg-type]
        if not all(map(_can_be_in_a_key, _options(hints[field.name]))):
            raise InvalidValue(
                f"{cls.__name__}.{field.name} is declared as {hints[field.name]}; allowed: bool, int, float, str, "
                "None, a Literal, a class of values such as Start, tuple[..., ...] of these, and unions of these."
            )
    return hints


_origin = functools.cache(get_origin)  # asked for each field of each value, of which a book makes many thousands


@functools.cache
def _options(hint: Any) -> tuple[Any, ...]:
    return get_args(hint) if get_origin(hint) in (Union, UnionType) else (hint,)


_IN_WORDS = {int: "a whole number", float: "a number", str: "a text", bool: "true or false", type(None): "null"}


def _checked(name: str, given: Any, hint: Any, limits: Mapping[str, Any]) -> Any:
    """``given`` in the type that ``hint`` asks for, or an :class:`InvalidValue` that says what is allowed."""
    options = _options(hint)
    for option in options:
        if _origin(option) is tuple:
            item_type = get_args(option)[0]
            if isinstance(given, Value) and isinstance(item_type, type) and isinstance(given, item_type):
                given = (given,)  # one method stands for a tuple of one
            if isinstance(given, (tuple, list)):
                return tuple(_checked(name, item, item_type, limits) for item in given)
        if _origin(option) is Literal and given in get_args(option):
            return given
        if option is int and isinstance(given, numbers.Integral) and not isinstance(given, bool):
            given = int(given)  # of NumPy's too
        if option is float and int not in options and type(given) is int and abs(given) < 2**1023:
            given = float(given)
        if isinstance(option, type) and isinstance(given, option) and (type(given) is not bool or option is bool):
            return _in_range(name, given, limits) if isinstance(given, (int, float)) else given
    allowed = [
        ", ".join(map(repr, get_args(option)))
        if get_origin(option) is Literal
        else f"a list, each item {_in_words(get_args(option)[0])}"
        if get_origin(option) is tuple
        else _in_words(option)
        for option in options
    ]
    choices = [str(choice) for option in options if get_origin(option) is Literal for choice in get_args(option)]
    miss = near_miss(given, choices) if isinstance(given, str) else ""
    raise InvalidValue(f"{name} is {given!r}, a {type(given).__name__}; allowed: {' or '.join(allowed)}.{miss}")


def _can_be_in_a_key(option: Any) -> bool:
    if get_origin(option) is tuple:
        items = get_args(option)
        return len(items) == 2 and items[1] is Ellipsis and all(map(_can_be_in_a_key, _options(items[0])))
    return get_origin(option) is Literal or (isinstance(option, type) and issubclass(option, Value | _PLAIN))


_PLAIN = int | float | str | type(None)  # a bool is an int


def _in_words(option: Any) -> str:
    if option in _IN_WORDS:
        return _IN_WORDS[option]
    kinds = sorted(cls.__name__ for cls in _kinds.values() if isinstance(option, type) and issubclass(cls, option))
    return f"{option.__name__} ({', '.join(kinds)})" if kinds and option.__name__ not in kinds else option.__name__


def _in_range(name: str, given: Any, limits: Mapping[str, Any]) -> Any:
    low, above, high = limits.get("minimum"), limits.get("above"), limits.get("maximum")
    inside = (low is None or given >= low) and (above is None or given > above) and (high is None or given <= high)
    if inside and isinstance(given, float) and math.isfinite(given):
        return float(given) + 0.0  # a plain float, and no minus zero: equal numbers are written alike in keys
    if inside and isinstance(given, int):
        return given
    bounds = [
        f"{word} {bound}"
        for word, bound in (("at least", low), ("more than", above), ("at most", high))
        if bound is not None
    ]
    bounds += ["finite"] if inside else []
    sort = "a number" if isinstance(given, float) else "a whole number"
    raise InvalidValue(f"{name} is {given!r}; allowed: {sort}, {' and '.join(bounds)}.")
