from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from psycopg import Connection
from psycopg.errors import CheckViolation
from psycopg_pool import ConnectionPool

from adapters.identity.accounts import PROOF, Accounts, Limits, SignedIn, install
from adapters.identity.admission import Kind, NotAdmitted, csrf_fits, csrf_of
from domain.ids import PersonId

Pool = ConnectionPool[Connection[Any]]

NOW = datetime(2019, 7, 26, 13, 0, tzinfo=UTC)
WEI = PersonId("person-wei")
PASSWORD = "Maonan-Xiaxiang-7"
OTHER = "Chuanshan-Zhen-8"


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


@pytest.fixture
def wei(accounts: Accounts) -> str:
    return accounts.create_account("wei", PASSWORD, NOW, person=WEI).login


def refused(accounts: Accounts, login: str, password: str, at: datetime = NOW) -> NotAdmitted:
    with pytest.raises(NotAdmitted) as refusal:
        accounts.authenticate(login, password, at)
    return refusal.value


def ended(accounts: Accounts, signed_in: SignedIn, at: datetime = NOW) -> bool:
    try:
        accounts.identify(signed_in.secret, at)
    except NotAdmitted as refusal:
        return refusal.code == "session_ended"
    return False


# Accounts


def test_an_account_is_created_and_listed_without_its_secrets(accounts: Accounts, wei: str) -> None:
    [account] = accounts.accounts()
    assert (account.login, account.kind, account.person) == ("wei", "person", WEI)
    assert isinstance(account.person, PersonId)
    assert accounts.account("WEI ") == account
    assert "argon2" not in repr(account)


def test_a_login_is_the_same_however_it_is_typed(accounts: Accounts, wei: str) -> None:
    assert accounts.authenticate(" ＷＥＩ ", PASSWORD, NOW).identity.login == "wei"
    with pytest.raises(NotAdmitted) as refusal:
        accounts.create_account("Wei", PASSWORD, NOW, person=PersonId("person-other"))
    assert refusal.value.code == "login_taken"


def test_a_chinese_name_may_be_a_login(accounts: Accounts) -> None:
    accounts.create_account("韦秘书", PASSWORD, NOW, person=WEI)
    assert accounts.authenticate("韦秘书", PASSWORD, NOW).identity.person == WEI


@pytest.mark.parametrize("login", ["", "x", "a b", "a\x00b", "-dash", "a" * 65, "13877812345", "a\ud800b", "a'--"])
def test_a_login_that_is_none_or_is_somebodys_number_is_refused(accounts: Accounts, login: str) -> None:
    with pytest.raises(NotAdmitted) as refusal:
        accounts.create_account(login, PASSWORD, NOW, person=WEI)
    assert refusal.value.code == "login_malformed"
    assert accounts.accounts() == []


def test_one_person_has_one_account_until_it_is_disabled(accounts: Accounts, wei: str) -> None:
    with pytest.raises(NotAdmitted) as refusal:
        accounts.create_account("wei2", PASSWORD, NOW, person=WEI)
    assert refusal.value.code == "person_has_account"
    accounts.disable(wei, NOW)
    assert accounts.create_account("wei2", PASSWORD, NOW, person=WEI).person == WEI


@pytest.mark.parametrize(
    ("kind", "person", "code"),
    [
        ("person", None, "person_required"),
        ("person", PersonId("wei"), "person_malformed"),
        ("person", PersonId("person-../etc"), "person_malformed"),
        ("security_administrator", WEI, "person_not_allowed"),
    ],
)
def test_business_is_for_persons_and_administration_for_nobody_in_the_ledger(
    accounts: Accounts, kind: Kind, person: PersonId | None, code: str
) -> None:
    with pytest.raises(NotAdmitted) as refusal:
        accounts.create_account("someone", PASSWORD, NOW, person=person, kind=kind)
    assert refusal.value.code == code


def test_the_database_itself_keeps_administrators_apart_from_persons(accounts: Accounts, wei: str, pool: Pool) -> None:
    with pool.connection() as connection, pytest.raises(CheckViolation):
        connection.execute("UPDATE accounts.account SET kind = 'audit_administrator'")


