package record

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/store"
)

const (
	resultsWait = 250 * time.Millisecond // results wait so long for a commit, at the most
	urgentWait  = 25 * time.Millisecond  // transitions and messages
	batchSize   = 1000                   // so many results wait for nothing but the commit before
	ringSize    = 10_000                 // results that may wait while commits fail
	ringAge     = 15 * time.Minute
	queueSize   = 4096
	retryFirst  = 100 * time.Millisecond // after a commit that failed
	retryLast   = 5 * time.Second
)

// Log is as much of the store as the recorder needs to go on.
type Log interface {
	Commit(ctx context.Context, b *store.Batch) error
}

// Delivery is who delivers messages that cannot be committed.
type Delivery interface {
	// Strand takes messages that wait for the disk. A message is taken once.
	Strand(messages []notify.Message)

	// Delivered says how far those that were taken have got, by key.
	Delivered(messages []notify.Message) map[string]notify.Delivery

	// Committed tells that messages are durable.
	Committed(messages []notify.Message)
}

// Options say what a recorder works with.
type Options struct {
	Log      Log
	Memory   *store.Memory            // the states to go on from; the recorder owns them from now on
	Probes   []store.Probe            // all that are configured, with their ids
	Location string                   // for messages
	Delivery Delivery                 // nil: messages wait until they are durable
	Commands []incident.Command       // silences and maintenance in force, and acknowledgements
	Held     []notify.Held            // what people have not heard of
	Heard    map[incident.ID][]string // who has heard of what, and not of its end

	Manners map[string]notify.Manners // how destinations want to be told, by name
	Paces   map[string]*notify.Pace   // what is remembered of them
	Kept    []notify.Kept             // and what they hear of otherwise

	// Past reads an incident that may be over; nil if there is none. It is asked by whoever
	// orders, not by the recorder.
	Past func(ctx context.Context, id incident.ID) (*store.IncidentRecord, error)

	// DoubtUntil is until when what is told first of a probe is told as a possible repeat:
	// whoever recorded before has told of what it could not store.
	DoubtUntil time.Time

	Recheck   func(id probe.ID, at time.Time)    // asks for a run between slots; must not block
	Hold      func(id probe.ID, h incident.Hold) // keeps a probe from being asked, or no longer; must not block
	Told      func(destination string)           // messages for a destination were committed; must not block
	Published func(entries []store.Entry)        // entries were committed; must not block
	Logger    *slog.Logger
}

// Recorder owns the state of every probe.
type Recorder struct {
	o       Options
	sharing *sharedBy // for the loop
	queue   chan Entry
	orders  chan order
	asked   chan chan struct{} // somebody wants to know that the loop turns
	loans   chan *loan         // somebody wants to read the states
	keep    chan struct{}      // a checkpoint is wanted
	ticks   chan time.Time     // time passes
	stop    chan struct{}
	stopped chan struct{}

	// life ends when what is not durable is given up. It is not the context of a probe
	// or of the service: a commit is not to be cut short by those.
	life   context.Context
	giveUp context.CancelFunc

	spare atomic.Bool
	full  atomic.Bool
	stats stats
}

// Entry is what the recorder is given: an input about a probe.
type Entry = store.Entry

// Stats are counts since the start.
type Stats struct {
	Recorded int64         // inputs that are durable
	Stale    int64         // inputs that said nothing new
	Lost     int64         // results that found the ring full: prober_storage
	Failures int64         // commits that failed
	Waiting  int64         // inputs that are not durable yet
	Commit   time.Duration // how long the latest commit took

	FailingSince time.Time // when commits began to fail; zero while they succeed
	Full         bool      // the latest failure was for want of room
	Commits      Commits
}

type stats struct {
	recorded, stale, lost, failures, waiting, commit, failing atomic.Int64
	commits                                                   commits
}

