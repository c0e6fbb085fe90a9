package slack

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"sonde/incident"
	"sonde/notify"
	"sonde/text"
)

// press is something that somebody did, and where.
type press struct {
	*counter
	person
	words   *actionWords
	key     string // the same thing has the same
	channel string
	root    string // of the thread; empty outside one
	trigger string // opens windows, for 3 s
	respond string // takes answers that only who asked sees; empty: there is no such address
}

// interaction takes what was pressed or filled in. It returns what Slack is answered, and what to
// do then.
func (s *Socket) interaction(cb *slack.InteractionCallback) (payload any, then func()) {
	who := person{cb.User.ID, cmp.Or(cb.User.Name, cb.User.Username, cb.User.ID), cmp.Or(cb.User.TeamID, cb.Team.ID)}
	switch {
	case s.app != "" && cb.APIAppID != "" && cb.APIAppID != s.app, who.id == "":
		return nil, nil // of another app
	case cb.Type == slack.InteractionTypeBlockActions && len(cb.ActionCallback.BlockActions) > 0:
		return nil, func() { s.pressed(cb, who, cb.ActionCallback.BlockActions[0]) }
	case cb.Type == slack.InteractionTypeViewSubmission:
		return s.submitted(cb, who)
	}
	return nil, nil
}

// counterAt is the counter of a channel; nil if the app writes nothing there.
func (s *Socket) counterAt(channel, name string) *counter {
	for _, c := range s.counters {
		if c.here(channel, name) {
			return c
		}
	}
	return nil
}

// pressed has done what a button or a choice of the menu says.
func (s *Socket) pressed(cb *slack.InteractionCallback, who person, a *slack.BlockAction) {
	if a.ActionID == actOpen || !s.seen.first(a.ActionTs+":"+who.id+":"+a.ActionID, time.Now()) {
		return
	}
	channel := cmp.Or(cb.Container.ChannelID, cb.Channel.ID)
	c := s.counterAt(channel, cb.Channel.Name)
	p := press{
		counter: c, person: who, key: "slack:" + a.ActionTs + ":" + who.id + ":" + a.ActionID,
		channel: channel, root: cmp.Or(cb.Container.ThreadTs, cb.Message.ThreadTimestamp, cb.Container.MessageTs), trigger: cb.TriggerID,
	}
	if c == nil {
		p.counter = s.counters[0]
		p.words = p.counter.said()
		s.later(s.quick, a.ActionID, func(ctx context.Context) { s.whisper(ctx, p, p.words.elsewhere) })
		return
	}
	p.words = c.said()
	value := cmp.Or(a.SelectedOption.Value, a.Value)
	queue := s.quick
	switch {
	case a.ActionID == actRun:
		queue = s.slow
	case a.ActionID == actSilence && strings.HasSuffix(value, "|"+askLength):
		queue = s.windows
	}
	s.later(queue, a.ActionID, func(ctx context.Context) {
		if s.refuses(ctx, p) {
			return
		}
		s.act(ctx, p, a.ActionID, value)
	})
}

// said are the words of a counter's language.
func (c *counter) said() *actionWords { return actionsIn[c.desk.words.language] }

// refuses tells somebody who may not act so, and reports whether it did.
func (s *Socket) refuses(ctx context.Context, p press) bool {
	verdict, err := p.may(ctx, p.person)
	switch verdict {
	case mayAct:
		return false
	case aGuest:
		s.whisper(ctx, p, p.words.guest)
	case aStranger:
		s.whisper(ctx, p, p.words.stranger)
	default:
		s.log.Warn("nobody may act in Slack", "err", err)
		s.whisper(ctx, p, fill(p.words.unknowing, "why", prose(err.Error(), maxURL)))
	}
	return true
}

// act does what was pressed.
func (s *Socket) act(ctx context.Context, p press, action, value string) {
	if action == actSilence {
		s.choose(ctx, p, value)
		return
	}
	if action == actAckStorm || action == actUnackStorm {
		if id, err := notify.ParseStormID(value); err == nil {
			s.acknowledgeStorm(ctx, p, id, action == actUnackStorm)
		}
		return
	}
	id, err := incident.ParseID(value)
	if err != nil {
		return // no button of ours
	}
	switch action {
	case actAck, actUnack:
		s.acknowledge(ctx, p, id, action == actUnack)
	case actFalseAlarm:
		s.falseAlarm(ctx, p, id)
	case actRun:
		s.runAbout(ctx, p, id)
	}
}

