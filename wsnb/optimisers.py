"""The steps of SGD and Adam over a network's parameters.

The arithmetic is PyTorch's: its fused functions, and so bit for bit what ``torch.optim.SGD`` and ``torch.optim.Adam``
do with ``fused=True``. Those classes import PyTorch's compiler as soon as one is made, which takes three seconds of
every process that trains; here nothing is compiled.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor, nn
from torch.optim.adam import adam
from torch.optim.sgd import sgd

from wsnb import trials
from wsnb.errors import InvalidValue
from wsnb.starts import State

MOMENTUM = "momentum_buffer"
ADAMS = ("step", "exp_avg", "exp_avg_sq")


class Optimiser:
    r"""SGD or Adam over parameters that all have a gradient at each step.

    With gradients :math:`g`, to which weight decay adds :math:`\lambda w`, learning rate :math:`\eta` and step
    :math:`t`: SGD has :math:`m \leftarrow \mu m + g` (:math:`m = g` at first) and :math:`w \leftarrow w - \eta m`; Adam
    (Kingma and Ba 2015) :math:`m \leftarrow \beta_1 m + (1 - \beta_1) g`, :math:`v \leftarrow \beta_2 v + (1 -
    \beta_2) g^2` and :math:`w \leftarrow w - \eta \hat m / (\sqrt{\hat v} + 10^{-8})` with :math:`\hat m = m / (1 -
    \beta_1^t)`, :math:`\hat v = v / (1 - \beta_2^t)`.

    Args:
        rule: which, and its settings.
        parameters: floating-point tensors of any shapes, all on one device.

    Attributes:
        parameters: what is optimised, in place.
        moments: by PyTorch's name of it, a tensor for each parameter; empty for SGD without momentum, and with
            momentum until the first step.
    """

    def __init__(self, rule: trials.Optimiser, parameters: Iterable[nn.Parameter]) -> None:
        self.rule, self.parameters = rule, list(parameters)
        self.moments: dict[str, list[Tensor]] = {}
        if isinstance(rule, trials.Adam):
            self.moments["step"] = [torch.zeros((), device=parameter.device) for parameter in self.parameters]
            for name in ADAMS[1:]:
                self.moments[name] = [torch.zeros_like(parameter) for parameter in self.parameters]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters by one step along their gradients."""
        gradients = [parameter.grad for parameter in self.parameters]
        match self.rule:
            case trials.SGD(learning_rate, momentum, weight_decay):
                momenta = self.moments.get(MOMENTUM, [None] * len(gradients))  # the first step fills it
                sgd(
                    self.parameters,
                    gradients,
                    momenta,
                    fused=True,
                    lr=learning_rate,
                    momentum=momentum,
                    weight_decay=weight_decay,
                    dampening=0,
                    nesterov=False,
                    maximize=False,
                )
                if momentum:
                    self.moments[MOMENTUM] = momenta
            case trials.Adam(learning_rate, beta1, beta2, weight_decay):
                steps, means, squares = (self.moments[name] for name in ADAMS)
                adam(
                    self.parameters,
                    gradients,
                    means,
                    squares,
                    [],
                    steps,
                    fused=True,
                    lr=learning_rate,
                    beta1=beta1,
                    beta2=beta2,
                    weight_decay=weight_decay,
                    eps=1e-8,
                    amsgrad=False,
                    maximize=False,
                )

    def state(self) -> State:
        """The moments by number of the parameter and name: ``"0.exp_avg"``."""
        return {
            f"{index}.{name}": tensor for name, tensors in self.moments.items() for index, tensor in enumerate(tensors)
        }

    def load(self, state: State) -> None:
        """Go on with the moments of another optimiser's :meth:`state`, copied into the layout of the parameters.

        Raises:
            InvalidValue: when they belong to parameters of other shapes.
        """
        moments: dict[str, list[Tensor]] = {}
        for name in dict.fromkeys(key.partition(".")[2] for key in state):
            moments[name] = []
            for index, parameter in enumerate(self.parameters):
                tensor = state[f"{index}.{name}"]
                if tensor.ndim and tensor.shape != parameter.shape:
                    # A fused step would write past the end of the smaller tensor.
                    raise InvalidValue(
                        f"optimiser_state is 'kept', and the parent's momenta have shape {tuple(tensor.shape)} where "
                        f"the weights have {tuple(parameter.shape)}; use 'fresh' when the classes differ."
                    )
                # In the parameter's own layout, or a resumed run would round differently; step counts have none.
                copy = torch.empty_like(parameter) if tensor.ndim else torch.empty((), device=parameter.device)
                moments[name].append(copy.copy_(tensor))
        self.moments.update(moments)
