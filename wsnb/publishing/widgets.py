"""Widgets that work on a page without a kernel: pictures drawn beforehand, of which a slider shows one.

Beside a widget stands a figure or a table that says the same: the page is whole without touching it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from wsnb.publishing.figures import NOT_RUN, Drawn
from wsnb.publishing.shown import Shown


def chooser(label: str, figures: Mapping[str, Drawn]) -> Any:
    """A slider over figures.

    Args:
        label: what is chosen; the slider's name.
        figures: by what the slider calls each.
    """
    import ipywidgets

    if not any(figure.picture for figure in figures.values()):
        return Shown(NOT_RUN)
    wide = ipywidgets.Layout(width="100%")
    slider = ipywidgets.SelectionSlider(options=list(figures), description=label, layout=wide)
    slider.style.description_width = "initial"
    pictures = [
        ipywidgets.HTML(f'<div class="drawn">{figure.picture}</div>', layout=wide) for figure in figures.values()
    ]
    stack = ipywidgets.Stack(pictures, selected_index=0, layout=wide)
    ipywidgets.jslink((slider, "index"), (stack, "selected_index"))
    return ipywidgets.VBox([slider, stack], layout=wide)
