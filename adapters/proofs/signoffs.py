"""核验签批: whether a chain of signatures is whole, in order, on what its signers saw, by people who held the posts.

Folds of the domain over the facts at hand, and nothing else. What a signature says it was shown is a digest over every
fact on the issue until then, so no such fact can be left out before the last signature.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple, NoReturn

from adapters.proofs import people
from adapters.proofs.verdict import Unproven
from domain import chains
from domain.chains import Chain, ChainOpened, Given, Phase, SentBack, SignatureRefused, SignedOff, Subject
from domain.command import Act, Refused
from domain.exits import Exit
from domain.fact import Past, Recorded
from domain.ids import ChainId, IssueId, PersonId, RegionId, SigningKeyId
from domain.issues import IssueClosed
from domain.issues import fold as fold_issue
from domain.keys import Key
from domain.keys import fold as fold_keys
from domain.policy import in_force
from domain.posts import OVERSIGHT, Post, Tenure, held
from domain.signoff import Shown, shown_of, stages_for
from domain.statements import Assurance


class Signature(NamedTuple):
    """一个签字, as it was found right."""

    position: int
    stage: int
    post: Post
    region: RegionId
    by: PersonId
    at: datetime
    assurance: Assurance
    key: Key | None
    """The key it was made with, as it stands after the facts at hand; none where it rests on the account alone."""
    counts: bool
    """False where the chain was sent back past it, so that it was signed anew or stands no more."""


class Turned(NamedTuple):
    """一次拒签或退回, as it was found right."""

    position: int
    refused: bool
    """False where the chain was sent back."""
    by: PersonId
    at: datetime
    assurance: Assurance
    key: Key | None


class SignOffChain(NamedTuple):
    """签批链, as it was found right: where it stands after the facts at hand, and who signed."""

    chain: ChainId
    subject: Subject
    round: int
    phase: Phase
    signatures: tuple[Signature, ...]
    turned: tuple[Turned, ...]
    exit: Exit | None = None
    """Of an exit's chain the rest of it: its steps, the province's ruling, and whether it has exited."""

    @property
    def keys(self) -> list[Key]:
        """Every key that something was signed with here."""
        return [
            *(one.key for one in self.signatures if one.key),
            *(one.key for one in self.turned if one.key),
        ]


def check_issue(facts: Past, issue: IssueId) -> list[SignOffChain]:
    """Every chain on the issue, in order. Raises Unproven at the first fact that can't stand."""
    about = facts.about(issue)
    if not about:
        raise Unproven("unknown_issue", f"包中没有问题 {issue} 的事实")
    states: dict[ChainId, Chain] = {}
    given: dict[ChainId, list[Recorded]] = {}
    for number, fact in enumerate(about):
        name = getattr(fact.event, "chain", None)
        chain = states.get(name) if isinstance(name, ChainId) else None
        try:
            _check(facts, Past(about[:number]), fact, chain)
        except LookupError:
            # The folds know no past in which something is reported that was never begun.
            _refuse(fact, "incomplete_facts", "它所依据的事实没有收入")
        if isinstance(fact.event, Given):
            given.setdefault(fact.event.chain, []).append(fact)
        if isinstance(name, ChainId) and (after := chains.evolve(chain, fact)) is not None:
            states[name] = after
    keys = fold_keys(facts)
    return [found(state, given.get(name, []), keys) for name, state in states.items()]


def _check(facts: Past, before: Past, fact: Recorded, chain: Chain | None) -> None:
    match fact.event:
        case ChainOpened():
            _opened(facts, before, fact, fact.event)
        case SignedOff():
            _signed(facts, before, fact, fact.event, chain)
        case SentBack() | SignatureRefused():
            _turned(facts, before, fact, fact.event, chain)
        case IssueClosed() if chain is None or chain.phase is not Phase.COMPLETE:
            _refuse(fact, "closed_unsigned", "问题销号时签字并未签完")


def _opened(facts: Past, before: Past, fact: Recorded, opened: ChainOpened) -> None:
    """The stages are those that the rule in force asked for that day."""
    try:
        issue = fold_issue(before, IssueId(opened.subject))
        policy = in_force(_until(facts, fact), opened.region, _act(fact).today)
        stages = stages_for(policy, issue.severity, issue.region)
    except Refused as refused:
        _refuse(fact, refused.code, refused.sentence)
    if opened.stages != stages or opened.region != issue.region or opened.round != issue.round:
        _refuse(fact, "stages_not_by_policy", "申请销号时的签字环节与当日政策包的规定不符")