// New makes a recorder. Call [Recorder.Start] next.
func New(o Options) *Recorder {
	life, giveUp := context.WithCancel(context.Background())
	return &Recorder{
		life:    life,
		giveUp:  giveUp,
		o:       o,
		sharing: newSharedBy(o.Probes),
		queue:   make(chan Entry, queueSize),
		orders:  make(chan order),
		asked:   make(chan chan struct{}),
		loans:   make(chan *loan),
		keep:    make(chan struct{}, 1),
		ticks:   make(chan time.Time, 1),
		stop:    make(chan struct{}),
		stopped: make(chan struct{}),
	}
}

// Record takes the result of a run. It waits only when the queue is full.
func (r *Recorder) Record(result probe.Result) { r.take(entryOf(&result)) }

func entryOf(result *probe.Result) Entry {
	e := Entry{Probe: result.Probe, Input: incident.FromResult(result)}
	if result.Verdict.Outcome != probe.Good || len(result.Attempts) > 1 {
		e.Attempts = result.Attempts
	}
	return e
}

// Skip takes slots, from the first to the last, at which nothing was asked.
func (r *Recorder) Skip(id probe.ID, first, last time.Time, why probe.Reason) {
	r.take(Entry{Probe: id, Input: incident.Input{Kind: incident.Skipped, At: first, To: last, Verdict: probe.Miss(why)}})
}

// SkipRecheck takes a re-check that was due and not made.
func (r *Recorder) SkipRecheck(id probe.ID, at time.Time, why probe.Reason) {
	r.take(Entry{Probe: id, Input: incident.Input{Kind: incident.Skipped, Run: probe.Recheck, At: at, To: at, Verdict: probe.Miss(why)}})
}

func (r *Recorder) take(e Entry) {
	select {
	case r.queue <- e:
	case <-r.stopped:
	}
}

// Checkpoint asks for the states to be kept with the next commit. It does not wait.
func (r *Recorder) Checkpoint() {
	select {
	case r.keep <- struct{}{}:
	default:
	}
}

// Idle tells that it is an instant, so that what is due fires although no results come, and
// what no result comes of is found. It is to be called every 15 s, and does not wait.
func (r *Recorder) Idle(now time.Time) {
	select {
	case r.ticks <- now.UTC().Truncate(time.Millisecond):
	default:
	}
}

// Alive waits until the recorder answers, or ctx ends.
func (r *Recorder) Alive(ctx context.Context) error {
	answer := make(chan struct{})
	select {
	case r.asked <- answer:
		<-answer
		return nil
	case <-r.stopped:
		return errors.New("the recorder has stopped")
	case <-ctx.Done():
		return fmt.Errorf("the recorder does not answer: %w", ctx.Err())
	}
}

// Spare says whether room is so short that results which say nothing new are not to be
// kept. Their slots are unknown, by prober_storage.
func (r *Recorder) Spare(room bool) { r.spare.Store(room) }

// Stats returns the counts since the start.
func (r *Recorder) Stats() Stats {
	var failing time.Time
	if at := r.stats.failing.Load(); at != 0 {
		failing = time.UnixMilli(at).UTC()
	}
	return Stats{
		FailingSince: failing, Full: r.full.Load(), Commits: r.stats.commits.read(),
		Recorded: r.stats.recorded.Load(), Stale: r.stats.stale.Load(), Lost: r.stats.lost.Load(),
		Failures: r.stats.failures.Load(), Waiting: r.stats.waiting.Load(), Commit: time.Duration(r.stats.commit.Load()),
	}
}

// Start begins to own the states. The recorder works until [Recorder.Stop].
func (r *Recorder) Start() {
	l := newLoop(r)
	go l.run()
}

// Stop commits what was taken, with a checkpoint, and ends. Nothing may be recorded
// after it was called. When ctx ends first, what is not durable yet is given up.
func (r *Recorder) Stop(ctx context.Context) error {
	close(r.stop)
	defer r.giveUp()
	select {
	case <-r.stopped:
		return nil
	case <-ctx.Done():
		return fmt.Errorf("stop recorder with %d inputs not stored: %w", r.Stats().Waiting, ctx.Err())
	}
}
