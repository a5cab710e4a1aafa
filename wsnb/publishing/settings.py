"""A chapter's settings: the values of its parameters; and profiles, named sets of such values.

A profile is a papermill parameters file in ``notebooks/profiles``. The ``paper`` profile holds the values that the
papers state.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import yaml

from wsnb import places
from wsnb.data import catalogue
from wsnb.errors import InvalidValue, near_miss

PROFILES = ("smoke", "laptop", "full", "paper")
"""From the smallest to the largest."""

PUBLISHED = "published"
"""In a profile's place: each item of a chapter from the largest profile, but smoke, that has all of its records."""

PAPERS_DATA_SETS = {"cifar10": "CIFAR-10", "svhn": "SVHN", "cifar100": "CIFAR-100"}
"""What the papers call their data sets."""


class Settings:
    """The values of a chapter's parameters, as attributes: ``at.images``; frozen."""

    def __init__(self, values: Mapping[str, Any]) -> None:
        frozen = {name: tuple(given) if isinstance(given, list) else given for name, given in values.items()}
        self.__dict__.update(frozen)

    @classmethod
    def of(cls, names: Mapping[str, Any]) -> Settings:
        """Those of a notebook whose parameters are all that it has named so far: ``Settings.of(globals())``.

        A profile of which another value has been changed is called so.
        """
        plain = (bool, int, float, str, list, type(None))
        values = {
            name: given
            for name, given in names.items()
            if isinstance(given, plain) and name == name.lower() and name[0] != "_"
        }
        found = cls({name: given for name, given in values.items() if name not in ("In", "Out", "exit", "quit")})
        named = found.__dict__.get("profile")
        return found.replace(profile=f"{named}, changed") if found.changes else found

    def __setattr__(self, name: str, value: Any) -> None:
        raise AttributeError(f"settings are frozen; use at.replace({name}=...)")

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"There is no parameter {name!r}; there are {', '.join(self.__dict__)}.")

    def __repr__(self) -> str:
        return f"Settings({', '.join(f'{name}={given!r}' for name, given in self.__dict__.items())})"

    def replace(self, **changes: Any) -> Settings:
        """These settings with some of them changed."""
        return Settings(self.__dict__ | changes)

    @property
    def all_seeds(self) -> range:
        """The seeds."""
        return self.seeds_of(self.seeds)

    def seeds_of(self, count: int, first: int | None = None) -> range:
        """So many seeds, from ``first`` on, or from ``first_seed``."""
        first = self.first_seed if first is None else first
        return range(first, first + count)

    @property
    def stands_for(self) -> str:
        """The papers' data set that ours stands for: CIFAR-10 where it is none of theirs."""
        return PAPERS_DATA_SETS.get(self.dataset, "CIFAR-10")

    @property
    def data_sets(self) -> dict[str, str]:
        """By what the papers call them: our data set, which stands for one of theirs, and their other two."""
        others = {theirs: name for name, theirs in PAPERS_DATA_SETS.items() if theirs != self.stands_for}
        return {self.stands_for: self.dataset} | others

    def of_profile(self, name: str) -> Settings:
        """The same parameters with a profile's values, where it has one."""
        return Settings(self.__dict__ | {k: v for k, v in profile(name).items() if k in self.__dict__})

    @property
    def changes(self) -> dict[str, Any]:
        """Those values that are not the profile's that they are called after."""
        named = self.__dict__.get("profile", "").partition(",")[0]
        if named not in PROFILES:
            return {}
        whole = vars(self.of_profile(named))
        return {name: value for name, value in self.__dict__.items() if name != "profile" and value != whole[name]}

    def as_in_the_paper(self) -> Settings:
        """The paper's values of the same parameters, on the paper's data set that ours stands for."""
        theirs = self.of_profile("paper")
        if "dataset" not in self.__dict__:  # which has several, those of the paper's profile
            return theirs
        return theirs if theirs.stands_for == self.stands_for else theirs.replace(dataset=self.dataset)


def profile(name: str) -> dict[str, Any]:
    """The values in a profile's file.

    Raises:
        InvalidValue: when there is no such profile, or its file is no list of values.
    """
    if name not in PROFILES:
        raise InvalidValue(f"There is no profile {name!r}; allowed: {', '.join(PROFILES)}.{near_miss(name, PROFILES)}")
    path = places.root() / "notebooks" / "profiles" / f"{name}.yml"
    try:
        return dict(_values(name, path, path.stat().st_mtime_ns))
    except OSError as error:
        raise InvalidValue(f"The profile {name!r} is not at {path}: {error.strerror}. Run in a checkout.") from error


@lru_cache
def _values(name: str, path: Path, written: int) -> dict[str, Any]:
    """What stands in a profile's file, read once for each time that it was written."""
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidValue(f"The profile {name!r} at {path} is no YAML: {error}.") from error
    if not isinstance(values, dict):
        raise InvalidValue(f"The profile {name!r} at {path} holds {values!r}; allowed: lines of `name: value`.")
    return values


def check(given: Mapping[str, Any], own: Mapping[str, Any], whose: str) -> None:
    """That values can be those of a chapter's parameters.

    A parameter may have a value of any type that the chapter's own value and the profiles' have, a null that is the
    only one also a whole number; numbers are above zero, or zero where one of these and the first seed is; lists hold
    different ones.

    Args:
        given: the values, by name.
        own: the chapter's own values.
        whose: what the sentence of an error calls the chapter.

    Raises:
        InvalidValue: naming the first that cannot, and what is allowed.
    """
    known = [dict(own), *map(profile, PROFILES)] if given else []
    for name, value in given.items():
        if name not in own:
            raise InvalidValue(
                f"{whose} has no parameter {name!r}; allowed: {', '.join(own)}.{near_miss(str(name), own)}"
            )
        _check_value(name, value, [values[name] for values in known if name in values])
        if name in ("dataset", "also_on") and value is not None:
            catalogue.check_name(value)


def _numbers(values: Sequence[Any]) -> list[float]:
    """Those of the values, and of the lists among them, that are numbers."""
    items = [item for each in values for item in (each if isinstance(each, list) else [each])]
    return [item for item in items if type(item) in (int, float)]


_IN_WORDS = {bool: "true or false", int: "a whole number", float: "a number", str: "a text", list: "a list"}


def _check_value(name: str, value: Any, known: Sequence[Any]) -> None:
    types = {type(each) for each in known}
    types |= {int} if types == {type(None)} else set()
    if float in types and type(value) is int:
        types = types | {int}
    shown = types - {int} if float in types else types
    words = [_IN_WORDS[each] for each in _IN_WORDS if each in shown] + (["null"] if type(None) in types else [])
    numbers = _numbers([value])
    zero_too = name == "first_seed" or 0 in _numbers(known)
    least = "at least 0" if zero_too else "above 0"
    right = type(value) in types and all(each >= 0 if zero_too else each > 0 for each in numbers)
    if right and isinstance(value, list):
        inner = {type(each) for items in known if isinstance(items, list) for each in items}
        inner |= {int} if float in inner else set()
        right = bool(value) and len(set(map(str, value))) == len(value) and all(type(each) in inner for each in value)
        words = [f"a list of one or more different {'numbers' if inner & {int, float} else 'texts'}"]
    if not right:
        limits = f", {least}" if numbers and type(value) in types else ""
        raise InvalidValue(f"{name} is {value!r}; allowed: {' or '.join(words)}{limits}.")
