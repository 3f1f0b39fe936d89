"""离线核验: everything that a bundle or a receipt claims, checked with nothing but the file and the checker's own list
of trusted keys. Neither a database nor a server is asked."""

from collections.abc import Iterator
from typing import NamedTuple

from adapters.proofs.bundle import Bundle, names_in, page, unpack
from adapters.proofs.editions import Recomputed, check_edition
from adapters.proofs.exits import check_exits
from adapters.proofs.policy import Accepted, Policy
from adapters.proofs.receipts import Proof, verify_receipt
from adapters.proofs.signoffs import Signature, SignOffChain, Turned, check_issue
from adapters.proofs.sm2 import sm3
from adapters.proofs.verdict import Unproven
from adapters.web.formats import fingerprint, moment, points, today
from domain.chains import ChainOpened
from domain.exits import Exit
from domain.fact import Past
from domain.ids import ChainId, EditionId, HouseholdId, Id, IssueId, RegionId, SigningKeyId
from domain.keys import fold


class Report(NamedTuple):
    """核验报告: what was found right. ``remarks`` say what these facts alone can't show."""

    subject: Id | None
    logs: tuple[Accepted, ...]
    """The checkpoint of each trusted log that every fact was proven by; one at least."""
    facts: Past
    chains: tuple[SignOffChain, ...]
    editions: tuple[Recomputed, ...]
    remarks: tuple[str, ...]

    def lines(self) -> Iterator[str]:
        """The report in Chinese, for people."""
        names = names_in(self.facts)
        yield "核验通过" + (f":{self.subject}" if self.subject else "")
        for log in self.logs:
            yield from told(log)
        span = f"第{self.facts[0].position}号至第{self.facts[-1].position}号之间" if len(self.facts) > 1 else ""
        yield f"事实:{span}{len(self.facts)}条,逐字节与检查点相符"
        for chain in self.chains:
            signed = f"签字{len(chain.signatures)}个,次序、职务与所见均相符"
            yield f"{'退出' if chain.exit else '签批'}:{chain.chain}(第{chain.round}轮),{chain.phase.label},{signed}"
            if chain.exit:
                yield f"  {outcome(chain.exit)}"
            for one in chain.signatures:
                who = f"{names.get(one.region, one.region)}{one.post.label} {names.get(one.by, one.by)}"
                yield (
                    f"  第{one.stage + 1}级 {who} {moment(one.at)}{signed_with(one)}"
                    f"{'' if one.counts else '(已退回,不再有效)'}"
                )
            for turn in chain.turned:
                what = "拒签" if turn.refused else "退回"
                yield f"  {what} {names.get(turn.by, turn.by)} {moment(turn.at)}{signed_with(turn)}"
        for edition in self.editions:
            version = f"第{edition.revision}次更正" if edition.revision else "公布"
            yield f"榜单:第{edition.number}期,{version},截至第{edition.cut_off}号,按公布的计数复算一致"
            for standing in edition.standings:
                yield f"  {standing.rank} {names.get(standing.subject, standing.subject)} {points(standing.score)}分"
        for remark in self.remarks:
            yield f"注意:{remark}"


def outcome(exit: Exit) -> str:
    """What an exit has come to, by the decisions that were decided again."""
    steps = "、".join(f"{step.label}{day}" for step, day in exit.taken.items())
    ruled = {None: "", True: ",审定同意", False: ",审定不同意"}[exit.ruled]
    state = "退出后又撤销" if exit.voided_on else f"已于{exit.decided_on}退出" if exit.stands else "没有退出"
    return f"程序:{steps or '尚未办理'}{ruled};{state};每一步都按当时的规定重新判断过,结果一致"


def signed_with(one: Signature | Turned) -> str:
    """What stands for its being the signer's, and whether the key was revoked since with doubt reaching back so far."""
    if one.key is None:
        return ",凭账号签"
    doubtful = one.key.doubtful_since is not None and today(one.at) >= one.key.doubtful_since
    doubt = f"(存疑:密钥后来吊销,自{one.key.doubtful_since}起存疑)" if doubtful else ""
    return f",{one.assurance.label}签名相符,指纹 {fingerprint(one.key.key)}{doubt}"


def told(log: Accepted) -> Iterator[str]:
    """Where a trusted log stands, and who witnessed it."""
    tree = log.checkpoint
    suite = "SM3、SM2" if log.algorithm is sm3 else "SHA-256、Ed25519"
    yield f"日志:{tree.origin}({suite}),已封存{tree.size}号,根哈希 {tree.root.hex()}"
    for witness, at in sorted(log.witnessed.items()):
        yield f"见证:{witness},{moment(at)}"


