"""Values are frozen, checked and named, and classes from elsewhere are known by their source."""

from __future__ import annotations

import dataclasses
import importlib.util
import os
import pickle
import subprocess
import sys
import textwrap
import typing

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from wsnb import MLP, SGD, Adam, Epochs, Part, ResNet18, ShrinkPerturb, StopsImproving, TrainAccuracy, WarmStart, values
from wsnb.errors import InvalidValue
from wsnb.seam import Callback, Regularizer, Start
from wsnb.values import Value, from_json, kind, setting, source_digest


@pytest.fixture(autouse=True)
def no_kind_stays(monkeypatch):
    monkeypatch.setattr(values, "_kinds", dict(values._kinds))


# Kinds --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["", "Half", "half again", "2x", None])
def test_a_kind_without_a_proper_name_is_refused(name):
    with pytest.raises(InvalidValue, match=r"kind of HalfAgain is .*such as 'half_again'"):

        @kind(name)
        class HalfAgain(Value):
            pass


def test_the_name_of_another_class_is_refused():
    with pytest.raises(InvalidValue, match=r"'shrink_perturb' is taken by wsnb\.starts\.shrink_perturb\.ShrinkPerturb"):

        @kind("shrink_perturb")
        class Mine(Start):
            pass

    assert values.class_of("shrink_perturb") is ShrinkPerturb


def test_the_same_class_defined_again_takes_its_place():
    def define(default):
        @kind("again")
        class Again(Value):
            size: int = default

        return Again

    first, second = define(1), define(2)
    assert first is not second and values.class_of("again") is second
    assert from_json({"kind": "again"}) == second(2)


@pytest.mark.parametrize("base", [Value, Start, Callback, Regularizer, ShrinkPerturb, StopsImproving])
def test_a_class_without_a_kind_of_its_own_is_refused_whatever_it_derives_from(base):
    class HalfMade(base):
        pass

    for fields in ((), (0.5,)):
        with pytest.raises(InvalidValue, match=r'HalfMade has no kind of its own.*@kind\("half_made"\)'):
            HalfMade(*fields)


def test_a_class_of_no_values_has_no_kind():
    with pytest.raises(InvalidValue, match="Plain is no class of values; derive it from"):

        @kind("plain")
        class Plain:
            pass


def test_a_kind_that_is_not_known_is_a_sentence_with_a_near_miss():
    with pytest.raises(InvalidValue, match=r"'shrink_pertub' is not known here.*Did you mean 'shrink_perturb'"):
        from_json({"kind": "shrink_pertub"})
    with pytest.raises(InvalidValue, match=r"from_json was given \[1\], a list; allowed: what to_json gives"):
        from_json([1])


def test_a_field_that_is_not_there_is_a_sentence_with_a_near_miss():
    allowed = r"allowed: scale, noise, scope, buffers, perturbation\. Did you mean 'noise'"
    message = f"ShrinkPerturb has no field 'noies'; {allowed}"
    with pytest.raises(InvalidValue, match=message):
        ShrinkPerturb(noies=0.1)
    with pytest.raises(InvalidValue, match=message):
        ShrinkPerturb().replace(noies=0.1)


@pytest.mark.parametrize("hint", [dict, list, object, typing.Any, tuple[float, float], tuple[dict, ...]])
def test_a_field_that_no_key_can_hold_is_a_sentence(hint):
    odd = kind("odd")(type("Odd", (Value,), {"__annotations__": {"x": hint}, "__module__": __name__}))
    with pytest.raises(InvalidValue, match=r"Odd\.x is declared as .*; allowed: bool, int"):
        odd((1.0, 2.0))