@pytest.mark.parametrize("kind", ["system_administrator", "security_administrator", "audit_administrator"])
def test_an_administrator_gets_in_but_can_do_no_business(accounts: Accounts, kind: Kind) -> None:
    accounts.create_account("boss", PASSWORD, NOW, kind=kind)
    identity = accounts.authenticate("boss", PASSWORD, NOW).identity
    assert (identity.kind, identity.person) == (kind, None)
    with pytest.raises(NotAdmitted) as refusal:
        identity.acting()
    assert refusal.value.code == "administrator_cannot_act"


def test_a_disabled_account_admits_by_no_way(accounts: Accounts, wei: str) -> None:
    session = accounts.authenticate(wei, PASSWORD, NOW)
    token = accounts.create_token(wei, "报表", NOW)
    accounts.disable(wei, NOW)
    assert ended(accounts, session)
    assert refused(accounts, wei, PASSWORD).code == "sign_in_refused"
    with pytest.raises(NotAdmitted) as refusal:
        accounts.identify(token.secret, NOW)
    assert refusal.value.code == "token_refused"
    assert accounts.account(wei).disabled_at == NOW


def test_an_unknown_account_is_named_as_such_to_whoever_administers(accounts: Accounts) -> None:
    for call in (lambda: accounts.account("nobody"), lambda: accounts.disable("nobody", NOW)):
        with pytest.raises(NotAdmitted) as refusal:
            call()
        assert refusal.value.code == "account_unknown"


def test_installing_again_keeps_what_is_there(accounts: Accounts, wei: str, pool: Pool) -> None:
    def again(_: int) -> None:
        with pool.connection() as connection:
            install(connection)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(again, range(4)))
    assert [account.login for account in accounts.accounts()] == ["wei"]


# Signing in


def test_the_right_password_opens_a_session_as_the_person(accounts: Accounts, wei: str) -> None:
    signed_in = accounts.authenticate(wei, PASSWORD, NOW, address="10.1.2.3", device="Phone")
    assert signed_in.expires_at == NOW + timedelta(hours=12)
    identity = accounts.identify(signed_in.secret, NOW)
    assert identity == signed_in.identity
    assert identity.acting() == WEI
    assert (identity.via, identity.scope) == ("session", "full")


def test_a_password_typed_full_width_is_the_same_password(accounts: Accounts, wei: str) -> None:
    full_width = "".join(chr(ord(character) + 0xFEE0) for character in PASSWORD)
    assert accounts.authenticate(wei, full_width, NOW).identity.person == WEI


def test_unknown_wrong_locked_and_disabled_sound_the_same(accounts: Accounts, wei: str) -> None:
    accounts.create_account("idle", PASSWORD, NOW, person=PersonId("person-idle"))
    accounts.disable("idle", NOW)
    said = [refused(accounts, "nobody", PASSWORD), refused(accounts, "idle", PASSWORD)]
    said += [refused(accounts, wei, "wrong") for _ in range(5)]
    said.append(refused(accounts, wei, PASSWORD))
    assert len({(refusal.code, refusal.sentence) for refusal in said}) == 1


class CountingHasher(PasswordHasher):
    verified = 0

    def verify(self, hash: str | bytes, password: str | bytes) -> Any:
        self.verified += 1
        return super().verify(hash, password)


def test_every_refusal_costs_exactly_one_comparison(pool: Pool, accounts: Accounts, wei: str) -> None:
    hasher = CountingHasher(time_cost=1, memory_cost=8, parallelism=1)
    counting = Accounts(pool, hasher=hasher, limits=Limits(failures=1))
    for login, password in (("nobody", "x"), ("a\x00", "x"), (wei, "x"), (wei, PASSWORD)):
        before = hasher.verified
        refused(counting, login, password)
        assert hasher.verified == before + 1


@pytest.mark.parametrize("hostile", ["", "\x00", "\ud800", "x" * 1_000_000, PASSWORD + " ", PASSWORD.lower()])
def test_hostile_passwords_are_just_wrong(accounts: Accounts, wei: str, hostile: str) -> None:
    assert refused(accounts, wei, hostile).code == "sign_in_refused"


def test_five_failures_lock_for_a_quarter_of_an_hour(accounts: Accounts, wei: str) -> None:
    for _ in range(5):
        refused(accounts, wei, "wrong")
    assert accounts.account(wei).locked_until == NOW + minutes(15)
    refused(accounts, wei, PASSWORD, NOW + minutes(14))
    assert accounts.authenticate(wei, PASSWORD, NOW + minutes(15)).identity.person == WEI


