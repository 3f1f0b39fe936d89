-- The log of facts, and rooms for what is computed from it. Applied whole and repeatedly by schema.install().

CREATE SCHEMA IF NOT EXISTS facts;
CREATE SCHEMA IF NOT EXISTS ledgers;
CREATE SCHEMA IF NOT EXISTS accounts;

-- One row per fact, in one total order without gaps. `batch` is the mark of the transaction that brought it, by which a
-- writer whose connection broke finds out whether its transaction was committed.
CREATE TABLE IF NOT EXISTS facts.fact (
    position    bigint PRIMARY KEY,
    recorded_at timestamptz NOT NULL,
    batch       bigint NOT NULL,
    type        text COLLATE "C" NOT NULL,
    tags        text[] COLLATE "C" NOT NULL,
    data        bytea NOT NULL
);

-- Where facts are found: a fact stands under each of its tags, and under the empty tag to be found by its type alone.
CREATE TABLE IF NOT EXISTS facts.fact_tag (
    tag      text COLLATE "C" NOT NULL,
    type     text COLLATE "C" NOT NULL,
    position bigint NOT NULL
);
CREATE INDEX IF NOT EXISTS fact_tag_by_tag ON facts.fact_tag (tag, type, position);

-- The first `most` positions after `after` that carry `tag` and all tags of `rest` (an array literal, or NULL), and are
-- of `type` (NULL: of any). A NULL tag asks for any fact at all.
CREATE OR REPLACE FUNCTION facts.matching(tag text, type text, rest text, after bigint, most bigint)
RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    (SELECT t.position FROM facts.fact_tag t
      WHERE matching.type IS NOT NULL AND t.tag = matching.tag AND t.type = matching.type AND t.position > after
        AND (rest IS NULL OR (SELECT f.tags FROM facts.fact f WHERE f.position = t.position) @> rest::text[])
      ORDER BY t.position LIMIT most)
    UNION ALL
    (SELECT t.position FROM facts.fact_tag t
      WHERE matching.type IS NULL AND t.tag = matching.tag AND t.position > after
        AND (rest IS NULL OR (SELECT f.tags FROM facts.fact f WHERE f.position = t.position) @> rest::text[])
      ORDER BY t.position LIMIT most)
    UNION ALL
    (SELECT f.position FROM facts.fact f
      WHERE matching.tag IS NULL AND f.position > after
      ORDER BY f.position LIMIT most)
$$;

-- The same, for pages of what a broad tag carries: asks the index for each type that the tag has, so that it answers in
-- order without looking at what comes after the page. Dearer to begin, so decisions and conditions use the other.
CREATE OR REPLACE FUNCTION facts.matching_page(tag text, type text, rest text, after bigint, most bigint)
RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    WITH RECURSIVE kind(type) AS (
        (SELECT coalesce(matching_page.type, (
                SELECT t.type FROM facts.fact_tag t WHERE t.tag = matching_page.tag ORDER BY t.type LIMIT 1)))
        UNION ALL
        SELECT (SELECT t.type FROM facts.fact_tag t WHERE t.tag = matching_page.tag AND t.type > k.type
                 ORDER BY t.type LIMIT 1)
          FROM kind k WHERE matching_page.type IS NULL AND k.type IS NOT NULL
    )
    SELECT m.position FROM kind k, facts.matching(tag, k.type, rest, after, most) m(position) WHERE k.type IS NOT NULL
$$;

-- The only way in: the sequencer of the log. Takes a batch of decisions, all or none.
--   Conditions, a row per criterion: `decision` (its number in the batch) is refused if matching(tag, type, rest, after)
--   finds anything. When any is refused nothing is stored and their numbers are returned.
--   Facts, a row each: type, tags (an array literal), data. Returns the position of the last one.
--   `told` is the time by a clock other than the database's: a demonstration's. NULL everywhere else. It can never put
--   a fact into the future, nor before the last one.
-- Whoever holds the lock sees every earlier fact and is seen before any later one, so positions have no gaps and become
-- visible in order, and the clock of the record never runs back.
-- Arrays are unnested where rows are selected: in FROM each would first be written to a store of its own.
CREATE OR REPLACE FUNCTION facts.append(
    batch bigint,
    decision int[], tag text[], kind text[], rest text[], after bigint[],
    type text[], tags text[], data bytea[], told timestamptz,
    OUT refused int[], OUT head bigint
) LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog AS $$
DECLARE
    moment timestamptz;
BEGIN
    PERFORM pg_advisory_xact_lock(5271910844);
    IF cardinality(decision) > 0 THEN
        SELECT array_agg(c.decision) INTO refused
          FROM (SELECT unnest(append.decision) AS decision, unnest(append.tag) AS tag, unnest(append.kind) AS kind,
                       unnest(append.rest) AS rest, unnest(append.after) AS after) c
         WHERE EXISTS (SELECT FROM facts.matching(c.tag, c.kind, c.rest, c.after, 1));
        IF refused IS NOT NULL THEN
            RETURN;
        END IF;
    END IF;
    SELECT f.position, f.recorded_at INTO head, moment FROM facts.fact f ORDER BY f.position DESC LIMIT 1;
    head := coalesce(head, 0);
    moment := greatest(moment, least(told, clock_timestamp()));
    WITH added AS (
        INSERT INTO facts.fact (position, recorded_at, batch, type, tags, data)
        SELECT append.head + n.ordinal, moment, append.batch, n.type, n.tags::text[], n.data
          FROM (SELECT generate_subscripts(append.type, 1) AS ordinal, unnest(append.type) AS type,
                       unnest(append.tags) AS tags, unnest(append.data) AS data) n
        RETURNING fact.position, fact.type, fact.tags
    )
    INSERT INTO facts.fact_tag (tag, type, position)
    SELECT unnest(array_prepend(''::text, a.tags)), a.type, a.position FROM added a;
    head := head + cardinality(type);
    PERFORM pg_notify('facts', head::text);
END $$;

-- The last position recorded at or before a moment (0: none). The log's clock never runs back, so it is its own index.
CREATE OR REPLACE FUNCTION facts.position_at(moment timestamptz) RETURNS bigint LANGUAGE plpgsql STABLE AS $$
DECLARE
    low bigint := 0;
    high bigint := (SELECT coalesce(max(f.position), 0) FROM facts.fact f);
    middle bigint;
BEGIN
    WHILE low < high LOOP
        middle := (low + high + 1) / 2;
        IF (SELECT f.recorded_at FROM facts.fact f WHERE f.position = middle) <= moment THEN
            low := middle;
        ELSE
            high := middle - 1;
        END IF;
    END LOOP;
    RETURN low;
END $$;

CREATE OR REPLACE FUNCTION facts.refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'facts are permanent: % on % refused', TG_OP, TG_TABLE_NAME USING ERRCODE = 'insufficient_privilege';
END $$;

CREATE OR REPLACE TRIGGER permanent BEFORE UPDATE OR DELETE OR TRUNCATE ON facts.fact
    FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();
CREATE OR REPLACE TRIGGER permanent BEFORE UPDATE OR DELETE OR TRUNCATE ON facts.fact_tag
    FOR EACH STATEMENT EXECUTE FUNCTION facts.refuse_change();
ALTER TABLE facts.fact ENABLE ALWAYS TRIGGER permanent;
ALTER TABLE facts.fact_tag ENABLE ALWAYS TRIGGER permanent;

REVOKE UPDATE, DELETE, TRUNCATE ON facts.fact, facts.fact_tag FROM CURRENT_USER;
REVOKE ALL ON FUNCTION facts.append FROM PUBLIC;