# Fields -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("change", [{"scale": 0.5}, {"new": 1}])
def test_a_value_cannot_be_changed(change):
    [(name, value)] = change.items()
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(ShrinkPerturb(), name, value)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: SGD("fast"), ["SGD.learning_rate", "'fast'", "str", "a number"]),
        (lambda: SGD(True), ["SGD.learning_rate", "True", "bool", "a number"]),
        (lambda: SGD(0), ["SGD.learning_rate", "0.0", "more than 0"]),
        (lambda: SGD(float("nan")), ["SGD.learning_rate", "nan", "more than 0"]),
        (lambda: SGD(momentum=1), ["SGD.momentum", "1.0", "at least 0 and at most 0.9999"]),
        (lambda: SGD(head_learning_rate="x"), ["SGD.head_learning_rate", "'x'", "a number or null"]),
        (lambda: Adam(weight_decay=-0.1), ["Adam.weight_decay", "-0.1", "at least 0"]),
        (lambda: ResNet18(16.0), ["ResNet18.width", "16.0", "float", "a whole number"]),
        (lambda: ResNet18(0), ["ResNet18.width", "0", "at least 1 and at most 1024"]),
        (lambda: MLP(100), ["MLP.hidden", "100", "a list, each item a whole number"]),
        (lambda: MLP((8, "x")), ["MLP.hidden", "'x'", "a whole number"]),
        (lambda: MLP((8, 0)), ["MLP.hidden", "0", "at least 1"]),
        (lambda: MLP(bias=1), ["MLP.bias", "1", "true or false"]),
        (lambda: MLP(activation="tahn"), ["MLP.activation", "'tahn'", "'tanh', 'relu'", "Did you mean 'tanh'?"]),
        (lambda: Epochs(-1), ["Epochs.at_most", "-1", "at least 0"]),
        (lambda: TrainAccuracy(99), ["TrainAccuracy.target", "99.0", "at most 1"]),
        (lambda: TrainAccuracy(measured="runing"), ["TrainAccuracy.measured", "Did you mean 'running'?"]),
        (lambda: ShrinkPerturb(1.5), ["ShrinkPerturb.scale", "1.5", "at least 0 and at most 1"]),
        (lambda: ShrinkPerturb(buffers="keep"), ["ShrinkPerturb.buffers", "'keep'", "'kept', 'reset'", "'kept'?"]),
        (lambda: Part("digits", "half"), ["Part.amount", "'half'", "a whole number or a number"]),
    ],
    ids=lambda value: value[0] + " " + value[1] if isinstance(value, list) else "",
)
def test_what_is_not_allowed_is_refused_by_name_with_the_value_and_what_is(make, words):
    with pytest.raises(InvalidValue) as refused:
        make()
    assert [word for word in words if word not in str(refused.value)] == []


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(lambda: SGD(np.float64(-1.0)), id="numpy-out-of-range"),
        pytest.param(lambda: SGD(10**400), id="too-large-for-a-float"),
        pytest.param(lambda: SGD(float("inf")), id="infinite-rate"),
        pytest.param(lambda: StopsImproving(spread=float("inf")), id="infinite-spread"),
    ],
)
def test_strange_numbers_are_refused_with_a_sentence_too(make):
    # A record's JSON holds no infinity: a trial with one would train and then have no record.
    with pytest.raises(InvalidValue, match="allowed: a number"):
        make()


def test_a_word_far_from_all_choices_gets_no_guess():
    with pytest.raises(InvalidValue) as refused:
        MLP(activation="swish")
    assert "Did you mean" not in str(refused.value)


def test_equal_numbers_are_written_alike():
    assert SGD(1) == SGD(1.0) and type(SGD(1).learning_rate) is float
    assert repr(SGD(0.1, -0.0).canonical()) == repr(SGD(0.1, 0.0).canonical())
    assert type(SGD(np.float64(0.5)).learning_rate) is float
    assert type(Epochs(np.int64(5)).at_most) is int and Epochs(np.int64(5)) == Epochs(5)
    assert MLP([8, 8]) == MLP((8, 8)) and hash(MLP([8, 8])) == hash(MLP((8, 8)))


def test_a_repr_leaves_defaults_out_and_can_be_typed_again():
    assert repr(ShrinkPerturb(0.5, buffers="reset")) == "ShrinkPerturb(scale=0.5, buffers='reset')"
    assert repr(WarmStart()) == "WarmStart()"


# Canonical forms ----------------------------------------------------------------------------------


def test_an_added_field_is_left_out_of_the_form_at_its_default_and_a_measured_one_always():
    @kind("later")
    class Later(Value):
        width: int = 64
        depth: int = setting(18, added=True)
        looked_at: int = setting(5, measured=True)

    digest = source_digest(Later)
    assert Later(looked_at=7).canonical() == {"kind": "later", "source": digest, "width": 64}
    assert Later(depth=34).canonical() == {"kind": "later", "source": digest, "width": 64, "depth": 34}
    assert from_json(Later(2, 3, 4).to_json()) == Later(2, 3, 4)
    assert from_json(Later(2, 3, 4).canonical()) == Later(2, 3, 5)


def test_the_package_is_known_by_versions_and_the_first_is_not_written(monkeypatch):
    form = ShrinkPerturb().canonical()
    assert "version" not in form and "source" not in form
    monkeypatch.setattr(ShrinkPerturb, "version", 2)
    assert ShrinkPerturb().canonical() == form | {"version": 2}
    with pytest.raises(InvalidValue, match="made by version 3 of 'shrink_perturb'; here is version 2"):
        from_json(form | {"version": 3})


