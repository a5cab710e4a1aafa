"""``python -m wsnb`` is ``wsnb``."""

from wsnb.cli import main

main()
