package incident

import "math"

// Times say how often answers took as long as a bucket says, the older the less. They are
// kept from the first bucket that holds anything to the last: what a target answers mostly
// takes about as long as what it answered before.
type Times struct {
	From   uint8     // the bucket of the first of Counts
	Counts []float32 // neither the first nor the last is 0; nil: nothing is known
}

// NewTimes are counts from a bucket on. It is false if there are no such buckets.
func NewTimes(from int, counts []float32) (Times, bool) {
	if from < 0 || from > paceBuckets-len(counts) {
		return Times{}, false
	}
	t := Times{uint8(from), counts}
	t.trim()
	return t, true
}

// add adds to a bucket.
func (t *Times) add(bucket int, weight float32) {
	at := bucket - int(t.From)
	switch {
	case len(t.Counts) == 0:
		*t = Times{uint8(bucket), []float32{weight}}
		return
	case at < 0:
		counts := make([]float32, len(t.Counts)-at)
		copy(counts[-at:], t.Counts)
		*t, at = Times{uint8(bucket), counts}, 0
	case at >= len(t.Counts):
		counts := make([]float32, at+1)
		copy(counts, t.Counts)
		t.Counts = counts
	}
	t.Counts[at] += weight
}

// fade multiplies all counts with a factor, and forgets what is next to nothing.
func (t *Times) fade(factor float32) {
	for i, n := range t.Counts {
		if n *= factor; n < paceLeast {
			n = 0
		}
		const digits = 1 << 12 // more of them would say nothing, and are long to write down
		t.Counts[i] = math.Float32frombits((math.Float32bits(n) + digits/2) &^ (digits - 1))
	}
	t.trim()
}

// trim leaves out the buckets at both ends that hold nothing.
func (t *Times) trim() {
	for len(t.Counts) > 0 && t.Counts[0] == 0 {
		t.From++
		t.Counts = t.Counts[1:]
	}
	for len(t.Counts) > 0 && t.Counts[len(t.Counts)-1] == 0 {
		t.Counts = t.Counts[:len(t.Counts)-1]
	}
	if len(t.Counts) == 0 {
		*t = Times{}
	}
}

// total is how much there is.
func (t *Times) total() (sum float64) {
	for _, n := range t.Counts {
		sum += float64(n)
	}
	return sum
}

// low is the time that all in a bucket are longer than.
func (t *Times) low(bucket int) float64 {
	if bucket == 0 {
		return 0
	}
	return paceEdges[bucket-1]
}

// quantile is the time, in milliseconds, that a share of the times do not exceed. Within a
// bucket times are taken to lie evenly.
func (t *Times) quantile(share float64) float64 {
	left := share * t.total()
	for i, n := range t.Counts {
		bucket := int(t.From) + i
		if low := t.low(bucket); left <= float64(n) && n > 0 {
			return low + float64((paceEdges[bucket]-low)*(left/float64(n)))
		}
		left -= float64(n)
	}
	return paceEdges[paceBuckets-1]
}

// above is the share of the times that exceed a limit.
func (t *Times) above(limit float64) float64 {
	sum := 0.0
	for i, n := range t.Counts {
		bucket := int(t.From) + i
		switch low, high := t.low(bucket), paceEdges[bucket]; {
		case low >= limit:
			sum += float64(n)
		case high > limit:
			sum += float64(float64(n) * ((high - limit) / (high - low)))
		}
	}
	if all := t.total(); all > 0 {
		return sum / all
	}
	return 0
}
