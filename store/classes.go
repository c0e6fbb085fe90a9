package store

import (
	"context"
	"time"

	"sonde/incident"
	"sonde/probe"
)

const (
	classBucket  = 5 * time.Minute // how finely results are counted per class
	classBuckets = 24*12 + 2       // a day, and the buckets at its edges
	classCount   = int(probe.ClassServerError) + 1
)

// Classes counts the scheduled results of the last 24 hours by class. Its zero value
// has counted nothing.
type Classes struct {
	numbers [classBuckets]int64 // of the buckets, since 1970
	results [classBuckets][classCount]uint32
}

// count counts an input, if it is a result that says something of the target.
func (c *Classes) count(in *incident.Input) {
	c.note(in.Kind, in.Run, in.Verdict, in.At.UnixMilli())
}

// note counts what count does, at so many milliseconds since 1970.
func (c *Classes) note(kind incident.InputKind, run probe.RunKind, v probe.Verdict, at int64) {
	if kind == incident.Ran && run == probe.Scheduled && v.Outcome != probe.Unknown {
		c.add(at/classBucket.Milliseconds(), v.Class, 1)
	}
}

// add counts results in a bucket. What is more than a day older than the latest is past.
func (c *Classes) add(number int64, class probe.Class, n uint32) {
	if number <= 0 {
		return
	}
	i := number % classBuckets
	switch {
	case number < c.numbers[i]:
		return
	case number > c.numbers[i]:
		c.numbers[i], c.results[i] = number, [classCount]uint32{}
	}
	c.results[i][class] += n
}

// since sums up the buckets that reach beyond an instant. Classes without a result are
// left out.
func (c *Classes) since(t time.Time) map[probe.Class]int64 {
	after := t.Add(-classBucket).UnixMilli()
	sums := map[probe.Class]int64{}
	for i, number := range c.numbers {
		if number*classBucket.Milliseconds() <= after {
			continue
		}
		for class, n := range c.results[i] {
			if n > 0 {
				sums[probe.Class(class)] += int64(n)
			}
		}
	}
	return sums
}

// classes packs what was counted: the buckets that hold something, in their order.
func (p *packer) classes(c *Classes) {
	filled := 0
	for _, number := range c.numbers {
		if number > 0 {
			filled++
		}
	}
	p.count(filled)
	for i, number := range c.numbers {
		if number <= 0 {
			continue
		}
		p.uint(uint64(number))
		for _, n := range c.results[i] {
			p.uint(uint64(n))
		}
	}
}

func (u *unpacker) classes(c *Classes) {
	for n := u.count(true); n > 0 && u.err == nil; n-- {
		number := u.uint()
		if number > maxInstant {
			u.fail()
		}
		for class := range classCount {
			c.add(int64(number), probe.Class(class), uint32(u.uint()))
		}
	}
}

// countAsBefore reads the counts that the first release kept in a table of their own,
// instead of in its checkpoints.
func (m *Memory) countAsBefore(ctx context.Context, q querier) error {
	rows, err := q.QueryContext(ctx, "SELECT bucket, class, sum(results) FROM classes GROUP BY bucket, class ORDER BY bucket")
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	m.Classes, m.uncounted = Classes{}, false
	for rows.Next() {
		var bucket int64
		var name string
		var n uint32
		if err := rows.Scan(&bucket, &name, &n); err != nil {
			return err
		}
		var class probe.Class
		if err := class.UnmarshalText([]byte(name)); err != nil {
			return err
		}
		m.Classes.add(bucket/classBucket.Milliseconds(), class, n)
	}
	return rows.Err()
}
