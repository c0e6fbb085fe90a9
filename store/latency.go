package store

import (
	"time"

	"github.com/DataDog/sketches-go/ddsketch"
	"github.com/DataDog/sketches-go/ddsketch/mapping"
	sketches "github.com/DataDog/sketches-go/ddsketch/store"
)

// latencyAccuracy is how far a quantile may lie from the value that has its rank.
const latencyAccuracy = 0.01

// latencyMapping says which bucket of a sketch a value falls into. All sketches share
// it, so that all can be merged.
var latencyMapping = must(mapping.NewLogarithmicMapping(latencyAccuracy))

func must[T any](v T, err error) T {
	if err != nil {
		panic(err) // a constant that is wrong
	}
	return v
}

// Latencies is how long answers took, as a mergeable sketch (DDSketch). Its zero value
// holds none.
type Latencies struct{ sketch *ddsketch.DDSketch }

func (l *Latencies) ready() *ddsketch.DDSketch {
	if l.sketch == nil {
		l.sketch = ddsketch.NewDDSketchFromStoreProvider(latencyMapping, sketches.BufferedPaginatedStoreConstructor)
	}
	return l.sketch
}

// Add adds one answer. A time below zero is none.
func (l *Latencies) Add(d time.Duration) {
	_ = l.ready().Add(float64(max(0, d.Microseconds()))) // fails for what is no number or has no bucket; no duration is that
}

// Merge adds the answers of other.
func (l *Latencies) Merge(other *Latencies) {
	if other.sketch != nil {
		_ = l.ready().MergeWith(other.sketch) // fails for another mapping; there is one
	}
}

// Count is how many answers there were.
func (l *Latencies) Count() int64 {
	if l.sketch == nil {
		return 0
	}
	return int64(l.sketch.GetCount())
}

// Quantile is the time within which the share q of the answers came, q in [0, 1]: that
// of the answer whose rank is floor(q(n-1)), counted from 0, to one per cent. False when
// there were none.
func (l *Latencies) Quantile(q float64) (time.Duration, bool) {
	if l.Count() == 0 {
		return 0, false
	}
	us, err := l.sketch.GetValueAtQuantile(q)
	return time.Duration(us * float64(time.Microsecond)), err == nil
}

// latencies packs the sketch. It has its length in front.
func (p *packer) latencies(l *Latencies) {
	var packed []byte
	if l.sketch != nil {
		const withoutMapping = true
		l.sketch.Encode(&packed, withoutMapping)
	}
	p.count(len(packed))
	p.buf = append(p.buf, packed...)
}

// latencies adds a packed sketch to l.
func (u *unpacker) latencies(l *Latencies) {
	packed := u.take(u.count(true))
	if len(packed) == 0 {
		return
	}
	if err := l.ready().DecodeAndMergeWith(packed); err != nil {
		u.fail()
	}
}
