"""签名接口: what a person's own key is to sign, in its exact words, and how a browser makes a passkey. The signature is
made where the key is; it comes back with the command."""

from collections.abc import Callable
from hashlib import sha256
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Path, Query
from starlette.requests import Request
from starlette.responses import Response
from webauthn import generate_registration_options, options_to_json
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from adapters.bootstrap import Application
from adapters.http.admission import Entrance
from adapters.http.routing import PREFIX, Told
from adapters.logging import audit
from adapters.proofs.suites import rp_id, to_bytes
from domain.command import About, Act
from domain.exiting import RefuseExit, SendBackExit, SignExit
from domain.fact import Past, Value
from domain.ids import ChainId, IssueId, PersonId, SigningKeyId
from domain.keys import KEYS, ConfirmKey, Key, fold, id_of, registration
from domain.signoff import Giving, RefuseSignature, SendBack, Shown, SignOff, shown_of
from domain.statements import Base64Url, Digest, SuiteName
from domain.text import Prose, ShortText
from services.exits import show
from services.ledger import FactStore

RELYING_PARTY: Final = "台账"


ShownPosition = Annotated[int | None, Query(ge=1, description="所见的最后一条事实;不写则为现在")]
ShownDigest = Annotated[Digest | None, Query(description="所见的摘要")]


Stage = Annotated[int | None, Query(ge=0, description="退回到第几级签字,自0起;退回到其他环节不写")]
To = Literal["rectification", "check", "notice", "signing"]


class Words(Value):
    """待签内容: ``digest`` is the SHA-256 of ``statement`` in UTF-8; its 32 bytes are what a key signs, and a passkey's
    challenge."""

    statement: str
    digest: Digest


class KeyWords(Words):
    """登记密钥的待签内容"""

    key: SigningKeyId


class SignOffWords(Words):
    """签字、拒签、退回的待签内容, with what was shown; ``keys`` are the signer's own that are in force."""

    shown: int
    shown_digest: Digest
    keys: tuple[SigningKeyId, ...]


