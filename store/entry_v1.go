package store

import (
	"time"

	"sonde/incident"
	"sonde/probe"
)

// unpackEntriesV1 reads a segment as the first release packed it: row by row, each with
// its whole verdict, and without a sum. The byte of the version is read already.
func unpackEntriesV1(packed []byte) ([]Entry, error) {
	u := unpacker{buf: packed}
	if !u.more() {
		return nil, nil
	}
	base := u.instant(u.int())
	var entries []Entry
	for u.more() {
		entries = append(entries, u.entryV1(base))
	}
	if u.err != nil {
		return nil, u.err
	}
	return entries, nil
}

func (u *unpacker) entryV1(base time.Time) (e Entry) {
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
	in.Elapsed = u.phase()
	if flags&flagRecoverBy != 0 {
		in.RecoverBy = u.time()
	}
	if t := &in.Timings; flags&flagPhases != 0 {
		for _, d := range [...]*time.Duration{&t.DNS, &t.Connect, &t.TLS, &t.FirstByte, &t.Transfer, &t.Total} {
			*d = u.phase()
		}
	}
	return e
}
