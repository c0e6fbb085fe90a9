-- Times are milliseconds since 1970, UTC. Enumerations are stored as text here, and as
-- their number inside packed blobs, whose first byte is the version of the packing.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A probe keeps its id over renames and while it is retired.
CREATE TABLE probes (
  id         INTEGER PRIMARY KEY,
  name       TEXT    NOT NULL UNIQUE,
  spec       TEXT    NOT NULL,
  created_at INTEGER NOT NULL,
  retired_at INTEGER
) STRICT;

CREATE TABLE locations (
  id   INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

-- What was observed, in commit order: a packed segment per commit. The number of the
-- segment is the key under which a repeated commit is recognised.
CREATE TABLE log (
  seq      INTEGER PRIMARY KEY,
  location INTEGER NOT NULL REFERENCES locations(id),
  at       INTEGER NOT NULL,
  entries  INTEGER NOT NULL,
  packed   BLOB    NOT NULL
) STRICT;

-- The states of all probes as of a segment of the log.
CREATE TABLE checkpoints (
  seq      INTEGER PRIMARY KEY,
  location INTEGER NOT NULL REFERENCES locations(id),
  at       INTEGER NOT NULL,
  packed   BLOB    NOT NULL
) STRICT;

-- Stretches of consecutive slots that were not good. Both kinds of row are written in the
-- order of time, so that the index grows at its end only.
CREATE TABLE ledger (
  id       INTEGER PRIMARY KEY,
  probe    INTEGER NOT NULL REFERENCES probes(id),
  location INTEGER NOT NULL REFERENCES locations(id),
  first    INTEGER NOT NULL,
  last     INTEGER NOT NULL,
  step     INTEGER NOT NULL,
  outcome  TEXT    NOT NULL,
  reason   TEXT    NOT NULL
) STRICT;
CREATE INDEX ledger_last ON ledger(last);

-- The grids of slots that ended because a probe's interval changed.
CREATE TABLE grids (
  id       INTEGER PRIMARY KEY,
  probe    INTEGER NOT NULL REFERENCES probes(id),
  location INTEGER NOT NULL REFERENCES locations(id),
  first    INTEGER NOT NULL,
  last     INTEGER NOT NULL,
  step     INTEGER NOT NULL
) STRICT;

CREATE TABLE incidents (
  id           INTEGER PRIMARY KEY,
  probe        INTEGER NOT NULL REFERENCES probes(id),
  location     INTEGER NOT NULL REFERENCES locations(id),
  kind         TEXT    NOT NULL,
  phase        TEXT    NOT NULL CHECK (phase IN ('open', 'recovered', 'closed')),
  severity     TEXT    NOT NULL,
  reason       TEXT    NOT NULL,
  status       INTEGER NOT NULL,
  codes        TEXT    NOT NULL,
  failures     INTEGER NOT NULL,
  openings     INTEGER NOT NULL,
  since        INTEGER NOT NULL,
  opened_at    INTEGER NOT NULL,
  recovered_at INTEGER,
  closed_at    INTEGER
) STRICT;
CREATE UNIQUE INDEX incident_not_closed ON incidents(probe, location, kind) WHERE phase <> 'closed';

CREATE TABLE timeline (
  id       INTEGER PRIMARY KEY,
  incident INTEGER NOT NULL REFERENCES incidents(id),
  at       INTEGER NOT NULL,
  change   TEXT    NOT NULL,
  reason   TEXT    NOT NULL,
  status   INTEGER NOT NULL
) STRICT;
CREATE INDEX timeline_incident ON timeline(incident);

CREATE TABLE outbox (
  id          INTEGER PRIMARY KEY,
  key         TEXT    NOT NULL UNIQUE,
  destination TEXT    NOT NULL,
  incident    INTEGER NOT NULL,
  change      TEXT    NOT NULL,
  body        TEXT    NOT NULL,
  state       TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'dead')),
  attempts    INTEGER NOT NULL DEFAULT 0,
  repeat      INTEGER NOT NULL DEFAULT 0,
  next_at     INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  settled_at  INTEGER,
  error       TEXT    NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX outbox_unsent ON outbox(destination, incident, id) WHERE state <> 'sent';

-- Where a destination keeps the conversation about an incident.
CREATE TABLE threads (
  incident    INTEGER NOT NULL,
  destination TEXT    NOT NULL,
  channel     TEXT    NOT NULL,
  root        TEXT    NOT NULL,
  PRIMARY KEY (incident, destination)
) STRICT, WITHOUT ROWID;

-- How many scheduled results of each class came, per five minutes.
CREATE TABLE classes (
  bucket   INTEGER NOT NULL,
  location INTEGER NOT NULL REFERENCES locations(id),
  class    TEXT    NOT NULL,
  results  INTEGER NOT NULL,
  PRIMARY KEY (bucket, location, class)
) STRICT, WITHOUT ROWID;
