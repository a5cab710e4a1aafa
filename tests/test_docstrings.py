"""The examples in docstrings work as they stand, outside a trial, on a network of one's own."""

from __future__ import annotations

import copy
import doctest
import importlib
import inspect
from collections import OrderedDict
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

import wsnb
from wsnb.chance import generator
from wsnb.regularizers.pull import Pull
from wsnb.seam import Callback, Direction, Regularizer, Start
from wsnb.values import Value

PACKAGE = Path(wsnb.__file__).parent
METHODS = [
    f"wsnb.{folder}.{path.stem}"
    for folder in ("starts", "regularizers", "callbacks")
    for path in sorted((PACKAGE / folder).glob("*.py"))
    if path.stem != "__init__"
]
OTHERS = ["wsnb.values", "wsnb.chance", "wsnb.trials.trial", "wsnb.training.evaluation"]


def make_model(classes=10):
    """A network of somebody's own: nothing in it knows of this package, but that its classifier is called head."""
    layers = [("flat", nn.Flatten()), ("0", nn.Linear(48, 16)), ("1", nn.ReLU()), ("2", nn.Linear(16, 12))]
    layers += [("3", nn.BatchNorm1d(12)), ("4", nn.ReLU()), ("head", nn.Linear(12, classes))]
    return nn.Sequential(OrderedDict(layers))


def names():
    torch.manual_seed(0)
    model, images, labels = make_model(), torch.randn(8, 3, 4, 4), torch.randint(10, (8,))
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    loss = functional.cross_entropy(model(images), labels)
    loss.backward()
    optimizer.step()
    optimizer.zero_grad()
    loss = functional.cross_entropy(model(images), labels)
    modules = {"torch": torch, "nn": nn, "functional": functional, "copy": copy, "Pull": Pull, "generator": generator}
    return vars(wsnb) | {
        **modules,
        "Value": Value,
        "model": model,
        "make_model": make_model,
        "source": make_model(),
        "tortoise": copy.deepcopy(model),
        "images": images,
        "labels": labels,
        "loss": loss,
        "optimizer": optimizer,
        "step": 1000,
        "epoch": 3,
    }


def examples_of(name):
    module = importlib.import_module(name)
    found = doctest.DocTestFinder(exclude_empty=True).find(module, name)
    return [test for test in found if test.examples]


@pytest.mark.parametrize("name", METHODS + OTHERS)
def test_the_examples_of_a_module_run(name, monkeypatch):
    monkeypatch.setattr("wsnb.values._kinds", dict(wsnb.values._kinds))
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE)
    told = []
    for test in examples_of(name):
        test.globs = vars(importlib.import_module(name)) | names()
        runner.run(test, out=told.append)
    assert not runner.failures, "".join(told)


def test_every_method_has_an_example_of_three_lines_or_so():
    without = {"random_init", "plain_sum"}  # nothing to show
    for name in METHODS:
        lengths = [sum(len(example.source.splitlines()) for example in test.examples) for test in examples_of(name)]
        assert lengths or name.rpartition(".")[2] in without, f"{name} shows no use"
        assert all(length <= 5 for length in lengths), name


@pytest.mark.parametrize("base", [Start, Regularizer, Direction, Callback])
def test_every_method_says_what_it_is_and_each_of_its_fields(base):
    from wsnb import values

    classes = [cls for cls in values._kinds.values() if issubclass(cls, base) and not values.is_foreign(cls)]
    assert classes
    for cls in classes:
        text = inspect.getdoc(cls) or ""
        assert text and not text.startswith(f"{cls.__name__}("), f"{cls.__name__} has no docstring of its own"
        own = [name for name in vars(cls).get("__annotations__", {}) if not hasattr(base, name)]
        fields = [name for name in own if name in cls.__dataclass_fields__]
        assert [name for name in fields if f"{name}:" not in text] == [], cls.__name__
