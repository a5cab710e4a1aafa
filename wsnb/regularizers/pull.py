"""Regularizers at work: the backward pass of a loss with what pulls on the weights."""

from __future__ import annotations

import contextlib
import copy
import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from wsnb.errors import InvalidValue, near_miss
from wsnb.regularizers.plain_sum import PlainSum
from wsnb.seam import Direction, Regularizer, Seen, is_in, lacks


class Pull:
    r"""What stands in the place of ``loss.backward()`` where regularizers pull on a network.

    With the loss :math:`J`, the regularizers :math:`\Omega_k`, their coefficients :math:`\lambda_k \rho_k^e` in epoch
    :math:`e`, and a direction that joins gradients, the backbone's gradient becomes

    .. math:: \mathrm{join}\Big(\nabla J,\ \sum_k \lambda_k \rho_k^e \nabla\Omega_k\Big)

    and the classifier's that of :math:`J + \sum_k \beta_k \lVert w_\text{head} \rVert^2`. The optimizer's L2 weight
    decay belongs to :math:`J`: a direction other than the sum sees it, and the optimizer adds it.

    >>> from wsnb.regularizers import DTNH, L2SP, Pull
    >>> pull = Pull(L2SP(coefficient=0.1), model, source, direction=DTNH())
    >>> pull.backward(functional.cross_entropy(model(images), labels), images, labels)
    >>> optimizer.step()

    Args:
        regularizer: one or several.
        model: the network that is trained.
        source: the network that it is compared with; a copy of it is kept, in evaluation mode, without gradients.
        direction: how gradients are joined; their sum by default.
        head: the name of the classifier in the model, which no regularizer pulls on; None where there is none.
        l2: the optimizer's weight decay, where that is part of the gradient.
        examples: training images as the model sees them, and their labels, for a regularizer that looks at them first.
        arithmetic: the context in which the model's forward pass is done, for the source's: an autocast, say.

    Attributes:
        epoch: how many epochs are finished: the caller's to count, where coefficients decay.
        step: how many steps were taken.
        is_measuring: whether the next step's gradients are compared: it changes no step and may cost a backward pass.
        products: of the last step that was, :math:`\langle\nabla J, \nabla J\rangle`,
            :math:`\langle\nabla J, \nabla\Omega\rangle` and :math:`\langle\nabla\Omega, \nabla\Omega\rangle` on
            the backbone, the coefficients in :math:`\Omega`; what is not finite where nothing pulled.

    Raises:
        InvalidValue: when the source has not the model's backbone, or a layer asked for is not there.
    """

    def __init__(
        self,
        regularizer: Regularizer | Sequence[Regularizer],
        model: nn.Module,
        source: nn.Module,
        direction: Direction | None = None,
        head: str | None = "head",
        l2: float = 0.0,
        examples: tuple[Tensor, Tensor] | None = None,
        arithmetic: Callable[[], contextlib.AbstractContextManager[Any]] = contextlib.nullcontext,
    ) -> None:
        self.regularizers = [regularizer] if isinstance(regularizer, Regularizer) else list(regularizer)
        for each in self.regularizers:
            if all(getattr(type(each), name) is getattr(Regularizer, name) for name in ("gradient", "penalty")):
                raise lacks(each, "gradient or penalty")
        self.direction = direction or PlainSum()
        self.model, self.source = model, copy.deepcopy(source).eval().requires_grad_(False)
        self.epoch, self.step, self.l2 = 0, 0, l2
        self.is_measuring, self.products = False, torch.full((3,), torch.nan)
        named = {name: each for name, each in model.named_parameters() if each.requires_grad}
        self.backbone = {name: each for name, each in named.items() if head is None or not is_in(head, name)}
        self.head = [each for name, each in named.items() if name not in self.backbone]
        if head is not None and not self.head:
            parts = dict.fromkeys(name.partition(".")[0] for name in named)
            raise InvalidValue(
                f"head is {head!r}, and the model has no parameters in it; allowed: {', '.join(parts)}, or None for a "
                f"network without a classifier.{near_miss(head, parts)}"
            )
        there = dict(self.source.named_parameters())
        for name, parameter in self.backbone.items():
            if name not in there or there[name].shape != parameter.shape:
                shape = tuple(there[name].shape) if name in there else "absent"
                raise InvalidValue(
                    f"The source network does not fit the model: {name} is {shape} there and "
                    f"{tuple(parameter.shape)} here. A regularizer compares networks of one architecture."
                )
        self._features: dict[str, Tensor] = {}
        self._source_features: dict[str, Tensor] = {}
        wanted = dict.fromkeys(name for each in self.regularizers for name in each.layers(model))
        self._compares, self._arithmetic = bool(wanted), arithmetic
        self._prepared = [self._prepare(each, examples, head) for each in self.regularizers]
        self._hooks: list[RemovableHandle] = []
        for network, kept in ((self.model, self._features), (self.source, self._source_features)):
            self._listen(network, list(wanted), kept)

    def _prepare(
        self, regularizer: Regularizer, examples: tuple[Tensor, Tensor] | None, head: str | None
    ) -> Mapping[str, Tensor]:
        wanted = regularizer.examples
        if not wanted:
            return {}
        if examples is None:
            raise InvalidValue(
                f"{type(regularizer).__name__} looks at training images first; give Pull examples=(images, labels), "
                f"some {wanted} of them as the model sees them."
            )
        return regularizer.prepare(self.source, examples[0][:wanted], examples[1][:wanted], head)

    def _listen(self, network: nn.Module, names: list[str], kept: dict[str, Tensor]) -> None:
        modules = dict(network.named_modules())
        for name in names:
            if name not in modules:
                raise InvalidValue(
                    f"There is no layer {name!r} whose features could be compared; allowed: "
                    f"{', '.join(filter(None, modules))}.{near_miss(name, modules)}"
                )

            def hear(module: nn.Module, _: Any, output: Tensor, name: str = name) -> None:
                if module is modules[name]:  # and not a copy of it, which has this hook too
                    kept[name] = output

            self._hooks.append(modules[name].register_forward_hook(hear))

    def close(self) -> None:
        """Take off the model what listens to its features: then it can be pickled again, and this pulls no more."""
        for hook in self._hooks:
            hook.remove()

    def backward(self, loss: Tensor, images: Tensor, labels: Tensor) -> None:
        """Put into each parameter's ``grad`` what the optimizer is to follow, in place of what stood there.

        Args:
            loss: of the model's own forward pass on these images, the last one before this call.
            images: the batch as the model saw it.
            labels: int64 [N].
        """
        for parameter in (*self.backbone.values(), *self.head):
            parameter.grad = None
        if self._compares:
            if not self._features:
                raise InvalidValue("The model has seen no images since the last step, or since this Pull was made.")
            with torch.no_grad(), self._arithmetic():
                self.source(images)
        seen = Seen(
            self.model, self.source, images, labels, self._features, self._source_features, self.epoch, self.step
        )
        terms = [(each.coefficient * each.decay**self.epoch, each) for each in self.regularizers]
        penalties = [
            strength * penalty
            for (strength, each), prepared in zip(terms, self._prepared, strict=True)
            if (penalty := each.penalty(dataclasses.replace(seen, prepared=prepared))) is not None
        ]
        for each in self.regularizers:
            if each.head_coefficient:
                loss = loss + each.head_coefficient * sum(weight.square().sum() for weight in self.head)
        parameters, apart = list(self.backbone.values()), self.direction.separate
        penalties = [each for each in penalties if each.requires_grad]
        of_penalties: list[Tensor] | None = None
        if penalties and (apart or self.is_measuring):
            of_penalties = list(
                torch.autograd.grad(sum(penalties), parameters, retain_graph=True, materialize_grads=True)  # type: ignore[arg-type]
            )
        if apart:
            loss.backward()
        else:
            on_head = (
                torch.autograd.grad(sum(penalties), self.head, retain_graph=True, allow_unused=True)  # type: ignore[arg-type]
                if penalties and self.head
                else ()
            )
            sum(penalties, loss).backward()  # type: ignore[union-attr]
            for weight, gradient in zip(self.head, on_head, strict=False):
                if gradient is not None:  # of a penalty that reaches the classifier, which none is to pull on
                    weight.grad -= gradient
        with torch.no_grad():
            closed: list[Tensor] | None = None
            for strength, each in terms:
                if (gradients := each.gradient(seen, self.backbone)) is not None:
                    closed = _added(closed, [strength * gradient for gradient in gradients])
            pull = _added(of_penalties, closed) if apart else closed
            if self.is_measuring:
                of_loss = [_gradient(each) for each in parameters]
                if of_penalties is not None and not apart:  # which are in it
                    of_loss = [whole - part for whole, part in zip(of_loss, of_penalties, strict=True)]
                self.products = _products(of_loss, _added(of_penalties, closed))
            if pull is not None:
                l2 = self.l2 if apart else 0.0
                of_loss = [_gradient(each).add(each, alpha=l2) if l2 else _gradient(each) for each in parameters]
                for parameter, joined in zip(parameters, self.direction.join(of_loss, pull), strict=True):
                    parameter.grad = joined.sub(parameter, alpha=l2) if l2 else joined
        self.step += 1
        self._features.clear()


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad


def _added(one: list[Tensor] | None, other: list[Tensor] | None) -> list[Tensor] | None:
    """The sum of gradients that may be absent."""
    if one is None or other is None:
        return one if other is None else other
    return [each + more for each, more in zip(one, other, strict=True)]


def _products(loss: Sequence[Tensor], pull: Sequence[Tensor] | None) -> Tensor:
    """The inner products of the loss's gradient with itself and with the pull, and of the pull with itself."""
    if pull is None:
        return torch.full((3,), torch.nan)
    pairs = ((loss, loss), (loss, pull), (pull, pull))
    return torch.stack(
        [torch.stack([(a * b).sum() for a, b in zip(one, other, strict=True)]).sum() for one, other in pairs]
    )
