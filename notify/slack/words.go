package slack

import (
	"fmt"
	"strconv"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
	"sonde/text"
)

// words are all the words of one language. {braces} stand for facts; each may be
// used once, often or not at all, in any order.
type words struct {
	language probe.Language // of what the catalogue says

	sentences map[incident.Change]string // facts: symptom name now still again times openings cause failing since lasted recovered promised
	kinds     map[probe.Kind]condition
	symptoms  map[probe.Symptom]string // the word that everything begins with

	acknowledged string // the sentence of that; facts: as of sentences, and by
	urgency      string // facts: severity
	severities   map[probe.Severity]string

	credential credentialWords
	measures   measureWords
	facts      factWords
	storms     stormWords
	digests    digestWords
	unasked    condition // a credential that was refused before the target was asked

	cache       string           // the symptom of good answers that are sent again unchanged
	certificate string           // the symptom of a good answer whose certificate ends soon
	announced   string           // facts: time; the target said when it would be back
	anew        string           // facts: time; it was not, and now says another time
	broken      string           // facts: time; it said so, and was not
	worked      map[uint8]string // what is known of whether rejected requests ever worked; facts: since
	neverGood   string           // the same of a probe that was never good; facts: added
	unproven    string           // what to look at first where a request has never worked
	unusual     string           // facts: count samples over usual
	rate        string           // facts: share samples over limit
	flapping    string           // it comes and goes
	flaps       string           // the same in a headline
	openings    func(n int) string
	repeat      string
	instead     string // facts: of why; it could not be told there
	insteadOf   string // the same, where nobody knows why
	continued   string // the first message was deleted
	untold      string // all of it is over, and nothing of it could be told before
	delayed     string // facts: late

	together     map[incident.Change]string // sentences about what several probes share; facts: hit as well
	silences     map[incident.Change]string // sentences about a probe of which nothing is known
	ties         map[incident.Tie]string    // what several share; facts: key location
	credentialOf string                     // one without a name; facts: key others
	hit          string                     // facts: n all
	members      string                     // the title of who they are
	sharedMeans  map[probe.Kind]string      // instead of what the catalogue says of the cause
	sharedNext   map[probe.Kind]string      // a line each

	certificates map[incident.Change]string // sentences about one
	caches       map[incident.Change]string // sentences about the share of 304
	endsIn       string                     // facts: left ends
	ended        string                     // facts: ends

	notices    map[notify.Notice]string // facts: location time since lasted lost
	noticeNext map[notify.Notice]string

	headlines map[incident.Change]string // facts: word
	causes    map[incident.Change]string // the second line; facts: symptom cause meaning lasted recovered openings promised

	evidence, started, trouble, cause, check, failing, failed, location, budget, back, ends, next, runbook, incident string

	unverified string // certificates are not verified

	causeLine  string // facts: reason class retry fault
	budgetLine string // facts: objective spent total share
	noBudget   string // facts: objective

	dependents string                // facts: probes
	failingToo string                // facts: probes failing names
	held       map[notify.Why]string // facts: by since

	probes    func(n int) string
	noAnswer  string // what stands for a status code that never came
	failures  func(n int) string
	every     func(interval time.Duration) string
	duration  func(d time.Duration) string
	took      func(ms float64) string // how long an answer took
	objective func(o slo.Objective) string
	ordinal   func(n int) string
}

// credentialWords are about a credential of the probe that ends soon.
type credentialWords struct {
	condition
	symptom string
	lasts   string // facts: as of certificates
}

// condition says what is wrong with a probe: in a sentence, and in a word.
type condition struct{ now, still, again, word string }