// order has a command obeyed in somebody's name. It is false if it was not, which they are told.
func (s *Socket) order(ctx context.Context, p press, c incident.Command) (incident.Command, bool) {
	c.Key, c.By, c.User = p.key, p.person.name, p.person.id
	done, err := s.answers.Order(ctx, c)
	if err != nil {
		s.whisper(ctx, p, p.words.failure(err, about(&c), strings.Join(c.Scope.Names, ", ")))
	}
	return done, err == nil
}

// about is what a command is about, as people call it.
func about(c *incident.Command) string {
	if c.Storm != 0 {
		return notify.StormID(c.Storm).String()
	}
	return c.Incident.String()
}

// failure says why something was not done.
func (w *actionWords) failure(err error, id, name string) string {
	facts := []string{"id", code(id, maxPlace), "name", code(name, maxURL)}
	switch {
	case errors.Is(err, incident.ErrNotOpen):
		return fill(w.notOpen, facts...)
	case errors.Is(err, incident.ErrNotOver):
		return fill(w.notOver, facts...)
	case errors.Is(err, incident.ErrNoIncident):
		return fill(w.noSuch, facts...)
	case errors.Is(err, incident.ErrManyProbes):
		return fill(w.several, facts...)
	case errors.Is(err, incident.ErrNoStorm):
		return fill(w.noStorm, facts...)
	case errors.Is(err, incident.ErrNoProbe):
		return fill(w.noProbe, facts...)
	}
	return fill(w.notDone, "why", prose(err.Error(), maxURL))
}

func (s *Socket) acknowledge(ctx context.Context, p press, id incident.ID, undo bool) {
	done, ok := s.order(ctx, p, incident.Command{Kind: incident.Acknowledge, Incident: id, Undo: undo})
	switch {
	case ok && undo && done.At.IsZero():
		s.whisper(ctx, p, p.words.unacked)
	case ok && !undo && done.User != p.person.id:
		s.whisper(ctx, p, fill(p.words.acked, "who", prose(done.By, maxPlace)))
	}
}

// acknowledgeStorm acknowledges all that is open of a storm.
func (s *Socket) acknowledgeStorm(ctx context.Context, p press, id notify.StormID, undo bool) {
	done, ok := s.order(ctx, p, incident.Command{Kind: incident.Acknowledge, Storm: int64(id), Undo: undo})
	switch {
	case !ok || len(done.Members) > 0: // the line in the thread says it
	case undo:
		s.whisper(ctx, p, p.words.unacked)
	default:
		s.whisper(ctx, p, fill(p.words.acked, "who", prose(done.By, maxPlace)))
	}
}

func (s *Socket) falseAlarm(ctx context.Context, p press, id incident.ID) {
	done, ok := s.order(ctx, p, incident.Command{Kind: incident.FalseAlarm, Incident: id})
	if ok && done.ID == 0 {
		s.whisper(ctx, p, fill(p.words.falsely, "who", prose(done.By, maxPlace)))
	}
}

// choose silences what was chosen, or asks for how long.
func (s *Socket) choose(ctx context.Context, p press, value string) {
	id, length, what, ok := chosen(value)
	if !ok {
		return
	}
	about := wish{Incident: id, Length: length, Channel: p.channel, Root: p.root}
	if what == askLength {
		s.open(ctx, p, p.words.askWindow(about))
		return
	}
	s.order(ctx, p, about.command(now()))
}

func now() time.Time { return time.Now().UTC().Truncate(time.Millisecond) }

// open opens a window for whoever pressed.
func (s *Socket) open(ctx context.Context, p press, view slack.ModalViewRequest) {
	asking, x := recording(ctx)
	if _, err := p.api.OpenViewContext(asking, p.trigger, view); err != nil {
		err = p.failure("views.open", err, x)
		s.log.Warn("no window opened in Slack", "err", err)
		s.whisper(ctx, p, fill(p.words.notDone, "why", prose(err.Error(), maxURL)))
	}
}

// runAbout asks the probe of an incident. What came is a line in the thread.
func (s *Socket) runAbout(ctx context.Context, p press, id incident.ID) {
	ran, err := s.answers.Run(ctx, p.run("", id))
	switch {
	case err != nil:
		s.whisper(ctx, p, p.words.failure(err, id.String(), ran.Probe))
	case !ran.Told:
		s.whisper(ctx, p, screen(ran.Said, mostFence))
	}
}

// run is a run that somebody asks for.
func (p press) run(name string, about incident.ID) Run {
	return Run{Probe: name, About: about, Key: p.key, By: p.person.name, User: p.person.id}
}

// mostFence is how much of what the command line says fits a message.
const (
	mostFence   = 2800
	aroundFence = 40 // what screen writes around that, and of lines that are left out
)