def test_failures_while_locked_do_not_prolong_it_and_the_count_starts_anew(accounts: Accounts, wei: str) -> None:
    for _ in range(9):
        refused(accounts, wei, "wrong")
    later = NOW + minutes(15)
    for _ in range(4):
        refused(accounts, wei, "wrong", later)
    assert accounts.authenticate(wei, PASSWORD, later).identity.person == WEI


def test_success_forgets_earlier_failures(accounts: Accounts, wei: str) -> None:
    for _ in range(2):
        for _ in range(4):
            refused(accounts, wei, "wrong")
        assert accounts.authenticate(wei, PASSWORD, NOW)


def test_guesses_made_at_once_lock_as_surely_as_guesses_made_one_by_one(accounts: Accounts, wei: str) -> None:
    with ThreadPoolExecutor(16) as threads:
        list(threads.map(lambda _: refused(accounts, wei, "wrong"), range(32)))
    refused(accounts, wei, PASSWORD)
    assert accounts.account(wei).locked_until == NOW + minutes(15)


def test_a_hash_with_yesterdays_parameters_is_renewed_when_the_password_is_known(pool: Pool, wei: str) -> None:
    def kept() -> str:
        with pool.connection() as connection:
            row = connection.execute("SELECT password_hash FROM accounts.account").fetchone()
            assert row is not None
            return str(row[0])

    dearer = Accounts(pool, hasher=PasswordHasher(time_cost=2, memory_cost=16, parallelism=1))
    assert "m=8,t=1,p=1" in kept()
    dearer.authenticate(wei, PASSWORD, NOW)
    assert kept().startswith("$argon2id$")
    assert "m=16,t=2,p=1" in kept()
    assert dearer.authenticate(wei, PASSWORD, NOW).identity.person == WEI


# Passwords


def test_changing_the_password_ends_every_session(accounts: Accounts, wei: str) -> None:
    sessions = [accounts.authenticate(wei, PASSWORD, NOW) for _ in range(2)]
    accounts.change_password(wei, PASSWORD, OTHER, NOW)
    assert [ended(accounts, session) for session in sessions] == [True, True]
    refused(accounts, wei, PASSWORD)
    assert accounts.authenticate(wei, OTHER, NOW).identity.person == WEI


def test_changing_a_password_takes_the_old_one_and_counts_guesses(accounts: Accounts, wei: str) -> None:
    for _ in range(5):
        with pytest.raises(NotAdmitted) as refusal:
            accounts.change_password(wei, "wrong", OTHER, NOW)
        assert refusal.value.code == "sign_in_refused"
    refused(accounts, wei, PASSWORD)


@pytest.mark.parametrize(
    ("new", "code"),
    [(PASSWORD, "password_unchanged"), ("Short-1", "password_too_short"), ("Wei-2019-abc!", "password_contains_login")],
)
def test_a_bad_new_password_changes_nothing(accounts: Accounts, wei: str, new: str, code: str) -> None:
    session = accounts.authenticate(wei, PASSWORD, NOW)
    with pytest.raises(NotAdmitted) as refusal:
        accounts.change_password(wei, PASSWORD, new, NOW)
    assert refusal.value.code == code
    assert not ended(accounts, session)


def test_a_password_set_by_an_administrator_unlocks_and_must_be_changed(accounts: Accounts, wei: str) -> None:
    session = accounts.authenticate(wei, PASSWORD, NOW)
    for _ in range(5):
        refused(accounts, wei, "wrong")
    accounts.set_password(wei, OTHER, NOW)
    assert ended(accounts, session)
    identity = accounts.authenticate(wei, OTHER, NOW).identity
    with pytest.raises(NotAdmitted) as refusal:
        identity.acting()
    assert refusal.value.code == "password_must_change"
    accounts.change_password(wei, OTHER, PASSWORD, NOW)
    assert accounts.authenticate(wei, PASSWORD, NOW).identity.acting() == WEI


# Sessions


def test_a_session_ends_after_half_an_hour_without_a_request(accounts: Accounts, wei: str) -> None:
    signed_in = accounts.authenticate(wei, PASSWORD, NOW)
    assert not ended(accounts, signed_in, NOW + minutes(29))
    assert not ended(accounts, signed_in, NOW + minutes(58))
    assert ended(accounts, signed_in, NOW + minutes(88))


