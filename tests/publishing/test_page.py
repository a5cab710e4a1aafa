"""What chapters show beside figures and verdicts."""

from __future__ import annotations

from wsnb.optimizers.sgd import SGD
from wsnb.publishing import page


def test_a_methods_equation_and_symbols_stand_beside_the_code_that_runs() -> None:
    html = page.method(SGD, SGD.update).html
    words, code = html.split('class="where"')
    assert r"m \leftarrow \mu m + g" in words and "<code>momentum</code>" in words and "torch.optim.SGD" in words
    assert "wsnb.optimizers.sgd.SGD.update" in code and "fused" in code and "One step" not in code
    assert r"g \leftarrow g + \lambda w,  \\  m" in words, "one below the other"
    assert "type: ignore" not in code


def test_where_settings_differ_is_said_in_few_words() -> None:
    cells = [f"{model} with {rule}" for model in ("ResNet-18", "MLP") for rule in ("SGD", "Adam", "momentum SGD")]
    ours = {item: dict.fromkeys(("half", "random init", "warm start")) for item in ("Figure 1", *cells)}

    def said(items: list[str], starts: tuple[str, ...] = ("half", "random init", "warm start")) -> str:
        return page._where({item: list(starts) for item in items}, ours)

    assert said(list(ours)) == "everywhere"
    assert said(cells) == "all but Figure 1"
    assert said([cells[2], cells[5]]) == "all with momentum SGD"
    assert said(["Figure 1", *cells[:3]], ("half",)) == "Figure 1, ResNet-18: half"
    assert said(["Figure 1", cells[0]]) == "Figure 1, ResNet-18 with SGD"
    twice = ("random init", "warm start", "random init", "warm start")  # of two data sets that share a name
    assert said(cells[3:], twice) == "MLP: random init, warm start"
