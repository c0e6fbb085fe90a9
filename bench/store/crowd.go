package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
	"sonde/store"
)

// crowd makes up what probes see, in the order of time.
type crowd struct {
	rnd     *rand.Rand
	members map[probe.ID]*member
	lanes   []lane
	due     []recheck // soonest first
}

// member is one probe, and how its target is.
type member struct {
	*store.Probe
	typical float64       // latency in seconds
	trouble float64       // how likely a streak of failures begins at a slot
	failing int           // slots that the streak goes on for
	verdict probe.Verdict // during the streak
}

// lane is a number of probes with the same interval, evenly spread over it.
type lane struct {
	members  []*member
	interval time.Duration
	start    time.Time
	n        int // slots that were given out
}

type recheck struct {
	id probe.ID
	at time.Time
}

func newCrowd() *crowd {
	return &crowd{rnd: rand.New(rand.NewPCG(1, 2)), members: map[probe.ID]*member{}}
}

// watched is a probe that nobody is told of: delivery is not what is measured.
func watched(name string, interval, window time.Duration) store.Probe {
	return store.Probe{
		Subject: notify.Subject{Name: name, URL: "https://" + name + ".example.com/health", Method: "GET", Interval: interval},
		Policy: &incident.Policy{
			Interval: interval, DownAfter: 90 * time.Second, AuthAfter: 90 * time.Second, RecheckEvery: 30 * time.Second,
			ResolveAfter: 2 * time.Minute, RemindEvery: 4 * time.Hour, Repeatable: true,
		},
		Objectives:  []slo.Objective{{BadPPM: 1000, Window: slo.Rolling(window)}},
		RequestHash: "1",
	}
}

func names(n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf("probe-%05d", i)
	}
	return all
}

// streakLength is how many slots in a row fail, on average, see [crowd.streak].
const streakLength = 1.75

// add puts probes with the same interval into the crowd. failing is the share of their
// slots that fail.
func (c *crowd) add(probes []store.Probe, start time.Time, failing float64) {
	l := lane{interval: probes[0].Policy.Interval, start: start}
	for i := range probes {
		m := &member{Probe: &probes[i], typical: math.Exp(math.Log(0.080) + 0.6*c.rnd.NormFloat64()), trouble: failing / streakLength}
		c.members[m.ID] = m
		l.members = append(l.members, m)
	}
	c.lanes = append(c.lanes, l)
}

func (l *lane) next() time.Time {
	round, i := l.n/len(l.members), l.n%len(l.members)
	offset := l.interval * time.Duration(i) / time.Duration(len(l.members))
	return l.start.Add(time.Duration(round)*l.interval + offset.Truncate(time.Millisecond))
}

// soonest is the lane whose turn it is.
func (c *crowd) soonest() (l *lane, at time.Time) {
	for i := range c.lanes {
		if next := c.lanes[i].next(); l == nil || next.Before(at) {
			l, at = &c.lanes[i], next
		}
	}
	return l, at
}

// next is what is seen next, unless that is not before an instant.
func (c *crowd) next(until time.Time) (store.Entry, bool) {
	l, at := c.soonest()
	if len(c.due) > 0 && !c.due[0].at.After(at) {
		if at = c.due[0].at; !at.Before(until) {
			return store.Entry{}, false
		}
		m := c.members[c.due[0].id]
		c.due = c.due[1:]
		return c.ask(m, at, probe.Recheck), true
	}
	if !at.Before(until) {
		return store.Entry{}, false
	}
	m := l.members[l.n%len(l.members)]
	l.n++
	c.streak(m)
	return c.ask(m, at, probe.Scheduled), true
}

// recheck asks again at an instant.
func (c *crowd) recheck(id probe.ID, at time.Time) {
	i, _ := slices.BinarySearchFunc(c.due, at, func(r recheck, at time.Time) int { return r.at.Compare(at) })
	c.due = slices.Insert(c.due, i, recheck{id, at})
}

// streak moves the target's trouble on by a slot. Three of four times it is over before
// anybody asks again; else it lasts for two to six slots.
func (c *crowd) streak(m *member) {
	if m.failing > 0 {
		m.failing--
		return
	}
	m.verdict = probe.Miss(probe.OK)
	m.verdict.Status, m.verdict.Class = 200, probe.ClassSuccess
	if c.rnd.Float64() >= m.trouble {
		return
	}
	if c.rnd.IntN(4) == 0 {
		m.failing = 1 + c.rnd.IntN(5)
	}
	m.verdict = probe.Miss(probe.ConnectRefused)
	if c.rnd.IntN(2) == 0 {
		m.verdict = probe.Miss(probe.ServerError)
		m.verdict.Status, m.verdict.Class = 503, probe.ClassServerError
		m.verdict.Retry = probe.CodeOf(503).Retry
	}
}

// ask makes up a run.
func (c *crowd) ask(m *member, at time.Time, kind probe.RunKind) store.Entry {
	verdict := m.verdict
	if kind == probe.Recheck && m.failing == 0 {
		verdict = probe.Miss(probe.OK)
		verdict.Status, verdict.Class = 200, probe.ClassSuccess
	}
	t := c.timings(m.typical, verdict.Status != 0)
	e := store.Entry{Probe: m.ID, Input: incident.Input{
		Kind: incident.Ran, Run: kind, At: at, Verdict: verdict, Attempts: 1, Elapsed: t.Total, Timings: t,
	}}
	if verdict.Outcome != probe.Good {
		e.Attempts = []probe.Attempt{{StartedAt: at, Verdict: verdict, Timings: t, Evidence: evidence(verdict)}}
	}
	return e
}

// timings are log-normal with 8 % noise; the phases are shares of the whole, each with
// noise of its own.
func (c *crowd) timings(typical float64, answered bool) probe.Timings {
	noisy := func(x float64) float64 { return x * (1 + 0.08*c.rnd.NormFloat64()) }
	duration := func(x float64) time.Duration { return max(0, time.Duration(x*1e6)*time.Microsecond) }
	total := typical * math.Exp(0.08*c.rnd.NormFloat64())
	t := probe.Timings{DNS: duration(noisy(0.03 * total)), Connect: duration(noisy(0.17 * total))}
	if !answered {
		t.Total = t.DNS + t.Connect
		return t
	}
	t.TLS, t.FirstByte, t.Total = duration(noisy(0.3*total)), duration(noisy(0.4*total)), duration(total)
	t.Transfer = max(0, t.Total-t.DNS-t.Connect-t.TLS-t.FirstByte)
	t.Total = t.DNS + t.Connect + t.TLS + t.FirstByte + t.Transfer
	return t
}

func evidence(v probe.Verdict) probe.Evidence {
	if v.Status == 0 {
		return probe.Evidence{RemoteAddr: "192.0.2.7:443", Error: "connect: connection refused"}
	}
	return probe.Evidence{RemoteAddr: "192.0.2.7:443", Protocol: "HTTP/2.0", AnsweredBy: "nginx", Header: map[string][]string{"content-type": {"text/html"}}, BodyBytes: 190}
}
