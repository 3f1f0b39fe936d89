"""命令行: `taizhang`. Answers go to standard output, as text for people or with ``--json`` as one JSON document; all else
goes to standard error. It ends with 0 when done, 1 when refused (a stable code and a sentence), 2 when called wrongly.
"""

from adapters.cli.program import main

__all__ = ["main"]
