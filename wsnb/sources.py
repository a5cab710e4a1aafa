"""The source of somebody's class, by which the keys of its records know its code."""

from __future__ import annotations

import ast
import functools
import hashlib
import importlib
import importlib.util
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

    That is: the class, what it derives from, and what its source names or holds in a closure, and theirs in turn:
    functions and classes, in whichever of somebody's modules they stand, and other values by what they are. Of what is
    installed nothing, of this package the versions. So an edit of a helper counts, one of another cell of the notebook
    does not.

    Raises:
        InvalidValue: when its source cannot be read, as of a class that ``exec`` has made.
    """
    kept = vars(cls).get("_source_digest")  # goes with the class to another process, where there is no source
    if kept is None or any(not os.path.exists(name) for name in _files(cls)):  # a helper's cell may have run again
        found: dict[tuple[str, ...], str] = {}
        try:
            _gather(cls, found)
        except InvalidValue:
            if kept is None:
                raise
            return kept
        text = "\n".join(sorted(found.values()))
        kept = cls._source_digest = hashlib.sha256(text.encode()).hexdigest()[:16]  # type: ignore[attr-defined]
    return kept


def _gather(thing: Any, found: dict[tuple[str, ...], str]) -> None:
    name = (thing.__module__, thing.__qualname__)
    if name in found:
        return
    found[name] = source = _source(thing)
    used = {f"derives from {number}": base for number, base in enumerate(getattr(thing, "__mro__", ())[1:])}
    used |= _globals_used(source, _globals_of(thing))
    for function in _functions(thing):
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        used |= {f"{name}, closed over": cell.cell_contents for name, cell in cells if name != "__class__"}
    for called, given in sorted(used.items()):
        found["value", *name, called] = f"{called} = {_in_text(given, found, ())}"


def _globals_used(source: str, around: Mapping[str, Any]) -> dict[str, Any]:
    """What a source names of the module around it, and of modules that it names: ``helpers.shrink``.

    What it imports where it computes counts like what the module around it imports.
    """
    imported = _imported(source, str(around.get("__package__") or ""))
    around = {**around, **imported}
    names = _global_names(source) & around.keys() | imported.keys()
    used = {name: around[name] for name in names}
    for node in ast.walk(ast.parse(source)) if names else ():
        called = ast.unparse(node) if isinstance(node, ast.Attribute) else ""
        parts = called.split(".")
        if parts[0] not in names or not all(map(str.isidentifier, parts)):
            continue
        given = around[parts[0]]
        for part in parts[1:]:
            if not (isinstance(given, types.ModuleType) and _is_somebodys(given.__name__)):
                break
            given = getattr(given, part, None)
        else:
            used[called] = given
    return used


def _imported(source: str, package: str) -> dict[str, Any]:
    """What a source imports within its functions, of somebody's modules and of this package."""
    try:
        nodes = list(ast.walk(ast.parse(source)))
    except SyntaxError:  # a lambda in the midst of an expression
        return {}
    found = {}
    for node in nodes:
        for each in node.names if isinstance(node, ast.Import | ast.ImportFrom) else ():
            if isinstance(node, ast.Import):
                name, bound = (each.name, each.asname) if each.asname else [each.name.partition(".")[0]] * 2
                given = _module(name)
            else:
                name = importlib.util.resolve_name("." * node.level + (node.module or ""), package)
                bound, there = each.asname or each.name, _module(name)
                given = None if there is None else getattr(there, each.name, None) or _module(f"{name}.{each.name}")
            if given is not None:
                found[bound] = given
    return found


def _module(name: str) -> types.ModuleType | None:
    """A module of somebody's or of this package, imported; None of one that is installed, or is not there."""
    try:
        root = importlib.util.find_spec(name.partition(".")[0])  # of a whole name it would import what that lies in
        places = [] if root is None else [root.origin, *(root.submodule_search_locations or ())]
        if root is None or (root.name != PACKAGE and not _is_written(next(filter(None, places), None))):
            return None
        return importlib.import_module(name)
    except (ImportError, ValueError):
        return None