// screen shows what the command line says, in which nothing is markup.
func screen(lines string, units int) string {
	var kept []string
	room := units
	all := strings.Split(strings.TrimRight(lines, "\n"), "\n")
	for i, line := range all {
		line = escape(strings.ReplaceAll(strings.TrimRight(plain(line, maxLine), " "), "`", "ˋ"))
		if room -= unitsOf(line) + 1; room < 0 {
			kept = append(kept, ellipsis+" +"+strconv.Itoa(len(all)-i))
			break
		}
		kept = append(kept, line)
	}
	return "```\n" + strings.Join(kept, "\n") + "\n```"
}

const maxLine = 200

// whisper tells only whoever acts something.
func (s *Socket) whisper(ctx context.Context, p press, said string) {
	var err error
	asking, x := recording(ctx)
	options := []slack.MsgOption{slack.MsgOptionText(said, false), slack.MsgOptionBlocks(slack.NewSectionBlock(markdown(said), nil, nil))}
	method := "chat.postEphemeral"
	if p.respond != "" {
		method = "the response"
		_, _, err = p.api.PostMessageContext(asking, "", append(options, slack.MsgOptionResponseURL(p.respond, slack.ResponseTypeEphemeral))...)
	} else {
		if p.root != "" {
			options = append(options, slack.MsgOptionTS(p.root))
		}
		_, err = p.api.PostEphemeralContext(asking, p.channel, p.person.id, options...)
	}
	if err != nil && ctx.Err() == nil {
		r := diagnose(err, x)
		s.log.Warn("somebody who acted in Slack was not answered", "err", r.failure(method, p.token, text.NewSecret(p.respond)).Err)
	}
}

// reach is where answers may be sent: an event names the address, and so might who is no Slack.
type reach struct{ host string }

func newReach(apiURL string) *reach {
	if u, err := url.Parse(apiURL); err == nil && u.Host != "" {
		return &reach{u.Host}
	}
	return &reach{}
}

// allows reports whether an address is Slack's, or the server's that is configured.
func (r *reach) allows(address string) bool {
	u, err := url.Parse(address)
	switch {
	case err != nil || u.User != nil:
		return false
	case r.host != "" && u.Host == r.host:
		return u.Scheme == "http" || u.Scheme == "https"
	}
	host := u.Hostname()
	return u.Scheme == "https" && u.Port() == "" && (strings.HasSuffix(host, ".slack.com") || strings.HasSuffix(host, ".slack-gov.com"))
}

// submitted takes what was filled in. Mistakes are answered in the window.
func (s *Socket) submitted(cb *slack.InteractionCallback, who person) (payload any, then func()) {
	about, err := readWish(cb.View.PrivateMetadata)
	c := s.counterAt(about.Channel, "")
	if err != nil || c == nil {
		return nil, nil // a window of another version
	}
	words := c.said()
	switch cb.View.CallbackID {
	case viewSilence:
		length, ok := parseLength(filledIn(cb, inputLength))
		if !ok {
			return slack.NewErrorsViewSubmissionResponse(map[string]string{inputLength: words.badLength}), nil
		}
		about.Length, about.Reason = length, plain(strings.Join(strings.Fields(filledIn(cb, inputReason)), " "), longestReason)
		if length > sureAbove {
			view := words.sureWindow(about, c.until(about.Length))
			return slack.NewPushViewSubmissionResponse(&view), nil
		}
	case viewSure:
		payload = slack.NewClearViewSubmissionResponse()
	default:
		return nil, nil
	}
	key := cmp.Or(cb.View.RootViewID, cb.View.ID) + ":" + who.id
	if !s.seen.first("view:"+key, time.Now()) {
		return payload, nil
	}
	p := press{counter: c, person: who, words: words, key: "slack:view:" + key, channel: about.Channel, root: about.Root}
	return payload, func() {
		s.later(s.quick, viewSilence, func(ctx context.Context) {
			if !s.refuses(ctx, p) {
				s.silence(ctx, p, about)
			}
		})
	}
}

// until is when a silence would end, as each reader's own clock shows it.
func (c *counter) until(length time.Duration) string {
	at := time.Now().Add(length)
	return moment(at, "{date_short_pretty} {time}", at.In(c.zone).Format("2006-01-02 15:04 MST"))
}

// filledIn is what was filled in somewhere.
func filledIn(cb *slack.InteractionCallback, where string) string {
	if cb.View.State == nil {
		return ""
	}
	return cb.View.State.Values[where][where].Value
}
