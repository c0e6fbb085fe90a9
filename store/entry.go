package store

import (
	"math"
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Entry is one thing that was observed about a probe, as the log keeps it.
type Entry struct {
	Probe probe.ID
	Input incident.Input

	// Attempts are what a run that was not good saw on the way. They are kept apart
	// from the log, as evidence for people.
	Attempts []probe.Attempt
}

// packing is the version of the packed form of entries and states. A newer version
// reads all older ones.
const packing = 2

// flags of an entry
const (
	flagCured = 1 << iota
	flagRecoverBy
	flagPhases
	flagCertificate
	flagExpiring
	flagThrottled
	flagForgone
	flagCache
	flagMaintenance
)

// shape is what most entries of a segment have in common. Each shape is written once,
// and then named by its number.
type shape struct {
	kind     incident.InputKind
	run      probe.RunKind
	flags    uint16
	verdict  probe.Verdict
	attempts int
	forgone  int
	cache    probe.CacheOutcome
}

// shapeOf is the shape of an input.
func shapeOf(in *incident.Input) shape {
	s := shape{kind: in.Kind, run: in.Run, verdict: in.Verdict, attempts: in.Attempts, forgone: in.Forgone, cache: in.Cache}
	if in.Cache != probe.CacheNone {
		s.flags |= flagCache
	}
	if in.Maintenance {
		s.flags |= flagMaintenance
	}
	if in.Cured {
		s.flags |= flagCured
	}
	if !in.RecoverBy.IsZero() {
		s.flags |= flagRecoverBy
	}
	if in.Timings != (probe.Timings{}) {
		s.flags |= flagPhases
	}
	if !in.CertificateEnds.IsZero() {
		s.flags |= flagCertificate
	}
	if in.Expiring {
		s.flags |= flagExpiring
	}
	if in.Throttled {
		s.flags |= flagThrottled
	}
	if in.Forgone > 0 {
		s.flags |= flagForgone
	}
	return s
}

// shapes gives numbers to shapes, in the order in which they come.
type shapes struct {
	known   []shape
	numbers map[shape]int // once there are many
	last    int           // the number that was asked for last: most often the next one is the same
}

// fewShapes are looked through one by one.
const fewShapes = 16

func (s *shapes) number(x shape) (n int, fresh bool) {
	if s.last < len(s.known) && s.known[s.last] == x {
		return s.last, false
	}
	if n, ok := s.find(x); ok {
		s.last = n
		return n, false
	}
	s.known = append(s.known, x)
	s.last = len(s.known) - 1
	if s.numbers != nil {
		s.numbers[x] = s.last
	}
	return s.last, true
}

func (s *shapes) find(x shape) (int, bool) {
	if len(s.known) <= fewShapes {
		n := slices.Index(s.known, x)
		return n, n >= 0
	}
	if s.numbers == nil {
		s.numbers = make(map[shape]int, 2*len(s.known))
		for n, known := range s.known {
			s.numbers[known] = n
		}
	}
	n, ok := s.numbers[x]
	return n, ok
}

// packEntries packs a segment of the log: entries in commit order, times and probes as
// differences to the entry before, and a sum by which damage is seen.
func packEntries(entries []Entry) []byte {
	p := packer{make([]byte, 0, 64+20*len(entries))}
	p.byte(packing)
	var before Entry
	var seen shapes
	for i := range entries {
		p.entry(&entries[i], &before, &seen)
		before = entries[i]
	}
	return p.summed()
}

func (p *packer) entry(e, before *Entry, seen *shapes) {
	in := &e.Input
	n, fresh := seen.number(shapeOf(in))
	p.count(n)
	if fresh {
		p.shape(&seen.known[n])
	}
	p.int(int64(e.Probe - before.Probe))
	p.int(in.At.UnixMilli() - unixMilli(before.Input.At))
	p.observed(in, &seen.known[n])
}

// observed packs what was observed, but for its shape and its instant.
func (p *packer) observed(in *incident.Input, s *shape) {
	if in.Kind == incident.Skipped {
		p.after(in.To, in.At)
		return
	}
	if s.flags&flagRecoverBy != 0 {
		p.after(in.RecoverBy, in.At)
	}
	if t := in.Timings; s.flags&flagPhases != 0 {
		for _, d := range [...]time.Duration{t.DNS, t.Connect, t.TLS, t.FirstByte, t.Transfer} {
			p.duration(d)
		}
		p.duration(t.Total - t.DNS - t.Connect - t.TLS - t.FirstByte - t.Transfer)
	}
	p.duration(in.Elapsed - in.Timings.Total)
	if s.flags&flagCertificate != 0 {
		p.int(in.CertificateEnds.Unix() - in.At.Unix())
	}
}

// unixMilli is the milliseconds since 1970, and 0 for the time that is none.
func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func (p *packer) shape(s *shape) {
	p.byte(byte(s.kind)<<4 | byte(s.run))
	p.count(int(s.flags))
	p.verdict(s.verdict)
	p.count(s.attempts)
	if s.flags&flagForgone != 0 {
		p.count(s.forgone)
	}
	if s.flags&flagCache != 0 {
		p.byte(byte(s.cache))
	}
}

func (p *packer) verdict(v probe.Verdict) {
	p.count(v.Status)
	for _, b := range [...]byte{byte(v.Class), byte(v.Reason), byte(v.Retry), byte(v.Fault), byte(v.Outcome)} {
		p.byte(b)
	}
}

// eachEntry calls f for every entry of a segment, in order. What f is given is its own
// only until it returns. A damaged segment is seen before f is called.
func eachEntry(packed []byte, f func(e *Entry)) error {
	if len(packed) > 0 && packed[0] == 1 {
		entries, err := unpackEntriesV1(packed[1:])
		for i := range entries {
			f(&entries[i])
		}
		return err
	}
	body, ok := unsummed(packed)
	if !ok || body[0] != packing {
		return errPacked
	}
	u := unpacker{buf: body[1:]}
	var e Entry
	var seen []shape
	for u.more() {
		if seen = u.entry(&e, seen); u.err != nil {
			return u.err
		}
		f(&e)
	}
	return nil
}

// entry reads the entry that follows e into e.
func (u *unpacker) entry(e *Entry, seen []shape) []shape {
	seen, n := u.nextShape(seen)
	if u.err != nil {
		return seen
	}
	id := e.Probe + probe.ID(u.int())
	at := u.behind(unixMilli(e.Input.At))
	u.observed(e, &seen[n], id, at)
	return seen
}

// nextShape reads the number of an entry's shape, and the shape itself when it comes first.
func (u *unpacker) nextShape(seen []shape) ([]shape, int) {
	n := u.count(false)
	switch {
	case n == len(seen):
		seen = append(seen, u.shape())
	case n > len(seen):
		u.fail()
	}
	return seen, n
}

// observed reads what was observed of a probe at an instant.
func (u *unpacker) observed(e *Entry, s *shape, id probe.ID, at time.Time) {
	*e = Entry{Probe: id, Input: s.input()}
	in := &e.Input
	in.At = at
	if in.Kind == incident.Skipped {
		in.To = u.after(at)
		return
	}
	if s.flags&flagRecoverBy != 0 {
		in.RecoverBy = u.after(at)
	}
	if t := &in.Timings; s.flags&flagPhases != 0 {
		t.DNS, t.Connect, t.TLS, t.FirstByte, t.Transfer = u.phase(), u.phase(), u.phase(), u.phase(), u.phase()
		t.Total = t.DNS + t.Connect + t.TLS + t.FirstByte + t.Transfer + u.phase()
	}
	in.Elapsed = in.Timings.Total + u.phase()
	in.Expiring = s.flags&flagExpiring != 0
	if s.flags&flagCertificate != 0 {
		in.CertificateEnds = u.second(at.Unix())
	}
}

// input is what the shape says of an input.
func (s *shape) input() incident.Input {
	return incident.Input{
		Kind: s.kind, Run: s.run, Verdict: s.verdict, Attempts: s.attempts, Forgone: s.forgone, Cache: s.cache,
		Cured: s.flags&flagCured != 0, Throttled: s.flags&flagThrottled != 0, Maintenance: s.flags&flagMaintenance != 0,
	}
}

func (u *unpacker) shape() shape {
	kinds := u.byte()
	flags := u.count(false)
	if flags > math.MaxUint16 {
		u.fail()
	}
	s := shape{kind: incident.InputKind(kinds >> 4), run: probe.RunKind(kinds & 0xf), flags: uint16(flags), verdict: u.verdict(), attempts: u.count(false)}
	if s.flags&flagForgone != 0 {
		s.forgone = u.count(false)
	}
	if s.flags&flagCache != 0 {
		if s.cache = probe.CacheOutcome(u.byte()); s.cache == probe.CacheNone || s.cache > probe.CacheChanged {
			u.fail()
		}
	}
	if s.kind > incident.Idle || s.run > probe.Manual {
		u.fail()
	}
	return s
}

func (u *unpacker) verdict() (v probe.Verdict) {
	v.Status = u.count(false)
	v.Class, v.Reason = probe.Class(u.byte()), probe.Reason(u.byte())
	v.Retry, v.Fault, v.Outcome = probe.Retry(u.byte()), probe.Fault(u.byte()), probe.Outcome(u.byte())
	if !v.Valid() {
		u.fail()
		return probe.Verdict{}
	}
	return v
}
