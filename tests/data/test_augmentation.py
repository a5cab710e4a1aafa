"""Augmentation of a batch: pixel by pixel what torchvision does to each image; draws are uniform."""

import dataclasses
import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from torchvision.transforms.v2 import functional as torchvision

from wsnb.data.augment import Augment
from wsnb.data.augmentation import (
    BRIGHTNESS,
    CONTRAST,
    SATURATION,
    Draws,
    augmented,
    centre,
    draw_augmentation,
    margins,
    normalize,
)
from wsnb.data.catalogue import MEAN, STD
from wsnb.errors import InvalidValue

KINDS = (BRIGHTNESS, CONTRAST, SATURATION)
NOTHING = Augment(crop_padding=0, flip=0, brightness=0, contrast=0, saturation=0, rotation=0)
CROP_AND_FLIP = Augment(brightness=0, contrast=0, saturation=0, rotation=0)
COLOUR = Augment(crop_padding=0, flip=0, rotation=0)
ROTATION = Augment(crop_padding=0, flip=0, brightness=0, contrast=0, saturation=0, rotation=180)


def chance(seed=0):
    return torch.Generator().manual_seed(seed)


def noise(count, height, width, seed=0):
    return torch.randint(0, 256, (count, 3, height, width), generator=chance(seed), dtype=torch.uint8)


# The pixels ---------------------------------------------------------------------------------------

SIDES = st.integers(5, 24)
ANY_SIZE = st.tuples(SIDES, SIDES)
EVEN_SIZE = st.sampled_from([(8, 8), (16, 6), (4, 24), (16, 16), (12, 8)])
"""Three times height times width is a multiple of 32: torchvision's loop over contrast has no end piece."""


@st.composite
def batches(draw, sizes=ANY_SIZE):
    """Noise; or grey and near one level, where rounding shows most: there f x + (1 - f) t is x but for rounding."""
    height, width = draw(sizes)
    images = noise(draw(st.integers(1, 4)), height, width, draw(st.integers(0, 99)))
    if draw(st.booleans()):
        level, spread = draw(st.integers(0, 255)), draw(st.sampled_from([1, 2, 256]))
        images = (images[:, :1].int() % spread + level).clamp(0, 255).to(torch.uint8).repeat(1, 3, 1, 1)
    return images


FACTORS = st.floats(0, 3, width=32) | st.sampled_from([0.0, 0.5, 1.0, 2.0])
ANGLES = st.floats(-180, 180, width=32) | st.sampled_from([0.0, 45.0, 90.0, -90.0, 180.0])


@st.composite
def draws_for(draw, augment, count):
    """Any draws that an augmentation with these steps could lead to, the extreme ones too."""
    strengths = (augment.brightness, augment.contrast, augment.saturation)
    kinds = [kind for kind in KINDS if strengths[kind]]

    def each(strategy, dtype, width):
        return torch.tensor([draw(strategy) for _ in range(count)], dtype=dtype).view(count, *width)

    return Draws(
        augment,
        each(st.tuples(*[st.integers(0, 2 * augment.crop_padding)] * 2), torch.int64, [2]),
        each(st.booleans() if augment.flip else st.just(False), torch.bool, []),
        each(st.permutations(kinds), torch.int64, [len(kinds)]),
        each(st.tuples(*[FACTORS] * len(kinds)), torch.float32, [len(kinds)]),
        each(ANGLES if augment.rotation else st.just(0.0), torch.float32, []),
    )


def contrast_without_an_end_piece(image, factor):
    """torchvision's contrast of 32 copies below each other: the same mean, and the end piece is not in the first."""
    return torchvision.adjust_contrast(torch.cat([image] * 32, dim=1), factor)[:, : image.shape[1]]


def by_torchvision(images, draws, adjust_contrast=torchvision.adjust_contrast):
    """The same by torchvision, image by image."""
    adjust = {
        BRIGHTNESS: torchvision.adjust_brightness,
        CONTRAST: adjust_contrast,
        SATURATION: torchvision.adjust_saturation,
    }
    done = []
    for index, image in enumerate(images):
        top, left = draws.corner[index].tolist()
        sides = [draws.augment.crop] * 2 if draws.augment.crop else image.shape[1:]
        image = torchvision.crop(torchvision.pad(image, [draws.augment.crop_padding] * 4), top, left, *sides)
        if draws.flip[index]:
            image = torchvision.horizontal_flip(image)
        for kind, factor in zip(draws.order[index].tolist(), draws.factor[index].tolist(), strict=True):
            image = adjust[kind](image, factor)
        done.append(torchvision.rotate(image, draws.degrees[index].item(), fill=0))
    return torch.stack(done)


