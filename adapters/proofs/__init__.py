"""证据: the verifiable log over the stored bytes, its witnesses, and what anyone can check without trusting either.

Published formats only: RFC 6962 trees over SHA-256, signed notes, tlog-checkpoint, tlog-tiles, tlog-proof,
tlog-cosignature, tlog-witness and tlog-policy of C2SP. Where a place's policy asks for it, a second log over the same
facts is sealed with SM3 and SM2 in the same formats. What checks (merkle, notes, policy, entries, receipts, chains,
offline) needs neither database nor server; what seals, witnesses and serves stands beside it.
"""
