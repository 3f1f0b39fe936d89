-- Accounts are not facts: they hold secrets, and secrets must be forgettable.
DO $$
BEGIN
    -- Asking for a schema that exists still takes the right to create one, which the service's role lacks.
    IF to_regnamespace('accounts') IS NULL THEN
        CREATE SCHEMA accounts;
    END IF;
END
$$;

CREATE TABLE IF NOT EXISTS accounts.account (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    login           text NOT NULL CONSTRAINT account_login UNIQUE,
    kind            text NOT NULL CHECK (kind IN
                        ('person', 'system_administrator', 'security_administrator', 'audit_administrator')),
    person          text CHECK (person LIKE 'person-%'),
    password_hash   text NOT NULL,
    must_change     boolean NOT NULL,
    failed_attempts integer NOT NULL DEFAULT 0,
    locked_until    timestamptz,
    created_at      timestamptz NOT NULL,
    changed_at      timestamptz NOT NULL,
    disabled_at     timestamptz,
    -- 三员分立: whoever administers is nobody in the ledger.
    CHECK ((kind = 'person') = (person IS NOT NULL))
);
CREATE UNIQUE INDEX IF NOT EXISTS account_person ON accounts.account (person) WHERE disabled_at IS NULL;

CREATE TABLE IF NOT EXISTS accounts.session (
    digest       bytea PRIMARY KEY,
    id           bigint GENERATED ALWAYS AS IDENTITY,
    account      bigint NOT NULL REFERENCES accounts.account,
    address      text NOT NULL,
    device       text NOT NULL,
    created_at   timestamptz NOT NULL,
    last_seen_at timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS session_account ON accounts.session (account);

CREATE TABLE IF NOT EXISTS accounts.token (
    digest       bytea PRIMARY KEY,
    prefix       text NOT NULL UNIQUE,
    account      bigint NOT NULL REFERENCES accounts.account,
    name         text NOT NULL,
    scope        text NOT NULL CHECK (scope IN ('full', 'read')),
    created_at   timestamptz NOT NULL,
    expires_at   timestamptz NOT NULL,
    last_seen_at timestamptz,
    revoked_at   timestamptz
);
CREATE INDEX IF NOT EXISTS token_account ON accounts.token (account);
