"""Weights that were trained elsewhere, from a file or as torchvision publishes them."""

from __future__ import annotations

import copy
import functools
import hashlib
import pickle
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from wsnb.errors import DataError, InvalidValue
from wsnb.models.layers import misfits
from wsnb.seam import Given, Start, is_in
from wsnb.values import kind

if TYPE_CHECKING:
    from torch import Tensor, nn


def pretrained(fresh: nn.Module, state: Mapping[str, Tensor], head: str = "head") -> nn.Module:
    r"""A copy of a fresh network whose backbone has the weights of a state dict; the classifier stays fresh.

    .. math:: w_0 = (w_\text{backbone},\ w_\text{head, fresh})

    >>> from wsnb.starts import pretrained
    >>> model = pretrained(make_model(classes=20), source.state_dict())
    >>> model(images).shape
    torch.Size([8, 20])

    Args:
        fresh: a new network of the architecture that the weights are for.
        state: tensors by name; the ``module.`` that a network trained on several devices puts before each is passed
            over.
        head: the name of the classifier.

    Raises:
        InvalidValue: when anything but the classifier differs in name or shape.
    """
    model = copy.deepcopy(fresh)
    here = model.state_dict()
    given = {name.removeprefix("module."): tensor for name, tensor in state.items()}
    for name, there, wanted in misfits(given, here):
        if not is_in(head, name) and not name.endswith("num_batches_tracked"):  # which older files have not
            raise InvalidValue(
                f"The weights do not fit the model: {name} is {there} there and {wanted} here. They have to be those "
                "of the same architecture; only the classifier may be another."
            )
    model.load_state_dict(here | {name: tensor for name, tensor in given.items() if not is_in(head, name)})
    return model


@functools.lru_cache(maxsize=16)
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()[:16]


@kind("pretrained")
class Pretrained(Start):
    """The weights of a file, or those that torchvision publishes for the trial's model (:func:`pretrained`).

    In a trial's key a file stands by its content, wherever it lies. To have a regularizer compare with these weights,
    make a trial of them that trains nothing, and go on from that::

        source = Trial(data, TorchvisionResNet18(), SGD(0.01), Epochs(0), start=Pretrained("IMAGENET1K_V1"))
        tuned = source.then(stop=Steps(8000), regularizer=L2SP(0.1), direction=DTNH())

    Args:
        weights: the path of a file that ``torch.save`` or safetensors has written, with a state dict in it, by itself
            or under ``state_dict``; or a name such as ``"IMAGENET1K_V1"``.
    """

    weights: str
    needs_parent: ClassVar[bool] = False

    @property
    def _file(self) -> Path | None:
        path = Path(self.weights).expanduser()
        return path if path.is_file() or path.suffix or len(path.parts) > 1 else None

    def canonical(self) -> dict[str, Any]:
        """As of every value, but for a file's digest in its path's place."""
        path = self._file
        if path is None:
            return super().canonical()
        try:
            facts = path.stat()
            return super().canonical() | {"weights": f"sha256:{_digest(path, facts.st_size, facts.st_mtime_ns)}"}
        except OSError as error:
            raise DataError(f"The weights {self.weights!r} cannot be read ({error}); put the file there.") from error

    def begin(self, given: Given) -> nn.Module:
        """The network of the trial with these weights before its classifier."""
        model, path = given.trial.model, self._file
        state = model.published(self.weights) if path is None else _read(path)
        return pretrained(given.fresh(), state, model.head)


def _read(path: Path) -> Mapping[str, Tensor]:
    """The state dict in a file; no code in it is run."""
    import torch
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        found = load_file(path) if path.suffix == ".safetensors" else torch.load(path, "cpu", weights_only=True)
    except (OSError, RuntimeError, ValueError, EOFError, KeyError, pickle.UnpicklingError, SafetensorError) as error:
        raise DataError(
            f"{path} holds no weights that can be read ({type(error).__name__}); allowed: a state dict as torch.save "
            "or safetensors writes it, without code."
        ) from error
    state = found.get("state_dict", found) if isinstance(found, Mapping) else {}
    if not state or not all(isinstance(each, torch.Tensor) for each in state.values()):
        raise DataError(f"{path} holds no state dict (tensors by name), neither by itself nor under 'state_dict'.")
    return state
