"""A warm start: the weights that a network has."""

from __future__ import annotations

import copy
from typing import TYPE_CHECKING

from wsnb.errors import InvalidValue
from wsnb.models.layers import misfits
from wsnb.seam import Given, Start, is_in
from wsnb.values import kind

if TYPE_CHECKING:
    from torch import nn


def warm_start(trained: nn.Module, fresh: nn.Module, head: str = "head") -> nn.Module:
    r"""A copy of ``fresh`` with the trained weights; the classifier stays fresh where its size differs.

    .. math:: w_0 = w_\text{trained}

    >>> from wsnb.starts import warm_start
    >>> bigger = make_model(classes=20)
    >>> model = warm_start(model, fresh=bigger)
    >>> model(images).shape
    torch.Size([8, 20])

    Args:
        trained: the network to start from.
        fresh: a new network of the same architecture, perhaps for another number of classes.
        head: the name of the classifier in both.

    Raises:
        InvalidValue: when anything but the classifier differs in name or shape.
    """
    there, here = trained.state_dict(), fresh.state_dict()
    state = dict(there)
    for name, before, after in misfits(there, here):
        if is_in(head, name) and "absent" not in (before, after) and before[1:] == after[1:]:
            state[name] = here[name]
        else:
            raise InvalidValue(
                f"The parent's weights do not fit the model: {name} is {before} there and {after} here. "
                "A warm start needs the parent's architecture, width and image size."
            )
    model = copy.deepcopy(fresh)
    model.load_state_dict(state)
    return model


@kind("warm_start")
class WarmStart(Start):
    """The parent's final weights, as they are (:func:`warm_start`)."""

    def begin(self, given: Given) -> nn.Module:
        """The parent's weights in a network for this trial's classes."""
        assert given.parent is not None
        return warm_start(given.parent.model, given.fresh(), given.trial.model.head)
