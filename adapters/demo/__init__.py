"""演示: one county's story, lived through the same commands as everything else.

Places, division codes and the list of issues are 环江's of 2019; who holds which post and what became of the issues is
made up, and says nothing about anybody. ``script`` is how a story is written down and played, ``cast`` who is in it,
``papers`` the evidence they hand in, ``story`` what happens, ``village`` what else the people of one village did,
``logins`` who can log in, ``loading`` plays it into an empty ledger, and ``marker`` keeps the clock of a demonstration
at the story's end.
"""
