package slack

import (
	"math"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"sonde/notify"
)

// How long each list of a digest gets, in UTF-16 units: together they fit into one message.
const (
	mostSummed = 1300 // of what is most important
	mostAside  = 700
)

// digest is a message that sums up a time in a line. It is not escaped.
func (s story) digest() string {
	d, w := s.Body.Digest, &s.words.digests
	told := fill(w.sentences[d.Period], s.digestFacts()...)
	if d.Empty() {
		told = fill(w.nothing, append(s.digestFacts(), "title", w.titles[d.Period])...)
	}
	return told + s.lateness()
}

func (s story) digestFacts() []string {
	d := s.Body.Digest
	named := d.Open
	if d.Period == notify.DigestQuiet {
		named = d.Over
	}
	names := ""
	if len(named) > 0 {
		var all []string
		for i := range named[:min(len(named), maxNamed)] {
			all = append(all, tamed(named[i].Probe, maxLabel))
		}
		if len(named) > maxNamed {
			all = append(all, ellipsis)
		}
		names = fill(s.words.digests.names, "names", strings.Join(all, ", "))
	}
	return []string{
		"from", d.From.In(s.zone).Format("2006-01-02 15:04 MST"), "until", d.Until.In(s.zone).Format("2006-01-02 15:04 MST"),
		"opened", strconv.Itoa(d.Opened), "relapses", strconv.Itoa(d.Relapses), "open", strconv.Itoa(d.StillOpen), "false", strconv.Itoa(d.FalseAlarms), "dead", strconv.Itoa(d.Dead), "names", names,
	}
}

func (s story) renderDigest(f form) rendered {
	d, w := s.Body.Digest, &s.words.digests
	headline := ":bar_chart: *" + w.titles[d.Period] + "* · " + s.moment(d.From) + " → " + s.moment(d.Until) + "\n"
	if d.Empty() {
		return s.compose(f, blue, s.digest(), slack.NewSectionBlock(markdown(":bar_chart: "+escape(s.digest())), nil, nil), nil)
	}
	headline += fill(w.counts[d.Period], s.digestFacts()...)
	if d.Dead > 0 {
		headline += "\n" + fill(w.dead, "n", strconv.Itoa(d.Dead))
	}
	var details []slack.Block
	for _, list := range [...]struct {
		title string
		lines []string
		all   int
		most  int
	}{
		{w.open, s.digestIncidents(d.Open), d.StillOpen, mostSummed},
		{w.over, s.digestIncidents(d.Over), d.Past, mostSummed},
		{w.ending, s.digestEnds(), d.Ends, mostAside},
		{w.promises, s.digestPromises(), d.Promised, mostSummed},
		{w.response, s.digestResponse(), 1, mostAside},
		{w.noise, s.digestNoise(), d.Noisy, mostAside},
	} {
		if len(list.lines) == 0 {
			continue
		}
		said := listing(list.title, list.lines, list.all, list.most, func(more string) string { return fill(w.more, "n", more) })
		details = append(details, slack.NewSectionBlock(markdown(said), nil, nil))
	}
	return s.compose(f, blue, s.digest(), slack.NewSectionBlock(markdown(headline), nil, nil), details)
}

// digestIncidents are incidents, a line each.
func (s story) digestIncidents(all []notify.DigestIncident) (lines []string) {
	for i := range all {
		x := &all[i]
		name := prose(x.Probe, maxPlace)
		if s.publicURL != "" {
			name = link(s.publicURL+"/incidents/"+x.ID.String(), name)
		}
		lasted := fill(s.words.digests.still, "lasted", s.words.duration(s.Body.Digest.Until.Sub(x.Since)))
		if !x.Until.IsZero() {
			lasted = fill(s.words.digests.lasted, "lasted", s.words.duration(x.Until.Sub(x.Since)))
		}
		line := s.dot(x.Severity, !x.Until.IsZero()) + " *" + name + "* · " + s.what(x.Kind, x.Reason, x.Status) + " · " + lasted
		if x.Acked != "" {
			line += " · " + fill(s.words.digests.acked, "by", prose(x.Acked, maxLabel))
		}
		lines = append(lines, line)
	}
	return lines
}

