"""The source of somebody's class, by which the keys of its records know its code."""

from __future__ import annotations

import ast
import hashlib
import inspect
import linecache
import os
import symtable
import sys
import sysconfig
import textwrap
import types
from collections.abc import Mapping
from typing import Any

from wsnb.errors import InvalidValue

PACKAGE = __name__.partition(".")[0]

_INSTALLED = tuple(sysconfig.get_paths()[name] for name in ("stdlib", "platstdlib", "purelib", "platlib"))

_texts: dict[str, str] = {}
"""The files of classes from elsewhere, as they were when they ran: an editor may change them since."""


def is_foreign(cls: type) -> bool:
    """Whether a class was defined outside this package: in a notebook, a script, somebody's module."""
    return cls.__module__.partition(".")[0] != PACKAGE


def remember(cls: type) -> None:
    """Keep the text of the file that defines a class from elsewhere: it is running now."""
    for filename in _files(cls) if is_foreign(cls) else ():
        if os.path.exists(filename):  # a cell's text stays what it is
            linecache.checkcache(filename)
            _texts[filename] = "".join(linecache.getlines(filename))


def source_digest(cls: type) -> str:
    """Sixteen hexadecimal digits of a SHA-256 over the source of a class and of what it uses beside it.

    That is: the class, what it derives from, and the functions, the classes and the plain constants (numbers, texts,
    lists and dictionaries of these) that its source names, and theirs in turn, in whichever of somebody's modules they
    stand; of what is installed nothing, of this package the versions. So an edit of a helper counts, one of another
    cell of the notebook does not.

    Raises:
        InvalidValue: when its source cannot be read, as of a class that ``exec`` has made.
    """
    kept = vars(cls).get("_source_digest")  # goes with the class to another process, where there is no source
    if kept is None or any(not os.path.exists(name) for name in _files(cls)):  # a helper's cell may have run again
        found: dict[tuple[str, str], str] = {}
        try:
            _gather(cls, found)
        except InvalidValue:
            if kept is None:
                raise
            return kept
        text = "\n".join(sorted(found.values()))
        kept = cls._source_digest = hashlib.sha256(text.encode()).hexdigest()[:16]  # type: ignore[attr-defined]
    return kept


def _gather(thing: Any, found: dict[tuple[str, str], str]) -> None:
    name = (thing.__module__, thing.__qualname__)
    if name in found:
        return
    found[name] = source = _source(thing)
    around = _globals_of(thing)
    helpers: list[Any] = list(thing.__mro__[1:]) if isinstance(thing, type) else []
    for used in sorted(_global_names(source)):
        given = around.get(used)
        helper = inspect.unwrap(given) if callable(given) else given
        if isinstance(helper, type | types.FunctionType):
            helpers.append(helper)
        elif used in around and _is_plain(helper):
            found["constant", used] = f"{used} = {helper!r}"
    for helper in helpers:
        if getattr(helper, "kind", "") and not is_foreign(helper):
            found["package", helper.kind] = f"{helper.kind} version {helper.version}"
        elif _is_somebodys(helper.__module__):
            _gather(helper, found)


def _is_somebodys(module: str) -> bool:
    """Whether a module is neither this package's, nor Python's, nor installed."""
    if module.partition(".")[0] in (PACKAGE, "builtins"):
        return False
    there = sys.modules.get(module)
    file = getattr(there, "__file__", None)
    return module == "__main__" or there is None or (file is not None and not file.startswith(_INSTALLED))


def _global_names(source: str) -> set[str]:
    """The names in a source that belong to the module around it, not to one of its functions."""
    names: set[str] = set()
    try:
        tables = [symtable.symtable(source, "<source>", "exec")]
    except SyntaxError:  # a lambda in the midst of an expression
        return names
    for table in tables:
        names |= {
            symbol.get_name()
            for symbol in table.get_symbols()
            if symbol.is_referenced() and (symbol.is_global() or table.get_type() == "module")
        }
        tables += table.get_children()
    return {name for name in names if not name.startswith("__")}


def _is_plain(given: Any) -> bool:
    if isinstance(given, dict):
        return all(map(_is_plain, (*given, *given.values())))
    if isinstance(given, tuple | list):
        return all(map(_is_plain, given))
    return given is None or isinstance(given, bool | int | float | str)


def _globals_of(thing: Any) -> Mapping[str, Any]:
    functions = [thing] if isinstance(thing, types.FunctionType) else _functions(thing)
    return functions[0].__globals__ if functions else getattr(sys.modules.get(thing.__module__), "__dict__", {})


def _functions(cls: type) -> list[types.FunctionType]:
    """The functions that were written in this class, not those that ``dataclass`` adds."""
    return [
        member
        for member in map(inspect.unwrap, vars(cls).values())
        if isinstance(member, types.FunctionType) and not member.__code__.co_filename.startswith("<string>")
    ]


def _files(thing: Any) -> list[str]:
    """Where a function or a class was written: a file, or a notebook's cell by the name that Python has for it."""
    functions = [thing] if isinstance(thing, types.FunctionType) else _functions(thing)
    module = getattr(sys.modules.get(thing.__module__), "__file__", None)
    return list(dict.fromkeys([*(each.__code__.co_filename for each in functions), *([module] if module else [])]))


def _source(thing: Any) -> str:
    """The source of a function or a class with its decorators, as it was when it ran."""
    cells = [] if _files(thing) else [name for name in reversed(list(linecache.cache)) if not os.path.exists(name)]
    for filename in (*_files(thing), *cells):  # of the cells the newest first
        lines = (_texts.get(filename) or "".join(linecache.getlines(filename))).splitlines(keepends=True)
        for first, last in _places(thing, "".join(lines)):
            return textwrap.dedent("".join(lines[first - 1 : last]))
    raise InvalidValue(
        f"The source of {thing.__qualname__} cannot be read, and the keys of its records would not know its code; "
        "define it in a file or in a notebook's cell."
    )


def _places(thing: Any, text: str) -> list[tuple[int, int]]:
    """First and last line of the definitions in a text that are this function's or class's, the last first."""
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return []
    found = []
    left: list[tuple[ast.AST, str]] = [(tree, "")]
    while left:
        node, around = left.pop()
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda):
            name = around + getattr(node, "name", "<lambda>")
            first = min([node.lineno, *(each.lineno for each in getattr(node, "decorator_list", ()))])
            is_class = isinstance(node, ast.ClassDef)
            if isinstance(thing, type) == is_class and (
                name == thing.__qualname__ if is_class else first == thing.__code__.co_firstlineno
            ):
                found.append((first, node.end_lineno or node.lineno))
            around = f"{name}." if is_class else f"{name}.<locals>."
        left += [(child, around) for child in ast.iter_child_nodes(node)]
    return sorted(found, reverse=True)
