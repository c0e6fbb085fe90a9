package store

import (
	"slices"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// chunkPacking is the version of the packed form of chunks and days. A newer version
// reads all older ones.
const chunkPacking = 1

// point is a result as compaction gathers it. Durations are microseconds, and the last of
// the numbers is when the certificate ends, in seconds since 1970; 0 if none was seen.
type point struct {
	at     int64 // milliseconds since 1970
	shape  int   // its number in the row
	phases [numbers]int64
}

// How many numbers a point has: five phases and what total has beyond them, which make up
// total; what the run took beyond total; and the end of the certificate.
const (
	phaseCount = 6
	durations  = phaseCount + 1
	numbers    = durations + 1
)

func phasesOf(in *incident.Input) [numbers]int64 {
	t := in.Timings
	var ends int64
	if !in.CertificateEnds.IsZero() {
		ends = in.CertificateEnds.Unix()
	}
	rest := t.Total - t.DNS - t.Connect - t.TLS - t.FirstByte - t.Transfer
	return [numbers]int64{
		t.DNS.Microseconds(), t.Connect.Microseconds(), t.TLS.Microseconds(), t.FirstByte.Microseconds(), t.Transfer.Microseconds(),
		rest.Microseconds(), (in.Elapsed - t.Total).Microseconds(), ends,
	}
}

// bare is the shape without what the answer announced, which only matters while it is new.
func (s shape) bare() shape {
	s.flags &= flagCured | flagExpiring | flagCache
	s.forgone = 0
	return s
}

// input is the result that a point stands for. Whether it announced a recovery is not
// kept.
func (p *point) input(s *shape) incident.Input {
	var d [durations]time.Duration
	for i, us := range p.phases[:durations] {
		d[i] = time.Duration(us) * time.Microsecond
	}
	t := probe.Timings{DNS: d[0], Connect: d[1], TLS: d[2], FirstByte: d[3], Transfer: d[4]}
	t.Total = t.DNS + t.Connect + t.TLS + t.FirstByte + t.Transfer + d[5]
	in := incident.Input{
		Kind: incident.Ran, Run: s.run, At: instant(p.at), Verdict: s.verdict, Attempts: s.attempts, Cured: s.flags&flagCured != 0,
		Elapsed: t.Total + d[6], Timings: t, Expiring: s.flags&flagExpiring != 0, Cache: s.cache,
	}
	if ends := p.phases[durations]; ends != 0 {
		in.CertificateEnds = instant(ends * 1000)
	}
	return in
}

// parts are what a row has of several probes, in the order of their ids.
type parts struct {
	probes []probe.ID
	ends   []int // within bodies
	bodies packer
}

// end ends the part of a probe.
func (r *parts) end(id probe.ID) {
	r.probes = append(r.probes, id)
	r.ends = append(r.ends, len(r.bodies.buf))
}

func (r *parts) first() probe.ID { return r.probes[0] }

// size is about how many bytes the row has so far.
func (r *parts) size() int { return len(r.bodies.buf) + 4*len(r.probes) }

func (r *parts) reset() { r.probes, r.ends, r.bodies.buf = r.probes[:0], r.ends[:0], r.bodies.buf[:0] }

// rowPacker packs the chunks of several probes to one row: a directory, then the chunks,
// then a sum.
type rowPacker struct {
	parts
	shapes shapes
	hour   int64   // the chunks' hours are counted from here
	values []int64 // of a column, used again
}

// hourOf is the number of an hour since 1970.
func hourOf(ms int64) int64 { return floorDiv(ms, time.Hour.Milliseconds()) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// add packs the chunk of a probe. Its points, whose shapes are given, are sorted by their
// instants, and cut where the hour ends.
func (r *rowPacker) add(id probe.ID, points []point, known []shape) {
	slices.SortStableFunc(points, func(a, b point) int { return int(a.at - b.at) })
	for i := range points {
		points[i].shape, _ = r.shapes.number(known[points[i].shape])
	}
	if len(r.probes) == 0 {
		r.hour = hourOf(points[0].at)
	}
	for len(points) > 0 {
		hour := hourOf(points[0].at)
		n := 1
		for n < len(points) && n < maxSection && hourOf(points[n].at) == hour {
			n++
		}
		r.section(hour, points[:n])
		points = points[n:]
	}
	r.end(id)
}

// section packs the points of one hour.
func (r *rowPacker) section(hour int64, points []point) {
	p := &r.bodies
	p.int(hour - r.hour)
	p.count(len(points))
	p.rhythm(points, hour*time.Hour.Milliseconds())
	p.shapeRuns(points)
	var present byte
	for i := range points {
		for phase, us := range points[i].phases {
			if us != 0 {
				present |= 1 << phase
			}
		}
	}
	p.byte(present)
	values := slices.Grow(r.values[:0], len(points))[:len(points)]
	r.values = values
	for phase := range numbers {
		if present&(1<<phase) == 0 {
			continue
		}
		for i := range points {
			values[i] = points[i].phases[phase]
		}
		p.column(values)
	}
}

// rhythm packs instants as runs of the same step. A probe on time needs one.
func (p *packer) rhythm(points []point, from int64) {
	p.int(points[0].at - from)
	for i := 1; i < len(points); {
		step := points[i].at - points[i-1].at
		n := 1
		for i+n < len(points) && points[i+n].at-points[i+n-1].at == step {
			n++
		}
		p.int(step)
		p.count(n)
		i += n
	}
}

// shapeRuns packs the numbers of shapes as runs of the same one.
func (p *packer) shapeRuns(points []point) {
	for i := 0; i < len(points); {
		n := 1
		for i+n < len(points) && points[i+n].shape == points[i].shape {
			n++
		}
		p.count(points[i].shape)
		p.count(n)
		i += n
	}
}

func (r *rowPacker) reset() {
	r.parts.reset()
	r.shapes = shapes{known: r.shapes.known[:0]}
}

// packed is the row.
func (r *rowPacker) packed(into []byte) []byte {
	p := packer{into}
	p.byte(chunkPacking)
	p.int(r.hour)
	p.count(len(r.shapes.known))
	for i := range r.shapes.known {
		p.shape(&r.shapes.known[i])
	}
	p.parts(&r.parts)
	return p.summed()
}

// parts packs a directory, which probes there are and how long the part of each is, and
// the parts behind it.
func (p *packer) parts(r *parts) {
	p.count(len(r.probes))
	var id probe.ID
	end := 0
	for i := range r.probes {
		p.int(int64(r.probes[i] - id))
		p.count(r.ends[i] - end)
		id, end = r.probes[i], r.ends[i]
	}
	p.buf = append(p.buf, r.bodies.buf...)
}

// directory reads the parts of a row: what follows it, probe by probe. f gets every part
// and reports whether it wants more.
func (u *unpacker) directory(f func(id probe.ID, part []byte) bool) {
	n := u.count(true)
	list := *u
	for range n {
		u.int()
		u.count(false)
	}
	var id probe.ID
	for range n {
		id += probe.ID(list.int())
		part := u.take(list.count(false))
		if u.err != nil || list.err != nil {
			u.fail()
			return
		}
		if !f(id, part) {
			return
		}
	}
}

// row is what the chunks of a row have in common. It may be opened again with another, so
// that many rows are read in the same memory.
type row struct {
	hour   int64
	shapes []shape

	gathered []point // of an hour
	values   []int64 // of a column
}

// open reads the head of a row of chunks, and has f look at the chunks.
func (r *row) open(packed []byte, f func(id probe.ID, chunk []byte) bool) error {
	body, ok := unsummed(packed)
	if !ok || body[0] != chunkPacking {
		return errPacked
	}
	u := unpacker{buf: body[1:]}
	r.hour, r.shapes = u.int(), r.shapes[:0]
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		r.shapes = append(r.shapes, u.shape())
	}
	u.directory(f)
	return u.err
}

// points reads a chunk, hour by hour. f gets a slice that is its own only until it
// returns.
func (r *row) points(chunk []byte, f func(hour int64, points []point)) error {
	u := unpacker{buf: chunk}
	for u.more() {
		hour := r.hour + u.int()
		n := u.count(false)
		if n == 0 || n > maxSection {
			return errPacked
		}
		r.gathered = slices.Grow(r.gathered[:0], n)[:n]
		r.values = slices.Grow(r.values[:0], n)[:n]
		points, values := r.gathered, r.values
		u.rhythm(points, hour*time.Hour.Milliseconds())
		u.shapeRuns(points, len(r.shapes))
		u.phases(points, values)
		if u.err != nil {
			return u.err
		}
		f(hour, points)
	}
	return nil
}

// maxSection bounds how many results a probe has in an hour: two a second, were it asked
// by hand all the time.
const maxSection = 1 << 16

func (u *unpacker) rhythm(points []point, from int64) {
	at := from + u.int()
	points[0].at = at
	for i := 1; i < len(points) && u.err == nil; {
		step, n := u.int(), u.count(false)
		if n == 0 || n > len(points)-i {
			u.fail()
			return
		}
		for ; n > 0; n-- {
			at += step
			points[i].at = at
			i++
		}
	}
	if at < -maxInstant || at > maxInstant || points[0].at < -maxInstant || points[0].at > maxInstant {
		u.fail()
	}
}

func (u *unpacker) shapeRuns(points []point, known int) {
	for i := 0; i < len(points) && u.err == nil; {
		number, n := u.count(false), u.count(false)
		if number >= known || n == 0 || n > len(points)-i {
			u.fail()
			return
		}
		for ; n > 0; n-- {
			points[i].shape = number
			i++
		}
	}
}

func (u *unpacker) phases(points []point, values []int64) {
	present := u.byte()
	for phase := range numbers {
		if present&(1<<phase) == 0 {
			for i := range points {
				points[i].phases[phase] = 0
			}
			continue
		}
		u.column(values)
		for i := range points {
			points[i].phases[phase] = values[i]
		}
	}
	for i := range points {
		if ends := points[i].phases[durations]; ends < -maxInstant/1000 || ends > maxInstant/1000 {
			u.fail()
			return
		}
	}
}
