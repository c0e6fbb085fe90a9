-- Whoever looks at everything reads thousands of stretches, and finding a row costs more than what
-- it says: packs hold many rows of the ledger, and of grids, each those behind the pack before, up to
-- and with the row of its own id. A row that is in no pack yet is read from its table. earliest and
-- latest are when the first and the last of the stretches end.
CREATE TABLE ledgerpacks (
  id       INTEGER PRIMARY KEY,
  earliest INTEGER NOT NULL,
  latest   INTEGER NOT NULL,
  packed   BLOB    NOT NULL
) STRICT;
CREATE INDEX ledgerpack_latest ON ledgerpacks(latest, earliest);

CREATE TABLE gridpacks (
  id       INTEGER PRIMARY KEY,
  earliest INTEGER NOT NULL,
  latest   INTEGER NOT NULL,
  packed   BLOB    NOT NULL
) STRICT;
CREATE INDEX gridpack_latest ON gridpacks(latest, earliest);

-- Incidents that are not closed may be many; few of them have anything to say about who was told of
-- them, or who looks after them.
CREATE INDEX incident_answered ON incidents(id) WHERE phase <> 'closed' AND (held IS NOT NULL OR acked_at IS NOT NULL);
