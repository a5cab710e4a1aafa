"""What the papers print and claim, as it stands in print."""

import re
from math import hypot
from statistics import pstdev

import numpy as np
import pytest

from wsnb import places
from wsnb.errors import InvalidValue
from wsnb.papers import CLAIMS, ash2020, claim, kireev2021, warmstart2019
from wsnb.papers.tables import Cell
from wsnb.publishing.settings import PAPERS_DATA_SETS

# (random init, warm start) in percent, read off Table 1 of Kireev et al. 2021 and Table 1 of Ash and Adams 2020.
PRINTED = {
    "table-1-kireev2021-cifar-10-resnet-18-sgd": (60.3, 57.8),
    "table-1-kireev2021-cifar-10-resnet-18-adam": (80.3, 79.0),
    "table-1-kireev2021-cifar-10-resnet-18-momentum-sgd": (65.5, 63.4),
    "table-1-kireev2021-cifar-10-mlp-momentum-sgd": (45.9, 43.5),
    "table-1-kireev2021-svhn-mlp-sgd": (72.7, 67.3),
    "table-1-kireev2021-svhn-resnet-18-sgd": (84.7, 86.3),
    "table-1-kireev2021-cifar-100-logistic-regression-adam": (12.6, 12.2),
    "table-1-ash2020-cifar-10-resnet-18-sgd": (56.2, 51.7),
    "table-1-ash2020-cifar-10-mlp-adam": (39.4, 36.1),
    "table-1-ash2020-svhn-mlp-adam": (76.7, 69.4),
    "table-1-ash2020-cifar-100-resnet-18-adam": (41.4, 35.0),
}


def test_every_claim_is_under_its_own_id_and_says_something_of_its_own():
    # Two claims of one id would leave one of them out of the book without a word.
    assert all(entry.id == name for name, entry in CLAIMS.items())
    cells = [name for name in CLAIMS if name.startswith(("table-1-kireev2021-", "table-1-ash2020-"))]
    assert len(cells) == len(kireev2021.TABLE_1) + len(ash2020.TABLE_1) == 27 + 12
    assert len({entry.statement + entry.paper.cite for entry in CLAIMS.values()}) == len(CLAIMS)


@pytest.mark.parametrize("name", PRINTED)
def test_a_printed_gap_is_the_difference_in_the_papers_table(name):
    random_init, warm_start = PRINTED[name]
    assert CLAIMS[name].printed == round(random_init - warm_start, 1)
    assert CLAIMS[name].paper is (ash2020.PAPER if "ash" in name else kireev2021.PAPER)


def test_a_cell_claims_what_it_prints_and_a_difference_within_its_error_claims_none():
    expected = {
        "table-1-kireev2021-cifar-10-resnet-18-sgd": "above",
        "table-1-kireev2021-svhn-resnet-18-sgd": "below",
        "table-1-kireev2021-cifar-10-mlp-sgd": "within",
        "table-1-kireev2021-svhn-mlp-sgd": "above",
        "table-1-ash2020-svhn-resnet-18-adam": "above",
    }
    assert {name: CLAIMS[name].expects for name in expected} == expected


def test_the_seeds_behind_the_replications_table_have_the_means_that_it_prints():
    # But for the run of SGD on the perceptron on SVHN that the printed table replaces.
    for cell, starts in kireev2021.TABLE_1_SEEDS.items():
        for seeds, printed in zip(starts, kireev2021.TABLE_1[cell].accuracies, strict=True):
            assert len(seeds) == 5
            assert (abs(np.mean(seeds) - printed) < 0.0501) == (cell != ("SVHN", "MLP", "SGD"))


def test_table_2_claims_are_differences_of_printed_gaps():
    assert CLAIMS["gap-decays-with-more-decay"].printed == round((60.42 - 58.63) - (81.44 - 81.16), 2)
    assert CLAIMS["gap-decays-with-decay-0.1"].printed == round((60.3 - 57.8) - (81.44 - 81.16), 2)


def test_a_figure_without_numbers_has_none_in_its_claim():
    assert CLAIMS["gap-figure-1"].printed is None


def test_every_claim_has_a_topic_and_an_effect_of_interest_that_its_digits_can_show():
    for entry in CLAIMS.values():
        assert entry.topic and entry.least > 0
        assert float(f"{entry.least:.{entry.digits}f}") > 0


def test_a_claim_is_found_by_its_id():
    assert claim("gap-figure-1") is CLAIMS["gap-figure-1"]


def test_a_mistyped_id_is_refused_with_the_near_miss():
    with pytest.raises(InvalidValue, match="no claim 'gap-figure1'.*Did you mean 'gap-figure-1'"):
        claim("gap-figure1")


# The tables ---------------------------------------------------------------------------------------


def test_the_replications_table_has_every_cell_and_the_papers_table_is_part_of_it():
    models, rules = ("ResNet-18", "MLP", "logistic regression"), ("SGD", "Adam", "momentum SGD")
    cells = {(data, model, rule) for data in PAPERS_DATA_SETS.values() for model in models for rule in rules}
    assert set(kireev2021.TABLE_1) == cells
    assert set(kireev2021.TABLE_1_SEEDS) == cells
    assert set(ash2020.TABLE_1) < cells


def test_the_printed_errors_are_those_of_the_seeds_divided_by_n():
    # The paper divides by n where a standard deviation of a sample divides by n - 1.
    for cell, starts in kireev2021.TABLE_1_SEEDS.items():
        if cell == ("SVHN", "MLP", "SGD"):  # the run that the printed table replaces
            continue
        for seeds, printed in zip(starts, kireev2021.TABLE_1[cell].errors, strict=True):
            assert abs(pstdev(seeds) / len(seeds) ** 0.5 - printed) < 0.0501, cell


def test_a_cell_shows_its_pair_and_its_gap_as_a_table_does():
    cell = Cell((81.44, 81.2), (0.1, 0.2))
    assert (cell.shown, cell.gap) == ("81.44 / 81.20", 0.24)


def test_a_cell_expects_a_gap_where_it_is_over_twice_its_standard_error():
    for name, cell in kireev2021.TABLE_1.items():
        expects = CLAIMS["-".join(("table-1-kireev2021", *name)).lower().replace(" ", "-")].expects
        within = abs(cell.gap) <= 2 * hypot(*cell.errors)
        assert expects == ("within" if within else "above" if cell.gap > 0 else "below"), name


@pytest.mark.parametrize("data, expects", [("CIFAR-10", "above"), ("SVHN", "within"), ("CIFAR-100", "above")])
def test_what_is_said_of_a_data_set_as_a_whole_has_the_mean_of_its_nine_gaps(data, expects):
    stated = claim(kireev2021.on_data_set(data))
    pairs = [cell.accuracies for name, cell in kireev2021.TABLE_1.items() if name[0] == data]
    assert len(pairs) == 9 and stated.expects == expects
    assert stated.printed == pytest.approx(np.mean([fresh - warm for fresh, warm in pairs]), abs=0.006)


def test_every_paper_is_in_the_bibliography():
    bibliography = (places.root() / "book" / "references.bib").read_text(encoding="utf-8")
    entries = set(re.findall(r"@\w+\{(\w+),", bibliography))
    assert {module.PAPER.cite for module in (ash2020, kireev2021, warmstart2019)} <= entries