var english = words{
	language: probe.English,

	sentences: map[incident.Change]string{
		incident.Opened:   "{symptom}: {name} {now}: {cause}, {failing} since {since}.",
		incident.Changed:  "{symptom}: {name} {still}, for another reason: {cause}, {failing} since {since}.",
		incident.Reminded: "{symptom}: {name} {still} after {lasted}: {cause}, {failing} since {since}.",
		incident.Resolved: "{symptom}: {name} recovered after {lasted}, {failing} since {since}.",
		incident.Reopened: "{symptom}: {name} {again}, for the {times} time: {cause}, {failing} since {since}.",

		incident.Withdrawn: "{symptom}: {name} is not watched any more, {failing} since {since}.",
		incident.Escalated: "{symptom}: {name} {still}, and it is more urgent now: {cause}, {failing} since {since}.",
		incident.Overdue:   "{symptom}: {name} {still}, though it had announced to be back by {promised}: {cause}, {failing} since {since}.",
		incident.Risen:     "{symptom}: {name} {now}, after it was degraded: {cause}, {failing} since {since}.",
		incident.Eased:     "{symptom}: {name} is not down any more, but degraded: it fails now and then: {cause}, {failing} since {since}.",
		incident.Settled:   "{symptom}: {name} recovered for good at {recovered}, after it had come and gone for {openings}; the last one had {failing} since {since}.",
	},
	together: map[incident.Change]string{
		incident.Opened:    "{symptom}: {name} {now}: {cause}, {hit}, since {since}.",
		incident.Changed:   "{symptom}: {name} {still}: {cause}, {hit}, since {since}.",
		incident.Reminded:  "{symptom}: {name} {still} after {lasted}: {cause}, {hit}, since {since}.",
		incident.Resolved:  "{symptom}: {name} recovered after {lasted}, since {since}.",
		incident.Reopened:  "{symptom}: {name} {again}, for the {times} time: {cause}, {hit}, since {since}.",
		incident.Withdrawn: "{symptom}: {name} is not watched any more, since {since}.",
		incident.Escalated: "{symptom}: {name} {still}, and it is more urgent now: {cause}, {hit}, since {since}.",
		incident.Overdue:   "{symptom}: {name} {still}: {cause}, {hit}, since {since}.",
		incident.Risen:     "{symptom}: {name} {still}: {cause}, {hit}, since {since}.",
		incident.Eased:     "{symptom}: {name} {still}: {cause}, {hit}, since {since}.",
		incident.Settled:   "{symptom}: {name} recovered for good at {recovered}, after it had come and gone for {openings}.",
	},
	silences: map[incident.Change]string{
		incident.Opened:    "{symptom}: {name} {now}: {cause}, since {since}.",
		incident.Changed:   "{symptom}: {name} {still}: {cause}, since {since}.",
		incident.Reminded:  "{symptom}: {name} {still} after {lasted}: {cause}, since {since}.",
		incident.Resolved:  "{symptom}: {name} has results again after {lasted}, since {since}.",
		incident.Reopened:  "{symptom}: {name} {again}, for the {times} time: {cause}, since {since}.",
		incident.Withdrawn: "{symptom}: {name} is not watched any more, since {since}.",
		incident.Escalated: "{symptom}: {name} {still}: {cause}, since {since}.",
		incident.Overdue:   "{symptom}: {name} {still}: {cause}, since {since}.",
		incident.Risen:     "{symptom}: {name} {still}: {cause}, since {since}.",
		incident.Eased:     "{symptom}: {name} {still}: {cause}, since {since}.",
		incident.Settled:   "{symptom}: {name} has results since {recovered}, after it had come and gone for {openings}.",
	},
	ties: map[incident.Tie]string{
		incident.TieProber: "sonde at {location}", incident.TieNetwork: "the network of sonde at {location}", incident.TieCredential: "the credential {key}",
		incident.TieHost: "the host {key}", incident.TieParent: "what depends on {key}", incident.TieGroup: "the group {key}", incident.TiePromise: "the group {key}",
	},
	credentialOf: "the credential of {key} and {others} more",
	hit:          "{n} of {all} probes",
	members:      "Probes",
	sharedMeans: map[probe.Kind]string{
		probe.KindLatency:      "The answers are right, but they take clearly longer than in the days before.",
		probe.KindAuthGroup:    "Either the credential that they share, or the identity provider behind it, does not work any more; or our address is blocked, as a defence against an attack would.",
		probe.KindGatewaySurge: "The gateway answers, but does not reach what is behind it, and that for several probes at the same time.",
	},
	sharedNext: map[probe.Kind]string{
		probe.KindLatency: "Look at what was rolled out when it began\n" +
			"Compare the phases in sonde history: name, connection, TLS, first byte\n" +
			"Look at the load, and at what the target depends on",
		probe.KindAuthGroup: "Check whether the credential has expired, was rotated, or lost a scope\n" +
			"Check the identity provider: its status, its clock, its signing keys\n" +
			"Ask from another address: if that is let in, a firewall or a defence against attacks blocks this prober",
		probe.KindGatewaySurge: "Look at the health of what is behind the gateway, and at what was rolled out last\n" +
			"Check timeouts, connection limits and pools of the gateway\n" +
			"Let clients back off, or open a circuit breaker: retries add to the load",
	},
	certificates: map[incident.Change]string{
		incident.Opened:    "{symptom}: {name} {now}: {cause}.",
		incident.Changed:   "{symptom}: {name} {still}: {cause}.",
		incident.Reminded:  "{symptom}: {name} {still}: {cause}.",
		incident.Resolved:  "{symptom}: {name} has a certificate that lasts, {lasted} after the first warning.",
		incident.Reopened:  "{symptom}: {name} {again}, for the {times} time: {cause}.",
		incident.Withdrawn: "{symptom}: {name} is not watched any more, {lasted} after the first warning.",
		incident.Escalated: "{symptom}: {name} {still}: {cause}.",
		incident.Overdue:   "{symptom}: {name} {still}: {cause}.",
		incident.Risen:     "{symptom}: {name} {still}: {cause}.",
		incident.Eased:     "{symptom}: {name} {still}: {cause}.",
		incident.Settled:   "{symptom}: {name} has a certificate that lasts since {recovered}, after it had come and gone for {openings}.",
	},
	caches: map[incident.Change]string{
		incident.Opened:    "{symptom}: {name} {now}: {cause}.",
		incident.Changed:   "{symptom}: {name} {still}: {cause}.",
		incident.Reminded:  "{symptom}: {name} {still} after {lasted}: {cause}.",
		incident.Resolved:  "{symptom}: {name} says again what has not changed, after {lasted}.",
		incident.Reopened:  "{symptom}: {name} {again}, for the {times} time: {cause}.",
		incident.Withdrawn: "{symptom}: {name} is not watched any more, after {lasted}.",
		incident.Escalated: "{symptom}: {name} {still}: {cause}.",
		incident.Overdue:   "{symptom}: {name} {still}: {cause}.",
		incident.Risen:     "{symptom}: {name} {still}: {cause}.",
		incident.Eased:     "{symptom}: {name} {still}: {cause}.",
		incident.Settled:   "{symptom}: {name} says again what has not changed since {recovered}, after it had come and gone for {openings}.",
	},
	endsIn: "it ends in {left}, on {ends}",
	ended:  "it ended on {ends}",
	kinds: map[probe.Kind]condition{
		probe.KindDown:          {"is down", "is still down", "is down again", "Down"},
		probe.KindDegraded:      {"is degraded", "is still degraded", "is degraded again", "Degraded"},
		probe.KindAuthFailed:    {"refuses our credential", "still refuses our credential", "refuses our credential again", "Credential refused"},
		probe.KindAuthBypass:    {"lets us in without a credential", "still lets us in without a credential", "lets us in without a credential again", "Not protected"},
		probe.KindClientFault:   {"rejects our request", "still rejects our request", "rejects our request again", "Request rejected"},
		probe.KindRateLimited:   {"asks us to ask less often", "still asks us to ask less often", "asks us again to ask less often", "Rate limited"},
		probe.KindCertificate:   {"has a certificate that ends soon", "still has a certificate that ends soon", "has a certificate that ends soon again", "Certificate ends soon"},
		probe.KindProberNetwork: {"reaches nothing", "still reaches nothing", "reaches nothing again", "No network here"},
		probe.KindProber:        {"does not get on", "still does not get on", "does not get on again", "Prober in trouble"},
		probe.KindCache:         {"is sent in full too often", "is still sent in full too often", "is sent in full too often again", "Cache not effective"},

		probe.KindAuthGroup:       {"is refused", "is still refused", "is refused again", "Shared credential refused"},
		probe.KindLatency:         {"is slower than usual", "is still slower than usual", "is slower than usual again", "Slower than usual"},
		probe.KindCodeAnomaly:     {"gives a status code more often than usual", "still gives a status code more often than usual", "gives a status code more often than usual again", "Unusual status codes"},
		probe.KindGroupRate:       {"fails too often", "still fails too often", "fails too often again", "Too many failures"},
		probe.KindGatewaySurge:    {"is not reached behind its gateway", "is still not reached behind its gateway", "is again not reached behind its gateway", "Gateway errors"},
		probe.KindNoData:          {"has no results", "still has no results", "has no results again", "No data"},
		probe.KindBudgetFast:      {"burns its error budget fast", "still burns its error budget fast", "burns its error budget fast again", "Budget burns fast"},
		probe.KindBudgetSlow:      {"burns its error budget", "still burns its error budget", "burns its error budget again", "Budget burns"},
		probe.KindBudgetThreshold: {"has spent much of its error budget", "has still spent much of its error budget", "has again spent much of its error budget", "Budget spent"},
	},

	symptoms: map[probe.Symptom]string{
		probe.Fine: "ok", probe.FiveXX: "5xx", probe.NoAnswer: "no answer", probe.WrongAnswer: "wrong answer", probe.AuthFailure: "auth 401/403",
		probe.FourXX: "4xx", probe.Throttling: "throttled", probe.Slow: "slow", probe.ProberTrouble: "prober",
	},
	certificate: "certificate",
	credential: credentialWords{
		condition{"is asked with a credential that ends soon", "is still asked with a credential that ends soon", "is asked again with a credential that ends soon", "Credential ends soon"},
		"credential", "{symptom}: {name} is asked with a credential that lasts, {lasted} after the first warning.",
	},
	acknowledged: "{symptom}: {name} {still}, and {by} looks after it: {cause}, since {since}.",
	urgency:      " Severity: {severity}.",
	severities:   map[probe.Severity]string{probe.NoSeverity: "none", probe.Info: "info", probe.Warning: "warning", probe.Critical: "critical"},

	measures: englishMeasures,
	facts:    englishFacts,
	storms:   englishStorms,
	digests:  englishDigests,
	unasked:  condition{"cannot be asked with our credential", "still cannot be asked with our credential", "cannot be asked with our credential again", "Credential refused"},
	cache:    "cache",

	announced: " It announced to be back by {time}.",
	anew:      " Now it announces to be back by {time}.",
	broken:    " It had announced to be back by {time}.",
	worked: map[uint8]string{
		incident.NeverWorked: " This request never worked: the configuration may be wrong.",
		incident.WorkedUntil: " The same request worked until {since}: the target may have changed what it accepts.",
		incident.WorkedOnce:  " The same request has worked, and may at times still do.",
	},
	neverGood: " It has never answered well since it was added on {added}, so this may be the configuration.",
	unproven:  "Compare address, port, method, credentials and expectations of the probe with what the target offers; `sonde check` shows every step",
	unusual:   " {count} of {samples} results in {over}; {usual} are usual.",
	rate:      " {share} of {samples} results in {over}; {limit} may be.",
	flapping:  " FLAPPING: it comes and goes. The channel hears next of a recovery that lasts, or of a failure that does.",
	flaps:     ", FLAPPING",
	openings:  func(n int) string { return strconv.Itoa(n) + " openings" },
	repeat:    " (possible repeat)",

	instead: " (told here because {of} cannot be reached: {why})", insteadOf: " (told here because {of} cannot be reached)",
	continued: " (continued: the first message was deleted)", untold: " (nothing of it could be told before)",

	delayed: " (delivered {late} late)",

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
		incident.Escalated: "{word}, more urgent",
		incident.Overdue:   "{word}, not back as announced",
		incident.Risen:     "{word}, not only degraded",
		incident.Eased:     "{word}, not down any more",
		incident.Settled:   "Recovered for good",

		incident.Acknowledged: "{word}, acknowledged",
	},
	causes: map[incident.Change]string{
		incident.Opened:   "*{symptom}*: {cause}. {meaning}",
		incident.Changed:  "*{symptom}*: {cause}. {meaning}",
		incident.Reminded: "*{symptom}* for {lasted}: {cause}",
		incident.Resolved: "after *{lasted}* of *{symptom}*: {cause}",
		incident.Reopened: "*{symptom}*: {cause}. {meaning}",

		incident.Withdrawn: "*{symptom}*: {cause}, when it was taken out of the configuration",
		incident.Escalated: "*{symptom}*: {cause}. {meaning}",
		incident.Overdue:   "*{symptom}* for {lasted}: {cause}, though announced to be back by {promised}",
		incident.Risen:     "*{symptom}*: {cause}. {meaning}",
		incident.Eased:     "*{symptom}* now and then: {cause}. {meaning}",
		incident.Settled:   "good since *{recovered}*, after *{symptom}* had come and gone for {openings}: {cause}",

		incident.Acknowledged: "*{symptom}* for {lasted}: {cause}; {by} looks after it",
	},

	started: "Started", trouble: "Trouble", cause: "Cause", check: "Check", failing: "Failing", failed: "Failed", location: "Location",
	evidence: "Evidence",
	budget:   "Error budget", back: "Announced to be back", ends: "Ends", next: "Check next", runbook: "Runbook", incident: "incident",
	unverified: "unverified: its certificates are not checked (insecure)",

	causeLine:  "{reason} · {class}\nretry {retry} · fault {fault}",
	budgetLine: "{objective}: {spent} of {total} spent ({share})",
	noBudget:   "{objective}: nothing judged yet",

	dependents: " Depending on it: {probes}.",
	failingToo: " Depending on it: {probes}; failing, too, and not told apart: {failing} ({names}).",
	held: map[notify.Why]string{
		notify.WhySilence:     " Not told since {since}, because of a silence.",
		notify.WhyProber:      " Not told since {since}, because of the trouble that sonde itself had.",
		notify.WhyDown:        " Not told since {since}, because {by} was down.",
		notify.WhyAuth:        " Not told since {since}, because the credential of the probe was refused.",
		notify.WhyParent:      " Not told since {since}, because {by} was down, on which it depends.",
		notify.WhyMaintenance: " Not told since {since}, because {by}, on which it depends, was in maintenance.",
		notify.WhyQuiet:       " Not told since {since}, because these were quiet hours.",
		notify.WhyStorm:       " Told since {since} as one of many, in a storm.",
	},
	probes: func(n int) string {
		return englishCount(n, "probe")
	},

	noAnswer: "no answer",
	failures: func(n int) string {
		return englishCount(n, "failed check")
	},
	every:     func(interval time.Duration) string { return "every " + englishDuration(interval) },
	duration:  englishDuration,
	took:      englishTook,
	objective: slo.Objective.String,
	ordinal:   text.Ordinal,
}

// wordsIn are the words of a language.
func wordsIn(l probe.Language) *words {
	if l == probe.Korean {
		return &korean
	}
	return &english
}

// englishCount counts things.
func englishCount(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return strconv.Itoa(n) + " " + what
}

// englishDuration tells a length of time in its two largest units.
func englishDuration(d time.Duration) string {
	return lengthIn([4]string{" d", " h", " min", " s"}, d)
}

// lengthIn tells a length of time in its two largest units: days, hours, minutes, seconds.
func lengthIn(names [4]string, d time.Duration) string {
	units := [4]time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second}
	d = max(0, d.Round(time.Second))
	for i, unit := range units[:3] {
		if d < unit {
			continue
		}
		told := fmt.Sprintf("%d%s", d/unit, names[i])
		if rest := d % unit / units[i+1]; rest > 0 {
			told += fmt.Sprintf(" %d%s", rest, names[i+1])
		}
		return told
	}
	return fmt.Sprintf("%d%s", d/time.Second, names[3])
}
