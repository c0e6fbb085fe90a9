package slack

import (
	"math"
	"strconv"
	"strings"

	"github.com/slack-go/slack"

	"sonde/notify"
)

// digestWords are about messages that sum up a time.
type digestWords struct {
	titles    map[notify.Period]string
	sentences map[notify.Period]string // facts: from opened open names
	counts    map[notify.Period]string // facts: opened open false dead
	nothing   string                   // facts: title from; nothing happened
	names     string                   // facts: names; of those that are open, or came and went

	open, over, promises string // titles of lists
	still, lasted        string // facts: lasted
	acked                string // facts: by
	promise              string // facts: objective attained left
	unjudged             string // facts: objective
	coverage             string // facts: coverage
	spent                string // instead of left
	left                 string // facts: share
	more                 string // facts: n
	dead                 string // facts: n
}

// mostSummed is how long each list of a digest gets, in UTF-16 units.
const mostSummed = 1500

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
		"opened", strconv.Itoa(d.Opened), "open", strconv.Itoa(d.StillOpen), "false", strconv.Itoa(d.FalseAlarms), "dead", strconv.Itoa(d.Dead), "names", names,
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
	}{
		{w.open, s.digestIncidents(d.Open), d.StillOpen},
		{w.over, s.digestIncidents(d.Over), d.Past},
		{w.promises, s.digestPromises(), d.Promised},
	} {
		if len(list.lines) == 0 {
			continue
		}
		said := listing(list.title, list.lines, list.all, mostSummed, func(more string) string { return fill(w.more, "n", more) })
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
		line := fill(w.unjudged, "objective", prose(p.Objective, maxPlace))
		if p.Judged {
			left := fill(w.left, "share", percent(math.Floor(1000*p.Left)/1000))
			if p.Left <= 0 {
				left = w.spent
			}
			line = fill(w.promise, "objective", prose(p.Objective, maxPlace), "attained", ratio(p.Attained), "left", left)
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

// ratio is a share of time that was good. It is never rounded up to all of it.
func ratio(of float64) string {
	return strconv.FormatFloat(math.Floor(of*100_000)/1000, 'f', -1, 64) + "%"
}

var englishDigests = digestWords{
	titles: map[notify.Period]string{notify.DigestDaily: "Daily digest", notify.DigestWeekly: "Weekly digest", notify.DigestQuiet: "Quiet hours are over"},
	sentences: map[notify.Period]string{
		notify.DigestDaily:  "daily digest since {from}: {opened} incidents opened, {open} open now{names}.",
		notify.DigestWeekly: "weekly digest since {from}: {opened} incidents opened, {open} open now{names}.",
		notify.DigestQuiet:  "quiet hours are over; {opened} incidents came and went since {from}{names}.",
	},
	counts: map[notify.Period]string{
		notify.DigestDaily:  "{opened} incidents opened · {open} open now · {false} false alarms",
		notify.DigestWeekly: "{opened} incidents opened · {open} open now · {false} false alarms",
		notify.DigestQuiet:  "{opened} incidents came and went, and nobody was disturbed",
	},
	nothing: "{title} since {from}: nothing opened, nothing is open, and every promise is kept.",
	names:   " ({names})",
	open:    "Open now, the worst first", over: "Over, the longest first", promises: "Promises, the worst first",
	still: "for {lasted}", lasted: "lasted {lasted}", acked: "acknowledged by {by}",
	promise: "{objective}: {attained} good, {left}", unjudged: "{objective}: nothing judged yet", coverage: ", {coverage} of the time seen",
	spent: "budget spent", left: "{share} of the budget left", more: "… and {n} more",
	dead: ":warning: {n} messages could not be delivered: `sonde outbox --state dead`",
}

var koreanDigests = digestWords{
	titles: map[notify.Period]string{notify.DigestDaily: "일간 요약", notify.DigestWeekly: "주간 요약", notify.DigestQuiet: "조용한 시간 종료"},
	sentences: map[notify.Period]string{
		notify.DigestDaily:  "일간 요약({from}부터): 인시던트 발생 {opened}건, 현재 진행 중 {open}건{names}.",
		notify.DigestWeekly: "주간 요약({from}부터): 인시던트 발생 {opened}건, 현재 진행 중 {open}건{names}.",
		notify.DigestQuiet:  "조용한 시간 종료: {from}부터 발생했다가 복구된 인시던트 {opened}건{names}.",
	},
	counts: map[notify.Period]string{
		notify.DigestDaily:  "발생 {opened}건 · 진행 중 {open}건 · 오탐 {false}건",
		notify.DigestWeekly: "발생 {opened}건 · 진행 중 {open}건 · 오탐 {false}건",
		notify.DigestQuiet:  "발생했다가 복구된 인시던트 {opened}건, 따로 알리지 않음",
	},
	nothing: "{title}({from}부터): 발생한 인시던트 없음, 진행 중인 인시던트 없음, 모든 목표 달성.",
	names:   "({names})",
	open:    "진행 중, 심각한 순", over: "종료, 오래 지속된 순", promises: "목표, 나쁜 순",
	still: "{lasted} 경과", lasted: "{lasted} 동안 지속", acked: "확인: {by}",
	promise: "{objective}: 정상 {attained}, {left}", unjudged: "{objective}: 아직 판정한 결과 없음", coverage: ", 관측 {coverage}",
	spent: "예산 소진", left: "예산 {share} 남음", more: "… 외 {n}건",
	dead: ":warning: 전달하지 못한 메시지 {n}건: `sonde outbox --state dead`",
}