def verify_file(content: bytes, policy: Policy) -> Report:
    """Check a bundle or a receipt, whichever it is. Raises Unproven."""
    if content.startswith(b"PK"):
        return verify_bundle(content, policy)
    return verify_receipt_alone(content.decode("utf-8", "replace"), policy)


def verify_bundle(content: bytes, policy: Policy) -> Report:
    """Check a bundle whole. Raises Unproven with the first thing that is wrong."""
    bundle = unpack(content)
    logs = [_proven(bundle, bundle.proofs, bundle.checkpoint, policy)] if _trusted(policy, bundle.checkpoint) else []
    if bundle.second and _trusted(policy, checkpoint := bundle.second[0].checkpoint):
        logs.append(_proven(bundle, bundle.second, checkpoint, policy))
    if not logs:
        # Which says of the log that every bundle has why it is not trusted.
        policy.accept(bundle.checkpoint)
    facts = bundle.facts
    chains, editions = _checked(facts, bundle.subject)
    remarks = [*_remarks(policy, chains, editions), *_of_keys(facts, chains)]
    if bundle.page != page(bundle.subject, facts):
        remarks.append("包中的网页与事实不符(被改动,或由其他版本的程序生成),请不要采信网页")
    return Report(bundle.subject, tuple(logs), facts, chains, editions, tuple(remarks))


def _trusted(policy: Policy, checkpoint: str) -> bool:
    return policy.trusts(checkpoint.partition("\n")[0])


def _proven(bundle: Bundle, proofs: tuple[Proof, ...], checkpoint: str, policy: Policy) -> Accepted:
    """The log's checkpoint, by which each fact was found proven. Raises Unproven."""
    accepted = policy.accept(checkpoint)
    for entry, proof in zip(bundle.entries, proofs, strict=True):
        # One checkpoint for all, so that one look at its signatures is enough.
        if proof.checkpoint != checkpoint:
            raise Unproven("other_checkpoint", f"第{entry.position}号事实的证明用的是另一检查点", entry.position)
        proof.verify(entry, accepted)
    return accepted


def verify_receipt_alone(text: str, policy: Policy) -> Report:
    """Check a receipt. Raises Unproven."""
    entry, accepted = verify_receipt(text, policy)
    return Report(None, (accepted,), Past([entry.fact]), (), (), tuple(_remarks(policy, (), ())))


def _checked(facts: Past, subject: Id) -> tuple[tuple[SignOffChain, ...], tuple[Recomputed, ...]]:
    match subject:
        case IssueId():
            return tuple(check_issue(facts, subject)), ()
        case HouseholdId() | RegionId():
            return tuple(check_exits(facts, subject)), ()
        case ChainId():
            for event in facts.of(ChainOpened).events:
                if isinstance(event, ChainOpened) and event.chain == subject:
                    return _checked(facts, event.subject)
            raise Unproven("unknown_chain", f"包中没有签批链 {subject} 的事实")
        case EditionId():
            return (), tuple(check_edition(facts, subject))
        case _:
            return (), ()


def _remarks(policy: Policy, chains: tuple[SignOffChain, ...], editions: tuple[Recomputed, ...]) -> Iterator[str]:
    if policy.satisfied(()):
        yield "信任名单不要求见证:只能证明日志自己签过,不能证明它没有给别人看另一个版本"
    if any(chain.signatures for chain in chains):
        last = max(one.position for chain in chains for one in chain.signatures)
        yield f"每个签字都绑定签字人所见的全部事实,故到第{last}号为止该事项的事实不缺;其后是否另有事实,须核验全库"
        yield "任职、免职与政策包是否全部收入,须核验全库"
    else:
        yield "只证明所列事实在册、未被改动;是否另有未列入的事实,须核验全库"
    if editions:
        yield "得分与名次按公布的计数复算;计数本身要由截止前的全部事实重新统计才能核实"


def _of_keys(facts: Past, chains: tuple[SignOffChain, ...]) -> Iterator[str]:
    """From where on the keys must be known otherwise: a confirmation by an account alone could be the work of whoever
    can write to the database."""
    keys, names = fold(facts), names_in(facts)
    ends: dict[SigningKeyId, str] = {}
    for key in [key for chain in chains for key in chain.keys]:
        path = [key]
        while (above := path[-1].confirmed_with) and keys[above] not in path:
            path.append(keys[above])
        ends[path[-1].key] = f"{names.get(path[-1].person, path[-1].person)} {fingerprint(path[-1].key)}"
    if ends:
        yield f"以下密钥只凭账号确认,请与本人或其单位核对指纹:{';'.join(ends.values())}"
        yield "密钥是否另有吊销,须核验全库"
