package slack

import (
	"fmt"
	"strconv"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// words are all the words of one language. {braces} stand for facts; each may be
// used once, often or not at all, in any order.
type words struct {
	sentences map[incident.Change]string // facts: symptom name now still again times cause failing since lasted incident
	kinds     map[probe.Kind]condition

	announced string // facts: time; the target said when it would be back
	broken    string // facts: time; it said so, and was not
	repeat    string
	delayed   string // facts: late

	notices    map[notify.Notice]string // facts: location time since lasted lost
	noticeNext map[notify.Notice]string

	headlines map[incident.Change]string // facts: word
	causes    map[incident.Change]string // the second line; facts: symptom cause meaning lasted

	started, trouble, cause, check, failing, failed, location, budget, back, next, runbook, incident string

	causeLine  string // facts: reason class retry fault
	budgetLine string // facts: objective spent total share
	noBudget   string // facts: objective

	noAnswer string // what stands for a status code that never came
	failures func(n int) string
	every    func(interval time.Duration) string
	duration func(d time.Duration) string
	ordinal  func(n int) string
}

// condition says what is wrong with a probe: in a sentence, and in a word.
type condition struct{ now, still, again, word string }

var english = words{
	sentences: map[incident.Change]string{
		incident.Opened:   "{symptom}: {name} {now}: {cause}, {failing} since {since}.",
		incident.Changed:  "{symptom}: {name} {still}, for another reason: {cause}, {failing} since {since}.",
		incident.Reminded: "{symptom}: {name} {still} after {lasted}: {cause}, {failing} since {since}.",
		incident.Resolved: "{symptom}: {name} recovered after {lasted}, {failing} since {since}.",
		incident.Reopened: "{symptom}: {name} {again}, for the {times} time: {cause}, {failing} since {since}.",

		incident.Withdrawn: "{symptom}: {name} is not watched any more, {failing} since {since}.",
	},
	kinds: map[probe.Kind]condition{
		probe.KindDown:          {"is down", "is still down", "is down again", "Down"},
		probe.KindDegraded:      {"is degraded", "is still degraded", "is degraded again", "Degraded"},
		probe.KindAuthFailed:    {"refuses our credential", "still refuses our credential", "refuses our credential again", "Credential refused"},
		probe.KindAuthBypass:    {"lets us in without a credential", "still lets us in without a credential", "lets us in without a credential again", "Not protected"},
		probe.KindClientFault:   {"rejects our request", "still rejects our request", "rejects our request again", "Request rejected"},
		probe.KindRateLimited:   {"asks us to ask less often", "still asks us to ask less often", "asks us again to ask less often", "Rate limited"},
		probe.KindCertificate:   {"has a certificate that ends soon", "still has a certificate that ends soon", "has a certificate that ends soon again", "Certificate ends soon"},
		probe.KindProberNetwork: {"cannot be judged", "still cannot be judged", "cannot be judged again", "No network here"},
		probe.KindProber:        {"cannot be judged", "still cannot be judged", "cannot be judged again", "Prober in trouble"},
	},

	announced: " It announced to be back by {time}.",
	broken:    " It had announced to be back by {time}.",
	repeat:    " (possible repeat)",
	delayed:   " (delivered {late} late)",

	notices: map[notify.Notice]string{
		notify.HistoryLost:    "sonde at {location} has lost history: its database, or a part of it, was damaged or gone at {time}. It goes on with what could still be read; the log says what is missing, and `sonde status` where the damaged part lies.",
		notify.StorageFull:    "storage full: sonde at {location} has no room for its database since {since}. It goes on probing and telling from memory.",
		notify.StorageFailing: "storage failing: sonde at {location} cannot write its database since {since}. It goes on probing and telling from memory.",
		notify.StorageBack:    "storage works again: sonde at {location} could not write its database for {lasted}, since {since}; results lost: {lost}.",
	},
	noticeNext: map[notify.Notice]string{
		notify.HistoryLost:    "Incidents that were open go on. Restore a backup if what is missing matters, then remove what was set aside.",
		notify.StorageFull:    "Make room on the disk that holds the database. A restart before that forgets what is only in memory.",
		notify.StorageFailing: "Look into the service's log and at the disk that holds the database. A restart before that forgets what is only in memory.",
		notify.StorageBack:    "What waited in memory has been stored with its true times.",
	},

	headlines: map[incident.Change]string{
		incident.Opened:   "{word}",
		incident.Changed:  "{word}, new cause",
		incident.Reminded: "{word}, still",
		incident.Resolved: "Recovered",
		incident.Reopened: "{word} again",

		incident.Withdrawn: "Not watched any more",
	},
	causes: map[incident.Change]string{
		incident.Opened:   "*{symptom}*: {cause}. {meaning}",
		incident.Changed:  "*{symptom}*: {cause}. {meaning}",
		incident.Reminded: "*{symptom}* for {lasted}: {cause}",
		incident.Resolved: "after *{lasted}* of *{symptom}*: {cause}",
		incident.Reopened: "*{symptom}*: {cause}. {meaning}",

		incident.Withdrawn: "*{symptom}*: {cause}, when it was taken out of the configuration",
	},

	started: "Started", trouble: "Trouble", cause: "Cause", check: "Check", failing: "Failing", failed: "Failed", location: "Location",
	budget: "Error budget", back: "Announced to be back", next: "Check next", runbook: "Runbook", incident: "incident",

	causeLine:  "{reason} · {class}\nretry {retry} · fault {fault}",
	budgetLine: "{objective}: {spent} of {total} spent ({share})",
	noBudget:   "{objective}: nothing judged yet",

	noAnswer: "no answer",
	failures: func(n int) string {
		if n == 1 {
			return "1 failed check"
		}
		return strconv.Itoa(n) + " failed checks"
	},
	every:    func(interval time.Duration) string { return "every " + englishDuration(interval) },
	duration: englishDuration,
	ordinal:  englishOrdinal,
}

// englishDuration tells a length of time in its two largest units.
func englishDuration(d time.Duration) string {
	const day = 24 * time.Hour
	d = max(0, d.Round(time.Second))
	pair := func(major, minor time.Duration, majorName, minorName string) string {
		if rest := d % major / minor; rest > 0 {
			return fmt.Sprintf("%d %s %d %s", d/major, majorName, rest, minorName)
		}
		return fmt.Sprintf("%d %s", d/major, majorName)
	}
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return pair(time.Minute, time.Second, "min", "s")
	case d < day:
		return pair(time.Hour, time.Minute, "h", "min")
	}
	return pair(day, time.Hour, "d", "h")
}

func englishOrdinal(n int) string {
	suffix := "th"
	if n/10%10 != 1 {
		switch n % 10 {
		case 1:
			suffix = "st"
		case 2:
			suffix = "nd"
		case 3:
			suffix = "rd"
		}
	}
	return strconv.Itoa(n) + suffix
}
