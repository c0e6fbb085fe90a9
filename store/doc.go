// Package store keeps results, states, incidents and outbox in SQLite, and changes
// them together.
//
// A [Store] is the one writer of a database; a lock file beside the database sees to
// that. [Store.Commit] makes a [Batch] durable in one transaction, all or nothing: what
// was observed, which incidents changed through it, what is to be told. What is
// committed survives a power cut (WAL, synchronous=FULL). A batch that is committed
// twice is kept once.
//
// The states of probes are not rows. They are a checkpoint and the log behind it, and
// whoever wants them replays the log through [incident.Step]: [Store.Load] for the
// service that goes on, [Reader.Snapshot] for anybody who looks, beside a running
// service, after it stopped, or as another user with read permission.
//
// [OpenWith] never deletes and never gives up: a database that is damaged or gone is set
// aside and replaced by a fresh one that has what could still be read. [Backup] and
// [Restore] copy a database whole, and prove the copy.
//
// This is the only package that knows SQL, and the only one that opens the database.
package store
