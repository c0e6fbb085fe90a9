package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"slices"
	"time"

	"golang.org/x/sys/unix"

	"sonde/configs"
	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/probe/http3"
	"sonde/record"
	"sonde/scheduler"
	"sonde/store"
	"sonde/text"
	"sonde/web"
)

const (
	checkpointEvery = time.Minute
	tidyEvery       = time.Hour
	storageEvery    = time.Second
	spaceEvery      = 15 * time.Second
	idleEvery       = 15 * time.Second
	drainFor        = 2 * time.Second // what runs in flight get to end when the service stops
	stopWithin      = 4 * time.Second // and everything else

	// tickWithin is how old the scheduler's latest tick may be. A living scheduler
	// ticks every 5 s.
	tickWithin = 15 * time.Second
)

// service is everything that runs, wired.
type service struct {
	log        *slog.Logger
	corrupt    store.OnCorrupt
	pace       pace
	clock      *scheduler.Clock
	store      *store.Store
	reader     *store.Reader
	recorder   *record.Recorder
	scheduler  *scheduler.Scheduler
	runner     *probe.Runner
	answers    *answers
	hearing    func()   // ends hearing from Slack; nil: nothing is heard
	control    *control // nil: nobody is answered
	dispatcher *notify.Dispatcher
	tallies    *web.Tallies
	room       room
	relay      *notify.Relay
	place      string
	everybody  []string            // every destination that hears of anything
	watch      notify.StorageWatch // used by one upkeep job
	heartbeat  *heartbeat          // nil if nobody is told that the service lives
	web        *web.Server         // nil if it is turned off
	history    configs.History
	failures   int64         // of commits, that room was looked for after; used by one upkeep job
	said       store.Storing // used by one upkeep job
	forgetAt   time.Time     // used by one upkeep job

	stopDelivery context.CancelFunc
	delivered    chan struct{} // closed when delivery has stopped
}

// startService opens the database, begins to probe, to deliver and to answer. On an
// error nothing is left running.
func startService(ctx context.Context, config *configs.Config, corrupt store.OnCorrupt, log *slog.Logger) (*service, error) {
	s := &service{log: log, corrupt: corrupt, pace: paceOf(ctx), tallies: web.NewTallies(), history: config.History}
	if err := s.start(ctx, config); err != nil {
		return nil, errors.Join(err, s.closeWeb(ctx), s.closeStore())
	}
	return s, nil
}

func (s *service) start(ctx context.Context, config *configs.Config) error {
	senders, err := newSenders(config, past{s}, s.log)
	if err != nil {
		return &exit{exitConfig, err}
	}
	if err := s.openStore(ctx, config); err != nil {
		return storageError(err)
	}
	// What can be refused is tried before anything is changed in the database.
	if err := s.listen(ctx, config); err != nil {
		return err
	}
	memory, probes, err := s.configure(ctx, config)
	if err != nil {
		return storageError(err)
	}
	location, err := s.store.Location(ctx)
	if err != nil {
		return storageError(err)
	}
	if err := s.announceLoss(ctx, config, location); err != nil {
		return storageError(err)
	}
	relay := notify.NewRelay(s.store)
	s.relay, s.place = relay, location
	routes := make([]notify.Routes, len(probes))
	for i := range probes {
		routes[i] = probes[i].Subject.Routes
	}
	s.everybody = notify.Everybody(routes)
	s.dispatcher = notify.NewDispatcher(relay, senders, s.log)
	for i := range config.Destinations {
		s.dispatcher.FallBack(config.Destinations[i].Name, config.Destinations[i].Fallback...)
	}
	s.store.KeepBallast(0, 0, s.makeRoom)
	if err := s.newRecorder(ctx, config, memory, probes); err != nil {
		return storageError(err)
	}
	s.runner = &probe.Runner{UserAgent: userAgent(), Log: s.log, QUIC: http3.Dialer{}}
	s.scheduler, err = scheduler.New(scheduler.Options{
		Prober: newProber(config, s.runner), Sink: sink{s.recorder}, Clock: s.clock,
		Concurrency: concurrency(len(probes)), Grace: drainFor, Log: s.log,
	})
	if err != nil {
		return err
	}
	s.listenToPeople(ctx, config, probes)
	if config.Heartbeat != nil {
		s.heartbeat = newHeartbeat(config.Heartbeat, s.alive(), s.log)
	}
	if err := s.begin(ctx, jobs(config, probes, memory)); err != nil {
		return err
	}
	if err := errors.Join(s.scheduleBackups(config.Backup), s.scheduleDigests(config)); err != nil {
		return errors.Join(err, s.stop())
	}
	return nil
}

