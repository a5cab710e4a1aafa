"""KnowDist: a pull toward the features of the source network."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from wsnb.errors import InvalidValue
from wsnb.seam import Regularizer, Seen
from wsnb.values import kind

if TYPE_CHECKING:
    from torch import Tensor, nn


@kind("know_dist")
class KnowDist(Regularizer):
    r"""The squared distance between the feature maps of two networks (Wan et al. 2019, Equation 3).

    .. math:: \Omega = \frac1N \sum_{i=1}^{N} \sum_{l}
              \lVert \mathrm{FM}_l(w, x_i) - \mathrm{FM}_l(w_s, x_i) \rVert^2

    over the images of the batch and the layers asked for, the source network in evaluation mode. In a training loop
    of one's own:

    >>> from wsnb.regularizers import KnowDist, Pull
    >>> pull = Pull(KnowDist(coefficient=0.01, compared=("0",)), model, source)
    >>> pull.backward(functional.cross_entropy(model(images), labels), images, labels)
    >>> optimizer.step()

    Args:
        compared: names of the modules whose outputs are compared; by default the last convolution of each of the
            network's stages, as the network itself names them (``stage_outputs``).
    """

    compared: tuple[str, ...] | None = None

    def layers(self, model: nn.Module) -> Sequence[str]:
        """Those asked for, or the last convolution of each stage.

        Raises:
            InvalidValue: when the network names no stages and none were asked for.
        """
        names = self.compared if self.compared is not None else getattr(model, "stage_outputs", None)
        if names is None:
            raise InvalidValue(
                f"KnowDist.compared is None and {type(model).__name__} names no stages; name the layers to compare, "
                f"such as {[name for name, _ in model.named_modules() if name][:3]}."
            )
        return names

    def penalty(self, seen: Seen) -> Tensor:
        """The mean over images of the squared distance, summed over layers."""
        distances = [
            (seen.features[name].float() - seen.source_features[name].float()).square().sum()
            for name in self.layers(seen.model)
        ]
        return sum(distances[1:], distances[0]) / len(seen.images)
