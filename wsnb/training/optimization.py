"""An optimizer at work: the parameters of a network, what is remembered of each, and the steps."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from wsnb.errors import InvalidValue
from wsnb.seam import Optimizer, is_in

State = dict[str, Tensor]


@dataclass
class Group:
    """Parameters that share a learning rate.

    Attributes:
        parameters: all on one device.
        learning_rate: as the rule has it.
        moments: what is remembered of each, by name, in the parameters' order.
    """

    parameters: list[nn.Parameter]
    learning_rate: float
    moments: dict[str, list[Tensor]]


class Optimization:
    """Steps of an optimizer over a network's parameters.

    Args:
        rule: which optimizer.
        model: what is optimized, in place.
        head: the name of the classifier, which may have a learning rate of its own.

    Attributes:
        groups: the parameters that have gradients, all together or the classifier's apart.
        scale: what the learning rates are multiplied by at the next step: a schedule's to set.
    """

    def __init__(self, rule: Optimizer, model: nn.Module, head: str = "head") -> None:
        self.rule, self.scale = rule, 1.0
        self.parameters = [each for each in model.parameters() if each.requires_grad]
        of_head = {id(each) for name, each in model.named_parameters() if is_in(head, name)}
        own_rate = getattr(rule, "head_learning_rate", None)
        if own_rate is None:
            of_head = set()
        elif not of_head:
            raise InvalidValue(f"{rule!r} has a head_learning_rate, and the model has no parameters in {head!r}.")
        parts = [
            ([each for each in self.parameters if id(each) not in of_head], rule.learning_rate),
            ([each for each in self.parameters if id(each) in of_head], own_rate),
        ]
        self.groups = [Group(part, rate, rule.moments(part)) for part, rate in parts if part and rate is not None]

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for parameter in self.parameters:
            parameter.grad = None

    @torch.no_grad()
    def step(self) -> None:
        """Move the parameters by one step along their gradients; those without one stay, as in ``torch.optim``."""
        for group in self.groups:
            parameters, moments = group.parameters, group.moments
            there = [index for index, parameter in enumerate(parameters) if parameter.grad is not None]
            if len(there) < len(parameters):
                parameters = [parameters[index] for index in there]
                moments = {name: [tensors[index] for index in there] for name, tensors in moments.items()}
            gradients = [parameter.grad for parameter in parameters]
            self.rule.update(parameters, gradients, moments, group.learning_rate * self.scale)

    def moments_of(self, parameter: nn.Parameter) -> State:
        """What is remembered of a parameter, by name: tensors that may be changed in place."""
        for group in self.groups:
            for index, each in enumerate(group.parameters):
                if each is parameter:
                    return {name: tensors[index] for name, tensors in group.moments.items()}
        raise KeyError("no parameter of this optimizer")

    def state(self) -> State:
        """The moments by number of the parameter in the network, and name: ``"0.exp_avg"``."""
        number = {id(parameter): index for index, parameter in enumerate(self.parameters)}
        return {
            f"{number[id(parameter)]}.{name}": tensor
            for group in self.groups
            for name, tensors in group.moments.items()
            for parameter, tensor in zip(group.parameters, tensors, strict=True)
        }

    def load(self, state: State) -> None:
        """Go on with the moments of another's :meth:`state`, copied into the layout of the parameters.

        Raises:
            InvalidValue: when they belong to parameters of other shapes.
        """
        number = {id(parameter): index for index, parameter in enumerate(self.parameters)}
        names = dict.fromkeys(key.partition(".")[2] for key in state)
        for group in self.groups:
            group.moments = self.rule.moments(group.parameters) | {
                name: [_copied(state[f"{number[id(each)]}.{name}"], each) for each in group.parameters]
                for name in names
            }


def _copied(tensor: Tensor, parameter: nn.Parameter) -> Tensor:
    if tensor.ndim and tensor.shape != parameter.shape:
        # A fused step would write past the end of the smaller tensor.
        raise InvalidValue(
            f"optimizer_state is 'kept', and the parent's momenta have shape {tuple(tensor.shape)} where "
            f"the weights have {tuple(parameter.shape)}; use 'fresh' when the classes differ."
        )
    # In the parameter's own layout, or a resumed run would round differently; step counts have none.
    copy = torch.empty_like(parameter) if tensor.ndim else torch.empty((), device=parameter.device)
    return copy.copy_(tensor)
