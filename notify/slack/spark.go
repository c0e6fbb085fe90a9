package slack

import (
	"strings"
	"time"

	"sonde/notify"
	"sonde/probe"
)

// bars are the levels of a sparkline.
var bars = []rune("▁▂▃▄▅▆▇█")

const failedBar, unknownBar = '×', '·'

// sparkline draws how long results took, × for those that failed and · for those of which nothing
// is known. The scale begins at nothing and ends at the longest, but at no less than twice the
// shortest: what hardly differs looks alike.
func sparkline(points []notify.Point) string {
	low, high := time.Duration(0), time.Duration(0)
	for _, p := range points {
		if p.Outcome != probe.Good {
			continue
		}
		if high = max(high, p.Took); low == 0 || p.Took < low {
			low = p.Took
		}
	}
	high = max(high, 2*low, 1)
	var drawn strings.Builder
	for _, p := range points {
		switch p.Outcome {
		case probe.Good:
			drawn.WriteRune(bars[min(int(int64(p.Took)*int64(len(bars))/int64(high)), len(bars)-1)])
		case probe.Unknown:
			drawn.WriteRune(unknownBar)
		default:
			drawn.WriteRune(failedBar)
		}
	}
	return drawn.String()
}
