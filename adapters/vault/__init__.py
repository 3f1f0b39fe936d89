"""个人信息库: what is kept of villagers, and what is done with it: taken in, looked at, compared, erased.

Values live in the schema ``vault`` (``vault.sql``), which the service reaches through its functions only. Facts hold
commitments. The order of things is always the safe one: values are kept before the fact that names them (what no fact
ever names is swept after an hour), and erased after the fact that says so (``erase`` finishes what was interrupted,
and erases again what a restored backup brought back).
"""
