"""What a PostgreSQL server must be like before money is kept on it."""

import re
from typing import Final

from service.db import SESSION, Connection

POSTGRES_LEAST: Final = 15


async def unsafe_settings(connection: Connection, standbys_least: int = 0) -> list[str]:
    """Why money must not be kept on this server, a sentence each; none when it is safe."""
    shown = await connection.fetchrow(
        """
        select current_setting('server_version_num')::int      as version,
               current_setting('server_version')               as version_text,
               current_setting('fsync')                        as fsync,
               current_setting('full_page_writes')             as full_page_writes,
               current_setting('synchronous_commit')           as synchronous_commit,
               current_setting('default_transaction_isolation') as isolation,
               current_setting('server_encoding')              as encoding,
               current_setting('transaction_read_only')        as read_only,
               current_setting('synchronous_standby_names')    as standbys,
               (select count(*) from pg_stat_replication
                 where coalesce(sync_state in ('sync', 'quorum'), true)) as connected,  -- null to whom it is not shown
               pg_is_in_recovery()                             as standby
        """
    )
    assert shown is not None
    sentences = []
    if shown["version"] < POSTGRES_LEAST * 10_000:
        sentences.append(f"PostgreSQL is version {shown['version_text']}; {POSTGRES_LEAST} or later is needed.")
    sentences += [
        f"{name} is {shown[name]}: a crash could lose or tear what was acknowledged; turn it on."
        for name in ("fsync", "full_page_writes")
        if shown[name] != "on"
    ]
    if shown["synchronous_commit"] not in ("on", "remote_apply"):
        value = shown["synchronous_commit"]
        sentences.append(f"synchronous_commit is {value}: a crash could lose what was acknowledged; turn it on.")
    if shown["isolation"] != "read committed":
        sentences.append(f"default_transaction_isolation is {shown['isolation']}; the service needs read committed.")
    if shown["encoding"] != "UTF8":
        sentences.append(f"The database's encoding is {shown['encoding']}; it must be UTF8.")
    if shown["standby"]:
        sentences.append("The server is a standby and cannot be written to; give the primary's URL.")
    elif shown["read_only"] != "off":
        sentences.append("The server only lets read (default_transaction_read_only is on); turn it off.")
    else:
        sentences += _missing_standbys(waited_for(shown["standbys"]), shown["connected"], standbys_least)
    return sentences


def waited_for(names: str) -> int:
    """For how many standbys a commit waits, by the setting `synchronous_standby_names`."""
    if not names.strip():
        return 0
    counted = re.match(r"(?:\s*(?:first|any))?\s*(\d+)\s*\(", names, re.IGNORECASE)
    return int(counted[1]) if counted else 1


def _missing_standbys(promised: int, connected: int, least: int) -> list[str]:
    if promised < least:
        return [
            f"A commit waits for {promised} standbys (synchronous_standby_names), not {least}: TENOR_SYNC_STANDBYS."
        ]
    if connected < least:
        return [f"{connected} synchronous standbys are connected, not {least}: TENOR_SYNC_STANDBYS."]
    return []


async def lost_settings(connection: Connection) -> list[str]:
    """A sentence if the settings of our sessions are not in force: a pooler between us and the server drops them."""
    rows = await connection.fetch(
        "select name, setting, vartype from pg_settings where name = any($1)", [*SESSION.keys() - {"application_name"}]
    )
    lost = [
        f"alter role current_user set {row['name']} = '{wanted}';"
        for row in rows
        if row["setting"] != (wanted := SESSION[row["name"]])
        and not (row["vartype"] == "integer" and 0 < int(row["setting"]) < int(wanted))
    ]
    if not lost:
        return []
    return ["The server does not take the settings of our sessions; set them for our role: " + " ".join(sorted(lost))]
