"""What the papers print and claim, as it stands in print."""

import re
from statistics import pstdev

import numpy as np
import pytest
from scipy.stats import ttest_rel

from wsnb import places
from wsnb.papers import CLAIMS, ash2020, kireev2021, predictions, saeed2023, wan2019, warmstart2019
from wsnb.papers.table_1 import effect_of
from wsnb.papers.tables import Cell
from wsnb.publishing.settings import PAPERS_DATA_SETS

# (random init, warm start) in percent, read off Table 1 of Kireev et al. 2021 and Table 1 of Ash and Adams 2020.
PRINTED = {
    "table-1-cifar-10-resnet-18-sgd-kireev2021": (60.3, 57.8),
    "table-1-cifar-10-resnet-18-adam-kireev2021": (80.3, 79.0),
    "table-1-cifar-10-resnet-18-momentum-sgd-kireev2021": (65.5, 63.4),
    "table-1-cifar-10-mlp-momentum-sgd-kireev2021": (45.9, 43.5),
    "table-1-svhn-mlp-sgd-kireev2021": (72.7, 67.3),
    "table-1-svhn-resnet-18-sgd-kireev2021": (84.7, 86.3),
    "table-1-cifar-100-resnet-18-momentum-sgd-kireev2021": (34.4, 30.6),
    "table-1-cifar-10-resnet-18-sgd-ash2020": (56.2, 51.7),
    "table-1-cifar-10-mlp-adam-ash2020": (39.4, 36.1),
    "table-1-svhn-mlp-adam-ash2020": (76.7, 69.4),
    "table-1-cifar-100-resnet-18-adam-ash2020": (41.4, 35.0),
}


def test_every_claim_is_under_its_own_id_and_says_something_of_its_own():
    # Two claims of one id would leave one of them out of the book without a word.
    assert all(entry.id == name for name, entry in CLAIMS.items())
    listed = [entry for paper in (kireev2021, ash2020, warmstart2019, wan2019, predictions) for entry in paper.CLAIMS]
    assert list(CLAIMS.values()) == listed
    assert len({entry.statement + entry.paper.cite for entry in CLAIMS.values()}) == len(CLAIMS)


@pytest.mark.parametrize("name", PRINTED)
def test_a_printed_gap_is_the_difference_in_the_papers_table(name):
    random_init, warm_start = PRINTED[name]
    assert CLAIMS[name].printed.value == pytest.approx(random_init - warm_start, abs=0.1)
    assert CLAIMS[name].paper is (ash2020.PAPER if "ash" in name else kireev2021.PAPER)


def test_a_cell_claims_a_start_ahead_where_the_papers_own_numbers_show_it_and_else_nothing():
    expected = {
        "table-1-cifar-10-resnet-18-sgd-kireev2021": ("positive", False),
        "table-1-svhn-resnet-18-sgd-kireev2021": ("negative", True),  # the text says that there is no gap on SVHN
        "table-1-svhn-resnet-18-sgd-ash2020": ("positive", False),
        "table-1-cifar-10-mlp-adam-ash2020": ("positive", False),
    }
    found = {name: (next(iter(CLAIMS[name].expects.values())), CLAIMS[name].is_derived) for name in expected}
    assert found == expected
    for nothing in ("cifar-10-mlp-sgd-kireev2021", "cifar-10-mlp-adam-kireev2021", "cifar-100-mlp-adam-kireev2021",
                    "svhn-resnet-18-adam-ash2020", "cifar-100-logistic-regression-adam-ash2020"):  # fmt: skip
        assert f"table-1-{nothing}" not in CLAIMS


def test_both_papers_speak_of_one_effect_in_a_cell_that_both_print():
    for name in ash2020.TABLE_1:
        ids = [f"{effect_of(name)}-{paper.PAPER.cite}" for paper in (ash2020, kireev2021)]
        effects = [set(CLAIMS[each].expects) for each in ids if each in CLAIMS]
        assert all(each == {effect_of(name)} for each in effects)


def test_what_needs_svhn_says_so_and_nothing_else_does():
    for entry in CLAIMS.values():
        speaks_of_it = "svhn" in "".join(entry.expects)
        assert (entry.needs == "SVHN") == speaks_of_it, entry.id
        assert entry.expects or entry.needs


def test_the_originals_opposed_statements_stand_beside_the_replications():
    cost = {name: entry.expects["figure-4-cost"] for name, entry in CLAIMS.items() if "figure-4-cost" in entry.expects}
    assert cost == {
        "rates-warm-as-good-and-faster": "negative",
        "rates-as-good-takes-as-long-ash2020": "negligible",
        "rates-no-time-saved": "not below",
    }
    assert CLAIMS["gap-decays-with-decay-0.1"].expects == {"table-2-decay-0.1": "positive"}
    assert CLAIMS["decay-does-not-help-ash2020"].expects == {"table-2-decay-0.1": "not above"}


