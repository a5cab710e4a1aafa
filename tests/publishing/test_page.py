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
