"""命令行: `taizhang`. Answers go to standard output, as text for people or with ``--json`` as one JSON document; all
else goes to standard error. It ends with 0 when done, 1 when refused (a stable code and a sentence), 2 when called
wrongly.

Whatever needs the database or the web is imported where it is used: a preview and a page of help come at once.
"""

from adapters.cli.program import main

__all__ = ["main"]
