package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"sonde/notify"
	"sonde/probe"
	"sonde/slo"
)

// packProbes packs what is kept about the configured probes, in their order. What many
// have in common (policy, objectives, routes) is written once, so that ten thousand
// probes are read in milliseconds.
func packProbes(probes []Probe) ([]byte, error) {
	var profiles []Probe
	numbers := make([]int, len(probes))
	for i := range probes {
		n := slices.IndexFunc(profiles, func(p Probe) bool { return alike(&p, &probes[i]) })
		if n < 0 {
			n = len(profiles)
			profiles = append(profiles, probes[i])
		}
		numbers[i] = n
	}
	p := packer{make([]byte, 0, 128*len(probes)+1024)}
	p.byte(chunkPacking)
	p.count(len(profiles))
	for i := range profiles {
		written, err := json.Marshal(profiles[i].common())
		if err != nil {
			return nil, err
		}
		p.string(string(written))
	}
	p.count(len(probes))
	for i := range probes {
		p.own(&probes[i], numbers[i])
	}
	return p.summed(), nil
}

// common is a probe without what it has for itself.
func (p *Probe) common() Probe {
	s := &p.Subject
	return Probe{
		Policy: p.Policy, Objectives: p.Objectives, Pledge: p.Pledge,
		Subject: notify.Subject{Method: s.Method, Interval: s.Interval, Routes: s.Routes, Unverified: s.Unverified},
	}
}

// alike reports whether two probes differ only in what each has for itself.
func alike(a, b *Probe) bool {
	return a.Policy.Equal(b.Policy) && slices.Equal(a.Objectives, b.Objectives) && a.Pledge.equal(&b.Pledge) && a.Subject.Method == b.Subject.Method &&
		a.Subject.Interval == b.Subject.Interval && a.Subject.Unverified == b.Subject.Unverified && slices.Equal(a.Subject.Routes.Default, b.Subject.Routes.Default) &&
		maps.EqualFunc(a.Subject.Routes.ByKind, b.Subject.Routes.ByKind, slices.Equal[[]string])
}

// describes reports whether the row of one probe says the same of another.
func (p *Probe) describes(other *Probe) bool {
	var one, two packer
	one.own(p, 0)
	two.own(other, 0)
	return bytes.Equal(one.buf, two.buf) && alike(p, other)
}

// own packs what a probe has for itself.
func (p *packer) own(x *Probe, profile int) {
	p.int(int64(x.ID))
	p.count(profile)
	for _, s := range [...]string{x.Subject.Name, x.Subject.URL, x.Subject.Group, x.Subject.Runbook, x.RequestHash, x.Was, x.Credential} {
		p.string(s)
	}
	p.count(len(x.Subject.Labels))
	for _, name := range slices.Sorted(maps.Keys(x.Subject.Labels)) {
		p.string(name)
		p.string(x.Subject.Labels[name])
	}
	p.count(len(x.Subject.DependsOn))
	for _, name := range x.Subject.DependsOn {
		p.string(name)
	}
}

// string packs a text, which is UTF-8 as everything that people read.
func (p *packer) string(s string) {
	s = strings.ToValidUTF8(s, "\uFFFD")
	p.count(len(s))
	p.buf = append(p.buf, s...)
}

// textUnpacker reads texts. They are pieces of one string: ten thousand probes have sixty
// thousand.
type textUnpacker struct {
	unpacker
	whole string // what it reads
}

func (u *textUnpacker) string() string {
	n := u.count(true)
	at := u.at
	if u.take(n); u.err != nil {
		return ""
	}
	s := u.whole[at : at+n]
	if !utf8.ValidString(s) { // none is written
		u.fail()
		return ""
	}
	return s
}

