package slack

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"sonde/incident"
	"sonde/text"
)

// slash takes what was typed behind /sonde. It returns what to do once Slack was answered.
func (s *Socket) slash(cmd *slack.SlashCommand) (then func()) {
	if s.app != "" && cmd.APIAppID != "" && cmd.APIAppID != s.app || cmd.UserID == "" {
		return nil
	}
	key := cmd.TriggerID + ":" + cmd.UserID
	if !s.seen.first("slash:"+key, time.Now()) {
		return nil
	}
	c := s.counterAt(cmd.ChannelID, cmd.ChannelName)
	p := press{
		counter: c, person: person{cmd.UserID, cmd.UserName, cmd.TeamID}, key: "slack:slash:" + key,
		channel: cmd.ChannelID, trigger: cmd.TriggerID, respond: cmd.ResponseURL,
	}
	if c == nil {
		p.counter = s.counters[0]
	}
	p.words = p.counter.said()
	if !p.reach.allows(p.respond) {
		p.respond = ""
	}
	a, understood := parseAsked(cmd.Text)
	queue := s.quick
	switch {
	case a.word == askRun:
		queue = s.slow
	case a.word == askSilence && a.length > sureAbove:
		queue = s.windows
	}
	return func() {
		s.later(queue, "/sonde", func(ctx context.Context) { s.obey(ctx, p, a, understood, c == nil, cmd.Text) })
	}
}

// obey answers what was typed.
func (s *Socket) obey(ctx context.Context, p press, a asked, understood, anywhere bool, typed string) {
	switch {
	case !understood:
		s.whisper(ctx, p, fill(p.words.mistake, "said", prose(typed, maxURL))+"\n"+p.words.help)
		return
	case a.word == askHelp:
		s.whisper(ctx, p, p.words.help)
		return
	case anywhere:
		var ok bool
		if p, ok = s.somewhere(ctx, p); !ok {
			return
		}
	case s.refuses(ctx, p):
		return
	}
	switch a.word {
	case askStatus, askSLO:
		said, err := s.answers.Look(ctx, a.word, a.name)
		if err != nil {
			s.whisper(ctx, p, p.words.failure(err, "", a.name))
			return
		}
		s.whisper(ctx, p, screen(said, mostFence))
	case askRun:
		ran, err := s.answers.Run(ctx, p.run(a.name, 0))
		if err != nil {
			s.whisper(ctx, p, p.words.failure(err, "", a.name))
			return
		}
		s.whisper(ctx, p, screen(ran.Said, mostFence))
	case askAck:
		if a.storm != 0 {
			s.acknowledgeStorm(ctx, p, a.storm, a.undo)
			return
		}
		s.acknowledge(ctx, p, a.id, a.undo)
	case askSilence:
		s.askedToBeSilent(ctx, p, a)
	}
}

// somewhere finds a counter whose people somebody belongs to who has asked elsewhere.
func (s *Socket) somewhere(ctx context.Context, p press) (press, bool) {
	for _, c := range s.counters {
		if verdict, _ := c.may(ctx, p.person); verdict == mayAct {
			p.counter, p.words = c, c.said()
			return p, true
		}
	}
	return p, !s.refuses(ctx, p)
}

func (s *Socket) askedToBeSilent(ctx context.Context, p press, a asked) {
	about := wish{Incident: a.id, Name: a.name, Length: a.length, Reason: text.Printable(a.reason, longestReason), Channel: p.counter.channelID()}
	if about.Length > sureAbove {
		s.open(ctx, p, p.words.sureWindow(about, p.until(about.Length)))
		s.whisper(ctx, p, p.words.confirm)
		return
	}
	s.silence(ctx, p, about)
}

// silence has a wish fulfilled, and says so to whoever asked. A name may be that of a probe, of a
// group, or the id of an incident.
func (s *Socket) silence(ctx context.Context, p press, about wish) {
	c := about.command(now())
	c.Key, c.By, c.User = p.key, p.person.name, p.person.id
	done, err := s.answers.Order(ctx, c)
	if group := incident.GroupPrefix + about.Name; errors.Is(err, incident.ErrNoProbe) && !strings.HasPrefix(about.Name, incident.GroupPrefix) {
		c.Scope.Names = []string{group}
		done, err = s.answers.Order(ctx, c)
	}
	if id, wrong := incident.ParseID(about.Name); errors.Is(err, incident.ErrNoProbe) && wrong == nil && id > 0 {
		c.Scope.Names, c.Incident = nil, id
		done, err = s.answers.Order(ctx, c)
	}
	if err != nil {
		s.whisper(ctx, p, p.words.failure(err, about.what(), about.Name))
		return
	}
	if done.Incident != 0 {
		if p.respond == "" {
			return // the line in the thread says it
		}
	}
	template := p.words.silenced
	if done.UntilRecovered {
		template = p.words.lasting
	}
	s.whisper(ctx, p, fill(template, "what", code(about.what(), maxURL), "until", moment(done.Until, "{date_short_pretty} {time}", done.Until.In(p.zone).Format("2006-01-02 15:04 MST"))))
}
