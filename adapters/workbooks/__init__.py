"""表格: reading issue-list workbooks 问题清单 as counties send them, and writing ledger workbooks.

Reading goes one way, one module a step: ``container`` (is the file safe to open?) → ``grid`` (cells as people see them)
→ ``layout`` (where the header is, which column is which) → ``values``, ``deadlines`` and ``places`` (what a cell says)
→ ``reader`` (rows and problems). ``writer`` stands by itself. Nothing here knows a database.
"""
