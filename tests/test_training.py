"""The one training loop and the one evaluation: exact, repeatable, and the same after an interruption."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional

from wsnb import models, training
from wsnb.data import ImageSet, take
from wsnb.errors import InvalidValue, TrialFailed, WsnbError
from wsnb.optimisers import Optimiser
from wsnb.randomness import generator
from wsnb.training import curve_subset, evaluate, train
from wsnb.transforms import augmented, draw_augmentation
from wsnb.trials import (
    MLP,
    SGD,
    Adam,
    Augment,
    Epochs,
    Logistic,
    Part,
    ResNet18,
    ResNet20,
    ShrinkPerturb,
    TrainAccuracy,
    Trial,
)
from wsnb.weights import FileCheckpoint


def coloured(train_count=41, test_count=23, classes=3, side=8, seed=0):
    """Noisy images whose classes differ a little in colour: something to learn, and not at once."""
    draw = torch.Generator().manual_seed(seed)

    def split(count):
        labels = torch.randint(classes, (count,), generator=draw)
        images = torch.randint(0, 200, (count, 3, side, side), generator=draw)
        for label in range(classes):
            images[labels == label, label % 3] += 25 + 5 * label
        return images.to(torch.uint8), labels

    names = tuple(f"class {index}" for index in range(classes))
    return ImageSet("digits", "coloured images", names, *split(train_count), *split(test_count))


IMAGES = coloured()
LARGER = coloured(side=16)
SMALL_MLP = Trial(Part("digits"), MLP((8,)), SGD(0.05), Epochs(3), batch_size=16)
SMALL_RESNET = SMALL_MLP.replace(model=ResNet18(2))


def trained(trial, images=IMAGES, **more):
    return train(trial, images, **more)


def without_time(progress):
    return progress.initial, {name: curve for name, curve in progress.curves.items() if name != "seconds"}


def same_state(one, other):
    return one.keys() == other.keys() and all(torch.equal(one[name], other[name]) for name in one)


def assert_same(one, other):
    assert without_time(one.progress) == without_time(other.progress)
    assert one.final == other.final
    assert same_state(one.snapshot.model, other.snapshot.model)
    assert same_state(one.snapshot.optimiser, other.snapshot.optimiser)


EVERY_KIND = [
    pytest.param(SMALL_MLP, id="MLP-SGD"),
    pytest.param(SMALL_MLP.replace(optimiser=SGD(0.05, 0.9, 1e-3)), id="MLP-momentum"),
    pytest.param(SMALL_MLP.replace(optimiser=Adam()), id="MLP-Adam"),
    pytest.param(SMALL_RESNET.replace(optimiser=SGD(0.05, 0.9)), id="ResNet18-momentum"),
    pytest.param(SMALL_RESNET.replace(optimiser=Adam()), id="ResNet18-Adam"),
    pytest.param(SMALL_RESNET.replace(model=ResNet20(2), optimiser=Adam()), id="ResNet20-Adam"),
    pytest.param(SMALL_RESNET.replace(augmentation=Augment(crop_padding=1)), id="ResNet18-augmented"),
]


# The step -----------------------------------------------------------------------------------------


def images_as_floats(images):
    mean, std = torch.tensor([0.4914, 0.4822, 0.4465]), torch.tensor([0.2023, 0.1994, 0.2010])
    return (images / 255 - mean[:, None, None]) / std[:, None, None]


def by_hand(trial, images):
    """The trial in ten lines of its own: plain layout, plain arithmetic, the update rules written out."""
    seed = generator(trial.seed, "weights").initial_seed()
    shape = tuple(images.train_images.shape[1:])
    model = models.build(trial.model, classes=len(images.classes), image_shape=shape, seed=seed).train()
    state = {parameter: [torch.zeros_like(parameter), torch.zeros_like(parameter)] for parameter in model.parameters()}
    rule, step = trial.optimiser, 0
    for epoch in range(trial.stop.at_most):
        order = torch.randperm(len(images.train_images), generator=generator(trial.seed, "order", epoch))
        pixels = images.train_images[order]
        if trial.augmentation:
            chance = generator(trial.seed, "augmentation", epoch)
            pixels = augmented(pixels, draw_augmentation(trial.augmentation, len(order), chance))
        for start in range(0, len(order), trial.batch_size):
            chosen, step = order[start : start + trial.batch_size], step + 1
            model.zero_grad()
            logits = model(images_as_floats(pixels[start : start + trial.batch_size]))
            functional.cross_entropy(logits, images.train_labels[chosen]).backward()
            with torch.no_grad():
                for parameter, (first, second) in state.items():
                    gradient = parameter.grad + rule.weight_decay * parameter
                    if isinstance(rule, SGD):
                        first.mul_(rule.momentum).add_(gradient)
                        parameter -= rule.learning_rate * first
                    else:
                        first.mul_(rule.beta1).add_((1 - rule.beta1) * gradient)
                        second.mul_(rule.beta2).add_((1 - rule.beta2) * gradient**2)
                        size = (second / (1 - rule.beta2**step)).sqrt() + 1e-8
                        parameter -= rule.learning_rate * first / (1 - rule.beta1**step) / size
    return model.state_dict()


@pytest.mark.parametrize(
    "rule",
    [SGD(0.05), SGD(0.05, momentum=0.9), SGD(0.05, 0.5, weight_decay=0.1), Adam(0.01), Adam(0.01, 0.8, 0.95, 0.1)],
    ids=repr,
)
@pytest.mark.parametrize("model", [MLP((8,)), ResNet18(1)], ids=repr)
def test_training_is_what_a_loop_written_by_hand_does(rule, model):
    trial = Trial(Part("digits"), model, rule, Epochs(2), seed=5, batch_size=16)
    ours, theirs = trained(trial).snapshot.model, by_hand(trial, IMAGES)
    assert list(ours) == list(theirs)
    for name in ours:
        # Adam divides by the gradient's own size, so the rounding of a tiny gradient shows.
        tolerance = 2e-3 if isinstance(rule, Adam) else 1e-4
        torch.testing.assert_close(ours[name], theirs[name], rtol=tolerance, atol=tolerance, msg=name)


def test_so_it_is_with_augmentation_drawn_anew_each_epoch_for_each_position_in_the_order():
    trial = SMALL_MLP.replace(seed=5, augmentation=Augment(crop_padding=2, rotation=20))
    ours, theirs = trained(trial).snapshot.model, by_hand(trial, IMAGES)
    for name in ours:
        torch.testing.assert_close(ours[name], theirs[name], rtol=1e-5, atol=1e-5, msg=name)
    assert (ours["head.weight"] - by_hand(trial.replace(augmentation=None), IMAGES)["head.weight"]).abs().max() > 1e-3


@pytest.mark.parametrize("trial", EVERY_KIND)
def test_a_trial_trained_twice_gives_the_same_to_the_last_bit(trial):
    torch.manual_seed(0)
    once = trained(trial)
    torch.manual_seed(1)
    assert_same(once, trained(trial))


@pytest.mark.parametrize(
    "change",
    [
        {"seed": 1},
        {"batch_size": 8},
        {"precision": "bf16"},
        {"optimiser": SGD(0.04)},
        {"augmentation": Augment(0, 0.5, 0, 0, 0, 0)},
    ],
)
def test_what_a_trial_says_differently_comes_out_differently(change):
    assert not same_state(trained(SMALL_MLP).snapshot.model, trained(SMALL_MLP.replace(**change)).snapshot.model)


def test_training_changes_neither_images_nor_global_chance():
    before = copy.deepcopy(IMAGES)
    torch.manual_seed(3)
    expected = torch.rand(2)
    torch.manual_seed(3)
    trained(SMALL_RESNET)
    assert torch.equal(torch.rand(2), expected)
    for name in ("train_images", "train_labels", "test_images", "test_labels"):
        assert torch.equal(getattr(IMAGES, name), getattr(before, name))


def test_every_image_is_seen_once_an_epoch_in_an_order_of_its_own(monkeypatch):
    orders = orders_of(monkeypatch, SMALL_MLP)
    assert all(sorted(order) == list(range(41)) for order in orders)
    assert orders[0] != orders[1] != orders[2]


def test_augmentation_that_changes_nothing_changes_nothing():
    assert_same(trained(SMALL_RESNET.replace(augmentation=Augment(0, 0, 0, 0, 0, 0))), trained(SMALL_RESNET))


def test_each_epoch_changes_an_image_in_its_own_way_and_starts_that_are_compared_in_the_same(monkeypatch):
    seen = []
    monkeypatch.setattr(training, "augmented", lambda images, draws: seen.append(draws) or augmented(images, draws))

    def drawn(trial, **more):
        seen.clear()
        trained(trial, **more)
        factors = torch.cat([draws.factor for draws in seen])
        return factors.view(3, 41, 3)

    trial = SMALL_MLP.replace(augmentation=Augment(crop_padding=1))
    random_init = drawn(trial)
    assert random_init.unique(dim=0).shape[0] == 3 and random_init.view(-1, 3).unique(dim=0).shape[0] == 3 * 41
    assert torch.equal(drawn(trial.then(), parent=trained(SMALL_MLP).snapshot), random_init)
    assert not torch.equal(drawn(trial.replace(seed=1)), random_init)


def test_a_crop_that_could_miss_the_image_is_no_traceback():
    with pytest.raises(InvalidValue, match="Augment.crop_padding is 8 and the images have 8 x 8 pixels"):
        trained(SMALL_MLP.replace(augmentation=Augment(8)))


# Starts -------------------------------------------------------------------------------------------


def orders_of(monkeypatch, trial, **more):
    """The orders in which an actual training goes through its images."""
    orders = []
    really = training.train_epoch

    def noted(model, optimiser, images, labels, order, trial, draws):
        orders.append(order.tolist())
        return really(model, optimiser, images, labels, order, trial, draws)

    with monkeypatch.context() as patch:
        patch.setattr(training, "train_epoch", noted)
        trained(trial, **more)
    return orders


def test_starts_that_are_compared_share_the_order_of_their_batches(monkeypatch):
    parent = trained(SMALL_MLP).snapshot
    random_init = orders_of(monkeypatch, SMALL_MLP)
    assert orders_of(monkeypatch, SMALL_MLP.then(), parent=parent) == random_init
    assert orders_of(monkeypatch, SMALL_MLP.then(start=ShrinkPerturb()), parent=parent) == random_init
    assert orders_of(monkeypatch, SMALL_MLP.replace(seed=1)) != random_init


@pytest.mark.parametrize("trial", EVERY_KIND)
def test_a_warm_start_begins_where_its_parent_ended(trial):
    parent = trained(trial)
    child = trained(trial.then(), parent=parent.snapshot)
    assert child.progress.initial["test_accuracy"] == parent.final["test_accuracy"]
    assert child.progress.initial["test_loss"] == parent.final["test_loss"]


def test_a_random_init_begins_as_its_seed_says_whatever_data_it_sees():
    part = take(IMAGES, Part("digits", 20), seed=0)
    on_all, on_part = trained(SMALL_MLP), train(SMALL_MLP.replace(data=Part("digits", 20)), part)
    assert on_all.progress.initial == on_part.progress.initial


def test_a_child_leaves_its_parents_snapshot_as_it_was():
    parent = trained(SMALL_MLP.replace(optimiser=Adam())).snapshot
    before = copy.deepcopy(parent)
    trained(SMALL_MLP.replace(optimiser=Adam()).then(optimiser_state="kept"), parent=parent)
    assert same_state(parent.model, before.model) and same_state(parent.optimiser, before.optimiser)


def test_shrink_perturb_adds_a_model_that_no_random_init_of_the_seed_starts_from():
    trial = SMALL_MLP.then(start=ShrinkPerturb(0, 1))
    parent = trained(SMALL_MLP).snapshot
    pure_noise = training.starting_model(trial, IMAGES, parent).state_dict()
    deeper = training.starting_model(trial.then(start=ShrinkPerturb(0, 1)), IMAGES, parent).state_dict()
    random_init = training.starting_model(SMALL_MLP, IMAGES, None).state_dict()
    for one, other in ((pure_noise, random_init), (pure_noise, deeper)):
        assert not any(torch.equal(one[name], other[name]) for name in one)
    assert same_state(pure_noise, training.starting_model(trial, IMAGES, parent).state_dict())


def test_more_classes_start_a_warm_start_with_a_fresh_head_drawn_by_the_seed():
    parent = trained(SMALL_MLP).snapshot
    more = coloured(classes=5)
    model = training.starting_model(SMALL_MLP.then(), more, parent).state_dict()
    random_init = training.starting_model(SMALL_MLP, more, None).state_dict()
    assert torch.equal(model["hidden.0.weight"], parent.model["hidden.0.weight"])
    assert torch.equal(model["head.weight"], random_init["head.weight"])


def test_a_parent_that_does_not_fit_is_refused():
    with pytest.raises(InvalidValue, match="hidden.0.weight"):
        trained(SMALL_MLP.replace(model=MLP((9,))).then(), parent=trained(SMALL_MLP).snapshot)


def test_a_child_without_its_parents_weights_is_refused_and_not_started_at_random():
    with pytest.raises(WsnbError, match="parent"):
        trained(SMALL_MLP.then())


# The optimiser's state ----------------------------------------------------------------------------


@pytest.mark.parametrize("rule", [SGD(0.05, 0.9), Adam(0.01)], ids=repr)
@pytest.mark.parametrize("model", [MLP((8,)), ResNet18(1)], ids=repr)
def test_kept_momenta_make_two_trainings_one_and_fresh_ones_do_not(rule, model):
    # With one batch an epoch there is no order: a child that keeps everything goes on where its parent stood.
    whole = Trial(Part("digits"), model, rule, Epochs(4), batch_size=64)
    first = whole.replace(stop=Epochs(2))
    parent = trained(first).snapshot
    kept = trained(first.then(optimiser_state="kept"), parent=parent)
    fresh = trained(first.then(), parent=parent)

    def distance(one, other):
        return max((one.snapshot.model[name] - other.snapshot.model[name]).abs().max() for name in one.snapshot.model)

    uninterrupted = trained(whole)
    assert distance(kept, uninterrupted) < 1e-3
    assert distance(fresh, uninterrupted) > 1e-2


@pytest.mark.parametrize("rule", [SGD(0.05, 0.9), Adam(0.01)], ids=repr)
def test_momenta_never_reach_a_weight_of_another_size(rule):
    # Trial allows it: the models are equal, only the data has other classes. PyTorch's fused step does not look at
    # shapes: it would write past the end of the smaller tensor and take the process down, or worse, not.
    first = SMALL_MLP.replace(optimiser=rule)
    parent = trained(first).snapshot
    model = training.starting_model(first.then(optimiser_state="kept"), coloured(classes=5), parent)
    optimiser = Optimiser(rule, model.parameters())
    with pytest.raises(InvalidValue, match="optimiser_state is 'kept'"):
        optimiser.load(parent.optimiser)
    for tensors in optimiser.moments.values():
        for tensor, parameter in zip(tensors, optimiser.parameters, strict=True):
            assert tensor.shape in {parameter.shape, torch.Size([])}


# Evaluation ---------------------------------------------------------------------------------------


class TellsTheFirstPixel(nn.Module):
    """Says class 0 for dark images and class 1 for bright ones, with logits of plus and minus one."""

    memory_format = torch.contiguous_format

    def forward(self, x):
        bright = x[:, :1, 0, 0].sign()
        return torch.cat([-bright, bright], dim=1)


@pytest.mark.parametrize("batch", [1, 3, 4, 10, 500])
def test_accuracy_and_loss_are_over_images_however_they_are_batched(monkeypatch, batch):
    # Ten images in batches of four: a mean of batch means would weigh the last two double.
    monkeypatch.setattr(training, "EVALUATION_BATCH", batch)
    images = torch.zeros(10, 3, 2, 2, dtype=torch.uint8)
    images[8:] = 255
    labels = torch.zeros(10, dtype=torch.int64)
    accuracy, loss = evaluate(TellsTheFirstPixel(), images, labels, "fp32")
    assert accuracy == 0.8
    right, wrong = (-math.log(math.exp(logit) / (math.e + 1 / math.e)) for logit in (1, -1))
    assert loss == pytest.approx(0.8 * right + 0.2 * wrong, rel=1e-6)


def test_running_accuracy_and_loss_are_over_images_too():
    # Steps too small to move anything: then the epoch's own measurements are those of the start.
    still = SMALL_MLP.replace(optimiser=SGD(1e-30), stop=Epochs(1))
    outcome = trained(still)
    assert outcome.progress.curves["train_accuracy"] == [outcome.final["train_accuracy"]]
    assert outcome.progress.curves["train_loss"][0] == pytest.approx(outcome.final["train_loss"], rel=1e-5)


def test_evaluation_uses_running_statistics_and_changes_none():
    outcome = trained(SMALL_RESNET)
    model = models.build(SMALL_RESNET.model, classes=3, image_shape=(3, 8, 8), seed=0)
    model.load_state_dict(outcome.snapshot.model)
    model.train()
    accuracy, loss = evaluate(model, IMAGES.test_images, IMAGES.test_labels, "fp32")
    assert same_state(model.state_dict(), outcome.snapshot.model)
    singly = [evaluate(model, IMAGES.test_images[[i]], IMAGES.test_labels[[i]], "fp32")[1] for i in range(23)]
    assert loss == pytest.approx(sum(singly) / 23, rel=1e-4), "an image's loss depends on it alone"
    assert (accuracy, loss) == (outcome.final["test_accuracy"], outcome.final["test_loss"])
    with torch.no_grad():
        in_train_mode = functional.cross_entropy(
            model.train()(images_as_floats(IMAGES.test_images)), IMAGES.test_labels
        )
    assert abs(in_train_mode.item() - loss) > 1e-3, "else this test says nothing"


def test_images_that_accuracies_are_evaluated_on_are_never_augmented():
    # Steps too small to move anything: then only what the network is shown can differ.
    still = SMALL_MLP.replace(optimiser=SGD(1e-30), stop=TrainAccuracy(1, at_most=1))
    plain, changed = trained(still), trained(still.replace(augmentation=Augment()))
    assert changed.final == plain.final and changed.progress.initial == plain.progress.initial
    differ = {name for name, curve in changed.progress.curves.items() if curve != plain.progress.curves[name]}
    assert {"train_loss"} <= differ <= {"train_loss", "train_accuracy", "seconds"}


def test_running_statistics_come_from_training_batches_alone():
    # The number of batches tracked counts the batches that batch normalisation has learnt from.
    state = trained(SMALL_RESNET.replace(stop=TrainAccuracy(1, at_most=3))).snapshot.model
    assert state["norm.num_batches_tracked"] == 3 * math.ceil(41 / 16)


# Curves and final measurements --------------------------------------------------------------------


def test_curves_have_one_entry_an_epoch_and_final_values_take_all_images():
    outcome = trained(SMALL_MLP.replace(curve_images=10))
    curves = outcome.progress.curves
    assert set(curves) == {"train_accuracy", "train_loss", "seconds", "test_accuracy", "test_loss"}
    assert {len(curve) for curve in curves.values()} == {3}
    assert curves["seconds"] == sorted(curves["seconds"]) and curves["seconds"][0] > 0
    assert outcome.final["stopped"] == "all epochs done"
    assert (outcome.final["epochs"], outcome.final["images_seen"]) == (3, 3 * 41)
    assert 23 * outcome.final["test_accuracy"] == pytest.approx(round(23 * outcome.final["test_accuracy"]))
    assert 41 * outcome.final["train_accuracy"] == pytest.approx(round(41 * outcome.final["train_accuracy"]))


def test_the_curves_images_are_the_same_for_every_seed_and_every_trial(monkeypatch):
    chosen = curve_subset(23, 10)
    assert len(set(chosen.tolist())) == 10 and chosen.tolist() != list(range(10))
    for trial in (SMALL_MLP, SMALL_MLP.replace(seed=7), SMALL_MLP.replace(seed=7, model=Logistic())):
        outcome = trained(trial.replace(curve_images=10))
        model = models.build(trial.model, classes=3, image_shape=(3, 8, 8), seed=0)
        model.load_state_dict(outcome.snapshot.model)
        expected = evaluate(model, IMAGES.test_images[chosen], IMAGES.test_labels[chosen], "fp32")
        curves = outcome.progress.curves
        assert (curves["test_accuracy"][-1], curves["test_loss"][-1]) == pytest.approx(expected)


def test_curve_images_change_no_weight_and_no_final_value():
    some, everything = trained(SMALL_MLP.replace(curve_images=10)), trained(SMALL_MLP)
    assert same_state(some.snapshot.model, everything.snapshot.model) and some.final == everything.final
    assert some.progress.initial != everything.progress.initial


@pytest.mark.parametrize("wanted", [None, 23, 24, 10_000])
def test_a_curve_on_all_images_takes_them_as_they_come(wanted):
    assert curve_subset(23, wanted).tolist() == list(range(23))


def test_after_each_epoch_it_is_told_how_many_images_were_seen():
    told = []
    trained(SMALL_MLP, after_epoch=lambda epochs, images_seen: told.append((epochs, images_seen)))
    assert told == [(1, 41), (2, 82), (3, 123)]


# When training stops ------------------------------------------------------------------------------


@pytest.mark.parametrize("measured, curve", [("evaluated", "evaluated_train_accuracy"), ("running", "train_accuracy")])
def test_training_stops_after_the_first_epoch_whose_accuracy_of_that_kind_reaches_the_target(measured, curve):
    outcome = trained(SMALL_MLP.replace(optimiser=Adam(0.002), stop=TrainAccuracy(0.8, 60, measured)))
    reached = [accuracy >= 0.8 for accuracy in outcome.progress.curves[curve]]
    assert reached.index(True) == len(reached) - 1 == outcome.final["epochs"] - 1 > 0
    assert outcome.final["stopped"] == "train accuracy reached 0.8"
    assert ("evaluated_train_accuracy" in outcome.progress.curves) == (measured == "evaluated")


def test_evaluated_is_after_the_epoch_and_running_while_weights_move():
    outcome = trained(SMALL_MLP.replace(optimiser=Adam(0.002), stop=TrainAccuracy(0.8, 60)))
    curves = outcome.progress.curves
    assert curves["evaluated_train_accuracy"][-1] == outcome.final["train_accuracy"]
    assert curves["evaluated_train_accuracy"] != curves["train_accuracy"]


def test_the_stop_of_a_warm_start_looks_at_new_images_as_well_as_old_ones(monkeypatch):
    # Parts are nested, so the first images of the whole are those that the parent has learnt by heart: an accuracy
    # over them alone is near its target before the new images have been learnt, and the warm start stops too soon.
    whole = coloured(train_count=200)
    half, everything = (take(whole, Part("digits", amount), seed=0) for amount in (100, 200))
    old = {image.numpy().tobytes() for image in half.train_images}
    looked_at = []
    really = training.evaluate

    def noted(model, images, labels, precision):
        looked_at.append(images)
        return really(model, images, labels, precision)

    monkeypatch.setattr(training, "evaluate", noted)
    trial = SMALL_MLP.replace(data=Part("digits", 200), stop=TrainAccuracy(1, at_most=1), curve_images=50)
    train(trial, everything)
    [sample] = [images for images in looked_at if len(images) == 50]
    from_the_half = sum(image.numpy().tobytes() in old for image in sample)
    assert 10 < from_the_half < 40


# Trouble ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "trial",
    [
        pytest.param(SMALL_MLP.replace(model=MLP((8,), "relu"), optimiser=SGD(1e30)), id="within-an-epoch"),
        # One batch an epoch: its loss is taken before the step that ruins the weights.
        pytest.param(
            SMALL_MLP.replace(model=Logistic(), optimiser=SGD(1e38), stop=Epochs(1), batch_size=64), id="last-step"
        ),
    ],
)
def test_a_training_that_diverges_is_said_to_and_has_no_outcome(trial):
    with pytest.raises(TrialFailed, match=r"diverged in epoch 1: its loss is \S+ A smaller learning rate may help"):
        trained(trial)


@pytest.mark.parametrize("batch_size", [40, 1])
def test_a_last_batch_of_one_small_image_is_no_traceback(batch_size):
    # 16x16 images are 1x1 in the last stage of a ResNet-18: one of them alone has no batch statistics.
    try:
        outcome = train(SMALL_RESNET.replace(batch_size=batch_size), LARGER)
    except WsnbError as refused:
        assert "batch_size" in str(refused)
    else:
        assert math.isfinite(outcome.final["test_loss"])


# Interruptions ------------------------------------------------------------------------------------


class Interrupted(Exception):
    pass


def interrupted_after(epoch):
    def after_epoch(epochs, images_seen):
        if epochs == epoch:
            raise Interrupted

    return after_epoch


def with_an_interruption(trial, path, epoch, **more):
    with pytest.raises(Interrupted):
        trained(
            trial, checkpoint=FileCheckpoint(path, hurry=lambda: True), after_epoch=interrupted_after(epoch), **more
        )
    told = []
    checkpoint = FileCheckpoint(path, hurry=lambda: True)
    outcome = trained(trial, checkpoint=checkpoint, after_epoch=lambda *progress: told.append(progress), **more)
    assert told == [(done, 41 * done) for done in range(epoch + 1, 4)], "finished epochs are not trained again"
    return outcome


@pytest.mark.parametrize("trial", EVERY_KIND)
def test_an_interrupted_training_goes_on_to_the_same_result_bit_for_bit(trial, tmp_path):
    assert_same(with_an_interruption(trial, tmp_path / "c.safetensors", 2), trained(trial))


@pytest.mark.parametrize("epoch", [1, 3])
def test_so_it_does_from_the_first_and_from_the_last_epoch(epoch, tmp_path):
    trial = SMALL_MLP.replace(optimiser=Adam(), stop=TrainAccuracy(1, at_most=3), curve_images=10)
    assert_same(with_an_interruption(trial, tmp_path / "c.safetensors", epoch), trained(trial))


def test_so_does_a_warm_start_that_keeps_its_parents_momenta(tmp_path):
    first = SMALL_RESNET.replace(optimiser=SGD(0.05, 0.9))
    parent = trained(first).snapshot
    child = first.then(optimiser_state="kept")
    resumed = with_an_interruption(child, tmp_path / "c.safetensors", 2, parent=parent)
    assert_same(resumed, trained(child, parent=parent))


def test_so_does_a_training_in_bfloat16(tmp_path):
    trial, path = SMALL_RESNET.replace(precision="bf16"), tmp_path / "c.safetensors"
    assert_same(with_an_interruption(trial, path, 2, images=LARGER), trained(trial, LARGER))


@pytest.mark.parametrize("trial", EVERY_KIND[1:4:2])
def test_keeping_the_place_changes_nothing(trial, tmp_path):
    kept = trained(trial, checkpoint=FileCheckpoint(tmp_path / "c.safetensors", hurry=lambda: True))
    assert_same(kept, trained(trial))


def test_a_place_that_was_kept_takes_its_time_along(tmp_path):
    checkpoint = FileCheckpoint(tmp_path / "c.safetensors", hurry=lambda: True)
    with pytest.raises(Interrupted):
        trained(SMALL_MLP, checkpoint=checkpoint, after_epoch=interrupted_after(2))
    before = checkpoint.load()[1].curves["seconds"]
    after = trained(SMALL_MLP, checkpoint=checkpoint).progress.curves["seconds"]
    assert after[:2] == before and after[2] > before[1]


# Precision and layout -----------------------------------------------------------------------------


@pytest.mark.parametrize("trial", [SMALL_MLP, SMALL_RESNET], ids=["MLP", "ResNet18"])
def test_bfloat16_is_near_and_not_the_same_and_weights_stay_in_full(trial):
    full, half = trained(trial, LARGER), trained(trial.replace(precision="bf16"), LARGER)
    full_loss, half_loss = (outcome.progress.curves["train_loss"][0] for outcome in (full, half))
    assert half_loss != full_loss and half_loss == pytest.approx(full_loss, rel=0.02)
    assert half.progress.initial["test_loss"] != full.progress.initial["test_loss"]
    assert {tensor.dtype for tensor in half.snapshot.model.values()} <= {torch.float32, torch.int64}


def test_a_snapshot_is_plain_and_apart_from_the_model():
    model = models.build(ResNet18(2), classes=3, image_shape=(3, 8, 8), seed=0)
    model = model.to(memory_format=torch.channels_last)
    optimiser = Optimiser(Adam(), model.parameters())
    model(torch.rand(4, 3, 8, 8)).sum().backward()
    optimiser.step()
    snapshot = training.snapshot_of(model, optimiser)
    tensors = [*snapshot.model.values(), *snapshot.optimiser.values()]
    assert all(tensor.is_contiguous() and not tensor.requires_grad for tensor in tensors)
    before = copy.deepcopy(snapshot)
    model(torch.rand(4, 3, 8, 8)).sum().backward()
    optimiser.step()
    assert same_state(snapshot.model, before.model) and same_state(snapshot.optimiser, before.optimiser)