def test_the_seeds_behind_the_replications_table_have_the_means_that_it_prints():
    # But for the run of SGD on the perceptron on SVHN that the printed table replaces.
    for cell, starts in kireev2021.TABLE_1_SEEDS.items():
        for seeds, printed in zip(starts, kireev2021.TABLE_1[cell].accuracies, strict=True):
            assert len(seeds) == 5
            assert (abs(np.mean(seeds) - printed) < 0.0501) == (cell != ("SVHN", "MLP", "SGD"))


def test_table_2_claims_are_differences_of_printed_gaps():
    assert CLAIMS["gap-decays-with-more-decay"].printed.value == round((60.42 - 58.63) - (81.44 - 81.16), 2)
    assert CLAIMS["gap-decays-with-decay-0.1"].printed is None  # its two gaps are of two tables


def test_a_figure_without_numbers_has_none_in_its_claim():
    assert CLAIMS["gap-figure-1"].printed is None


def test_every_claim_has_a_topic():
    assert all(entry.topic for entry in CLAIMS.values())


# The tables ---------------------------------------------------------------------------------------


def test_the_replications_table_has_every_cell_and_the_papers_table_is_part_of_it():
    models, rules = ("ResNet-18", "MLP", "logistic regression"), ("SGD", "Adam", "momentum SGD")
    cells = {(data, model, rule) for data in PAPERS_DATA_SETS.values() for model in models for rule in rules}
    assert set(kireev2021.TABLE_1) == cells
    assert set(kireev2021.TABLE_1_SEEDS) == cells
    assert set(ash2020.TABLE_1) < cells
    assert not any(rule == "momentum SGD" for _, _, rule in ash2020.TABLE_1)


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


def test_the_error_of_a_gap_is_that_of_its_seeds_or_what_print_makes_with_n_less_1():
    cell = ("CIFAR-10", "ResNet-18", "SGD")
    random, warm = np.array(kireev2021.TABLE_1_SEEDS[cell])
    stated = CLAIMS[f"{effect_of(cell)}-kireev2021"].printed
    assert stated.value == kireev2021.TABLE_1[cell].gap == pytest.approx((random - warm).mean(), abs=0.11)
    assert (stated.error, stated.freedom) == (pytest.approx((random - warm).std(ddof=1) / 5**0.5), 4)
    assert Cell((60.3, 57.8), (0.3, 0.4)).gap_error == pytest.approx(0.5 * (5 / 4) ** 0.5)
    assert Cell((60.3, 57.8), (0.3, 0.4), errors_are="deviations").gap_error == pytest.approx(0.5 / 5**0.5)
    # The run that the printed table replaces is of another learning rate: its seeds are none of that row's.
    replaced = ("SVHN", "MLP", "SGD")
    assert CLAIMS[f"{effect_of(replaced)}-kireev2021"].printed.error == kireev2021.TABLE_1[replaced].gap_error


def test_a_cell_claims_what_the_paired_t_test_of_its_seeds_shows():
    for name, (random, warm) in kireev2021.TABLE_1_SEEDS.items():
        if name != ("SVHN", "MLP", "SGD"):
            is_claimed = f"{effect_of(name)}-kireev2021" in CLAIMS
            assert is_claimed == (ttest_rel(random, warm).pvalue < 0.05), name


@pytest.mark.parametrize("data, expects", [("CIFAR-10", "positive"), ("SVHN", "not above"), ("CIFAR-100", "positive")])
def test_what_is_said_of_a_data_set_is_of_the_resnets_three_cells(data, expects):
    cells = [(data, "ResNet-18", rule) for rule in ("SGD", "Adam", "momentum SGD")]
    assert CLAIMS[f"table-1-{data.lower()}"].expects == {effect_of(cell): expects for cell in cells}


def test_the_third_look_at_the_table_is_of_cells_that_the_original_prints():
    assert set(saeed2023.TABLE_1) == {cell for cell in ash2020.TABLE_1 if cell[1] != "logistic regression"}
    gaps = {cell: round(of.gap, 2) for cell, of in saeed2023.TABLE_1.items() if cell[1] == "ResNet-18"}
    assert list(gaps.values()) == [3.04, 1.56, 1.64, -0.08, 2.36, 4.24]


def test_every_paper_is_in_the_bibliography():
    bibliography = (places.root() / "book" / "references.bib").read_text(encoding="utf-8")
    entries = set(re.findall(r"@\w+\{(\w+),", bibliography))
    assert {module.PAPER.cite for module in (ash2020, kireev2021, saeed2023, warmstart2019)} <= entries
