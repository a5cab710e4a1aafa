"""Data arrives step by step: how many images at each, and what the steps come to."""

import pytest
from made_records import failed, record

from wsnb import MLP, Adam, Part, TrainAccuracy, Trial
from wsnb.errors import InvalidValue
from wsnb.trials.item import Item
from wsnb.verdicts.steps import Steps, arrivals, images_seen


@pytest.mark.parametrize("images, amounts", [(192, [64, 128, 192]), (193, [64, 128, 192, 193]), (144, [64, 128, 144])])
def test_each_step_adds_a_chunk_and_the_last_takes_all_and_never_more(images, amounts):
    assert arrivals(images, 64) == amounts


@pytest.mark.parametrize("images", [50, 64, 128])
def test_fewer_than_three_steps_are_refused_with_what_to_do(images):
    with pytest.raises(InvalidValue, match=f"{images} images in chunks of 64 make fewer than three steps.*smaller"):
        arrivals(images, 64)


def steps(accuracies, seen, count=2):
    """Three steps of one start, alike in each seed; the second seed is a point better."""
    first = Trial(Part("digits", 64), MLP(), Adam(), TrainAccuracy(0.9))
    item = Item(
        {
            seed: {("one", amount): first.replace(data=Part("digits", amount), seed=seed) for amount in (64, 128, 192)}
            for seed in range(count)
        }
    )
    records = {
        trial: record(trial, accuracy + 0.01 * seed, images_seen=images)
        for seed, trials in item.seeds.items()
        for trial, accuracy, images in zip(trials.values(), accuracies, seen, strict=True)
    }
    return item, records


def test_means_leave_out_the_first_step_and_totals_do_not():
    compared = Steps(*steps([0.1, 0.5, 0.7], [1000, 2000, 3000]))
    assert compared.amounts == [64, 128, 192]
    assert compared.mean_accuracy("one") == pytest.approx([60, 61])
    assert compared.totals("one", images_seen) == [6, 6]
    assert compared.mean_gap("one", "one").differences == (0, 0)


def test_growth_is_of_the_steps_after_the_first():
    compared = Steps(*steps([0.1, 0.5, 0.7], [9, 2000, 3000]))
    assert compared.growth("one", images_seen) == pytest.approx([1, 1])


def test_with_no_seed_complete_there_is_nothing_and_nothing_breaks():
    item, records = steps([0.1, 0.5, 0.7], [1, 2, 3])
    lost = {trials["one", 128]: failed(trials["one", 128]) for trials in item.seeds.values()}
    for compared in (Steps(item, {}), Steps(item, records | lost)):
        assert len(compared) == 0
        assert compared.amounts == compared.rows("one", images_seen) == compared.growth("one", images_seen) == []
        assert compared.mean_gap("one", "one") is None
