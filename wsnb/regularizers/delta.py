"""DELTA: a pull toward those features of the source network that the new task has use for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from wsnb.errors import InvalidValue
from wsnb.regularizers.know_dist import KnowDist
from wsnb.seam import Seen
from wsnb.values import kind, setting

if TYPE_CHECKING:
    from torch import Tensor, nn


def channel_attention(
    source: nn.Module, images: Tensor, labels: Tensor, layers: Sequence[str], head: str = "head"
) -> dict[str, Tensor]:
    r"""How much each channel of a network's layers is worth to a task that it was not trained for.

    .. math:: \alpha_{l} = \operatorname{softmax}_j\Big(
              \frac1N \sum_{i=1}^{N} J(w_s^{\setminus l, j}, x_i, y_i) - J(w_s, x_i, y_i)\Big)

    with :math:`J` the loss of a logistic regression on the frozen features that the network's classifier is given,
    fitted once to these images, and :math:`w_s^{\setminus l, j}` the network with the outputs of layer :math:`l`'s
    filter :math:`j` at zero (Li et al. 2019, Equation 8). It takes as many forward passes as there are channels.

    >>> from wsnb.regularizers import channel_attention
    >>> attention = channel_attention(source, images, labels, layers=["0"])
    >>> float(attention["0"].sum())
    1.0

    Args:
        source: the network, in evaluation mode; it is left as it is.
        images: training images of the new task, as the network takes them.
        labels: int64 [N].
        layers: names of modules with channels along the second axis of their outputs.
        head: the name of its classifier.

    Returns:
        By layer, a weight for each channel; those of a layer sum to 1.

    Raises:
        InvalidValue: when there are fewer than two classes among the labels.
    """
    import torch
    from sklearn.linear_model import LogisticRegression

    if len(labels.unique()) < 2:
        raise InvalidValue(f"The {len(labels)} images that DELTA looks at are of one class; allowed: of two or more.")
    classifier: LogisticRegression | None = None

    def features() -> tuple[Tensor, dict[str, int]]:
        """What the classifier is given, and how many channels each layer has."""
        given: list[Tensor] = []
        channels: dict[str, int] = {}
        listening = [
            source.get_submodule(head).register_forward_pre_hook(lambda _, inputs: given.append(inputs[0].flatten(1)))
        ]
        for name in layers:

            def count(_: nn.Module, __: object, output: Tensor, name: str = name) -> None:
                channels[name] = output.shape[1]

            listening.append(source.get_submodule(name).register_forward_hook(count))
        try:
            source(images)
        finally:
            for hook in listening:
                hook.remove()
        return given[-1].double().cpu(), channels

    def loss() -> float:
        """Of the classifier, with the network as it is now."""
        assert classifier is not None
        chances = torch.from_numpy(classifier.predict_log_proba(features()[0].numpy()))
        return -float(chances.gather(1, places[:, None]).mean())

    with torch.no_grad():
        seen, channels = features()
        classifier = LogisticRegression(max_iter=1000).fit(seen.numpy(), labels.cpu().numpy())
        places = torch.searchsorted(torch.from_numpy(classifier.classes_), labels.cpu())
        whole, attention = loss(), {}
        for name in layers:
            increase = []
            for number in range(channels[name]):

                def without(_: nn.Module, __: object, output: Tensor, number: int = number) -> Tensor:
                    output = output.clone()
                    output[:, number] = 0
                    return output

                hook = source.get_submodule(name).register_forward_hook(without)
                try:
                    increase.append(loss() - whole)
                finally:
                    hook.remove()
            attention[name] = torch.tensor(increase, device=images.device).softmax(0)
    return attention


@kind("delta")
class DELTA(KnowDist):
    r"""The squared distance between feature maps, each channel weighted by its attention (Li et al. 2019, Equation 5).

    .. math:: \Omega = \frac1N \sum_{i=1}^{N} \sum_{l} \sum_{j} \alpha_{l,j}
              \lVert \mathrm{FM}_{l,j}(w, x_i) - \mathrm{FM}_{l,j}(w_s, x_i) \rVert^2

    with the :math:`\alpha` of :func:`channel_attention`, measured on the source network before the first step. Where
    all channels are worth the same it is :class:`wsnb.regularizers.KnowDist`, each layer divided by its number of
    channels. In a training loop of one's own:

    >>> from wsnb.regularizers import DELTA, Pull
    >>> pull = Pull(DELTA(coefficient=1.0, compared=("0",)), model, source, examples=(images, labels))
    >>> pull.backward(functional.cross_entropy(model(images), labels), images, labels)
    >>> optimizer.step()

    Args:
        compared: as in :class:`wsnb.regularizers.KnowDist`.
        examples: how many training images the attention is measured on.
    """

    examples: int = setting(512, minimum=2)

    def prepare(self, source: nn.Module, images: Tensor, labels: Tensor, head: str | None) -> Mapping[str, Tensor]:
        """The attention of each layer that is compared."""
        if head is None:
            raise InvalidValue("DELTA needs the name of the source network's classifier, and head is None.")
        return channel_attention(source, images, labels, self.layers(source), head)

    def penalty(self, seen: Seen) -> Tensor:
        """The mean over images of the squared distance, summed over layers and their weighted channels."""
        distances = []
        for name in self.layers(seen.model):
            apart = (seen.features[name].float() - seen.source_features[name].float()).square()
            distances.append(apart.transpose(0, 1).flatten(1).sum(1) @ seen.prepared[name])
        return sum(distances[1:], distances[0]) / len(seen.images)
