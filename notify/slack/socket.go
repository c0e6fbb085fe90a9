package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"net/http"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"
	"github.com/slack-go/slack/socketmode"

	"sonde/incident"
	"sonde/text"
)

const (
	ackWithin    = 3 * time.Second // Slack takes an answer for missing after this time
	workWithin   = time.Minute
	mostWaiting  = 50 // things that were pressed and are not done yet
	runners      = 2  // of runs, which take longer
	retryRefused = 5 * time.Minute
	retryEnded   = 5 * time.Second
	maxEnvelope  = 1 << 20
)

// Answerer does what people ask for in Slack.
type Answerer interface {
	// Order has a command obeyed, and returns it as it is in force.
	Order(ctx context.Context, c incident.Command) (incident.Command, error)

	// Run asks a probe now.
	Run(ctx context.Context, r Run) (Ran, error)

	// Look says what `sonde status` does, or `sonde slo` with a name or without one.
	Look(ctx context.Context, what, name string) (string, error)
}

// Run is a run that somebody asks for.
type Run struct {
	Probe    string      // empty: the one that an incident is about
	About    incident.ID // where it is asked for; 0: nowhere in particular
	Key      string      // the same run has the same
	By, User string      // who asks, by name and by their id
}

// Ran is what came of a run.
type Ran struct {
	Probe string
	Said  string // as the command line says it
	Told  bool   // those who follow an incident about the probe are told
}

// Socket hears what people do in Slack, over a connection that it opens itself (Socket Mode).
type Socket struct {
	token    text.Secret
	api      *slack.Client
	counters []*counter
	answers  Answerer
	log      *slog.Logger
	quick    chan job // in the order in which they were asked for
	windows  chan job // are opened while Slack allows it, which is not for long
	slow     chan job // runs
	app      string   // its id, as Slack greets; used by the loop alone
	seen     seen
	trouble  string        // that has been told of; used by the loop alone
	refused  time.Duration // until the next try, after Slack has said no
	again    time.Duration // the same, after a connection has ended otherwise
}

// job is something to do, after it was heard.
type job struct {
	what string
	do   func(ctx context.Context)
}

// NewSockets makes a socket for every app that destinations have: Slack gives each event to one
// connection, so that an app has one. Destinations without an app token are passed over.
func NewSockets(destinations []Config, answers Answerer, log *slog.Logger) []*Socket {
	var all []*Socket
	byApp := map[[2]string]*Socket{}
	for _, cfg := range destinations {
		if cfg.AppToken.IsZero() {
			continue
		}
		key := [2]string{cfg.AppToken.Reveal(), cfg.APIURL}
		s := byApp[key]
		client := newClient(cfg.Client)
		if s == nil {
			s = &Socket{
				token: cfg.AppToken, answers: answers, log: log.With("destination", cfg.Name), quick: make(chan job, mostWaiting), windows: make(chan job, mostWaiting), slow: make(chan job, mostWaiting),
				api: slack.New("", apiOptions(client, cfg.APIURL, slack.OptionAppLevelToken(cfg.AppToken.Reveal()))...), seen: newSeen(), refused: retryRefused, again: retryEnded,
			}
			byApp[key] = s
			all = append(all, s)
		}
		s.counters = append(s.counters, newCounter(cfg, client))
	}
	return all
}

func newCounter(cfg Config, client *http.Client) *counter {
	return &counter{
		desk: newDesk(cfg), name: cfg.Name, channel: cfg.Channel, users: cfg.Users, groups: cfg.Groups, token: cfg.Token,
		api: slack.New(cfg.Token.Reveal(), apiOptions(client, cfg.APIURL)...), reach: newReach(cfg.APIURL), members: map[string]roster{},
	}
}

// apiOptions are those of a client of Slack's API.
func apiOptions(client *http.Client, address string, more ...slack.Option) []slack.Option {
	options := append([]slack.Option{slack.OptionHTTPClient(client)}, more...)
	if address != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimRight(address, "/")+"/"))
	}
	return options
}

// Run hears until ctx ends, and returns when all that was begun has ended. It connects anew
// whenever a connection ends; what Slack refuses for good is tried again from time to time, and
// told once.
func (s *Socket) Run(ctx context.Context) {
	var working sync.WaitGroup
	working.Go(func() { s.work(ctx, s.quick) })
	working.Go(func() { s.work(ctx, s.windows) })
	for range runners {
		working.Go(func() { s.work(ctx, s.slow) })
	}
	defer working.Wait()
	for ctx.Err() == nil {
		wait := s.again
		if err := s.connect(ctx); err != nil && ctx.Err() == nil && !errors.Is(err, context.Canceled) {
			wait = s.refused
			s.tell("Slack does not accept the app token; make one with the scope connections:write (Basic Information, App-Level Tokens), and put it into app_token", err)
		}
		pauseFor(ctx, wait)
	}
}

