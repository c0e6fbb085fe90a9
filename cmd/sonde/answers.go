package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"sonde/configs"
	"sonde/incident"
	"sonde/notify/slack"
	"sonde/probe"
	"sonde/record"
	"sonde/report"
	"sonde/scheduler"
	"sonde/store"
	"sonde/text"
)

// answers does what people ask of the service, whichever way they ask: at a prompt, over HTTP,
// or in Slack.
type answers struct {
	recorder *record.Recorder
	runner   *probe.Runner
	clock    *scheduler.Clock
	reader   *store.Reader
	targets  []*probe.Target // of all probes; what else the file says is not kept
	ids      []probe.ID      // theirs
	running  chan struct{}   // places for manual runs
	held     func(id probe.ID) (until time.Time, why probe.Reason)
}

var errTooManyRuns = errors.New("too many runs at once")

func newAnswers(s *service, config *configs.Config, probes []store.Probe) *answers {
	a := &answers{
		recorder: s.recorder, runner: s.runner, clock: s.clock, reader: s.reader,
		targets: make([]*probe.Target, len(probes)), ids: make([]probe.ID, len(probes)), running: make(chan struct{}, manualRuns),
		held: s.scheduler.Held,
	}
	for i := range config.Probes {
		a.targets[i], a.ids[i] = config.Probes[i].Target, probes[i].ID
	}
	return a
}

// Order has a command obeyed, and returns it as it is in force.
func (a *answers) Order(ctx context.Context, c incident.Command) (incident.Command, error) {
	ctx, cancel := context.WithTimeout(ctx, controlWithin)
	defer cancel()
	return a.recorder.Order(ctx, c)
}

// Run asks a probe at once, also while its target wants to be left alone: somebody asked for
// it, and is told. The result is stored, and changes nothing else.
func (a *answers) Run(ctx context.Context, name string) (*report.Check, error) {
	i := slices.IndexFunc(a.targets, func(t *probe.Target) bool { return t.Name == name })
	if i < 0 {
		return nil, fmt.Errorf("%w: %q; %s", incident.ErrNoProbe, name, configs.Suggest(name, a.names()))
	}
	select {
	case a.running <- struct{}{}:
		defer func() { <-a.running }()
	case <-ctx.Done():
		return nil, errTooManyRuns
	}
	target := a.targets[i]
	until, why := a.held(a.ids[i])
	result := a.runner.Run(ctx, target, probe.Manual, a.clock.Now())
	result.Probe = a.ids[i]
	a.recorder.Record(result)
	check := report.NewCheck(text.URL(target.URL), &result)
	if !until.IsZero() {
		check.Hold = &report.Hold{Until: a.clock.Wall(until), Reason: why}
	}
	return check, nil
}

// names are those of all probes, in the order of the configuration.
func (a *answers) names() []string {
	names := make([]string, len(a.targets))
	for i, t := range a.targets {
		names[i] = t.Name
	}
	return names
}

// lateAnswers answers over an address that is bound before there is somebody to answer.
type lateAnswers struct{ *service }

// Order has a command obeyed.
func (l lateAnswers) Order(ctx context.Context, c incident.Command) (incident.Command, error) {
	return l.answers.Order(ctx, c)
}

// Run asks a probe at once.
func (l lateAnswers) Run(ctx context.Context, name string) (*report.Check, error) {
	return l.answers.Run(ctx, name)
}

// listenToPeople answers at the prompt and in Slack. What is asked before the recorder has
// started waits for it.
func (s *service) listenToPeople(ctx context.Context, config *configs.Config, probes []store.Probe) {
	s.answers = newAnswers(s, config, probes)
	if err := s.openControl(ctx, config); err != nil {
		s.log.Warn("ack, silence, maintenance and run are not answered", "err", err)
	}
	var places []slack.Config
	for i := range config.Destinations {
		if config.Destinations[i].Slack != nil {
			places = append(places, slackConfig(&config.Destinations[i], config))
		}
	}
	hearing, cancel := context.WithCancel(context.WithoutCancel(ctx))
	var ended sync.WaitGroup
	for _, socket := range slack.NewSockets(places, slackAnswers{s.answers}, s.log) {
		ended.Go(func() { socket.Run(hearing) })
	}
	s.hearing = func() {
		cancel()
		ended.Wait()
	}
}

// stopListening ends hearing people, and what is being done for them.
func (s *service) stopListening() error {
	if s.hearing != nil {
		s.hearing()
	}
	return s.closeControl()
}
