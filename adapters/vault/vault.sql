-- What is kept of villagers, apart from the facts and forgettable. Applied whole and repeatedly by schema.install().
--
-- The service has no right to any table here. It has the functions below, which run as the owner: so nothing is shown
-- without a line in `look` that the service can't take back, nothing is used that a fact restricts, no identity number
-- comes out of a comparison, and nothing is destroyed that no fact says is erased. Values travel as parameters and
-- stand in no index, message or log.

CREATE SCHEMA IF NOT EXISTS vault;

-- The key of the keyed hash by which rosters are compared. It never leaves this schema.
CREATE TABLE IF NOT EXISTS vault.secret (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    key bytea NOT NULL
);
INSERT INTO vault.secret (key)
SELECT sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid()))
ON CONFLICT DO NOTHING;

-- One row per person. `named` once a fact carries the commitment; what stays unnamed is an orphan.
CREATE TABLE IF NOT EXISTS vault.record (
    member     text COLLATE "C" PRIMARY KEY,
    household  text COLLATE "C" NOT NULL,
    region     text COLLATE "C" NOT NULL,
    commitment text NOT NULL,
    kept_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    named      boolean NOT NULL DEFAULT false,
    erased_at  timestamptz
);
CREATE INDEX IF NOT EXISTS record_by_household ON vault.record (household);
CREATE INDEX IF NOT EXISTS record_unnamed ON vault.record (kept_at) WHERE NOT named;

-- `keyed` is the keyed hash of an identity number, by which it is found.
CREATE TABLE IF NOT EXISTS vault.value (
    member     text COLLATE "C" NOT NULL REFERENCES vault.record ON DELETE CASCADE,
    field      text COLLATE "C" NOT NULL,
    salt       bytea NOT NULL,
    value      text NOT NULL,
    commitment text NOT NULL,
    keyed      bytea,
    PRIMARY KEY (member, field)
);
CREATE INDEX IF NOT EXISTS value_by_key ON vault.value (keyed) WHERE keyed IS NOT NULL;

CREATE TABLE IF NOT EXISTS vault.look (
    number    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at        timestamptz NOT NULL DEFAULT clock_timestamp(),
    viewer    text NOT NULL,
    what      text NOT NULL CHECK (what IN ('masked', 'disclosed', 'compared')),
    household text COLLATE "C",
    member    text COLLATE "C",
    field     text,
    purpose   text NOT NULL CHECK (purpose ~ '\S')
);
CREATE INDEX IF NOT EXISTS look_by_household ON vault.look (household, number);

CREATE OR REPLACE FUNCTION vault.keyed(number text) RETURNS bytea LANGUAGE sql STABLE AS $$
    SELECT sha256(s.key || sha256(s.key || convert_to(keyed.number, 'UTF8'))) FROM vault.secret s
$$;

