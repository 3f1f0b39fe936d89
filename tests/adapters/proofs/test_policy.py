"""Whom someone trusts is read from a file of tlog-policy, and nothing less than it asks for is enough."""

import re

import pytest

from adapters.proofs.notes import LOG, Checkpoint, Note, Signer
from adapters.proofs.policy import Policy
from adapters.proofs.verdict import Unproven
from tests.adapters.proofs.world import NOON, policy_of, witnesses

KEY = Signer.new("ledger.example/county", LOG)
A, B, C = witnesses(3)
TREE = Checkpoint("ledger.example/county", 7, bytes(32))


def note(*cosigners: Signer, key: Signer = KEY, tree: Checkpoint = TREE) -> str:
    return str(Note(tree.text, (key.sign(tree.text), *(one.sign(tree.text, NOON) for one in cosigners))))


def test_a_checkpoint_is_accepted_when_enough_witnesses_cosigned_it() -> None:
    policy = Policy.parse(policy_of(KEY, asked=[A, B, C], needed=2))
    accepted = policy.accept(note(A, C))
    assert accepted.checkpoint == TREE
    assert accepted.witnessed == {"w1": NOON, "w3": NOON}


def test_groups_of_groups_count_as_the_specification_has_it() -> None:
    x, y = witnesses(6)[:3], witnesses(6)[3:]
    lines = [f"log {KEY.verifier}"]
    for name, group in (("X", x), ("Y", y)):
        lines += [f"witness {name}{at} {one.verifier}" for at, one in enumerate(group, 1)]
    lines += ["group Xs 2 X1 X2 X3", "group Ys any Y1 Y2 Y3", "group both all Xs Ys", "# comment", " \t", "quorum both"]
    policy = Policy.parse("\n".join(lines) + "\n")
    assert policy.satisfied({"X1", "X3", "Y2"})
    assert not policy.satisfied({"X1", "X2", "X3"})
    assert not policy.satisfied({"X1", "Y1", "Y2", "Y3"})


def refused(policy: str, content: str) -> str:
    with pytest.raises(Unproven) as refusal:
        Policy.parse(policy).accept(content)
    return refusal.value.code


def test_what_is_not_to_be_trusted_says_why() -> None:
    asked = policy_of(KEY, asked=[A, B], needed=2)
    stranger = Signer.new("ledger.example/county", LOG)
    assert refused(asked, note(A)) == "too_few_witnesses"
    assert refused(asked, note(A, A)) == "too_few_witnesses"
    assert refused(asked, note(A, C)) == "too_few_witnesses"
    assert refused(asked, note(A, B, key=stranger)) == "checkpoint_not_signed"
    assert refused(asked, note(A, B, tree=TREE._replace(origin="ledger.example/other"))) == "unknown_log"
    assert refused(asked, note(A, B).replace("\n7\n", "\n8\n")) == "bad_checkpoint"
    assert refused(asked, "nonsense") == "bad_checkpoint"


@pytest.mark.parametrize(
    "text",
    [
        "",
        f"log {KEY.verifier}\n",
        f"log {A.verifier}\nquorum none\n",
        f"log {KEY.verifier}\nlog {KEY.verifier}\nquorum none\n",
        f"witness a {KEY.verifier}\nquorum a\n",
        f"witness a {A.verifier}\nwitness b {A.verifier}\nquorum a\n",
        f"witness a {A.verifier} ftp://w.example\nquorum a\n",
        f"witness none {A.verifier}\nquorum none\n",
        "quorum a\n",
        "quorum none\nquorum none\n",
        f"witness a {A.verifier}\ngroup g 2 a\nquorum g\n",
        f"witness a {A.verifier}\ngroup g 0 a\nquorum g\n",
        f"witness a {A.verifier}\ngroup g all a\ngroup h all a\nquorum g\n",
        f"witness a {A.verifier}\ngroup g all a g\nquorum g\n",
        "nonsense\nquorum none\n",
        "quorum none\r\n",
        "log not-a-key\nquorum none\n",
    ],
    ids=lambda text: re.sub(r"\+[0-9a-f]{8}\+\S+", "", text),
)
def test_a_file_that_can_be_misread_is_refused(text: str) -> None:
    with pytest.raises(Unproven) as refusal:
        Policy.parse(text)
    assert refusal.value.code == "bad_policy"
