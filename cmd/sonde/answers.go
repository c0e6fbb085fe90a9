package main

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
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

// outcome is what came of a run that somebody asked for.
type outcome struct {
	check *report.Check
	said  string // the same as the command line says it
	told  bool   // those who follow an incident about the probe are told
}

// storedWithin is for how long who asked for a run waits until that is durable.
const storedWithin = 2 * time.Second

// Run asks a probe at once, in somebody's name.
func (a *answers) Run(ctx context.Context, name, by string) (*report.Check, error) {
	out, err := a.run(ctx, name, record.Ran{Key: rand.Text(), By: by})
	return out.check, err
}

// run asks a probe at once, also while its target wants to be left alone: somebody asked for
// it, and is told. The result is stored, and changes nothing else; those who follow an incident about the
// probe are told.
func (a *answers) run(ctx context.Context, name string, asked record.Ran) (outcome, error) {
	i := slices.IndexFunc(a.targets, func(t *probe.Target) bool { return t.Name == name })
	if i < 0 {
		return outcome{}, fmt.Errorf("%w: %q; %s", incident.ErrNoProbe, name, configs.Suggest(name, a.names()))
	}
	select {
	case a.running <- struct{}{}:
		defer func() { <-a.running }()
	case <-ctx.Done():
		return outcome{}, errTooManyRuns
	}
	target := a.targets[i]
	until, why := a.held(a.ids[i])
	asked.Result = a.runner.Run(ctx, target, probe.Manual, a.clock.Now())
	asked.Result.Probe = a.ids[i]
	out := outcome{check: report.NewCheck(text.URL(target.URL), &asked.Result)}
	if !until.IsZero() {
		out.check.Hold = &report.Hold{Until: a.clock.Wall(until), Reason: why}
	}
	var said strings.Builder
	err := out.check.WriteText(&said, report.Screen{})
	out.said = said.String()
	asked.Said = out.said
	// Who asked may be gone by now; the result is not.
	storing, cancel := context.WithTimeout(context.WithoutCancel(ctx), storedWithin)
	defer cancel()
	if out.told, _ = a.recorder.Ran(storing, asked); err != nil { // what is not durable in time is told when it is
		return outcome{}, err
	}
	return out, nil
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
func (l lateAnswers) Run(ctx context.Context, name, by string) (*report.Check, error) {
	return l.answers.Run(ctx, name, by)
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
