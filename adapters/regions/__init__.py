"""区划: the packaged table of administrative divisions, and the finding of a place by the name a form gives it.

``divisions.csv`` holds code, name and level as published in the statistical division codes 统计用区划代码 of 2023-06,
for the counties this program has been used with. A code's ancestors are its prefixes.
"""
