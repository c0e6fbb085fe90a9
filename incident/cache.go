package incident

import (
	"math/bits"
	"time"

	"sonde/probe"
)

const (
	cacheHours = 24
	cacheLeast = 32 // answers to conditional requests before anything is said of them
)

// Cache is what is remembered of the answers to conditional requests. The zero Cache is
// that nothing was asked.
type Cache struct {
	Hour    int64 // the latest hour that is counted, since 1970
	Hours   [cacheHours]CacheCount
	Answers int    // the latest ones that Hits and Changes are about; 64 at the most
	Hits    uint64 // a bit for each that was 304, the latest lowest
	Changes uint64 // a bit for each that had another validator
}

// CacheCount counts answers to conditional requests.
type CacheCount struct {
	Hits, Misses, Changed uint16 // Changed ones are no Misses
}

// Since sums up the hours of the last day up to an instant.
func (c *Cache) Since(now time.Time) (hits, misses, changed int) {
	if c == nil {
		return 0, 0, 0
	}
	latest := hourOf(now)
	for hour := max(latest, c.Hour) - cacheHours + 1; hour <= c.Hour; hour++ {
		n := c.in(hour)
		hits, misses, changed = hits+int(n.Hits), misses+int(n.Misses), changed+int(n.Changed)
	}
	return hits, misses, changed
}

// in is what was counted in an hour of the last day. Hours before 1970 have a place too.
func (c *Cache) in(hour int64) *CacheCount {
	return &c.Hours[((hour%cacheHours)+cacheHours)%cacheHours]
}

func hourOf(t time.Time) int64 {
	const hour = 3600
	s := t.Unix()
	if s < 0 {
		s -= hour - 1
	}
	return s / hour
}

// count adds an answer.
func (c *Cache) count(at time.Time, outcome probe.CacheOutcome) {
	hour := hourOf(at)
	for c.Hour < hour {
		if hour-c.Hour > cacheHours {
			c.Hour = hour - cacheHours
		}
		c.Hour++
		*c.in(c.Hour) = CacheCount{}
	}
	n := c.in(c.Hour)
	c.Hits, c.Changes = c.Hits<<1, c.Changes<<1
	c.Answers = min(c.Answers+1, 64)
	of := &n.Misses
	switch outcome {
	case probe.CacheHit:
		of, c.Hits = &n.Hits, c.Hits|1
	case probe.CacheChanged:
		of, c.Changes = &n.Changed, c.Changes|1
	}
	if *of < 1<<16-1 {
		*of++
	}
}

// ratio is the share of 304 among the latest answers; false if they are too few to tell.
func (c *Cache) ratio() (float64, bool) {
	return float64(bits.OnesCount64(c.Hits)) / float64(max(1, c.Answers)), c.Answers >= cacheLeast
}

// resolveAt is the share at which an incident resolves: clearly above the one at which it
// opens, so that chance does not open and resolve it again and again.
func resolveAt(least float64) float64 { return least + (1-least)/4 }

// watchCache tells when what has not changed is sent again too often. It looks at the
// latest 32 to 64 answers to conditional requests, whatever else is wrong.
func (m *machine) watchCache() {
	s, least := m.s, m.p.MinCacheRatio
	problem := s.Open(probe.KindCache)
	if least <= 0 && problem != nil {
		m.resolve(problem) // nobody asks any more
	}
	if m.in.Cache == probe.CacheNone {
		return
	}
	if s.Cache == nil {
		s.Cache = &Cache{}
	}
	s.Cache.count(m.in.At, m.in.Cache)
	ratio, enough := s.Cache.ratio()
	switch {
	case least <= 0 || !enough:
	case problem == nil && ratio < least && m.in.Cache != probe.CacheHit: // a 304 is no cause
		m.openCache()
	case problem != nil && ratio >= resolveAt(least):
		m.resolve(problem)
	case problem != nil && m.in.Cache != probe.CacheHit:
		problem.Failures++
	}
}

// openCache opens the incident, or reopens the one that has recovered lately.
func (m *machine) openCache() {
	c := m.s.Cache
	problem, change := m.begin(probe.KindCache)
	misses := c.Answers - bits.OnesCount64(c.Hits)
	cause := probe.Miss(probe.CacheMissed)
	if 10*bits.OnesCount64(c.Changes) >= 9*misses {
		cause = probe.Miss(probe.ValidatorChanges)
	}
	cause.Status, cause.Class = m.in.Verdict.Status, probe.ClassOf(m.in.Verdict.Status)
	*problem = Problem{
		ID: problem.ID, Kind: probe.KindCache, Phase: Open, Severity: cause.Severity(), Cause: cause,
		Since: m.in.At, OpenedAt: m.in.At, Openings: problem.Openings + 1, Failures: misses, Telling: problem.Telling,
	}
	problem.RemindAt = m.p.FirstReminder(problem)
	m.tell(change, m.in.At, problem)
}
