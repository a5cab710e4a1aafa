"""The parameters of chapters, and the profiles: named sets of their values in ``notebooks/profiles``.

A profile is a papermill parameters file. The ``paper`` profile holds the values that the papers state.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import yaml

from wsnb import catalogue, places
from wsnb.errors import InvalidValue, near_miss
from wsnb.trials import Value, setting

PROFILES = ("smoke", "laptop", "paper")
"""From the smallest to the largest; a chapter publishes the largest whose records are complete."""


@dataclass(frozen=True, repr=False)
class Settings(Value):
    """What a chapter can be given; each chapter takes the parameters that its parameters cell names.

    Attributes:
        profile: the name under which the page shows these values.
        dataset: a name of ``wsnb data list``, or ``images:PATH``.
        images: how many training images stand for all the data; 1.0 is all that the set has.
        resize: side in pixels to which the images of an ``images:PATH`` are resized; null takes them as they are.
        width: channels of the first stage of the ResNet-18.
        batch_size: images per step.
        learning_rate: of SGD without momentum.
        momentum_learning_rate: of SGD with momentum 0.9.
        adam_learning_rate: of Adam.
        phase_epochs: epochs of each phase where their number is fixed (Figures 1 and 3, Table 2).
        optimiser_state: whether a warm start in Table 1 keeps the optimiser's state.
        epoch_limit: training to convergence ends here at the latest.
        small_model_learning_rate: of SGD without momentum for the perceptron and logistic regression.
        svhn_mlp_learning_rate: the same on SVHN for the perceptron, where the paper has another.
        small_model_seeds: how many seeds these two get; they cost little.
        chunk: images that are added at a time in the online setting.
        train_accuracy: at which a training of the online setting ends.
        higher_train_accuracy: the same, of the repetition with a stricter end.
        checkpoint_every: epochs between the stops of Figure 3.
        weight_decays: of Table 2.
        learning_rates: of Figure 4, SGD.
        batch_sizes: of Figure 4.
        figure_4_images: how many training images stand for all the data in Figure 4; 1.0 is all that the set has.
        figure_4_seeds: how many seeds Figure 4 gets.
        figure_4_epoch_limit: a training of Figure 4 that has not reached its accuracy by then has failed.
        curve_images: images behind each evaluation by epoch; null takes all.
        seeds: how many seeds.
        first_seed: the first of them; the others follow it.
    """

    profile: str = "custom"
    dataset: str = "cifar10"
    images: int | float = setting(1.0, above=0)
    resize: int | None = setting(None, minimum=8, maximum=1024)
    width: int = setting(64, minimum=1, maximum=1024)
    batch_size: int = setting(128, minimum=1)
    learning_rate: float = setting(1e-3, above=0)
    momentum_learning_rate: float = setting(1e-3, above=0)
    adam_learning_rate: float = setting(1e-3, above=0)
    phase_epochs: int = setting(200, minimum=1)
    optimiser_state: Literal["fresh", "kept"] = "kept"
    epoch_limit: int = setting(350, minimum=1)
    small_model_learning_rate: float = setting(1e-3, above=0)
    svhn_mlp_learning_rate: float = setting(5e-3, above=0)
    small_model_seeds: int = setting(5, minimum=1, maximum=1000)
    chunk: int = setting(1000, minimum=2)
    train_accuracy: float = setting(0.99, above=0, maximum=1)
    higher_train_accuracy: float = setting(0.999, above=0, maximum=1)
    checkpoint_every: int = setting(20, minimum=1)
    weight_decays: tuple[float, ...] = setting((0.1, 0.01, 0.001), minimum=0)
    learning_rates: tuple[float, ...] = setting((0.1, 0.01, 0.001), above=0)
    batch_sizes: tuple[int, ...] = setting((16, 32, 64, 128), minimum=1)
    figure_4_images: int | float = setting(1.0, above=0)
    figure_4_seeds: int = setting(9, minimum=1, maximum=1000)
    figure_4_epoch_limit: int = setting(350, minimum=1)
    curve_images: int | None = setting(None, minimum=1)
    seeds: int = setting(5, minimum=1, maximum=1000)
    first_seed: int = setting(0, minimum=0, maximum=2**31)

    def __post_init__(self) -> None:
        super().__post_init__()
        catalogue.check_name(self.dataset)
        for name in ("images", "figure_4_images"):
            amount = getattr(self, name)
            if isinstance(amount, float) and amount > 1:
                raise InvalidValue(f"{name} is {amount!r}; allowed: a fraction in (0, 1], or a whole number.")
            if isinstance(amount, int) and amount < 4:
                raise InvalidValue(f"{name} is {amount!r}; allowed: a fraction in (0, 1], or at least 4 images.")
        for name in ("weight_decays", "learning_rates", "batch_sizes"):
            values = getattr(self, name)
            if not values or len(set(values)) < len(values):
                raise InvalidValue(f"{name} is {list(values)!r}; allowed: a list of one or more different numbers.")

    @classmethod
    def of(cls, names: Mapping[str, Any]) -> Settings:
        """The settings among a notebook's names: ``Settings.of(globals())`` after the parameters cell.

        Raises:
            InvalidValue: when one has a wrong type or is out of range.
        """
        return cls(**{field.name: names[field.name] for field in dataclasses.fields(cls) if field.name in names})

    def replace(self, **changes: Any) -> Settings:
        """These settings with some of them changed."""
        return dataclasses.replace(self, **changes)

    @property
    def half(self) -> int | float:
        """The amount of data that makes half of ``images``."""
        return half_of(self.images)

    @property
    def all_seeds(self) -> range:
        """The seeds."""
        return self.seeds_of(self.seeds)

    def seeds_of(self, count: int) -> range:
        """So many seeds, from ``first_seed`` on."""
        return range(self.first_seed, self.first_seed + count)


def half_of(amount: int | float) -> int | float:
    """Half of an amount of data: of a number of images, rounded down, or of a fraction."""
    return amount // 2 if isinstance(amount, int) else amount / 2


def parameters(profile: str) -> dict[str, Any]:
    """The values in the profile's file.

    Raises:
        InvalidValue: when there is no such profile, or its file holds what no chapter takes.
    """
    if profile not in PROFILES:
        raise InvalidValue(
            f"There is no profile {profile!r}; allowed: {', '.join(PROFILES)}.{near_miss(profile, PROFILES)}"
        )
    path = places.root() / "notebooks" / "profiles" / f"{profile}.yml"
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InvalidValue(f"The profile {profile!r} is not at {path}: {error.strerror}. Run in a checkout.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise InvalidValue(f"The profile {profile!r} at {path} is no YAML: {error}.") from error
    if not isinstance(values, dict):
        raise InvalidValue(f"The profile {profile!r} at {path} holds {values!r}; allowed: lines of `name: value`.")
    check_names(values, (field.name for field in dataclasses.fields(Settings)), f"profile {profile}")
    return values


def check_names(values: Mapping[str, Any], allowed: Any, whose: str) -> None:
    """That each name is allowed.

    Raises:
        InvalidValue: naming the first that is not, and its near miss.
    """
    allowed = list(allowed)
    for name in values:
        if name not in allowed:
            raise InvalidValue(
                f"{whose} has no parameter {name!r}; allowed: {', '.join(allowed)}.{near_miss(str(name), allowed)}"
            )


def settings(profile: str) -> Settings:
    """The profile as settings."""
    return Settings(**parameters(profile))