def test_inherited_fields_can_have_other_defaults_and_nothing_else_changes():
    assert from_json({"kind": "adamw"}).weight_decay == 0.01 and from_json({"kind": "adam"}).weight_decay == 0.0


ITEMS = st.recursive(
    st.integers() | st.floats(allow_nan=False) | st.text() | st.none() | st.booleans(), st.lists, max_leaves=5
)


@given(ITEMS)
def test_restoring_undoes_json(item):
    def as_tuples(given):
        return tuple(map(as_tuples, given)) if isinstance(given, list) else given

    assert values.restored(values.in_json(as_tuples(item))) == as_tuples(item)


# Classes from elsewhere ---------------------------------------------------------------------------

MODULE = """
import functools
from wsnb.seam import Start
from wsnb.values import kind, setting

FACTOR = 2.0
UNRELATED = 1

class Base(Start):
    def begin(self, given):
        return FACTOR

def unrelated(x):
    return x

@functools.cache
def helper(x):
    return deeper(x) + 1

def deeper(x):
    return x

@kind("mine")
class Mine(Base):
    scale: float = setting(0.5)

    def begin(self, given):
        UNRELATED = helper(self.scale)
        return UNRELATED

@kind("only_a_default")
class OnlyADefault(Base):
    scale: float = 0.5
"""


@pytest.fixture
def module(tmp_path, monkeypatch):
    def load(source):
        path = tmp_path / f"methods_{len(list(tmp_path.iterdir()))}.py"
        path.write_text(source)
        spec = importlib.util.spec_from_file_location("my_methods", path)
        loaded = importlib.util.module_from_spec(spec)
        monkeypatch.setitem(sys.modules, "my_methods", loaded)
        spec.loader.exec_module(loaded)
        return loaded

    return load


@pytest.mark.parametrize(
    "old, new, changed",
    [
        pytest.param("return UNRELATED", "return 2 * UNRELATED", True, id="the-class"),
        pytest.param("setting(0.5)", "setting(0.25)", True, id="a-default"),
        pytest.param("deeper(x) + 1", "deeper(x) + 2", True, id="a-helper"),
        pytest.param("def deeper(x):\n    return x", "def deeper(x):\n    return -x", True, id="a-helpers-helper"),
        pytest.param("return FACTOR", "return 3 * FACTOR", True, id="what-it-derives-from"),
        pytest.param("FACTOR = 2.0", "FACTOR = 3.0", True, id="a-constant"),
        pytest.param("def unrelated(x):\n    return x", "def unrelated(x):\n    return -x", False, id="unrelated"),
        pytest.param("UNRELATED = 1\n", "UNRELATED = 2\n", False, id="a-constant-of-a-local-variables-name"),
        pytest.param("import functools", "import functools, os", False, id="an-import"),
    ],
)
def test_a_digest_changes_with_the_class_and_what_it_uses_and_with_nothing_else(module, old, new, changed):
    assert MODULE.count(old) == 1
    before, after = (module(source).Mine().canonical() for source in (MODULE, MODULE.replace(old, new)))
    assert (before != after) == (before["source"] != after["source"]) == changed


AROUND = """
import functools
import numpy as np
import pandas as pd
import torch
import my_helpers
from wsnb.seam import Start
from wsnb.values import kind

class Plan:
    def __init__(self, steps):
        self.steps = steps

class Slots:
    __slots__ = ("held",)
    def __init__(self, held):
        self.held = held

MASK, NUMBERS, PLAN = torch.ones(3), {"a": np.zeros(2)}, Plan([1, 2])
NETWORK, SLOTS, TABLE = torch.nn.Linear(1, 1), Slots(4), pd.DataFrame({"a": range(500)})
torch.nn.init.constant_(NETWORK.weight, 0.25); torch.nn.init.constant_(NETWORK.bias, 0.0)
TABLE.loc[250, "a"] = 6
TWICE = functools.partial(my_helpers.times, factor=2)

def make(factor):
    @kind("around")
    class Around(Start):
        def begin(self, given):
            held = NETWORK, SLOTS, TABLE, PLAN, TWICE
            return MASK * factor, NUMBERS, held, my_helpers.inner.shrink(given), torch.float32, np.pi

    return Around

Mine = make(0.9)
"""
HELPERS = """
def shrink(x):
    return 0.9 * x

def times(x, factor):
    return factor * x

def unrelated(x):
    return x

import my_helpers as inner
"""


