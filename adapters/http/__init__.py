"""HTTP: one route per command and per ledger, problem+json, who is let in, files in and out. Nothing is decided here.

Only this package (and the pages beside it) knows status codes, headers and cookies.
"""
