"""Methods, a model and a data set of somebody's own, in a module outside the package."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import ClassVar

import numpy as np
import torch
from torch import nn

from wsnb.data.catalogue import DataSet, data_set
from wsnb.seam import Callback, Model, Regularizer, Start
from wsnb.values import kind, setting


def scaled(state, factor):
    """A helper that lies beside the methods."""
    return {name: factor * tensor if tensor.is_floating_point() else tensor for name, tensor in state.items()}


@kind("own_start")
class OwnStart(Start):
    factor: float = setting(0.5, above=0)

    def begin(self, given):
        model = given.fresh()
        model.load_state_dict(scaled(given.parent.model.state_dict(), self.factor))
        return model


@kind("own_pull")
class OwnPull(Regularizer):
    def penalty(self, seen):
        return sum(parameter.abs().sum() for parameter in seen.model.parameters())


@kind("own_decay")
class OwnDecay(Callback):
    """Shrinks the weights after every second epoch, counted in a state of its own."""

    factor: float = 0.9

    def begin(self, training, state):
        state["epochs"] = torch.zeros(())

    def after_epoch(self, training, state):
        state["epochs"] += 1
        if state["epochs"] % 2 == 0:
            training.model.load_state_dict(scaled(training.model.state_dict(), self.factor))
        training.add("decays", float(state["epochs"] // 2))


@kind("own_norm")
class OwnNorm(Callback):
    measures: ClassVar[bool] = True

    def after_epoch(self, training, state):
        training.add("norm", sum(tensor.square().sum().item() for tensor in training.model.parameters()))


@kind("own_process")
class OwnProcess(Callback):
    """Which process trains."""

    measures: ClassVar[bool] = True

    def after_epoch(self, training, state):
        training.add("process", float(os.getpid()))


@kind("own_fault")
class OwnFault(Callback):
    def after_epoch(self, training, state):
        raise KeyError("a fault of one's own")


@kind("own_net")
class OwnNet(Model):
    width: int = setting(4, minimum=1)

    def build(self, image_shape, classes):
        net = nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(image_shape)), self.width), nn.Tanh())
        net.add_module("head", nn.Linear(self.width, classes))
        return net


@data_set("own_blobs")
class OwnBlobs(DataSet):
    def read(self):
        chance = np.random.default_rng(0)
        labels = np.arange(60) % 3
        images = (chance.integers(0, 100, (60, 8, 8, 3)) + 50 * labels[:, None, None, None]).astype(np.uint8)
        return images[:45], labels[:45], images[45:], labels[45:]


SCRIPT = """
if __name__ == "__main__":
    from wsnb import SGD, Epochs, Part, Trial, run
    half = Trial(Part("own_blobs", 20), OwnNet(), SGD(0.1), Epochs(3), batch_size=8)
    child = half.then(
        data=Part("own_blobs"), start=OwnStart(), regularizer=OwnPull(0.01), callbacks=(OwnDecay(), OwnNorm())
    )
    record = run([child], device="cpu", **json.loads(sys.argv[1]))[child]
    print(json.dumps([child.key, record.curves | {"seconds": 0}, record.provenance["weights"]]))
"""


def run_as_a_script(folder: Path, **settings):
    """Key, curves and digest of the weights of a trial whose methods stand in the script that runs it."""
    script = folder / "script.py"
    script.write_text(Path(__file__).read_text() + SCRIPT)
    given = json.dumps(settings | {"records": str(folder / "script's records")})
    done = subprocess.run([sys.executable, script, given], capture_output=True, text=True, timeout=200)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)