// unpackProbes reads what is kept about the configured probes.
func unpackProbes(packed []byte) ([]Probe, error) {
	body, ok := unsummed(packed)
	if !ok || body[0] != chunkPacking {
		return nil, errPacked
	}
	u := textUnpacker{unpacker{buf: body}, string(body)}
	u.byte() // the packing
	var profiles []Probe
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		var read Probe
		if err := json.Unmarshal([]byte(u.string()), &read); err != nil {
			return nil, fmt.Errorf("%w: %w", errPacked, err)
		}
		if !read.isWhole() {
			return nil, errPacked
		}
		profiles = append(profiles, read.common())
	}
	n := u.count(true)
	probes := make([]Probe, 0, min(n, u.left()/8))
	for ; n > 0 && u.err == nil; n-- {
		id, profile := probe.ID(u.int()), u.count(false)
		if profile >= len(profiles) {
			return nil, errPacked
		}
		probes = append(probes, profiles[profile])
		x := &probes[len(probes)-1]
		x.ID = id
		s := &x.Subject
		s.Name, s.URL, s.Group, s.Runbook, x.RequestHash, x.Was, x.Credential = u.string(), u.string(), u.string(), u.string(), u.string(), u.string(), u.string()
		for labels := u.count(true); labels > 0 && u.err == nil; labels-- {
			if s.Labels == nil {
				s.Labels = map[string]string{}
			}
			name := u.string()
			s.Labels[name] = u.string()
		}
		for names := u.count(true); names > 0 && u.err == nil; names-- {
			s.DependsOn = append(s.DependsOn, u.string())
		}
	}
	if u.err != nil {
		return nil, u.err
	}
	return probes, nil
}

// isWhole reports whether a probe says how it is judged, and what it promises: JSON does not mind
// when that is missing.
func (p *Probe) isWhole() bool {
	if p.Policy == nil {
		return false
	}
	promises := slices.Concat(p.Objectives, p.Pledge.Objectives)
	if b := p.Policy.Budgets; b != nil {
		for i := range b.Of {
			promises = append(promises, b.Of[i].Objective)
		}
	}
	return !slices.ContainsFunc(promises, func(o slo.Objective) bool { return o.BadPPM <= 0 })
}

// lastRevision reads the packed probes of the latest configuration; nil if there is none.
func lastRevision(ctx context.Context, q querier) (packed []byte, err error) {
	err = q.QueryRowContext(ctx, "SELECT packed FROM revisions ORDER BY id DESC LIMIT 1").Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	return packed, err
}

// identify gives probes the ids that probes of the same names had before, and reports whether
// nothing has changed since that was packed.
func identify(probes, before []Probe, latest []byte) (same bool, err error) {
	if len(before) != len(probes) {
		return false, nil
	}
	ids := make(map[string]probe.ID, len(before))
	for i := range before {
		ids[before[i].Name()] = before[i].ID
	}
	for i := range probes {
		id, ok := ids[probes[i].Name()]
		if !ok {
			return false, nil
		}
		probes[i].ID = id
	}
	packed, err := packProbes(probes)
	return string(packed) == string(latest), err
}

// revised is a change of the configuration, behind a segment of the log.
type revised struct {
	seq    int64
	probes []Probe
}

// changesBehind reads the changes of the configuration that are not in a checkpoint of a
// segment. One that is damaged is left out: the log behind it is replayed as before.
func changesBehind(ctx context.Context, q querier, seq int64) ([]revised, error) {
	var all []revised
	_, err := eachRow(ctx, q, "SELECT seq, packed FROM revisions WHERE seq > ? ORDER BY id", []any{seq}, func(rows *sql.Rows) error {
		var c revised
		var packed sql.RawBytes
		if err := rows.Scan(&c.seq, &packed); err != nil {
			return err
		}
		var err error
		if c.probes, err = unpackProbes(packed); err == nil {
			all = append(all, c)
		}
		return nil
	})
	return all, err
}

// configuredAt reads which probes were configured as of a checkpoint of a segment; nil if
// nobody knows.
func configuredAt(ctx context.Context, q querier, seq int64) ([]Probe, error) {
	var packed []byte
	err := q.QueryRowContext(ctx, "SELECT packed FROM revisions WHERE seq <= ? ORDER BY id DESC LIMIT 1", seq).Scan(&packed)
	if errors.Is(err, sql.ErrNoRows) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	known, err := unpackProbes(packed)
	if err != nil {
		return nil, nil
	}
	return known, nil
}