@pytest.mark.parametrize(
    "old, new, changed",
    [
        pytest.param("make(0.9)", "make(0.8)", True, id="closed-over"),
        pytest.param("torch.ones(3)", "torch.zeros(3)", True, id="a-tensor"),
        pytest.param("np.zeros(2)", "np.ones(2)", True, id="an-array-in-a-dictionary"),
        pytest.param("Plan([1, 2])", "Plan([1, 3])", True, id="what-an-object-holds"),
        pytest.param("weight, 0.25", "weight, 0.5", True, id="a-networks-weights"),
        pytest.param("Slots(4)", "Slots(5)", True, id="what-an-object-holds-in-slots"),
        pytest.param('"a"] = 6', '"a"] = 7', True, id="the-middle-of-a-table"),
        pytest.param("self.steps = steps", "self.steps = steps + [0]", True, id="an-objects-class"),
        pytest.param("factor=2", "factor=3", True, id="a-partials-argument"),
        pytest.param("return 0.9 * x", "return 0.8 * x", True, id="a-helper-reached-through-its-module"),
        pytest.param("return factor * x", "return x / factor", True, id="a-partials-function"),
        pytest.param("return x\n", "return -x\n", False, id="unrelated"),
    ],
)
def test_a_digest_changes_with_what_a_class_holds_and_reaches(module, tmp_path, monkeypatch, old, new, changed):
    assert (AROUND + HELPERS).count(old) == 1
    digests = []
    for number, sources in enumerate(((AROUND, HELPERS), (AROUND.replace(old, new), HELPERS.replace(old, new)))):
        path = tmp_path / f"helpers_{number}" / "my_helpers.py"
        path.parent.mkdir()
        path.write_text(sources[1])
        monkeypatch.syspath_prepend(path.parent)
        monkeypatch.delitem(sys.modules, "my_helpers", raising=False)
        digests.append(source_digest(module(sources[0]).Mine))
    assert (digests[0] != digests[1]) == changed


LATE = """
from wsnb.seam import Start
from wsnb.values import kind

@kind("late")
class Mine(Start):
    def begin(self, given):
        import late_helpers
        import late_helpers.inside as inside
        import torch, json, no_such_module
        from late_helpers import shrink as smaller
        return smaller(given), late_helpers.twice(given), inside.value(given)
"""
LATE_HELPERS = """
def shrink(x):
    return 0.9 * x

def twice(x):
    return 2 * x

def unrelated(x):
    return x
"""


@pytest.mark.parametrize(
    "file, old, new, changed",
    [
        ("__init__", "0.9 * x", "0.8 * x", True),
        ("__init__", "2 * x", "3 * x", True),
        ("inside", "1", "2", True),
        ("__init__", "return x\n", "return -x\n", False),
    ],
)
def test_what_a_class_imports_where_it_computes_is_in_its_digest(
    module, tmp_path, monkeypatch, file, old, new, changed
):
    digests = []
    for number in range(2):
        texts = {"__init__": LATE_HELPERS, "inside": "def value(x):\n    return 1\n"}
        assert texts[file].count(old) == 1
        if number:
            texts[file] = texts[file].replace(old, new)
        folder = tmp_path / f"late_{number}" / "late_helpers"
        folder.mkdir(parents=True)
        for name, text in texts.items():
            (folder / f"{name}.py").write_text(text)
        monkeypatch.syspath_prepend(folder.parent)
        for name in ("late_helpers", "late_helpers.inside"):
            monkeypatch.delitem(sys.modules, name, raising=False)
        digests.append(source_digest(module(LATE).Mine))
    assert (digests[0] != digests[1]) == changed


def test_what_is_installed_is_not_imported_for_a_digest(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "import sys\nfrom wsnb.seam import Callback\nfrom wsnb.values import kind, source_digest\n\n@kind('lazy')\n"
        "class Lazy(Callback):\n    def begin(self, training, state):\n        import torch.nn.functional\n"
        "        from torch.optim.sgd import sgd\n\nsource_digest(Lazy)\nprint('torch' in sys.modules)\n"
    )
    done = subprocess.run([sys.executable, script], capture_output=True, text=True, env=os.environ, check=True)
    assert done.stdout == "False\n"


def test_a_function_of_the_package_that_is_imported_late_is_known_by_the_version_of_its_method(module, monkeypatch):
    source = (
        "from wsnb.seam import Start\nfrom wsnb.values import kind\n\n@kind('shrinks_late')\nclass Mine(Start):\n"
        "    def begin(self, given):\n        from wsnb.starts import shrink_perturb\n        return shrink_perturb\n"
    )
    before = source_digest(module(source).Mine)
    monkeypatch.setattr(ShrinkPerturb, "version", 2)
    assert source_digest(module(source).Mine) != before


