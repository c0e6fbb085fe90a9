package configs

import (
	"math"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v4"
	"sonde/incident"
	"sonde/slo"
)

// codeAnomalyKeys tune when a status code that comes more often than usual is an incident.
var codeAnomalyKeys = keys[incident.CodeAnomaly]{
	"codes":     func(d *decoder, v value, c *incident.CodeAnomaly) { d.codes(v, c.Codes[:]) },
	"factor":    func(d *decoder, v value, c *incident.CodeAnomaly) { d.multiple(v, &c.Factor) },
	"min_count": func(d *decoder, v value, c *incident.CodeAnomaly) { d.least(v, &c.MinCount) },
	"window":    func(d *decoder, v value, c *incident.CodeAnomaly) { d.lookBack(v, 10*time.Minute, day, &c.Window) },
}

// codeAnomaly reads which codes are watched; false watches none.
func (d *decoder) codeAnomaly(v value, into **incident.CodeAnomaly) {
	tuned := incident.CodeAnomaly{Factor: 3, MinCount: 3, Window: time.Hour}
	if *into != nil {
		tuned = **into
	}
	on := *into != nil
	rule(d, v, codeAnomalyKeys, &on, &tuned)
	switch {
	case !on:
		*into = nil
	case tuned.Codes[0] == 0:
		d.fail(v, "watches no code; write code_anomaly: {codes: [400]}")
	default:
		*into = &tuned
	}
}

// rateKeys tune when a share of results is too large.
var rateKeys = keys[incident.Rate]{
	"class":       func(d *decoder, v value, r *incident.Rate) { d.word(v, &r.Class) },
	"codes":       func(d *decoder, v value, r *incident.Rate) { d.codes(v, r.Codes[:]) },
	"over":        func(d *decoder, v value, r *incident.Rate) { d.lookBack(v, time.Minute, day, &r.Over) },
	"above":       func(d *decoder, v value, r *incident.Rate) { d.above(v, &r.Above) },
	"min_samples": func(d *decoder, v value, r *incident.Rate) { d.least(v, &r.MinSamples) },
}

// usualSamples is of how many results a share of 1% means something.
const usualSamples = 100

// rate reads the rule "so large a share of results is of a class"; false is none.
func (d *decoder) rate(v value, into **incident.Rate) {
	if v.node.Kind != yaml.MappingNode {
		on := d.whether(v, *into != nil)
		switch {
		case !on:
			*into = nil
		case *into == nil:
			d.fail(v, "says neither of what nor how much; write rate: {class: server_error, over: 5m, above: 1%%, min_samples: 100}")
		}
		return
	}
	tuned := incident.Rate{Over: 5 * time.Minute, Above: 10_000, MinSamples: usualSamples}
	found := object(d, v, rateKeys, &tuned)
	_, class := found["class"]
	_, codes := found["codes"]
	switch {
	case class && codes:
		d.fail(v, "has a class and codes; keep one of them")
	case !class && !codes:
		d.fail(v, "says not of what; add class: server_error, or codes")
	default:
		*into = &tuned
	}
}

// codes reads a few status codes, each once.
func (d *decoder) codes(v value, into []int16) {
	items := d.oneOrList(v)
	if len(items) > len(into) || len(items) == 0 {
		d.fail(v, "has %d codes; give it 1 to %d", len(items), len(into))
		return
	}
	clear(into)
	for i, item := range items {
		code, ok := d.integer(item, 100, 599)
		if !ok {
			continue
		}
		for _, before := range into[:i] {
			if int(before) == code {
				d.fail(item, "%d is listed twice; remove one", code)
			}
		}
		into[i] = int16(code)
	}
}

// multiple reads how many times the usual something must be.
func (d *decoder) multiple(v value, into *float64) {
	n, err := strconv.ParseFloat(v.node.Value, 64)
	tag := v.node.ShortTag()
	if v.node.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || err != nil || !(n > 1 && n <= 1000) {
		d.mismatch(v, "a number above 1, 1000 at the most, such as 3", "")
		return
	}
	*into = n
}

func (d *decoder) least(v value, into *int) {
	const most = 1_000_000
	if n, ok := d.integer(v, 1, most); ok {
		*into = n
	}
}

// lookBack reads over which time results are counted.
func (d *decoder) lookBack(v value, least, most time.Duration, into *time.Duration) {
	length, ok := d.length(v)
	switch {
	case !ok:
	case length < least || length > most:
		d.fail(v, "%s is not from %s to %s", FormatDuration(length), FormatDuration(least), FormatDuration(most))
	default:
		*into = length
	}
}

// above reads a share such as 1%, as millionths.
func (d *decoder) above(v value, into *int) {
	s, ok := d.loose(v)
	if !ok {
		return
	}
	number, percent := strings.CutSuffix(s, "%")
	n, err := strconv.ParseFloat(number, 64)
	if !percent || err != nil || !(n >= 0 && n < 100) {
		d.fail(v, "%s is no share; write it like 1%%, from 0%% to below 100%%", quote(s))
		return
	}
	*into = int(math.Round(n * 10_000))
}

// warnRate says what a rate is worth with so few results: that it never says anything, or how
// often it does by chance.
func (d *decoder) warnRate(s *spec) {
	v, ok := d.where(s, "rate")
	if !ok {
		v, ok = d.where(s, "alert")
	}
	r := s.alert.rules.Rate
	if !ok || r == nil {
		return
	}
	samples := int(r.Over / s.interval)
	switch {
	case samples < r.MinSamples:
		d.warn(v, "at interval %s there are %d results in %s, fewer than min_samples %d, so that this never says anything; %s",
			FormatDuration(s.interval), samples, FormatDuration(r.Over), r.MinSamples, s.covers())
	case r.MinSamples < usualSamples:
		k := r.Above*samples/1_000_000 + 1
		const typical = 0.00053 // of results that are bad although all is well
		d.warn(v, "above %s means %d of %d results in %s: by chance that opens %s times in 30d; min_samples %d or more is usual",
			percent(r.Above), k, samples, FormatDuration(r.Over), amount(slo.FalseOpenings(samples, k, typical, float64(30*day/s.interval))), usualSamples)
	}
}

// covers names the rules that find what a rate over few results cannot.
func (s *spec) covers() string {
	if s.alert.rules.Degraded.Fire > 0 {
		return "degraded finds such failures, and down an outage"
	}
	return "down finds an outage, and degraded, which is off, such failures"
}

func percent(ppm int) string { return strconv.FormatFloat(float64(ppm)/10_000, 'f', -1, 64) + "%" }

// amount is a number as people say it.
func amount(n float64) string {
	switch {
	case n >= 10:
		return "about " + strconv.FormatFloat(n, 'f', 0, 64)
	case n < 0.01:
		return "less than 0.01"
	}
	return "about " + strconv.FormatFloat(n, 'g', 2, 64)
}
