"""生成: a county or a city of a real place's size, decided by the same commands as everything else.

Places, division codes, rules and figures are the real ones; who holds which post and what happens is drawn from a
seed, and says nothing about anybody. Of villagers there are numbers and commitments, over made-up values that are
kept nowhere; there are no files.

``shape`` is how large a place is and where its figures are from, ``people`` who is in post, ``world`` the clock and
everybody's lives under it, ``founding`` what stands before the first day's work, ``homes``, ``matters``, ``field`` and
``lists`` what happens to households, issues, teams and townships, ``memory`` the facts while they are decided on,
``generate`` all of it as a stream of decisions, and ``load`` the stream on its way into an empty ledger.
"""
