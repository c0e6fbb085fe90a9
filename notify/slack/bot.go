package slack

import (
	"cmp"
	"context"
	"time"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/text"
)

// eventType is the type of our messages' metadata.
const eventType = "sonde_alert"

// bot posts to a channel with a token.
type bot struct {
	desk
	api     *slack.Client
	token   text.Secret
	channel string
	account string // the same for bots with the same token
	looks   *rate.Limiter
	seen    map[notify.Thread]*sightings
	id      string    // of the channel, once Slack has said it
	charts  time.Time // before, no chart is tried: this Slack did not take one
	joined  time.Time // when it last asked to be let into the channel
}

// post is a message in the form in which it is tried next.
type post struct {
	rendered
	notify.Message
	thread     notify.Thread
	noMetadata bool
}

// Send posts the message: in the incident's thread if there is one, else as the
// root of a new one. What Slack does not take for its form is sent again at once
// in a simpler one.
func (b *bot) Send(ctx context.Context, m notify.Message, thread notify.Thread) (notify.Thread, error) {
	if m.Change == incident.Staged {
		return thread, nil // it says something to programs alone
	}
	p := post{Message: m, thread: thread}
	p.rendered = b.render(ctx, m, p.place(), b.chartForm(&m))
	for {
		if err := b.turn(ctx); err != nil {
			return notify.Thread{}, err
		}
		now, rejected := b.try(ctx, p)
		if rejected == nil {
			b.took(p.form)
			return now, nil
		}
		if rejected.remedy == remedyJoin && b.join(ctx) {
			continue
		}
		if m.Body.Chart != 0 && (rejected.remedy == remedyUnthread || rejected.remedy == remedyAnew) {
			return thread, nil // somebody deleted what it belongs to
		}
		b.learn(&p, *rejected)
		if !p.simplify(*rejected) {
			return notify.Thread{}, rejected.failure("chat.postMessage", b.token)
		}
		p.rendered = b.render(ctx, m, p.place(), p.form)
	}
}

// try posts once.
func (b *bot) try(ctx context.Context, p post) (notify.Thread, *rejection) {
	ctx, cancel := context.WithTimeout(ctx, deliveryWait)
	defer cancel()
	ctx, x := recording(ctx)
	channel := b.channel
	if !p.thread.IsZero() {
		channel = p.thread.Channel
	}
	channel, ts, posted, err := b.api.PostMessageWithResponseContext(ctx, channel, p.options()...)
	if err != nil || ts == "" {
		rejected := diagnose(err, x)
		return notify.Thread{}, &rejected
	}
	if p.thread.IsZero() {
		b.id = channel
	}
	// A reply to a message that somebody deleted is posted outside any thread. It is
	// the root from now on.
	lost := posted.Timestamp != "" && posted.ThreadTimestamp == ""
	if p.thread.IsZero() || lost {
		return notify.Thread{Channel: channel, Root: ts}, nil
	}
	return p.thread, nil
}

// simplify drops what Slack does not take; false if there is nothing to drop.
func (p *post) simplify(r rejection) bool {
	switch {
	case r.remedy == remedyBare && !p.noMetadata:
		p.noMetadata = true
	case (r.remedy == remedyUnthread || r.remedy == remedyAnew) && !p.thread.IsZero():
		p.thread = notify.Thread{}
	case r.remedy == remedyPlain && p.form < formPlain:
		p.form++
	case !r.known && p.form < formPlain:
		p.form = formPlain // a code that we do not know is worth one plain try
	default:
		return false
	}
	return true
}

// place is where the message is to stand.
func (p *post) place() place {
	_, answers := answersIn[probe.English].lines[p.Change]
	switch {
	case p.thread.IsZero() && answers:
		return placeEdit // it shows how things are, and calls nobody
	case p.thread.IsZero():
		return placeRoot
	case p.forTheChannel():
		return placeReply
	}
	return placeLine
}

func (p *post) options() []slack.MsgOption {
	options := append(p.rendered.options(false), p.metadata()...)
	if !p.thread.IsZero() {
		options = append(options, slack.MsgOptionTS(p.thread.Root))
		if p.forTheChannel() {
			options = append(options, slack.MsgOptionBroadcast())
		}
	}
	return options
}

// metadata is what the message is found again by. Everybody in the workspace may read it.
func (p *post) metadata() []slack.MsgOption {
	if p.noMetadata || p.Key == "" {
		return nil
	}
	return []slack.MsgOption{slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType: eventType,
		EventPayload: map[string]any{
			"dedupe_key": p.Key, "incident": cmp.Or(p.Body.Part, p.Body.Chart, p.Incident).String(), "change": p.Change.String(),
		},
	})}
}

// forTheChannel reports whether a reply is shown in the channel too, because
// people who do not follow the thread must not miss it.
func (p *post) forTheChannel() bool {
	if p.Body.Quiet || p.Body.Part != 0 {
		return false // they have heard it, or the larger one is shown
	}
	switch p.Change {
	case incident.Resolved, incident.Settled, incident.Reopened, incident.Withdrawn, incident.Risen, incident.Eased:
		return true
	case incident.Changed, incident.Escalated, incident.Overdue:
		return p.Body.Severity == probe.Critical
	}
	return false
}
