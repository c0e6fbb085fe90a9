package configs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"sonde/notify"
	"sonde/slo"
)

// digest is what the file says about when a destination gets digests.
type digest struct {
	daily, weekly, zone string
	silent              bool
}

var digestKeys = keys[digest]{
	"daily":  func(d *decoder, v value, g *digest) { d.filled(v, &g.daily) },
	"weekly": func(d *decoder, v value, g *digest) { d.filled(v, &g.weekly) },
	"zone":   func(d *decoder, v value, g *digest) { d.filled(v, &g.zone) },
	"empty":  func(d *decoder, v value, g *digest) { g.silent = !d.whether(v, !g.silent) },
}

// digest reads when a destination gets digests.
func (d *decoder) digest(v value) notify.DigestPlan {
	var read digest
	before := len(d.problems)
	found := object(d, v, digestKeys, &read)
	if _, daily := found["daily"]; !daily && len(d.problems) == before {
		if _, weekly := found["weekly"]; !weekly {
			d.fail(v, "does not say when; add daily: \"09:00\", weekly: \"Mon 09:00\", or both")
		}
	}
	if len(d.problems) > before {
		return notify.DigestPlan{}
	}
	zone, ok := d.zone(found["zone"], read.zone)
	if !ok {
		return notify.DigestPlan{}
	}
	plan := notify.DigestPlan{Zone: zone, Silent: read.silent}
	if read.daily != "" {
		plan.Daily = d.moment(found["daily"], "day "+read.daily, "like \"09:00\"", zone)
	}
	if read.weekly != "" {
		plan.Weekly = d.moment(found["weekly"], read.weekly, "like \"Mon 09:00\"", zone)
	}
	return plan
}

var momentRule = regexp.MustCompile(`^([A-Za-z]+) ([01][0-9]|2[0-3]):([0-5][0-9])$`)

// moment reads a day of the week, or every day, and a time of the day.
func (d *decoder) moment(v value, rule, like string, zone *time.Location) slo.Schedule {
	parts := momentRule.FindStringSubmatch(rule)
	days := []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}
	if parts == nil || !slices.Contains(append(days, "day"), strings.ToLower(parts[1])) || parts[1] == "day" != strings.HasPrefix(like, "like \"0") {
		d.fail(v, "%s is no such time; write it %s", quote(strings.TrimPrefix(rule, "day ")), like)
		return slo.Schedule{}
	}
	minute := int(parts[2][0]-'0')*600 + int(parts[2][1]-'0')*60 + int(parts[3][0]-'0')*10 + int(parts[3][1]-'0') + 1
	when, err := slo.Every(fmt.Sprintf("%s %s:%s-%02d:%02d", parts[1], parts[2], parts[3], minute/60, minute%60), zone)
	if err != nil {
		d.fail(v, "%v", err)
	}
	return when
}
