package slack

import (
	"strconv"

	"sonde/slo"
)

// promised is a promise that is stored in the words of the configuration, as people read it.
func (w *words) promised(stored string) string {
	o, err := slo.ParseObjective(stored)
	if err != nil {
		return stored
	}
	return w.objective(o)
}

// periodsKO are the windows that are no length of time.
var periodsKO = map[slo.Period]string{slo.Day: "오늘", slo.Week: "이번 주", slo.Month: "이번 달", slo.Quarter: "이번 분기"}

// koreanObjective is a promise such as "최근 30일 99.9%".
func koreanObjective(o slo.Objective) string {
	window, calendar := periodsKO[o.Window.Period]
	if !calendar {
		window = "최근 " + koreanDuration(o.Window.Length)
	}
	if o.Window.Zone != "" {
		window += "(" + o.Window.Zone + ")"
	}
	promise := window + " " + slo.FormatPPM(1_000_000-o.BadPPM) + "%"
	if o.Kind == slo.Latency {
		promise += ", " + koreanTook(float64(o.Threshold.Milliseconds())) + " 이내"
	}
	return promise
}

// englishTook writes how long an answer took, in milliseconds, as people read it.
func englishTook(ms float64) string {
	if ms >= 1000 {
		return seconds(ms) + " s"
	}
	return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
}

// koreanTook is the same in Korean.
func koreanTook(ms float64) string {
	if ms >= 1000 {
		return seconds(ms) + "초"
	}
	return strconv.FormatFloat(ms, 'f', 0, 64) + " ms"
}

func seconds(ms float64) string {
	if ms >= 10_000 {
		return number(ms / 1000)
	}
	return strconv.FormatFloat(ms/1000, 'f', 2, 64)
}
