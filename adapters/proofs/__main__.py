"""``python -m adapters.proofs FILE --policy trusted.txt``: checks a bundle or a receipt where nothing else is installed
than what checking needs."""

import argparse
import sys
from pathlib import Path

from adapters.proofs.offline import verify_file
from adapters.proofs.policy import Policy
from adapters.proofs.verdict import Unproven


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m adapters.proofs", description="离线核验证据包或回执")
    parser.add_argument("file", type=Path, help="证据包(.zip)或回执(.tlog-proof)")
    parser.add_argument("--policy", type=Path, required=True, help="信任名单(C2SP tlog-policy),由核验人自备")
    asked = parser.parse_args()
    try:
        report = verify_file(asked.file.read_bytes(), Policy.parse(asked.policy.read_text("utf-8")))
    except Unproven as error:
        sys.stderr.write(f"核验不通过:{error.sentence}({error.code})\n")
        return 1
    sys.stdout.write("".join(f"{line}\n" for line in report.lines()))
    return 0


sys.exit(main())