def test_a_session_ends_after_twelve_hours_however_busy_it_is(accounts: Accounts, wei: str) -> None:
    signed_in = accounts.authenticate(wei, PASSWORD, NOW)
    for step in range(1, 36):
        assert not ended(accounts, signed_in, NOW + minutes(20 * step))
    assert ended(accounts, signed_in, NOW + timedelta(hours=12))


def test_limits_are_those_that_were_given(pool: Pool, accounts: Accounts, wei: str) -> None:
    brief = Accounts(pool, limits=Limits(idle=minutes(5), absolute=minutes(8)))
    signed_in = brief.authenticate(wei, PASSWORD, NOW)
    assert not ended(brief, signed_in, NOW + minutes(4))
    assert ended(brief, signed_in, NOW + minutes(8))


def test_being_seen_is_written_down_at_most_once_a_minute(accounts: Accounts, wei: str) -> None:
    signed_in = accounts.authenticate(wei, PASSWORD, NOW)
    accounts.identify(signed_in.secret, NOW + minutes(0.9))
    assert accounts.sessions(wei, NOW)[0].last_seen_at == NOW
    accounts.identify(signed_in.secret, NOW + minutes(1))
    assert accounts.sessions(wei, NOW)[0].last_seen_at == NOW + minutes(1)


def test_only_the_digest_of_a_secret_is_kept(accounts: Accounts, wei: str, pool: Pool) -> None:
    session, token = accounts.authenticate(wei, PASSWORD, NOW), accounts.create_token(wei, "报表", NOW)
    with pool.connection() as connection:
        kept = str(connection.execute("SELECT s, t FROM accounts.session s, accounts.token t").fetchall())
    assert kept.count("wei") == 0
    for secret in (session.secret, token.secret):
        assert secret not in kept
        assert secret.removeprefix("tzs_").removeprefix("tzt_")[8:] not in kept


def test_sessions_are_listed_and_one_of_them_ended_from_another(accounts: Accounts, wei: str) -> None:
    phone = accounts.authenticate(wei, PASSWORD, NOW, address="10.0.0.7", device="Phone\n\x00" + "x" * 300)
    desk = accounts.authenticate(wei, PASSWORD, NOW + minutes(2), address="10.0.0.8", device="Desk")
    listed = accounts.sessions(wei, NOW + minutes(2))
    assert [session.address for session in listed] == ["10.0.0.8", "10.0.0.7"]
    assert listed[1].device == "Phone" + "x" * 195
    accounts.revoke_session(wei, phone.identity.key)
    assert ended(accounts, phone)
    assert not ended(accounts, desk, NOW + minutes(2))


def test_nobody_ends_the_session_of_another_account(accounts: Accounts, wei: str) -> None:
    accounts.create_account("tan", PASSWORD, NOW, person=PersonId("person-tan"))
    signed_in = accounts.authenticate(wei, PASSWORD, NOW)
    for id in (signed_in.identity.key, "0", "x'; --"):
        with pytest.raises(NotAdmitted) as refusal:
            accounts.revoke_session("tan", id)
        assert refusal.value.code == "session_unknown"
    assert not ended(accounts, signed_in)


def test_signing_out_ends_this_session_and_no_other(accounts: Accounts, wei: str) -> None:
    here, there = (accounts.authenticate(wei, PASSWORD, NOW) for _ in range(2))
    accounts.sign_out(here.secret)
    assert ended(accounts, here)
    assert not ended(accounts, there)


def test_beyond_its_number_of_sessions_an_account_loses_the_least_recently_seen(
    pool: Pool, accounts: Accounts, wei: str
) -> None:
    few = Accounts(pool, limits=Limits(sessions=2))
    first, second = (few.authenticate(wei, PASSWORD, NOW + minutes(step)) for step in (0, 1))
    few.identify(first.secret, NOW + minutes(3))
    third = few.authenticate(wei, PASSWORD, NOW + minutes(4))
    assert [ended(few, session, NOW + minutes(4)) for session in (first, second, third)] == [False, True, False]


@pytest.mark.parametrize(
    "secret", ["", "tzs_", "tzs_" + "0" * 64, "tzs_" + "0" * 63 + "\x00", "é" * 10_000, "tzs_\ud800"]
)
def test_what_was_never_given_out_admits_nobody(accounts: Accounts, wei: str, secret: str) -> None:
    with pytest.raises(NotAdmitted) as refusal:
        accounts.identify(secret, NOW)
    assert refusal.value.code == "session_ended"