def keys(application: Application, entrance: Entrance) -> APIRouter:
    router = APIRouter(prefix=PREFIX, tags=["密钥"], route_class=Told)

    @router.get("/keys/options", response_class=Response)
    def passkey_options(request: Request) -> Response:
        """登记通行密钥的选项

        For ``navigator.credentials.create``; the new key then signs the statement of ``/keys/statement``.
        """
        person = entrance.actor(request)
        known = (key.credential for key in own_keys(application.facts, person) if key.credential)
        options = generate_registration_options(
            rp_id=rp_id(application.settings.browsed_at),
            rp_name=RELYING_PARTY,
            user_name=entrance.identity(request).login,
            # At most 64 bytes, which an id may exceed.
            user_id=sha256(person.encode()).digest(),
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=to_bytes(one)) for one in known],
        )
        return Response(options_to_json(options), media_type="application/json")

    @router.get("/keys/statement")
    def key_statement(
        request: Request,
        suite: SuiteName,
        public_key: Base64Url,
        label: ShortText,
        credential: Base64Url | None = None,
    ) -> KeyWords:
        """登记密钥时须由该密钥签名的内容"""
        said = registration(entrance.actor(request), suite, public_key, credential, label)
        return KeyWords(statement=said.text, digest=said.digest, key=id_of(public_key))

    @router.get("/keys/{key}/confirmation/statement")
    def confirmation_statement(request: Request, key: Annotated[SigningKeyId, Path()], manner: ShortText) -> Words:
        """确认密钥时可用本人密钥签名的内容"""
        act = Act(entrance.actor(request), application.now())
        command = ConfirmKey(key=key, manner=manner)
        past, _, _ = application.ledger.stand(command, act)
        said = command.statement(past, act)
        return Words(statement=said.text, digest=said.digest)

    @router.get("/issues/{issue}/applications/{chain}/statement")
    def signoff_statement(
        request: Request,
        issue: Annotated[IssueId, Path()],
        chain: Annotated[ChainId, Path()],
        opinion: Prose,
        shown: ShownPosition = None,
        shown_digest: ShownDigest = None,
    ) -> SignOffWords:
        """签字时可用本人密钥签名的内容

        In the exact words that the decision will make again; sent back with the signature, ``shown`` and
        ``shown_digest`` must be those given here.
        """
        act = acting(request)
        return words(SignOff(issue=issue, chain=chain, opinion=opinion, **of_issue(issue, shown, shown_digest)), act)

    @router.get("/issues/{issue}/applications/{chain}/refusals/statement")
    def refusal_statement(
        request: Request,
        issue: Annotated[IssueId, Path()],
        chain: Annotated[ChainId, Path()],
        reason: Prose,
        shown: ShownPosition = None,
        shown_digest: ShownDigest = None,
    ) -> SignOffWords:
        """拒签时可用本人密钥签名的内容"""
        act = acting(request)
        seen = of_issue(issue, shown, shown_digest)
        return words(RefuseSignature(issue=issue, chain=chain, reason=reason, **seen), act)

    @router.get("/issues/{issue}/applications/{chain}/send-backs/statement")
    def send_back_statement(
        request: Request,
        issue: Annotated[IssueId, Path()],
        chain: Annotated[ChainId, Path()],
        to: To,
        reason: Prose,
        stage: Stage = None,
        shown: ShownPosition = None,
        shown_digest: ShownDigest = None,
    ) -> SignOffWords:
        """退回时可用本人密钥签名的内容"""
        act = acting(request)
        seen = of_issue(issue, shown, shown_digest)
        return words(SendBack(issue=issue, chain=chain, to=to, stage=stage, reason=reason, **seen), act)

    @router.get("/exits/{chain}/statement")
    def exit_statement(
        request: Request,
        chain: Annotated[ChainId, Path()],
        opinion: Prose,
        shown: ShownPosition = None,
        shown_digest: ShownDigest = None,
    ) -> SignOffWords:
        """退出签字时可用本人密钥签名的内容"""
        act = acting(request)
        return words(SignExit(chain=chain, opinion=opinion, **of_exit(chain, act, shown, shown_digest)), act)

    @router.get("/exits/{chain}/refusals/statement")
    def exit_refusal_statement(
        request: Request,
        chain: Annotated[ChainId, Path()],
        reason: Prose,
        shown: ShownPosition = None,
        shown_digest: ShownDigest = None,
    ) -> SignOffWords:
        """拒签退出时可用本人密钥签名的内容"""
        act = acting(request)
        return words(RefuseExit(chain=chain, reason=reason, **of_exit(chain, act, shown, shown_digest)), act)

    @router.get("/exits/{chain}/send-backs/statement")
    def exit_send_back_statement(
        request: Request,
        chain: Annotated[ChainId, Path()],
        to: To,
        reason: Prose,
        stage: Stage = None,
        shown: ShownPosition = None,
        shown_digest: ShownDigest = None,
    ) -> SignOffWords:
        """退回退出申请时可用本人密钥签名的内容"""
        act = acting(request)
        seen = of_exit(chain, act, shown, shown_digest)
        return words(SendBackExit(chain=chain, to=to, stage=stage, reason=reason, **seen), act)

    def acting(request: Request) -> Act:
        return Act(entrance.actor(request), application.now())

    def of_issue(issue: IssueId, shown: int | None, digest: str | None) -> dict[str, Any]:
        return seen_or(shown, digest, lambda: shown_of(Past(application.facts.about(issue))))

    def of_exit(chain: ChainId, act: Act, shown: int | None, digest: str | None) -> dict[str, Any]:
        return seen_or(shown, digest, lambda: show(application.facts, chain, act).shown)

    def words(command: Giving, act: Act) -> SignOffWords:
        past, _, _ = application.ledger.stand(command, act)
        said, seen = command.statement(past, act), command.before_them
        assert seen is not None
        audit("viewed", viewer=act.by, what="statement", subject=command.chain)
        return SignOffWords(
            statement=said.text,
            digest=said.digest,
            shown=seen.position,
            shown_digest=seen.digest,
            keys=tuple(key.key for key in own_keys(application.facts, act.by) if key.in_force),
        )

    return router


def seen_or(shown: int | None, digest: str | None, now: Callable[[], Shown]) -> dict[str, Any]:
    """What the signer says they were shown, or what stands now."""
    seen = Shown(shown, digest) if shown is not None and digest is not None else now()
    return {"shown": seen.position, "shown_digest": seen.digest}


def own_keys(store: FactStore, person: PersonId) -> list[Key]:
    """Every key that a person ever registered."""
    found = fold(store.read((About(person, KEYS),)).facts).values()
    return [key for key in found if key.person == person]