func pauseFor(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}

// tell logs what is wrong, once until it is over.
func (s *Socket) tell(what string, err error) {
	if s.trouble == what {
		return
	}
	s.trouble = what
	s.log.Warn("nothing is heard from Slack: "+what, "err", s.printable(err))
}

// printable is an error without what is secret: the address of a connection holds a ticket.
func (s *Socket) printable(err error) string {
	said := cause(err)
	secrets := []text.Secret{s.token}
	for _, c := range s.counters {
		secrets = append(secrets, c.token)
	}
	for _, secret := range secrets {
		if !secret.IsZero() {
			said = strings.ReplaceAll(said, secret.Reveal(), secret.String())
		}
	}
	return text.Printable(said, maxDetail)
}

// connect hears over connections until Slack refuses one for good, which it returns, or ctx ends.
func (s *Socket) connect(ctx context.Context) error {
	client := socketmode.New(s.api,
		socketmode.OptionDialer(&websocket.Dialer{NetDialContext: (&net.Dialer{Timeout: clientWait}).DialContext, HandshakeTimeout: clientWait, WriteBufferSize: 32 << 10}),
		socketmode.OptionReadLimit(maxEnvelope),
		socketmode.OptionLog(log.New(io.Discard, "", 0)), // it would log what people write
	)
	ctx, cancel := context.WithCancel(ctx)
	ended := make(chan error, 1)
	go func() { ended <- client.RunContext(ctx) }()
	for {
		select {
		case e := <-client.Events:
			s.hear(ctx, client, e)
		case err := <-ended:
			cancel()
			return err
		}
	}
}

// hear takes one event. Whatever needs an answer gets it here, at once; the work comes later.
func (s *Socket) hear(ctx context.Context, client *socketmode.Client, e socketmode.Event) {
	switch e.Type {
	case socketmode.EventTypeHello:
		s.app = cmp.Or(e.Request.ConnectionInfo.AppID, s.app)
		s.trouble = ""
		s.log.Info("hearing from Slack")
	case socketmode.EventTypeConnectionError:
		if failed, ok := e.Data.(*slack.ConnectionErrorEvent); ok {
			s.tell("no connection", failed.ErrorObj)
		}
	case socketmode.EventTypeErrorBadMessage:
		s.log.Debug("Slack said something that is not understood")
	}
	if e.Request == nil || e.Request.EnvelopeID == "" {
		return
	}
	var payload any
	var then func()
	switch data := e.Data.(type) {
	case slack.InteractionCallback:
		payload, then = s.interaction(&data)
	case slack.SlashCommand:
		then = s.slash(&data)
	}
	answering, cancel := context.WithTimeout(ctx, ackWithin)
	defer cancel()
	if err := client.AckCtx(answering, e.Request.EnvelopeID, payload); err != nil && ctx.Err() == nil {
		s.log.Warn("Slack was not answered", "err", s.printable(err))
	}
	if then != nil {
		then()
	}
}

// later has something done after Slack was answered.
func (s *Socket) later(queue chan job, what string, do func(ctx context.Context)) {
	select {
	case queue <- job{what, do}:
	default:
		s.log.Warn("too much at once: something that was asked for in Slack is not done", "what", what)
	}
}

// work does jobs until ctx ends.
func (s *Socket) work(ctx context.Context, queue chan job) {
	for {
		select {
		case j := <-queue:
			s.try(ctx, j)
		case <-ctx.Done():
			return
		}
	}
}

// try does a job. One that panics ends alone.
func (s *Socket) try(ctx context.Context, j job) {
	defer func() {
		if r := recover(); r != nil {
			s.log.Error("an answer to Slack panicked", "what", j.what, "panic", fmt.Sprintf("%T", r), "stack", string(debug.Stack()))
		}
	}()
	ctx, cancel := context.WithTimeout(ctx, workWithin)
	defer cancel()
	j.do(ctx)
}

// seen remembers for a while what was heard: Slack may say a thing twice.
type seen struct {
	mu   sync.Mutex
	when map[string]time.Time
}

const (
	seenFor  = 15 * time.Minute
	mostSeen = 2000
)

func newSeen() seen { return seen{when: map[string]time.Time{}} }

// first reports whether something is heard for the first time.
func (s *seen) first(what string, now time.Time) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, at := range s.when {
		if now.Sub(at) > seenFor || len(s.when) > mostSeen {
			delete(s.when, key)
		}
	}
	if _, again := s.when[what]; again {
		return false
	}
	s.when[what] = now
	return true
}
