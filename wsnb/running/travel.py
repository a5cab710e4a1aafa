"""How a trial goes to another process: with the code of its methods, models and data sets from elsewhere."""

from __future__ import annotations

import contextlib
import dataclasses
import sys
from collections.abc import Iterator
from typing import Any

from wsnb.data import catalogue
from wsnb.errors import InvalidValue, WsnbError
from wsnb.sources import is_foreign
from wsnb.trials.trial import Trial
from wsnb.values import Value


def packed(task: Any, trial: Trial) -> bytes:
    """A task as bytes that :func:`unpacked` makes it of again, in a process that has this package alone.

    Args:
        task: anything that holds the trial.
        trial: whose classes from elsewhere go with it, and whose data sets.

    Raises:
        InvalidValue: when something in it cannot travel: an open file, a lock, a class that cannot be found.
    """
    import cloudpickle

    sets = _foreign_sets(trial)
    modules = {cls.__module__ for cls in (*_classes(trial), *map(type, sets)) if is_foreign(cls)} - {"__main__"}
    with contextlib.ExitStack() as registered:
        for name in modules:
            if (module := sys.modules.get(name)) is not None:
                cloudpickle.register_pickle_by_value(module)
                registered.callback(cloudpickle.unregister_pickle_by_value, module)
        try:
            for each in (*trial.ancestors(), trial):
                _ = each.key, each.asked  # they go with it: elsewhere the source of its classes cannot be read
            return cloudpickle.dumps((task, [cloudpickle.dumps(entry) for entry in sets]))
        except WsnbError:
            raise
        except Exception as error:  # a pickler raises whatever it meets
            raise InvalidValue(
                f"{trial!r} cannot be sent to the process that would train it ({type(error).__name__}: {error}). Its "
                "methods may use numbers, texts, tensors and functions, and no open files, locks or live objects; "
                "workers=0 trains in this process."
            ) from error


def unpacked(content: bytes) -> Any:
    """The task, with its data sets known here."""
    import cloudpickle

    task, sets = cloudpickle.loads(content)
    for entry in sets:
        if entry not in _unpacked:  # else it is known here, and so is what was found in reading it
            catalogue.register(cloudpickle.loads(entry))
            _unpacked.add(entry)
    return task


_unpacked: set[bytes] = set()


def has_foreign(trial: Trial) -> bool:
    """Whether a trial, or one before it, has anything that is not this package's."""
    return any(map(is_foreign, _classes(trial))) or bool(_foreign_sets(trial))


def _foreign_sets(trial: Trial) -> list[catalogue.DataSet]:
    names = {each.data.dataset for each in (*trial.ancestors(), trial)}
    entries = [catalogue.entry(name) for name in sorted(names) if catalogue.images_path(name) is None]
    return [entry for entry in entries if is_foreign(type(entry))]


def _classes(trial: Trial) -> Iterator[type]:
    """Those of the values that a trial and those before it are made of, and of the values in these."""
    left: list[Value] = [*trial.ancestors(), trial]
    while left:
        each = left.pop()
        for field in dataclasses.fields(each):  # type: ignore[arg-type]
            given = getattr(each, field.name)
            for value in given if isinstance(given, tuple) else (given,):
                if isinstance(value, Value) and not isinstance(value, Trial):
                    yield from (cls for cls in type(value).__mro__ if issubclass(cls, Value))
                    left.append(value)