def _is_written(file: str | None) -> bool:
    """Whether the file of a module is somebody's: neither Python's, nor installed."""
    return file is not None and file not in ("built-in", "frozen") and not file.startswith(_INSTALLED)


def _in_text(given: Any, found: dict[tuple[str, ...], str], around: tuple[int, ...]) -> str:
    """A value as text that is the same in every process, with the code that it brings gathered.

    That is its repr; of an array its numbers; of an object of somebody's what it holds; of one that is installed and
    has no repr of its own (a lock, a file) its class alone.
    """
    if id(given) in around:
        return "itself"
    around = (*around, id(given))
    helper = inspect.unwrap(given) if callable(given) else given
    if isinstance(helper, type | types.FunctionType):
        if getattr(helper, "kind", "") and not is_foreign(helper):
            return f"{helper.kind} version {helper.version}"
        if _is_somebodys(helper.__module__):
            _gather(helper, found)
        beside = vars(sys.modules[helper.__module__]).values() if not is_foreign(helper) else ()
        methods = (each for each in beside if isinstance(each, type) and each.__module__ == helper.__module__)
        newer = [f"{each.kind} version {each.version}" for each in methods if getattr(each, "version", 1) != 1]
        return ", ".join([helper.__qualname__, *newer])
    if isinstance(given, dict):
        return str([[_in_text(each, found, around) for each in pair] for pair in given.items()])
    if isinstance(given, tuple | list):
        return str([_in_text(item, found, around) for item in given])
    if isinstance(given, set | frozenset):  # Python has their members in another order in each process
        return str(sorted(_in_text(item, found, around) for item in given))
    if isinstance(given, functools.partial):
        return _in_text([given.func, given.args, given.keywords], found, around)
    if hasattr(given, "dtype") and hasattr(given, "tolist"):
        return f"{given.dtype} {given.tolist()}"
    if hasattr(given, "state_dict"):  # a network is what it holds, not only how it is built
        return _in_text([type(given), dict(given.state_dict())], found, around)
    if hasattr(given, "to_csv"):  # a table's repr leaves out its middle
        return str(given.to_csv())
    if isinstance(given, types.ModuleType):
        return given.__name__
    if _is_somebodys(type(given).__module__):
        slots = [name for cls in type(given).__mro__ for name in getattr(cls, "__slots__", ()) if hasattr(given, name)]
        held = getattr(given, "__dict__", {}) | {name: getattr(given, name) for name in slots if name != "__dict__"}
        return _in_text([type(given), held], found, around)
    return repr(given) if " at 0x" not in repr(given) else type(given).__qualname__


def _is_somebodys(module: str) -> bool:
    """Whether a module is neither this package's, nor Python's, nor installed."""
    if module.partition(".")[0] in (PACKAGE, "builtins"):
        return False
    there = sys.modules.get(module)
    return module == "__main__" or there is None or _is_written(getattr(there, "__file__", None))


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


def _globals_of(thing: Any) -> Mapping[str, Any]:
    functions = _functions(thing)
    return functions[0].__globals__ if functions else getattr(sys.modules.get(thing.__module__), "__dict__", {})


def _functions(thing: Any) -> list[types.FunctionType]:
    """A function itself, or those that were written in a class: not those that ``dataclass`` adds."""
    if isinstance(thing, types.FunctionType):
        return [thing]
    return [
        member
        for member in map(inspect.unwrap, vars(thing).values())
        if isinstance(member, types.FunctionType) and not member.__code__.co_filename.startswith("<string>")
    ]


def _files(thing: Any) -> list[str]:
    """Where a function or a class was written: a file, or a notebook's cell by the name that Python has for it."""
    functions = _functions(thing)
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
