-- A message may end in more ways than sent and dead: something later said it all
-- (superseded), it was not worth telling any more (expired), or people dropped it. Its id is
-- never given to another. Those of least priority wait for the others.
CREATE TABLE outbox_with_ends (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  key         TEXT    NOT NULL UNIQUE,
  destination TEXT    NOT NULL,
  incident    INTEGER NOT NULL,
  change      TEXT    NOT NULL,
  body        TEXT    NOT NULL,
  state       TEXT    NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'sending', 'sent', 'dead', 'superseded', 'expired', 'dropped')),
  attempts    INTEGER NOT NULL DEFAULT 0,
  repeat      INTEGER NOT NULL DEFAULT 0,
  next_at     INTEGER NOT NULL,
  created_at  INTEGER NOT NULL,
  settled_at  INTEGER,
  error       TEXT    NOT NULL DEFAULT '',
  priority    INTEGER NOT NULL DEFAULT 1, -- 0 comes first
  doubt_at    INTEGER,                    -- since when nobody knows whether it got through
  looked      INTEGER NOT NULL DEFAULT 0, -- how often it was looked for since, in vain
  forwarded   INTEGER NOT NULL DEFAULT 0  -- it was passed on to the fallback
) STRICT;
INSERT INTO outbox_with_ends(id, key, destination, incident, change, body, state, attempts, repeat, next_at, created_at, settled_at, error, doubt_at)
  SELECT id, key, destination, incident, change, body, state, attempts, repeat, next_at, created_at, settled_at, error,
    CASE WHEN repeat <> 0 AND state IN ('pending', 'sending') THEN created_at END FROM outbox ORDER BY id;
DROP TABLE outbox;
ALTER TABLE outbox_with_ends RENAME TO outbox;
CREATE INDEX outbox_unsent ON outbox(destination, incident, id) WHERE state <> 'sent';

-- What the first message of a conversation should show and does show, as ids of the outbox;
-- which message it is; when it may be changed next; and a link to it (null: there is none to
-- be had, empty: it is to be asked for).
ALTER TABLE threads ADD COLUMN want INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN shown INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN first INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN edit_at INTEGER NOT NULL DEFAULT 0;
ALTER TABLE threads ADD COLUMN link TEXT;
CREATE INDEX thread_stale ON threads(destination, edit_at) WHERE root <> '' AND (want <> shown OR link = '');

-- People may say of an incident that it was a false alarm: a kind of command that the
-- table did not know.
CREATE TABLE commands_of_all_kinds (
  id     INTEGER PRIMARY KEY,
  key    TEXT    NOT NULL UNIQUE,
  at     INTEGER NOT NULL,
  kind   TEXT    NOT NULL CHECK (kind IN ('ack', 'silence', 'maintenance', 'end', 'false_alarm')),
  body   TEXT    NOT NULL,
  begins INTEGER, -- always
  ends   INTEGER  -- never
) STRICT;
INSERT INTO commands_of_all_kinds SELECT id, key, at, kind, body, begins, ends FROM commands;
DROP TABLE commands;
ALTER TABLE commands_of_all_kinds RENAME TO commands;

-- Who said that an incident was a false alarm, and when.
ALTER TABLE incidents ADD COLUMN false_alarm_at INTEGER;
ALTER TABLE incidents ADD COLUMN false_alarm_by TEXT;

-- The id of whoever looks after an incident, where they said so.
ALTER TABLE incidents ADD COLUMN acked_user TEXT;

-- How much of a day answers were right but took longer than a threshold, by probe and threshold:
-- of days on which all slots were looked at for it. A day may have several rows, each about others.
CREATE TABLE slowdays (
  id       INTEGER PRIMARY KEY,
  day      INTEGER NOT NULL,
  location INTEGER NOT NULL REFERENCES locations(id),
  packed   BLOB    NOT NULL
) STRICT;
CREATE INDEX slowday_of_day ON slowdays(day);

-- The same of groups that are as their worst member is: the time of the day by the worst that it
-- was to any of them, by a number for who they are.
CREATE TABLE worstdays (
  id       INTEGER PRIMARY KEY,
  day      INTEGER NOT NULL,
  location INTEGER NOT NULL REFERENCES locations(id),
  packed   BLOB    NOT NULL
) STRICT;
CREATE INDEX worstday_of_day ON worstdays(day);

-- Slow answers are read for all probes at once, from the index alone.
DROP INDEX slow_last;
CREATE INDEX slow_last ON slow(last, first, probe, threshold, step, failed);
CREATE INDEX slow_long ON slow(last, first, probe, threshold, step, failed) WHERE last - first >= 86400000;

-- Who has heard of an incident and not of its end: the names of destinations. Without it
-- nobody knows, and those are told who would be told of its opening.
ALTER TABLE incidents ADD COLUMN told TEXT;

-- What is remembered of every destination, so that it is not told too much: what was told
-- lately, and the storms in which much is told as one.
CREATE TABLE paces (
  destination TEXT PRIMARY KEY,
  body        TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The incidents that a destination hears of otherwise than in a message of its own: as a
-- part of a storm, or when quiet hours are over.
CREATE TABLE kept (
  destination TEXT    NOT NULL,
  incident    INTEGER NOT NULL,
  body        TEXT    NOT NULL,
  PRIMARY KEY (destination, incident)
) STRICT, WITHOUT ROWID;

-- Where in the commit order a command came in force: behind so many entries of the segment that
-- follows another, and when. With the log and the checkpoint before it that says what was told.
ALTER TABLE commands ADD COLUMN behind INTEGER;
ALTER TABLE commands ADD COLUMN place INTEGER;
ALTER TABLE commands ADD COLUMN since INTEGER;
