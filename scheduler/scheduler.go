package scheduler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-co-op/gocron/v2"

	"sonde/probe"
)

const (
	defaultConcurrency = 512
	defaultGrace       = 3 * time.Second

	// unwinding is what a canceled run gets to end even if Stop's context is over.
	unwinding = time.Second

	tag = "sonde" // on every gocron job of ours
)

// Job is one probe to run.
type Job struct {
	ID       probe.ID
	Target   *probe.Target
	Interval time.Duration // at least 10 ms, in whole milliseconds

	// LastSlot is the last slot that is accounted for; zero if there is none. No
	// slot up to it is run again. The slots between it and Start are the caller's
	// to account for.
	LastSlot time.Time

	// LastResult is when the probe was last asked; zero if it never was. A probe
	// that was not asked for an interval gets a first run at once.
	LastResult time.Time

	// Held is until when the probe is not asked, as by [Scheduler.Hold], and HeldFor
	// why. It counts for a probe that is new to the scheduler.
	Held    time.Time
	HeldFor probe.Reason
}

// Prober makes runs. [probe.Runner] is one. A run ends by itself within the
// target's timeout, and soon after its context ends.
type Prober interface {
	Run(ctx context.Context, t *probe.Target, kind probe.RunKind, at time.Time) probe.Result
}

// Sink takes what happened at slots, from several goroutines at once. Neither
// call may block for long: it holds up a run's place, or a lane.
type Sink interface {
	Record(r probe.Result)
	Missed(m Miss)
}

// Miss is a row of slots of one probe at which nothing was asked: From and To are
// the first and the last of them, on its grid. Or it is a re-check that was due at
// From, which is To, while the probe was on hold.
type Miss struct {
	Probe    probe.ID
	From, To time.Time // engine time; UTC, whole milliseconds
	Reason   probe.Reason
	Run      probe.RunKind // scheduled or recheck
}

// Options are what a scheduler needs. Prober and Sink must be given.
type Options struct {
	Prober      Prober
	Sink        Sink
	Clock       *Clock        // nil: a new one, from the wall clock
	Concurrency int           // runs in flight at the most; 0: 512
	Grace       time.Duration // that Stop gives to runs in flight; 0: 3 s, below 0: none
	Log         *slog.Logger  // nil: none
}

// Scheduler runs probes. Make it with [New]. Its methods may be called from any
// goroutine.
type Scheduler struct {
	prober Prober
	sink   Sink
	clock  *Clock
	limit  int
	grace  time.Duration
	log    *slog.Logger

	running       context.Context // of runs
	cancelRunning context.CancelFunc
	upkeeping     context.Context // of upkeep
	cancelUpkeep  context.CancelFunc

	quit    chan struct{} // closed when Stop begins
	stopped chan struct{} // closed when Stop has ended
	wake    chan struct{} // re-checks were asked for

	flights sync.WaitGroup // goroutines that make runs
	spare   chan flight    // to those that wait for another run
	spares  atomic.Int64   // how many do
	tasks   sync.WaitGroup // gocron's calls of us, and the keeper

	// Locks, in the order in which they are taken. Never held while a sink is
	// called, but for gate.
	jobs    sync.Mutex // whoever adds or removes gocron jobs
	cron    gocron.Scheduler
	upkeeps []*upkeep

	gate sync.RWMutex // whoever calls the sink
	shut bool         // the sink must not be called any more

	mu            sync.Mutex // everything below
	members       map[probe.ID]*member
	lanes         []*lane
	era           chan struct{} // closed when lanes or clock change under their ticks
	draining      bool
	inFlight      int // places taken in the pool
	slots, others queue
	buckets       map[int64][]probe.ID // re-checks
	newBuckets    []int64              // that have no gocron job yet
	panics        map[probe.ID]time.Time
	lastTick      int64
	count         counters
}