def test_a_function_of_the_package_is_known_by_the_version_of_its_method(module, monkeypatch):
    source = (
        "from wsnb.seam import Start\nfrom wsnb.starts.shrink_perturb import ShrinkPerturb, shrink_perturb\n"
        "from wsnb.values import kind\n\n@kind('shrinks_too')\nclass Mine(Start):\n"
        "    def begin(self, given):\n        return shrink_perturb(given.parent.model, given.fresh(), 0.4, 0.1)\n"
    )
    before = source_digest(module(source).Mine)
    monkeypatch.setattr(ShrinkPerturb, "version", 2)
    assert source_digest(module(source).Mine) != before


def test_a_digest_is_the_same_in_every_process_whatever_order_a_set_has_there(tmp_path):
    script = tmp_path / "mine.py"
    script.write_text(
        "from wsnb.seam import Callback\nfrom wsnb.values import kind, source_digest\n"
        "SKIP = {'head', 'stem', 'norm', 'layer'}\n\n@kind('skips')\nclass Skips(Callback):\n"
        "    def begin(self, training, state):\n        return SKIP\n\nprint(source_digest(Skips))\n"
    )
    digests = set()
    for seed in ("1", "2", "3"):
        around = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run([sys.executable, script], env=around, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout)
    assert len(digests) == 1


def test_a_class_that_only_derives_has_its_base_in_the_digest(module):
    sources = MODULE, MODULE.replace("return FACTOR", "return -FACTOR")
    before, after = (source_digest(module(source).OnlyADefault) for source in sources)
    assert before != after


def test_a_form_that_other_code_made_is_refused(module):
    form = module(MODULE).Mine(0.25).canonical()
    assert from_json(form).scale == 0.25
    module(MODULE.replace("deeper(x) + 1", "deeper(x) + 2"))
    with pytest.raises(InvalidValue, match="Mine has another source here .* use the code that made it"):
        from_json(form)


def test_a_class_that_exec_made_is_refused_with_a_sentence():
    space = {"__name__": "nowhere"}
    exec(compile(MODULE, "<string>", "exec", dont_inherit=True), space)
    with pytest.raises(InvalidValue, match="source of Mine cannot be read.*in a file or in a notebook's cell"):
        space["Mine"]().canonical()


def test_in_a_notebook_a_class_is_known_by_its_cell_and_those_of_its_helpers():
    program = f"""
        import sys
        from IPython.core.interactiveshell import InteractiveShell
        shell = InteractiveShell.instance()
        def cell(source):
            shell.run_cell(source, store_history=True).raise_error()
        def digest(name="Mine"):
            cell(f"from wsnb.values import source_digest; found = source_digest({{name}})")
            return shell.user_ns["found"]
        source = {MODULE!r}
        head, tail = source.split("@kind", 1)
        head, tail = head.strip(), "@kind" + tail
        cell(head); cell(tail)
        found = [digest()]
        cell("def unrelated(x):\\n    return 5\\nUNRELATED = 7"); found.append(digest())
        cell(tail); found.append(digest())
        cell("def deeper(x):\\n    return 5"); found.append(digest())
        print(len(set(found[:3])), found[3] != found[2], len(digest("OnlyADefault")))
    """
    done = subprocess.run([sys.executable, "-c", textwrap.dedent(program)], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "True", "16"]


def test_a_digest_goes_with_its_class_to_where_there_is_no_source(module, monkeypatch):
    cloudpickle = pytest.importorskip("cloudpickle")
    loaded = module(MODULE.replace("@functools.cache\n", ""))  # which pickles by name
    value, digest = loaded.Mine(0.25), source_digest(loaded.Mine)
    cloudpickle.register_pickle_by_value(loaded)
    content = cloudpickle.dumps(value)
    cloudpickle.unregister_pickle_by_value(loaded)
    program = (
        "import pickle, sys; value = pickle.load(sys.stdin.buffer); print(value.scale, value.canonical()['source'])"
    )
    done = subprocess.run([sys.executable, "-c", program], input=content, capture_output=True)
    assert done.stdout.decode().split() == ["0.25", digest], done.stderr.decode()


def test_values_go_through_pickle():
    value = ShrinkPerturb(0.5, buffers="reset")
    assert pickle.loads(pickle.dumps(value)) == value