def _signed(facts: Past, before: Past, fact: Recorded, signature: SignedOff, chain: Chain | None) -> None:
    if chain is None or chain.phase is not Phase.SIGNING:
        _refuse(fact, "signed_out_of_turn", "签字时该申请还没有到签字环节,或已经办结")
    if signature.stage != chain.stage or signature.seat not in chain.open_seats:
        _refuse(fact, "signed_out_of_turn", "签字次序不对:还没有轮到这一席,或该席已经签过")
    stage = chain.stages[signature.stage]
    if signature.post not in stage.seats[signature.seat].posts or signature.region != chain.region.at(stage.level):
        _refuse(fact, "wrong_post", f"该席须由{stage.seats[signature.seat].label}签字")
    today = _act(fact).today
    tenures = held(_until(facts, fact), fact.by, today)
    if not any((one.post, one.region) == (signature.post, signature.region) for one in tenures):
        _refuse(fact, "not_in_post", f"签字人当日并不担任{signature.post.label}")
    if fact.by in chain.signed.values():
        _refuse(fact, "signed_twice", "同一人在一份申请上签了两次")
    if chain.objections or not chain.notice_over(today):
        _refuse(fact, "notice_running", "签字时公示未满或异议未处理完")
    if Shown(signature.shown, signature.shown_digest) != shown_of(before):
        _refuse(fact, "shown_otherwise", "签字所依据的材料与包中的事实不符:有事实被改动或没有收入")
    people.check(_until(facts, fact), before, fact, chain)


def _turned(
    facts: Past, before: Past, fact: Recorded, turned: SentBack | SignatureRefused, chain: Chain | None
) -> None:
    """Refused or sent back by who might have signed, or by who oversees, on what they were shown if they say so."""
    if chain is None or chain.phase.over or (chain.phase is not Phase.SIGNING and isinstance(turned, SignatureRefused)):
        _refuse(fact, "turned_out_of_turn", "拒签或退回时该申请还没有到签字环节,或已经办结")
    tenures = held(_until(facts, fact), fact.by, _act(fact).today)
    overseen = any(one.post in OVERSIGHT and one.region.holds(chain.region) for one in tenures)
    if not (overseen and isinstance(turned, SentBack)) and not _seated(chain, tenures, turned):
        _refuse(fact, "not_in_post", "拒签人、退回人当日并不担任该环节的签字职务")
    shown = Shown(turned.shown, turned.shown_digest) if turned.shown and turned.shown_digest else None
    if (turned.signature and shown is None) or (shown and shown != shown_of(before)):
        _refuse(fact, "shown_otherwise", "拒签或退回所依据的材料与包中的事实不符:有事实被改动或没有收入")
    people.check(_until(facts, fact), before, fact, chain)


def _seated(chain: Chain, tenures: Iterable[Tenure], turned: SentBack | SignatureRefused) -> bool:
    """Whether one of these posts gives a seat of the stage whose turn it is; a refusal names both."""
    if chain.stage is None or (isinstance(turned, SignatureRefused) and turned.stage != chain.stage):
        return False
    stage = chain.stages[chain.stage]
    posts = {post for seat in chain.open_seats for post in stage.seats[seat].posts}
    mine = {one.post for one in tenures if one.region == chain.region.at(stage.level)} & posts
    return turned.post in mine if isinstance(turned, SignatureRefused) else bool(mine)


def found(
    chain: Chain, given: Iterable[Recorded], keys: Mapping[SigningKeyId, Key], exit: Exit | None = None
) -> SignOffChain:
    """The chain as it stands, with what was said of it in someone's own name, each found right."""
    signatures, turned = [], []
    given = list(given)
    # Who signed anew after it was sent back signed twice in one place: the later one counts.
    latest = {(fact.event.stage, fact.event.seat): fact for fact in given if isinstance(fact.event, SignedOff)}
    for fact in given:
        event = fact.event
        assert isinstance(event, Given)
        key = keys[event.signature.key] if event.signature else None
        if isinstance(event, SignedOff):
            place = event.stage, event.seat
            counts = place in chain.signed and latest[place] is fact
            signatures.append(
                Signature(
                    fact.position,
                    event.stage,
                    event.post,
                    event.region,
                    fact.by,
                    fact.at,
                    event.assurance,
                    key,
                    counts,
                )
            )
        else:
            refused = isinstance(event, SignatureRefused)
            turned.append(Turned(fact.position, refused, fact.by, fact.at, event.assurance, key))
    return SignOffChain(chain.chain, chain.subject, chain.round, chain.phase, tuple(signatures), tuple(turned), exit)


def _until(facts: Past, fact: Recorded) -> Past:
    return Past(one for one in facts if one.position < fact.position)


def _act(fact: Recorded) -> Act:
    return Act(fact.by, fact.at)


def _refuse(fact: Recorded, code: str, sentence: str) -> NoReturn:
    raise Unproven(code, f"第{fact.position}号事实:{sentence}", fact.position)