// newRecorder makes the recorder, which goes on with what people have asked for and with
// what was kept back from them.
func (s *service) newRecorder(ctx context.Context, config *configs.Config, memory *store.Memory, probes []store.Probe) error {
	delivery := newUnstored(s.relay, s.store, time.Now())
	options := record.Options{
		Log: s.store, Memory: memory, Probes: probes, Location: s.place, Manners: mannersOf(config), Delivery: delivery, DoubtUntil: delivery.doubt, Logger: s.log,
		Past: func(ctx context.Context, id incident.ID) (*store.IncidentRecord, error) {
			return s.reader.Incident(ctx, id)
		},
		Recheck:   func(id probe.ID, at time.Time) { s.scheduler.Recheck(id, at) },
		Hold:      func(id probe.ID, h incident.Hold) { s.scheduler.Hold(id, h.Until, h.Why) },
		Told:      func(destination string) { s.dispatcher.Wake(destination) },
		Published: s.tallies.Add,
	}
	if err := options.Recall(ctx, s.store, time.Now()); err != nil {
		return err
	}
	for id, names := range options.Heard {
		options.Heard[id] = slices.DeleteFunc(names, func(name string) bool {
			return !slices.ContainsFunc(config.Destinations, func(d configs.Destination) bool { return d.Name == name })
		})
	}
	s.recorder = record.New(options)
	s.reader.Borrow(s.recorder, probes)
	s.store.Borrow(s.recorder, probes)
	return nil
}

// openStore opens the database for writing and for reading.
func (s *service) openStore(ctx context.Context, config *configs.Config) error {
	host, err := os.Hostname()
	if err != nil || host == "" {
		host = "here"
	}
	if s.store, err = store.OpenWith(ctx, store.Options{Path: config.Database, Location: config.Location, Fallback: host, OnCorrupt: s.corrupt, Span: s.pace.span}); err != nil {
		return err
	}
	s.reader, err = store.OpenReader(ctx, config.Database)
	return err
}

// configure makes the configuration durable, and sets the clock, which never goes back
// behind what is stored.
func (s *service) configure(ctx context.Context, config *configs.Config) (*store.Memory, []store.Probe, error) {
	now := time.Now()
	memory, probes, err := record.Begin(ctx, s.store, describe(config), now, config.Maintenance...)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, d := range config.Destinations {
		names = append(names, d.Name)
	}
	givenUp, err := s.store.RecoverOutbox(ctx, names, now)
	if err != nil {
		return nil, nil, err
	}
	if givenUp > 0 {
		s.log.Warn("messages given up: their destinations are not configured any more", "messages", givenUp)
	}
	s.clock = scheduler.NewClock(record.LastSlot(memory))
	return memory, probes, s.store.Started(ctx, version, now)
}

// begin starts what runs, the innermost first.
func (s *service) begin(ctx context.Context, jobs []scheduler.Job) error {
	s.recorder.Start()
	delivery, cancel := context.WithCancel(context.WithoutCancel(ctx))
	s.stopDelivery, s.delivered = cancel, make(chan struct{})
	go func() {
		defer close(s.delivered)
		if err := s.dispatcher.Run(delivery); err != nil {
			s.log.Error("delivery stopped", "err", err)
		}
	}()
	if s.web != nil {
		s.web.Serve()
	}
	if s.heartbeat != nil {
		s.heartbeat.start(ctx)
	}
	err := errors.Join(
		s.scheduler.Upkeep("checkpoint", checkpointEvery, func(context.Context) { s.recorder.Checkpoint() }),
		s.scheduler.Upkeep("tidy", tidyEvery, s.tidy),
		s.scheduler.Upkeep("compact", s.pace.every, s.compact),
		s.scheduler.Upkeep("storage", storageEvery, s.watchStorage),
		s.scheduler.Upkeep("release", releaseEvery, s.release),
		s.scheduler.Upkeep("space", spaceEvery, s.watchSpace),
		s.scheduler.Upkeep("heap", tuneEvery, new(heapTuner).tune),
		s.scheduler.Upkeep("idle", idleEvery, func(context.Context) { s.recorder.Idle(s.clock.Now()) }),
		s.scheduler.Start(ctx, jobs),
	)
	if err != nil {
		return errors.Join(err, s.stop())
	}
	return nil
}

// stop ends everything, the outermost first, and loses nothing: runs in flight get a
// moment to end, and what is known is made durable.
func (s *service) stop() error {
	ctx, cancel := context.WithTimeout(context.Background(), drainFor+stopWithin)
	defer cancel()
	s.heartbeat.stop()
	err := errors.Join(s.stopListening(), s.scheduler.Stop(ctx))
	err = errors.Join(err, s.recorder.Stop(ctx))
	s.stopDelivery()
	<-s.delivered
	return errors.Join(err, s.closeWeb(ctx), s.closeStore())
}

