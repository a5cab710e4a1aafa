"""Where the weights start: pure functions from state dicts to a state dict.

``trained`` is the parent's state, ``fresh`` that of a newly initialised model of the child's own
architecture and number of classes. Both map names to tensors; nothing given is changed.
"""

from __future__ import annotations

from typing import Literal

from torch import Tensor

from wsnb import trials
from wsnb.errors import InvalidValue

State = dict[str, Tensor]


def initial_state(
    start: trials.Start, trained: State, fresh: State, perturbation: State, parameters: set[str]
) -> State:
    """The state that a child starts from.

    Args:
        start: how it starts; a random initialisation takes nothing from the parent.
        trained: the parent's final state.
        fresh: a fresh model drawn for this trial: what a random initialisation would start from.
        perturbation: another fresh model, which shrink-perturb adds.
        parameters: which names of the state are parameters; the others are buffers.
    """
    match start:
        case trials.WarmStart():
            return warm_start(trained, fresh)
        case trials.ShrinkPerturb(scale, noise, scope, buffers):
            return shrink_perturb(warm_start(trained, fresh), perturbation, scale, noise, parameters, scope, buffers)
    raise TypeError(f"{start!r} takes nothing from a parent")


def warm_start(trained: State, fresh: State) -> State:
    """The trained state; the classifier stays fresh where its size differs (another number of classes).

    Raises:
        InvalidValue: when anything but the classifier differs in name or shape.
    """
    state = {}
    for name in [*fresh, *(name for name in trained if name not in fresh)]:
        there, here = (tuple(state[name].shape) if name in state else "absent" for state in (trained, fresh))
        if there == here:
            state[name] = trained[name].clone()
        elif name.startswith("head.") and "absent" not in (there, here) and there[1:] == here[1:]:
            state[name] = fresh[name].clone()
        else:
            raise InvalidValue(
                f"The parent's weights do not fit the model: {name} is {there} there and {here} here. "
                "A warm start needs the parent's architecture, width and image size."
            )
    return state


def shrink_perturb(
    trained: State,
    perturbation: State,
    scale: float,
    noise: float,
    parameters: set[str],
    scope: Literal["all", "weights"] = "all",
    buffers: Literal["kept", "reset"] = "kept",
) -> State:
    r"""Shrink the trained parameters and add a fresh initialisation.

    .. math:: w = \lambda\, w_\text{trained} + \sigma\, w_\text{fresh}

    with :math:`\lambda` = ``scale`` and :math:`\sigma` = ``noise`` (Ash and Adams 2020, Section 4;
    Kireev et al. 2021, Equation 1). :math:`w_\text{fresh}` is a newly initialised model, so the noise
    has each layer's own scale, and where an initialisation is constant (batch normalisation's 1 and 0)
    so is what is added.

    Args:
        trained: the parent's state.
        perturbation: a fresh model's state, same names and shapes.
        scale: :math:`\lambda`.
        noise: :math:`\sigma`.
        parameters: which names are parameters.
        scope: ``"weights"`` leaves parameters of fewer than two dimensions (biases, affine parameters
            of normalisation layers) as they are.
        buffers: ``"reset"`` takes running statistics from the fresh model.
    """
    state = {}
    for name, tensor in trained.items():
        if name not in parameters:
            state[name] = (tensor if buffers == "kept" else perturbation[name]).clone()
        elif scope == "all" or tensor.ndim >= 2:
            state[name] = scale * tensor + noise * perturbation[name]
        else:
            state[name] = tensor.clone()
    return state
