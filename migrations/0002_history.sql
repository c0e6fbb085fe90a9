-- History: what the log holds becomes chunks per probe, chunks become days. Rows that
-- hold several probes are named by the first of them; rows are written in the order of
-- time, so that pages are filled once and freed together.

-- Every configuration there was: what is kept about the configured probes, packed, and
-- behind which segment of the log it holds.
CREATE TABLE revisions (
  id     INTEGER PRIMARY KEY,
  at     INTEGER NOT NULL,
  seq    INTEGER NOT NULL,
  packed BLOB    NOT NULL
) STRICT;

-- A stretch of the log that has become chunks, named by its last segment. first and last
-- are the instants of its earliest and its latest result.
CREATE TABLE spans (
  id       INTEGER PRIMARY KEY,
  location INTEGER NOT NULL REFERENCES locations(id),
  first    INTEGER NOT NULL,
  last     INTEGER NOT NULL,
  results  INTEGER NOT NULL
) STRICT;

-- The results of a span, probe by probe. Chunks whose span does not exist are not
-- finished, and count for nothing.
CREATE TABLE chunks (
  id     INTEGER PRIMARY KEY,
  span   INTEGER NOT NULL,
  probe  INTEGER NOT NULL,
  packed BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX chunk_of_probe ON chunks(span, probe);

-- A day (UTC) whose results have been summed up, from the spans behind the one before up
-- to and with span. Late results make another sum of the same day.
CREATE TABLE rollups (
  day      INTEGER NOT NULL,
  span     INTEGER NOT NULL,
  location INTEGER NOT NULL REFERENCES locations(id),
  PRIMARY KEY (day, span)
) STRICT, WITHOUT ROWID;

-- The sums of a day, probe by probe and hour by hour.
CREATE TABLE days (
  id     INTEGER PRIMARY KEY,
  day    INTEGER NOT NULL,
  span   INTEGER NOT NULL,
  probe  INTEGER NOT NULL,
  packed BLOB    NOT NULL
) STRICT;
CREATE UNIQUE INDEX day_of_probe ON days(day, span, probe);

-- The time of every probe on a day, by what it meant for the promise: grid less ledger,
-- summed up once nothing can change it any more.
CREATE TABLE tallies (
  day      INTEGER NOT NULL,
  location INTEGER NOT NULL REFERENCES locations(id),
  packed   BLOB    NOT NULL,
  PRIMARY KEY (day, location)
) STRICT, WITHOUT ROWID;

-- The ledger of a window is read from its index alone: whoever looks at everything reads
-- thousands of stretches, and each would be looked up in the table.
DROP INDEX ledger_last;
CREATE INDEX ledger_last ON ledger(last, first, probe, step, outcome, reason);

-- The ledger of one probe, and the stretches that reach over more than a day.
CREATE INDEX ledger_of_probe ON ledger(probe, last);
CREATE INDEX ledger_long ON ledger(last, first, probe, step, outcome, reason) WHERE last - first >= 86400000;

-- What runs that were not good saw.
CREATE TABLE evidence (
  id       INTEGER PRIMARY KEY,
  probe    INTEGER NOT NULL REFERENCES probes(id),
  location INTEGER NOT NULL REFERENCES locations(id),
  at       INTEGER NOT NULL,
  shape    BLOB    NOT NULL, -- what it is but for what always differs
  body     TEXT    NOT NULL
) STRICT;
CREATE INDEX evidence_of_probe ON evidence(probe, at);

CREATE INDEX incident_opened ON incidents(opened_at);
CREATE INDEX incident_of_probe ON incidents(probe, opened_at);

-- The configured probes are read from the latest revision, the retired ones from their rows.
CREATE INDEX probe_retired ON probes(id) WHERE retired_at IS NOT NULL;

-- When the target of an incident said that it would be back, as of the last change.
ALTER TABLE incidents ADD COLUMN recover_by INTEGER;

-- What people asked for, and the maintenance that the configuration names: in force from
-- begins until ends. The key is that under which a repeated commit is recognised.
CREATE TABLE commands (
  id     INTEGER PRIMARY KEY,
  key    TEXT    NOT NULL UNIQUE,
  at     INTEGER NOT NULL,
  kind   TEXT    NOT NULL CHECK (kind IN ('ack', 'silence', 'maintenance', 'end')),
  body   TEXT    NOT NULL,
  begins INTEGER, -- always
  ends   INTEGER  -- never
) STRICT;

-- Why people have not heard of an incident, and who looks after it.
ALTER TABLE incidents ADD COLUMN held TEXT;
ALTER TABLE incidents ADD COLUMN acked_at INTEGER;
ALTER TABLE incidents ADD COLUMN acked_by TEXT;
ALTER TABLE incidents ADD COLUMN note TEXT;

-- What several probes share (a host, a credential, sonde itself) has a row among them, with
-- an id below 0, so that its incidents are kept like those of a probe. Its name has a "/",
-- which no probe's has, and its spec is what people read.

-- Stretches of slots whose answers were right but took longer than a threshold of latency
-- (milliseconds), and the time over which it was looked for thresholds that are none any more.
CREATE TABLE slow (
  id        INTEGER PRIMARY KEY,
  probe     INTEGER NOT NULL REFERENCES probes(id),
  location  INTEGER NOT NULL REFERENCES locations(id),
  threshold INTEGER NOT NULL,
  first     INTEGER NOT NULL,
  last      INTEGER NOT NULL,
  step      INTEGER NOT NULL,
  failed    INTEGER NOT NULL -- they were bad for nothing but that
) STRICT;
CREATE INDEX slow_of_probe ON slow(probe, last);
CREATE INDEX slow_last ON slow(last);

CREATE TABLE measures (
  id        INTEGER PRIMARY KEY,
  probe     INTEGER NOT NULL REFERENCES probes(id),
  location  INTEGER NOT NULL REFERENCES locations(id),
  threshold INTEGER NOT NULL,
  first     INTEGER NOT NULL,
  last      INTEGER NOT NULL
) STRICT;
