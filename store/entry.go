package store

import (
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Entry is one thing that was observed about a probe, as the log keeps it.
type Entry struct {
	Probe probe.ID
	Input incident.Input
}

// packing is the version of the packed form of entries and states. A newer version
// reads all older ones.
const packing = 1

// flags of an entry
const (
	flagCured = 1 << iota
	flagRecoverBy
	flagPhases
)

// packEntries packs a segment of the log.
func packEntries(entries []Entry) []byte {
	p := packer{make([]byte, 0, 16+32*len(entries))}
	p.byte(packing)
	if len(entries) == 0 {
		return p.buf
	}
	base := entries[0].Input.At
	p.int(base.UnixMilli())
	for i := range entries {
		p.entry(&entries[i], base)
	}
	return p.buf
}

func (p *packer) entry(e *Entry, base time.Time) {
	in := &e.Input
	p.uint(uint64(e.Probe))
	p.byte(byte(in.Kind)<<4 | byte(in.Run))
	p.after(in.At, base)
	p.verdict(in.Verdict)
	if in.Kind == incident.Skipped {
		p.after(in.To, in.At)
		return
	}
	var flags byte
	if in.Cured {
		flags |= flagCured
	}
	if !in.RecoverBy.IsZero() {
		flags |= flagRecoverBy
	}
	if in.Timings != (probe.Timings{}) {
		flags |= flagPhases
	}
	p.byte(flags)
	p.count(in.Attempts)
	p.duration(in.Elapsed)
	if flags&flagRecoverBy != 0 {
		p.time(in.RecoverBy)
	}
	if t := in.Timings; flags&flagPhases != 0 {
		for _, d := range [...]time.Duration{t.DNS, t.Connect, t.TLS, t.FirstByte, t.Transfer, t.Total} {
			p.duration(d)
		}
	}
}

func (p *packer) verdict(v probe.Verdict) {
	p.count(v.Status)
	for _, b := range [...]byte{byte(v.Class), byte(v.Reason), byte(v.Retry), byte(v.Fault), byte(v.Outcome)} {
		p.byte(b)
	}
}

// unpackEntries reads a segment of the log.
func unpackEntries(packed []byte) ([]Entry, error) {
	u := unpacker{buf: packed}
	if u.byte() != packing {
		return nil, errPacked
	}
	if !u.more() {
		return nil, nil
	}
	base := u.instant(u.int())
	var entries []Entry
	for u.more() {
		entries = append(entries, u.entry(base))
	}
	if u.err != nil {
		return nil, u.err
	}
	return entries, nil
}

func (u *unpacker) entry(base time.Time) (e Entry) {
	e.Probe = probe.ID(u.uint())
	kinds := u.byte()
	in := &e.Input
	in.Kind, in.Run = incident.InputKind(kinds>>4), probe.RunKind(kinds&0xf)
	if in.Kind > incident.Idle || in.Run > probe.Manual {
		u.fail()
	}
	in.At = u.after(base)
	in.Verdict = u.verdict()
	if in.Kind == incident.Skipped {
		in.To = u.after(in.At)
		return e
	}
	flags := u.byte()
	in.Cured = flags&flagCured != 0
	in.Attempts = u.count(false)
	in.Elapsed = u.duration()
	if flags&flagRecoverBy != 0 {
		in.RecoverBy = u.time()
	}
	if t := &in.Timings; flags&flagPhases != 0 {
		for _, d := range [...]*time.Duration{&t.DNS, &t.Connect, &t.TLS, &t.FirstByte, &t.Transfer, &t.Total} {
			*d = u.duration()
		}
	}
	return e
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
