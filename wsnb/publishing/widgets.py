"""Widgets that work on a page without a kernel: pictures drawn beforehand, of which a slider shows one.

Beside a widget stands a figure or a table that says the same: the page is whole without touching it.
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape

from wsnb.publishing.figures import NOT_RUN, Drawn
from wsnb.publishing.shown import Html, Shown, Source, as_csv, checked_name, download


def chooser(
    name: str, label: str, figures: Mapping[str, Drawn], *, message: str, source: Source, reading: str = ""
) -> Html | Shown:
    """Display a slider over figures; what is returned stands below it: the caption, and the quiet line.

    Args:
        name: its file of data, that of all figures, is called so.
        label: what is chosen; the slider's name.
        figures: by what the slider calls each.
        message: what they show.
        source: what they were made from.
        reading: what else a reader must know.
    """
    import ipywidgets
    from IPython.display import display

    checked_name(name)
    figures = {choice: figure for choice, figure in figures.items() if figure.picture}
    if not figures:
        return Shown(NOT_RUN)
    wide = ipywidgets.Layout(width="100%")
    slider = ipywidgets.SelectionSlider(options=list(figures), description=label, layout=wide)
    slider.style.description_width = "initial"
    shown = [ipywidgets.HTML(f'<div class="drawn">{figure.picture}</div>', layout=wide) for figure in figures.values()]
    stack = ipywidgets.Stack(shown, selected_index=0, layout=wide)
    ipywidgets.jslink((slider, "index"), (stack, "selected_index"))
    display(ipywidgets.VBox([slider, stack], layout=wide))

    columns = max((figure.columns for figure in figures.values()), key=len)
    rows = [[choice, *row] for choice, figure in figures.items() for row in figure.rows]
    links = ", ".join(
        download(f"{name}-{number}.svg", "image/svg+xml", figure.file, escape(choice))
        for number, (choice, figure) in enumerate(figures.items(), 1)
    )
    pictures = f"<details><summary>pictures (SVG)</summary> {links}</details>"
    line = source.line(name, as_csv([label, *columns], rows), more=pictures)
    return Html(
        f'<div class="drawn caption" id="{name}"><p><strong>{escape(message)}</strong> '
        f'<span class="reading">{escape(reading)}</span></p>'
        f"<noscript><p>The slider needs JavaScript; its pictures are below.</p></noscript>{line}</div>",
        message,
    )