// digestPromises are how the promises stand, a line each.
func (s story) digestPromises() (lines []string) {
	w := &s.words.digests
	for i := range s.Body.Digest.Promises {
		p := &s.Body.Digest.Promises[i]
		line := fill(w.unjudged, "objective", prose(s.words.promised(p.Objective), maxPlace))
		if p.Judged {
			left := fill(w.left, "share", percent(math.Floor(1000*p.Left)/1000))
			if p.Left <= 0 {
				left = w.spent
			}
			line = fill(w.promise, "objective", prose(s.words.promised(p.Objective), maxPlace), "attained", ratio(p.Attained), "left", left)
			if p.Coverage < 0.99 {
				line += fill(w.coverage, "coverage", percent(math.Floor(1000*p.Coverage)/1000))
			}
		}
		mark := ":large_green_circle:"
		switch {
		case !p.Judged:
			mark = ":white_circle:"
		case p.Left <= 0:
			mark = ":red_circle:"
		case p.Left < 0.2:
			mark = ":large_yellow_circle:"
		}
		lines = append(lines, mark+" *"+prose(p.Name, maxPlace)+"* · "+escape(line))
	}
	return lines
}

// digestResponse says how soon people and targets were back, in a line; nil if nobody knows.
func (s story) digestResponse() []string {
	d, w := s.Body.Digest, &s.words.digests
	var parts []string
	switch {
	case d.Acked.Of > 0:
		parts = append(parts, fill(w.mtta, "mean", s.words.duration(d.Acked.Time), "n", strconv.Itoa(d.Acked.Of), "unacked", strconv.Itoa(d.Unacked)))
	case d.Unacked > 0:
		parts = append(parts, fill(w.unacked, "n", strconv.Itoa(d.Unacked)))
	}
	if d.Recovered.Of > 0 {
		parts = append(parts, fill(w.mttr, "mean", s.words.duration(d.Recovered.Time), "n", strconv.Itoa(d.Recovered.Of)))
	}
	if len(parts) == 0 {
		return nil
	}
	return []string{strings.Join(parts, " · ")}
}

// digestNoise is whose alerts were many or false, a line each.
func (s story) digestNoise() (lines []string) {
	w := &s.words.digests
	for i := range s.Body.Digest.Noise {
		x := &s.Body.Digest.Noise[i]
		line := "*" + prose(x.Name, maxPlace) + "*"
		for _, part := range [...]struct {
			template string
			n        int
		}{{w.alerts, x.Alerts}, {w.relapses, x.Relapses}, {w.falsely, x.FalseAlarms}, {w.unacked, x.Unacked}} {
			if part.n > 0 {
				line += " · " + fill(part.template, "n", strconv.Itoa(part.n))
			}
		}
		lines = append(lines, line)
	}
	return lines
}

// digestEnds is what ends soon, a line each.
func (s story) digestEnds() (lines []string) {
	w := &s.words.digests
	for i := range s.Body.Digest.Ending {
		x := &s.Body.Digest.Ending[i]
		template := w.certificate
		if x.Credential {
			template = w.credential
		}
		left := s.words.duration(max(0, x.Ends.Sub(s.Body.Digest.Until)))
		lines = append(lines, "*"+prose(x.Name, maxPlace)+"* · "+escape(fill(template, "left", left, "ends", s.clock(x.Ends))))
	}
	return lines
}

// ratio is a share of time that was good. It is never rounded up to all of it.
func ratio(of float64) string {
	return strconv.FormatFloat(math.Floor(of*100_000)/1000, 'f', -1, 64) + "%"
}
