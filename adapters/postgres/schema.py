"""What the database must hold before anything is recorded, and who may do what with it."""

from hashlib import sha256
from importlib.resources import files
from typing import LiteralString

import psycopg
from psycopg.sql import SQL, Identifier, Literal

_SCHEMA = "".join(
    (files(room) / name).read_text(encoding="utf-8")
    for room, name in (("adapters.postgres", "schema.sql"), ("adapters.vault", "vault.sql"))
)

# The service may read facts and call the sequencer; in the rooms of computed things it does as it likes; in the vault
# it may call some functions, and see no table.
_GRANTS: LiteralString = """
GRANT USAGE ON SCHEMA facts TO {service};
GRANT SELECT ON facts.fact, facts.fact_tag TO {service};
GRANT EXECUTE ON FUNCTION facts.append TO {service};
GRANT ALL ON SCHEMA ledgers, accounts TO {service};
GRANT USAGE ON SCHEMA vault TO {service};
GRANT EXECUTE ON FUNCTION vault.keep, vault.sweep, vault.masked, vault.disclose, vault.contradictions, vault.erase,
    vault.status, vault.looks TO {service};
COMMENT ON SCHEMA facts IS {stamp};
"""


def install(admin_url: str, service_role: str | None = None) -> None:
    """Create the schemas `facts`, `ledgers`, `accounts` and `vault`, or bring them to this version, unless they are.

    `admin_url` connects as the role that owns them, `service_role` is the role the application works as and exists
    already. With one role for both (`service_role` None) facts are as permanent: triggers refuse changes and the owner
    gives up its own rights to them. But an owner can grant those again and drop triggers, so two roles are better.
    """
    with psycopg.connect(admin_url) as admin:
        service = service_role or admin.info.user
        stamp = sha256(f"{service}\n{_SCHEMA}{_GRANTS}".encode()).hexdigest()
        if _stamp(admin) == stamp:
            return
        admin.execute("SELECT pg_advisory_xact_lock(5271910845)")
        if _stamp(admin) == stamp:
            return
        admin.execute(_SCHEMA)
        admin.execute(SQL(_GRANTS).format(service=Identifier(service), stamp=Literal(stamp)))


def _stamp(admin: psycopg.Connection) -> str | None:
    row = admin.execute("SELECT obj_description(to_regnamespace('facts'), 'pg_namespace')").fetchone()
    return row[0] if row else None