func (s *service) closeStore() error {
	var err error
	if s.reader != nil {
		err = s.reader.Close()
	}
	if s.store != nil {
		err = errors.Join(err, s.store.Close())
	}
	s.reader, s.store = nil, nil
	return err
}

// ready says why the service does not do its work; nil if it does.
func (s *service) ready(ctx context.Context) error {
	switch tick := s.scheduler.Stats().LastTick; {
	case tick.IsZero():
		return errors.New("the scheduler has not ticked yet")
	case s.clock.Since(tick) > tickWithin:
		return fmt.Errorf("the scheduler has not ticked since %s", tick.Format(time.RFC3339))
	}
	return s.recorder.Alive(ctx)
}

func (s *service) listen(ctx context.Context, config *configs.Config) (err error) {
	if config.Listen == "" {
		return nil
	}
	s.web, err = web.Listen(ctx, config.Listen, web.Options{
		Source: lateSource{s}, History: lateSource{s}, Now: func() time.Time { return s.clock.Now() }, Ready: s.ready, Storage: s.storage, Gauges: s.gauges, Untold: lateSource{s}.Untold, Tallies: s.tallies, Log: s.log,
		Actions: lateAnswers{s}, Token: config.API.Token,
	})
	if errors.Is(err, unix.EADDRINUSE) {
		return &exit{exitRunning, err} // whoever has it may go away
	}
	if err != nil {
		return &exit{exitConfig, err}
	}
	return nil
}

// closeWeb stops answering. Whoever is being answered does not keep the service from
// stopping.
func (s *service) closeWeb(ctx context.Context) error {
	if s.web == nil {
		return nil
	}
	brief, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	server := s.web
	s.web = nil
	return server.Close(brief)
}

// newProber is who makes runs, and asks references before one without an answer is handed
// over.
func newProber(config *configs.Config, runner *probe.Runner) scheduler.Prober {
	if config.References == nil {
		return runner
	}
	return scheduler.NewReferee(runner, config.References.Targets, config.References.Every)
}

// pledgeOf is what is kept of the promise of a group.
func pledgeOf(g configs.Group) store.Pledge {
	if len(g.Objectives) == 0 {
		return store.Pledge{}
	}
	return store.Pledge{Combine: g.Combine, Objectives: g.Objectives, Alerts: g.Alerts}
}

// sink hands what the scheduler saw to the recorder.
type sink struct{ *record.Recorder }

// Missed takes slots at which nothing was asked, or a re-check that was not made.
func (s sink) Missed(m scheduler.Miss) {
	if m.Run == probe.Recheck {
		s.SkipRecheck(m.Probe, m.From, m.Reason)
		return
	}
	s.Skip(m.Probe, m.From, m.To, m.Reason)
}

// describe is what the database is told of the configured probes. It holds no secret.
func describe(config *configs.Config) []store.Probe {
	probes := make([]store.Probe, 0, len(config.Probes))
	policies := map[incident.Policy]*incident.Policy{} // most probes have the same one
	for i := range config.Probes {
		p := &config.Probes[i]
		policy := policies[p.Policy]
		if policy == nil {
			kept := p.Policy
			policy = &kept
			policies[p.Policy] = policy
		}
		probes = append(probes, store.Probe{
			Was: p.Was, Policy: policy, Objectives: p.Objectives, RequestHash: p.RequestHash, Credential: p.Credential,
			Pledge: pledgeOf(config.Groups[p.Group]),
			Subject: notify.Subject{
				Name: p.Name, Group: p.Group, URL: text.URL(p.Target.URL), Method: p.Target.Method, Runbook: p.Runbook,
				Labels: p.Labels, Interval: p.Interval, Routes: p.Notify, DependsOn: p.DependsOn, Unverified: p.Target.Transport.Insecure,
			},
		})
	}
	return probes
}

// jobs are the configured probes as the scheduler runs them. probes has them in the same
// order, with their ids.
func jobs(config *configs.Config, probes []store.Probe, memory *store.Memory) []scheduler.Job {
	jobs := make([]scheduler.Job, 0, len(probes))
	for i := range probes {
		slot, result := record.Slots(memory, probes[i].ID)
		held := record.Held(memory, probes[i].ID)
		jobs = append(jobs, scheduler.Job{
			ID: probes[i].ID, Target: config.Probes[i].Target, Interval: config.Probes[i].Interval, LastSlot: slot, LastResult: result,
			Held: held.Until, HeldFor: held.Why,
		})
	}
	return jobs
}

// storageError makes an error of the database exit as one, unless it exits otherwise.
func storageError(err error) error {
	if _, ok := errors.AsType[*store.LockedError](err); ok {
		return &exit{exitRunning, err}
	}
	if _, ok := errors.AsType[*store.NewerError](err); ok {
		return &exit{exitConfig, err}
	}
	return &exit{exitStorage, err}
}
