"""Making the book: chapters into notebooks, notebooks into pages. Nothing else knows papermill, jupytext or Sphinx.

To add a chapter: its script in `notebooks/`, what the papers claim on it in `wsnb/papers/`, a line in `_toc.yml`.
"""