def sources(images, degrees, border=1e-4):
    """The pixels that each could come from when its source is off by up to ``border``: [4, N, 3, H, W]."""
    height, width = images.shape[2:]
    y, x = torch.meshgrid(*(torch.arange(side) - (side - 1) / 2 for side in (height, width)), indexing="ij")
    angle = torch.deg2rad(degrees.double())[:, None, None]
    right = x * angle.cos() - y * angle.sin() + (width - 1) / 2
    down = x * angle.sin() + y * angle.cos() + (height - 1) / 2
    found = []
    for off_right, off_down in itertools.product((-border, border), repeat=2):
        column, row = ((right + off_right).round().long(), (down + off_down).round().long())
        inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
        image = torch.arange(len(images))[:, None, None]
        taken = images[image, :, row.clamp(0, height - 1), column.clamp(0, width - 1)].permute(0, 3, 1, 2)
        found.append(taken * inside[:, None])
    return torch.stack(found)


@given(st.data(), batches(), st.integers(0, 4))
def test_crops_and_flips_are_torchvisions(data, images, padding):
    draws = data.draw(draws_for(Augment(padding, 0.5, 0, 0, 0, 0), len(images)))
    assert torch.equal(augmented(images, draws), by_torchvision(images, draws))


@given(st.integers(1, 9), st.integers(0, 5), st.integers(0, 5), st.integers(0, 2), st.integers(0, 99))
def test_crops_of_a_given_size_are_torchvisions_from_anywhere_and_so_are_the_centres(side, more, wider, padding, seed):
    images, augment = noise(20, side + more, side + wider), Augment(min(padding, side - 1), 0.5, 0, 0, 0, 0, crop=side)
    beside = margins(augment, *images.shape[2:])
    draws = draw_augmentation(augment, 20, chance(seed), beside)
    assert beside == (more, wider)
    assert torch.equal(augmented(images, draws), by_torchvision(images, draws))
    middle = images[:, :, more // 2 : more // 2 + side, wider // 2 : wider // 2 + side]
    assert torch.equal(centre(images, augment), middle) and centre(images, Augment()) is images


def test_crops_come_from_every_place_alike():
    augment = Augment(1, 0.5, 0, 0, 0, 0, crop=4)
    corners = draw_augmentation(augment, 6000, chance(), margins(augment, 6, 5)).corner
    counts = torch.zeros(5, 4).index_put_(tuple(corners.T), torch.ones(6000), accumulate=True)
    assert (counts - 300).abs().max() < 5 * 300**0.5


def test_a_crop_larger_than_the_image_is_refused():
    with pytest.raises(InvalidValue, match="Augment.crop is 9 and the images have 8 x 10 pixels; allowed: at most 8"):
        centre(noise(1, 8, 10), Augment(crop=9))


@given(st.data(), batches(EVEN_SIZE))
def test_colours_are_torchvisions_in_any_order(data, images):
    draws = data.draw(draws_for(COLOUR, len(images)))
    assert torch.equal(augmented(images, draws), by_torchvision(images, draws))


@given(st.data(), batches())
def test_so_they_are_at_odd_sizes_where_its_contrast_has_no_end_piece(data, images):
    draws = data.draw(draws_for(COLOUR, len(images)))
    assert torch.equal(augmented(images, draws), by_torchvision(images, draws, contrast_without_an_end_piece))


@given(st.data(), batches())
def test_the_end_piece_of_its_contrast_is_off_by_one_at_most_and_nothing_else_is(data, images):
    contrast = Augment(0, 0, 0, 0.25, 0, 0)
    draws = data.draw(draws_for(contrast, len(images)))
    ours, theirs = (done.flatten(1).int() for done in (augmented(images, draws), by_torchvision(images, draws)))
    whole = ours.shape[1] // 32 * 32
    assert torch.equal(ours[:, :whole], theirs[:, :whole])
    assert (ours - theirs).abs().max() <= 1


def test_contrast_of_an_image_too_large_for_an_exact_sum_is_off_by_one_at_most():
    images = noise(1, 300, 320)
    draws = draw_augmentation(Augment(0, 0, 0, 0.25, 0, 0), 1, chance())
    ours, theirs = augmented(images, draws).int(), by_torchvision(images, draws).int()
    assert (ours - theirs).abs().max() <= 1


@pytest.mark.parametrize("kind", KINDS)
def test_one_colour_step_alone_is_that_step(kind):
    images = noise(8, 8, 8)
    strengths = [0.5 * (kind == other) for other in KINDS]
    draws = draw_augmentation(Augment(0, 0, *strengths, 0), 8, chance())
    assert draws.order.tolist() == [[kind]] * 8
    done = augmented(images, draws)
    assert torch.equal(done, by_torchvision(images, draws)) and not torch.equal(done, images)


@given(st.data(), batches())
def test_rotations_are_torchvisions_but_for_sources_on_the_border_of_two_pixels(data, images):
    draws = data.draw(draws_for(ROTATION, len(images)))
    ours, candidates = augmented(images, draws), sources(images, draws.degrees)
    assert (ours == candidates).any(0).all()
    on_no_border = (candidates == candidates[0]).all(0)
    assert torch.equal(ours[on_no_border], by_torchvision(images, draws)[on_no_border])


def test_hardly_any_source_lies_on_such_a_border():
    # So the test before this one is about nearly all pixels.
    images, degrees = noise(500, 16, 15), draw_augmentation(ROTATION, 500, chance()).degrees
    candidates = sources(images, degrees)
    assert (candidates == candidates[0]).all(0).float().mean() > 0.999


@given(st.integers(0, 10_000), st.sampled_from([1, 2, 3]))
def test_all_steps_together_are_torchvisions_crop_flip_colours_and_rotation_in_turn(seed, padding):
    images = noise(4, 16, 16, seed)
    draws = draw_augmentation(Augment(padding, 0.5, 0.5, 0.5, 0.5, 20), 4, chance(seed))
    ours, theirs = augmented(images, draws), by_torchvision(images, draws)
    unturned = dataclasses.replace(draws, augment=Augment(padding, 0.5, 0.5, 0.5, 0.5, 0))
    candidates = sources(augmented(images, unturned), draws.degrees)
    on_no_border = (candidates == candidates[0]).all(0)
    assert torch.equal(ours[on_no_border], theirs[on_no_border]) and on_no_border.float().mean() > 0.8


def test_zeros_everywhere_leave_every_image_as_it_is():
    images = noise(5, 9, 7)
    draws = draw_augmentation(NOTHING, 5, chance())
    assert torch.equal(augmented(images, draws), images)
    assert torch.equal(by_torchvision(images, draws), images)


@pytest.mark.parametrize("augment", [Augment(), CROP_AND_FLIP, COLOUR, ROTATION, NOTHING])
def test_images_given_stay_as_they_were_and_their_layout_changes_no_pixel(augment):
    images = noise(6, 12, 10)
    draws = draw_augmentation(augment, 6, chance())
    before = images.clone()
    done = augmented(images, draws)
    assert torch.equal(images, before) and done.dtype == torch.uint8
    channels_last = images.contiguous(memory_format=torch.channels_last)
    assert torch.equal(augmented(channels_last, draws), done) and torch.equal(channels_last, before)


def test_an_image_is_changed_as_its_draws_say_whatever_stands_beside_it():
    images, draws = noise(7, 11, 13), draw_augmentation(Augment(), 7, chance())
    done = augmented(images, draws)
    parts = [augmented(images[part], draws[part]) for part in (slice(0, 3), slice(3, 7))]
    assert torch.equal(torch.cat(parts), done)
    chosen = torch.tensor([5, 0, 5])
    assert torch.equal(augmented(images[chosen], draws[chosen]), done[chosen])


def test_nothing_asks_the_device_for_a_number():
    # Tensors on the meta device hold none: asking would fail.
    images, draws = noise(4, 8, 8).to("meta"), draw_augmentation(Augment(), 9, chance()).to("meta")
    assert augmented(images, draws[2:6]).shape == (4, 3, 8, 8)


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_gives_the_same_but_for_rounding_and_is_not_waited_for():
    images, draws = noise(256, 32, 32), draw_augmentation(Augment(rotation=20), 256, chance())
    there, draws_there = images.cuda(), draws.to("cuda")
    augmented(there, draws_there)
    torch.cuda.set_sync_debug_mode("error")
    try:
        done = augmented(there, draws_there)
    finally:
        torch.cuda.set_sync_debug_mode("default")
    assert (done.cpu() == augmented(images, draws)).float().mean() > 0.99


@pytest.mark.parametrize("height, width", [(8, 5), (5, 8)])
def test_a_crop_that_could_miss_the_image_is_refused(height, width):
    images = noise(2, height, width)
    augmented(images, draw_augmentation(Augment(4), 2, chance()))
    with pytest.raises(InvalidValue, match=f"crop_padding is 5 .* {height} x {width} .* allowed: at most 4"):
        augmented(images, draw_augmentation(Augment(5), 2, chance()))


# What is drawn ------------------------------------------------------------------------------------
#
# Seeds are fixed, so a test of chance passes always or never; each would fail for one seed in a thousand.

MANY = 60_000
UNLIKELY = 1e-3


def by_kind(draws):
    """Factors [n, 3] of brightness, contrast and saturation, whenever they are done."""
    return torch.empty_like(draws.factor).scatter_(1, draws.order, draws.factor)


def occurrences(numbers, size):
    return torch.bincount(numbers, minlength=size).numpy()


def test_crops_lie_anywhere_alike():
    corner = draw_augmentation(Augment(4), MANY, chance()).corner
    assert (corner.min(), corner.max()) == (0, 8)
    assert stats.chisquare(occurrences(corner[:, 0] * 9 + corner[:, 1], 81)).pvalue > UNLIKELY


@pytest.mark.parametrize("probability", [0.0, 0.3, 0.5, 1.0])
def test_flips_come_with_their_probability(probability):
    flip = draw_augmentation(Augment(flip=probability), MANY, chance()).flip
    assert stats.binomtest(int(flip.sum()), MANY, probability).pvalue > UNLIKELY


STRENGTHS = Augment(brightness=0.25, contrast=0.75, saturation=1.5)
RANGES = [(0.75, 1.25), (0.25, 1.75), (0.0, 2.5)]


def test_factors_are_uniform_about_one_and_never_negative():
    factors = by_kind(draw_augmentation(STRENGTHS, MANY, chance())).double()
    for (low, high), factor in zip(RANGES, factors.unbind(1), strict=True):
        assert low <= factor.min() and factor.max() <= high
        assert stats.kstest(factor.numpy(), stats.uniform(low, high - low).cdf).pvalue > UNLIKELY


@pytest.mark.parametrize("off, orders", [({}, 6), ({"contrast": 0}, 2), ({"brightness": 0, "contrast": 0}, 1)])
def test_all_orders_of_the_colour_steps_that_are_on_are_alike(off, orders):
    order = draw_augmentation(Augment(**off), MANY, chance()).order
    found, counts = order.unique(dim=0, return_counts=True)
    assert len(found) == orders and counts.sum() == MANY
    assert orders == 1 or stats.chisquare(counts.numpy()).pvalue > UNLIKELY


def test_angles_are_uniform():
    degrees = draw_augmentation(Augment(rotation=20), MANY, chance()).degrees.double().numpy()
    assert abs(degrees).max() <= 20
    assert stats.kstest(degrees, stats.uniform(-20, 40).cdf).pvalue > UNLIKELY


def test_the_same_chance_draws_the_same_and_another_does_not():
    one, again, other = (draw_augmentation(Augment(), 50, chance(seed)) for seed in (3, 3, 4))
    for name in ("corner", "flip", "order", "factor", "degrees"):
        assert torch.equal(getattr(one, name), getattr(again, name))
        assert not torch.equal(getattr(one, name), getattr(other, name))


@pytest.mark.parametrize(
    "off, name",
    [
        ({"crop_padding": 0}, "corner"),
        ({"flip": 0}, "flip"),
        ({"brightness": 0, "contrast": 0, "saturation": 0}, "order"),
        ({"rotation": 0}, "degrees"),
    ],
)
def test_a_step_that_is_off_changes_no_draw_of_the_others(off, name):
    every, some = draw_augmentation(Augment(), 50, chance()), draw_augmentation(Augment(**off), 50, chance())
    for other in {"corner", "flip", "order", "factor", "degrees"} - {name} - ({"factor"} if name == "order" else set()):
        assert torch.equal(getattr(every, other), getattr(some, other))
    assert not torch.equal(getattr(every, name), getattr(some, name))


# Normalization ------------------------------------------------------------------------------------


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_every_level_is_normalized_bit_for_bit_as_the_records_were(layout):
    levels = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16).repeat(2, 3, 1, 1)
    found = normalize(levels, MEAN, STD, layout)
    scale = [torch.tensor(std).mul(255).reciprocal() for std in STD]
    expected = [(levels[0, 0].float() - torch.tensor(mean).mul(255)) * by for mean, by in zip(MEAN, scale, strict=True)]
    assert torch.equal(found[1], torch.stack(expected)) and found.is_contiguous(memory_format=layout)
    assert (found[0, 0, 15, 15] - (1 - 0.4914) / 0.2023).abs() < 1e-6


def test_each_mean_and_deviation_is_applied_though_another_was_before():
    images = noise(2, 8, 8)
    normalize(images, MEAN, STD)
    mean, std = (0.1, 0.2, 0.3), (0.5, 0.25, 1.0)
    expected = (images.double() / 255 - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    assert (normalize(images, mean, std) - expected).abs().max() < 1e-5
