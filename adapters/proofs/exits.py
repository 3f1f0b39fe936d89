"""核验退出: whether an exit, of a household, a village or a county, was done as its place's rules wanted it.

What was decided is decided again: each fact of an exit's chain says what was asked, and the very decision that recorded
it is put to the facts before it. So its steps, notice, signatures, ruling and conditions hold if, and only if, the
decision would record the same facts today. What it stands on must be among the facts at hand.
"""

from collections.abc import Mapping
from typing import Final, NoReturn

from adapters.proofs import people
from adapters.proofs.signoffs import SignOffChain, found
from adapters.proofs.verdict import Unproven
from domain import chains, exiting, exits
from domain.chains import CHAIN, ChainOpened, Given
from domain.command import Act, Command, Proof, Refused, Scope
from domain.exits import EXIT
from domain.fact import Event, Past, Recorded
from domain.ids import ChainId, IssueId, SigningKeyId
from domain.indicators import Assessed
from domain.keys import Key
from domain.keys import fold as fold_keys
from services.ledger import Reading, standing

_ASKED: Final[Mapping[type[Event], type[Command]]] = {
    chains.ChainOpened: exiting.ProposeExit,
    chains.Checked: exiting.VerifyExit,
    chains.NoticePosted: exiting.PostExitNotice,
    chains.ObjectionRaised: exiting.ObjectToExit,
    chains.ObjectionSettled: exiting.SettleExitObjection,
    chains.SignedOff: exiting.SignExit,
    chains.SentBack: exiting.SendBackExit,
    chains.SignatureRefused: exiting.RefuseExit,
    chains.ChainWithdrawn: exiting.WithdrawExit,
    exits.ExitStepTaken: exiting.TakeExitStep,
    exits.ExitRuled: exiting.RecordRuling,
    exits.ExitAnnounced: exiting.AnnounceExit,
    exits.ExitVoided: exiting.VoidExit,
}
"""What was asked when a fact was recorded: a command whose fields are all among the fact's. What is not here follows
from another fact, and never stands alone."""


def check_exits(facts: Past, subject: Assessed) -> list[SignOffChain]:
    """Every chain of the subject's exits, in order. Raises Unproven at the first fact that can't stand."""
    left = [
        fact
        for fact in facts.of(*CHAIN, *EXIT)
        if getattr(fact.event, "subject", None) == subject and getattr(fact.event, "purpose", "exit") == "exit"
    ]
    own = Past(left)
    while left:
        decided = _decided_again(facts, left[0])
        recorded, left = left[: len(decided)], left[len(decided) :]
        for fact, event in zip(recorded, decided, strict=False):
            if (fact.event, fact.by, fact.at) != (event, recorded[0].by, recorded[0].at):
                _refuse(fact, "decided_otherwise", "所记的不是当时依规定应当作出的决定")
        if len(recorded) < len(decided):
            _refuse(recorded[-1], "incomplete_facts", "它同时作出的另一决定没有收入")
    keys = fold_keys(facts)
    opened = [event.chain for event in own.events if isinstance(event, ChainOpened)]
    return [_found(own, chain, keys) for chain in opened]


def _found(own: Past, name: ChainId, keys: Mapping[SigningKeyId, Key]) -> SignOffChain:
    chain = chains.fold(own, name)
    assert chain is not None
    given = [fact for fact in own if isinstance(fact.event, Given) and fact.event.chain == name]
    return found(chain, given, keys, exits.fold(own, name))


def _decided_again(facts: Past, fact: Recorded) -> tuple[Event, ...]:
    """What the decision behind a fact records, put to the facts before it."""
    kind = _ASKED.get(type(fact.event))
    if kind is None:
        _refuse(fact, "undecided", "没有作出这一决定的依据")
    earlier = Past(one for one in facts if one.position < fact.position)
    try:
        asked = kind.model_validate({name: getattr(fact.event, name) for name in kind.model_fields})
        act = Act(fact.by, fact.at, _proven(earlier, fact))
        return tuple(asked.decide(_standing(earlier, asked, act), act))
    except Refused as refused:
        if isinstance(refused, Unproven):
            raise
        _refuse(fact, refused.code, refused.sentence)
    except (LookupError, ValueError, AssertionError, StopIteration):
        # The folds know no past in which something is reported that was never begun.
        _refuse(fact, "incomplete_facts", "它所依据的事实没有收入")


def _standing(earlier: Past, asked: Command, act: Act) -> Past:
    """What the decision stood on, of the facts at hand."""
    steps = standing(asked, act)
    reading: Reading | None = None
    while True:
        try:
            scope: Scope = steps.send(reading)
        except StopIteration as end:
            past: Past = end.value[0]
            return past
        named = (earlier.about(tag).of(*types) if types else earlier.about(tag) for tag, types in scope)
        wanted = {fact.position: fact for found in named for fact in found}
        reading = Reading(Past(wanted[position] for position in sorted(wanted)), 0)


def _proven(earlier: Past, fact: Recorded) -> frozenset[Proof]:
    """What is verified here of a personal signature on the fact. Raises Unproven where it can't stand."""
    event = fact.event
    if not isinstance(event, Given):
        return frozenset()
    chain = chains.fold(earlier, event.chain)
    if chain is None or isinstance(event.subject, IssueId):
        _refuse(fact, "unknown_chain", "它所属的退出申请没有收入")
    people.check(earlier, exits.record(earlier, event.subject), fact, chain)
    if event.signature is None:
        return frozenset()
    key = fold_keys(earlier)[event.signature.key]
    return frozenset({Proof(key.public_key, event.signature.statement)})


def _refuse(fact: Recorded, code: str, sentence: str) -> NoReturn:
    raise Unproven(code, f"第{fact.position}号事实:{sentence}", fact.position)