def test_a_forms_mark_fits_its_own_session_only(accounts: Accounts, wei: str) -> None:
    here, there = (accounts.authenticate(wei, PASSWORD, NOW).secret for _ in range(2))
    assert csrf_fits(here, csrf_of(here))
    for given in (csrf_of(there), "", here, "é"):
        assert not csrf_fits(here, given)
    assert here not in csrf_of(here)


# Tokens


def test_a_program_acts_as_its_accounts_person_if_its_token_says_so(accounts: Accounts, wei: str) -> None:
    full = accounts.create_token(wei, "数据交换", NOW, scope="full")
    identity = accounts.identify(full.secret, NOW)
    assert (identity.via, identity.key, identity.acting()) == ("token", full.token.prefix, WEI)
    reading = accounts.identify(accounts.create_token(wei, "大屏", NOW).secret, NOW)
    with pytest.raises(NotAdmitted) as refusal:
        reading.acting()
    assert refusal.value.code == "read_only_token"


def test_a_token_ends_when_it_expires_and_when_it_is_revoked(accounts: Accounts, wei: str) -> None:
    kept, revoked = (accounts.create_token(wei, name, NOW, days=30) for name in ("甲", "乙"))
    accounts.revoke_token(wei, revoked.token.prefix, NOW)
    assert accounts.identify(kept.secret, NOW + timedelta(days=29)).person == WEI
    for secret, at in ((kept.secret, NOW + timedelta(days=30)), (revoked.secret, NOW), ("tzt_" + "0" * 64, NOW)):
        with pytest.raises(NotAdmitted) as refusal:
            accounts.identify(secret, at)
        assert refusal.value.code == "token_refused"


def test_tokens_are_listed_by_their_beginnings_with_when_they_were_last_used(accounts: Accounts, wei: str) -> None:
    made = accounts.create_token(wei, "大屏", NOW)
    assert accounts.tokens(wei) == [made.token]
    accounts.identify(made.secret, NOW + minutes(5))
    accounts.identify(made.secret, NOW + minutes(5.5))
    accounts.revoke_token(wei, made.token.prefix, NOW + minutes(6))
    accounts.revoke_token(wei, made.token.prefix, NOW + minutes(7))
    [listed] = accounts.tokens(wei)
    assert (listed.last_seen_at, listed.revoked_at) == (NOW + minutes(5), NOW + minutes(6))
    assert made.secret.startswith(listed.prefix)


@pytest.mark.parametrize(
    ("name", "days", "code"),
    [
        ("", 90, "token_name_malformed"),
        ("电话13877812345", 90, "token_name_malformed"),
        ("大屏\x00", 90, "token_name_malformed"),
        ("大屏", 0, "token_life_refused"),
        ("大屏", 367, "token_life_refused"),
    ],
)
def test_a_token_without_a_proper_name_or_end_is_refused(
    accounts: Accounts, wei: str, name: str, days: int, code: str
) -> None:
    with pytest.raises(NotAdmitted) as refusal:
        accounts.create_token(wei, name, NOW, days=days)
    assert refusal.value.code == code
    assert accounts.tokens(wei) == []


def test_nobody_revokes_the_token_of_another_account(accounts: Accounts, wei: str) -> None:
    accounts.create_account("tan", PASSWORD, NOW, person=PersonId("person-tan"))
    made = accounts.create_token(wei, "大屏", NOW)
    with pytest.raises(NotAdmitted) as refusal:
        accounts.revoke_token("tan", made.token.prefix, NOW)
    assert refusal.value.code == "token_unknown"
    assert accounts.identify(made.secret, NOW).person == WEI


def test_who_asks_is_found_by_an_index(accounts: Accounts, wei: str, pool: Pool) -> None:
    given = {"digests": [b"x"], "now": NOW, "idle": NOW}
    with pool.connection() as connection, connection.transaction():
        connection.execute("SET LOCAL enable_seqscan TO off")
        for query in PROOF.values():
            plan = "\n".join(row[0] for row in connection.execute("EXPLAIN " + query, given))
            assert "Seq Scan" not in plan
            assert "_pkey" in plan