// New makes a scheduler that does nothing before Start.
func New(opts Options) (*Scheduler, error) {
	if opts.Prober == nil || opts.Sink == nil {
		return nil, errors.New("make a scheduler: a prober and a sink must be given")
	}
	if opts.Concurrency < 0 {
		return nil, fmt.Errorf("make a scheduler: a concurrency of %d is below 0", opts.Concurrency)
	}
	s := &Scheduler{
		prober: opts.Prober, sink: opts.Sink, clock: opts.Clock, limit: opts.Concurrency, grace: opts.Grace, log: opts.Log,
		quit: make(chan struct{}), stopped: make(chan struct{}), wake: make(chan struct{}, 1), spare: make(chan flight),
		era: make(chan struct{}), buckets: map[int64][]probe.ID{}, panics: map[probe.ID]time.Time{},
		lastTick: none, count: newCounters(),
	}
	if s.clock == nil {
		s.clock = NewClock(time.Time{})
	}
	if s.limit == 0 {
		s.limit = defaultConcurrency
	}
	if s.grace == 0 {
		s.grace = defaultGrace
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	return s, nil
}

// Start begins to run probes. Of its context only the values count: the end of it
// stops nothing, [Scheduler.Stop] does, and is to be called after an error too. A
// scheduler starts once.
func (s *Scheduler) Start(ctx context.Context, jobs []Job) error {
	if err := check(jobs); err != nil {
		return fmt.Errorf("start the scheduler: %w", err)
	}
	s.jobs.Lock()
	defer s.jobs.Unlock()
	cron, err := gocron.NewScheduler(gocron.WithClock(s.clock), gocron.WithLocation(time.UTC),
		gocron.WithLogger(cronLog{s.log}), gocron.WithStopTimeout(unwinding))
	if err != nil {
		return fmt.Errorf("start the scheduler: %w", err)
	}
	stale, err := s.begin(ctx, jobs)
	if err != nil {
		return errors.Join(err, cron.Shutdown())
	}
	s.cron = cron
	s.cron.Start()
	s.tasks.Go(s.keep)
	if err := s.arm(); err != nil {
		return fmt.Errorf("start the scheduler: %w", err)
	}
	return s.armFirst(stale)
}

// begin sets everything up, and returns the probes that need a first run.
func (s *Scheduler) begin(ctx context.Context, jobs []Job) (stale []*member, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.members != nil || s.draining {
		return nil, errors.New("start the scheduler: it has been started or stopped already")
	}
	s.running, s.cancelRunning = context.WithCancel(context.WithoutCancel(ctx))
	s.upkeeping, s.cancelUpkeep = context.WithCancel(context.WithoutCancel(ctx))
	for _, j := range jobs {
		if !j.LastSlot.IsZero() {
			s.clock.atLeast(j.LastSlot)
		}
	}
	return s.enrol(jobs), nil
}

// Hold keeps a probe from being asked before an engine time, because of why: its
// slots and re-checks until then are missed for that reason. It replaces an earlier
// hold; a time that is past ends it. It does not block.
func (s *Scheduler) Hold(id probe.ID, until time.Time, why probe.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if m := s.members[id]; m != nil {
		m.held, m.why = until.UnixMilli(), why
	}
}

// Held returns until when a probe is not asked by itself, and why; zero if nothing keeps it.
func (s *Scheduler) Held(id probe.ID) (until time.Time, why probe.Reason) {
	s.mu.Lock()
	defer s.mu.Unlock()
	m := s.members[id]
	if m == nil || m.held <= s.clock.millis() {
		return time.Time{}, 0
	}
	return time.UnixMilli(m.held).UTC(), m.why
}

// Release ends the hold of every probe for which a function says so, given its target and what it is
// held for. The function may take its time: nothing waits for it.
func (s *Scheduler) Release(free func(t *probe.Target, why probe.Reason) bool) {
	type hold struct {
		m      *member
		target *probe.Target
		until  int64
		why    probe.Reason
	}
	s.mu.Lock()
	var held []hold
	now := s.clock.millis()
	for _, m := range s.members {
		if m.held > now {
			held = append(held, hold{m, m.target, m.held, m.why})
		}
	}
	s.mu.Unlock()
	for _, h := range held {
		if !free(h.target, h.why) {
			continue
		}
		s.mu.Lock()
		if h.m.held == h.until { // nobody has said anything else meanwhile
			h.m.held = none
		}
		s.mu.Unlock()
	}
}

// newEra ends the ticks at work. The caller holds the lock.
func (s *Scheduler) newEra() {
	close(s.era)
	s.era = make(chan struct{})
}

// add makes a gocron job. The caller holds s.jobs.
func (s *Scheduler) add(when gocron.JobDefinition, task func(), opts ...gocron.JobOption) error {
	guarded := func() {
		if s.enter() {
			defer s.tasks.Done()
			task()
		}
	}
	_, err := s.cron.NewJob(when, gocron.NewTask(guarded), append(opts, gocron.WithTags(tag))...)
	return err
}

// enter reports whether a task may begin; Stop then waits for it.
func (s *Scheduler) enter() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return false
	}
	s.tasks.Add(1)
	return true
}