-- What people may see without a purpose: enough to tell two apart, not enough to use.
CREATE OR REPLACE FUNCTION vault.mask(field text, value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT CASE
        WHEN mask.value = '' THEN NULL
        WHEN mask.field = 'name' THEN left(mask.value, 1) || repeat('*', greatest(length(mask.value) - 1, 1))
        WHEN mask.field = 'id_number' THEN left(mask.value, 4) || '********' || right(mask.value, 4)
        WHEN mask.field = 'phone' THEN left(mask.value, 3) || '****' || right(mask.value, 4)
        WHEN mask.field = 'bank_account' THEN '********' || right(mask.value, 4)
        ELSE '***'
    END
$$;

-- Whether a fact of these types names this id.
CREATE OR REPLACE FUNCTION vault.said(id text, VARIADIC types text[]) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT EXISTS (SELECT FROM facts.fact_tag t WHERE t.tag = said.id AND t.type = ANY (said.types))
$$;

-- Whether a household's values may be used: neither restricted nor erased, by the last fact that says so.
CREATE OR REPLACE FUNCTION vault.in_use(household text) RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT coalesce((
        SELECT t.type = 'personal_data.released' FROM facts.fact_tag t
         WHERE t.tag = in_use.household
           AND t.type IN ('personal_data.restricted', 'personal_data.released', 'personal_data.erased')
         ORDER BY t.position DESC LIMIT 1), true)
$$;

-- Keeps one household's people and answers with the commitments they are kept under: those given, or the ones of an
-- earlier attempt with the same values. Other values for a person who is kept already: raises VK001.
CREATE OR REPLACE FUNCTION vault.keep(
    household text, region text, members text[], commitments text[],
    owners text[], fields text[], salts bytea[], given text[], field_commitments text[]
) RETURNS TABLE (member text, commitment text) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO vault.record AS r (member, household, region, commitment)
    SELECT g.member, keep.household, keep.region, g.commitment FROM unnest(members, commitments) g(member, commitment)
     ORDER BY g.member
    -- An orphan that is taken up again must not be swept meanwhile.
    ON CONFLICT (member) DO UPDATE SET kept_at = clock_timestamp() WHERE NOT r.named;
    INSERT INTO vault.value (member, field, salt, value, commitment, keyed)
    SELECT g.member, g.field, g.salt, g.value, g.commitment,
           CASE WHEN g.field = 'id_number' AND g.value <> '' THEN vault.keyed(g.value) END
      FROM unnest(owners, fields, salts, given, field_commitments) g(member, field, salt, value, commitment)
      JOIN unnest(members, commitments) m(member, commitment) USING (member)
      JOIN vault.record r ON r.member = g.member AND r.commitment = m.commitment
    ON CONFLICT DO NOTHING;
    IF EXISTS (SELECT FROM vault.record r
                WHERE r.member = ANY (members) AND (r.household <> keep.household OR r.erased_at IS NOT NULL))
       OR EXISTS (SELECT FROM unnest(owners, fields, given) g(member, field, value)
                    LEFT JOIN vault.value v ON v.member = g.member AND v.field = g.field
                   WHERE v.value IS DISTINCT FROM g.value) THEN
        RAISE EXCEPTION 'kept with other values' USING ERRCODE = 'VK001';
    END IF;
    RETURN QUERY SELECT r.member, r.commitment FROM vault.record r WHERE r.member = ANY (members);
END $$;

-- Marks what a fact has named since, and forgets orphans of that age; answers with how many.
CREATE OR REPLACE FUNCTION vault.sweep(age interval) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    swept bigint;
BEGIN
    UPDATE vault.record r SET named = true
     WHERE NOT r.named AND vault.said(r.member, 'household.registered', 'household.member_joined');
    DELETE FROM vault.record r WHERE NOT r.named AND r.kept_at <= clock_timestamp() - age;
    GET DIAGNOSTICS swept = ROW_COUNT;
    RETURN swept;
END $$;

-- `told`, here and below, is the time by a clock other than the database's: a demonstration's. NULL everywhere else. It
-- can never put a look into the future.
DROP FUNCTION IF EXISTS vault.masked(text, text);
CREATE OR REPLACE FUNCTION vault.masked(household text, viewer text, told timestamptz)
RETURNS TABLE (member text, field text, shown text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO vault.look (at, viewer, what, household, purpose)
    VALUES (least(told, clock_timestamp()), masked.viewer, 'masked', masked.household, '查看');
    RETURN QUERY
    SELECT v.member, v.field, vault.mask(v.field, v.value)
      FROM vault.record r JOIN vault.value v ON v.member = r.member
     WHERE r.household = masked.household AND r.named AND vault.in_use(r.household) ORDER BY v.member, v.field;
END $$;

-- One field whole, with its salt, beside the commitments of the others. A blank purpose is refused by the table.
DROP FUNCTION IF EXISTS vault.disclose(text, text, text, text, text);
CREATE OR REPLACE FUNCTION vault.disclose(
    household text, member text, field text, viewer text, purpose text, told timestamptz
)
RETURNS TABLE (name text, commitment text, salt bytea, value text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO vault.look (at, viewer, what, household, member, field, purpose)
    VALUES (least(told, clock_timestamp()), disclose.viewer, 'disclosed', disclose.household, disclose.member,
            disclose.field, disclose.purpose);
    RETURN QUERY
    SELECT v.field, v.commitment,
           CASE WHEN v.field = disclose.field THEN v.salt END, CASE WHEN v.field = disclose.field THEN v.value END
      FROM vault.record r JOIN vault.value v ON v.member = r.member
     WHERE r.member = disclose.member AND r.household = disclose.household AND r.named AND vault.in_use(r.household);
END $$;

-- Who of a place is among these identity numbers; with `absent`, who is not, of those born in the range (eight digits,
-- NULL: of all). Nobody without an identity number is found either way.
DROP FUNCTION IF EXISTS vault.contradictions(text[], text, boolean, text, text, text, text);
CREATE OR REPLACE FUNCTION vault.contradictions(
    numbers text[], region text, absent boolean, earliest text, latest text, viewer text, purpose text, told timestamptz
) RETURNS TABLE (household text, member text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
#variable_conflict use_column
BEGIN
    INSERT INTO vault.look (at, viewer, what, purpose)
    VALUES (least(told, clock_timestamp()), contradictions.viewer, 'compared', contradictions.purpose);
    RETURN QUERY
    WITH listed AS MATERIALIZED (
        SELECT DISTINCT sha256(s.key || sha256(s.key || convert_to(n.number, 'UTF8'))) AS keyed
          FROM unnest(numbers) n(number), vault.secret s
    )
    SELECT r.household, r.member
      FROM vault.value v JOIN vault.record r ON r.member = v.member LEFT JOIN listed l ON l.keyed = v.keyed
     WHERE v.keyed IS NOT NULL AND r.named AND starts_with(r.region, contradictions.region)
       AND (l.keyed IS NULL) = absent
       AND (earliest IS NULL OR substr(v.value, 7, 8) BETWEEN earliest AND latest)
       AND vault.in_use(r.household)
     ORDER BY r.household, r.member;
END $$;

-- Destroys the values and salts of every household whose erasure is a fact; answers with how many people were.
CREATE OR REPLACE FUNCTION vault.erase() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    erased bigint;
BEGIN
    WITH gone AS (
        UPDATE vault.record r SET erased_at = clock_timestamp()
         WHERE (r.erased_at IS NULL OR EXISTS (SELECT FROM vault.value v WHERE v.member = r.member))
           AND vault.said(r.household, 'personal_data.erased')
        RETURNING r.member
    ), emptied AS (
        DELETE FROM vault.value v USING gone WHERE v.member = gone.member
    )
    SELECT count(*) INTO erased FROM gone;
    RETURN erased;
END $$;

CREATE OR REPLACE FUNCTION vault.status(OUT households bigint, OUT people bigint, OUT orphans bigint,
                                        OUT erased bigint, OUT unfinished bigint, OUT looks bigint)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT count(DISTINCT r.household) FILTER (WHERE r.named AND r.erased_at IS NULL),
           count(*) FILTER (WHERE r.named AND r.erased_at IS NULL),
           count(*) FILTER (WHERE NOT r.named),
           count(*) FILTER (WHERE r.erased_at IS NOT NULL),
           count(*) FILTER (WHERE r.erased_at IS NULL AND vault.said(r.household, 'personal_data.erased')),
           (SELECT count(*) FROM vault.look)
      FROM vault.record r
$$;

-- Who looked at a household, latest first.
CREATE OR REPLACE FUNCTION vault.looks(household text, most bigint)
RETURNS TABLE (at timestamptz, viewer text, what text, member text, field text, purpose text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog AS $$
    SELECT l.at, l.viewer, l.what, l.member, l.field, l.purpose
      FROM vault.look l WHERE l.household = looks.household ORDER BY l.number DESC LIMIT looks.most
$$;

REVOKE ALL ON ALL FUNCTIONS IN SCHEMA vault FROM PUBLIC;
