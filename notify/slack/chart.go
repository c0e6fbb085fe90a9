package slack

import (
	"slices"
	"time"

	"github.com/slack-go/slack"

	"sonde/notify"
	"sonde/probe"
)

// chartsAgain is for how long no chart is tried where Slack did not take one.
const chartsAgain = 24 * time.Hour

// chartWords are the words of a chart in a thread.
type chartWords struct {
	title, answered, failed, ms string // facts of title: name
	line                        string // facts: name from until most
	nothing                     string // facts: name
}

var chartsIn = map[probe.Language]*chartWords{
	probe.English: {
		title: "Latest results", answered: "good", failed: "failed", ms: "milliseconds",
		line: "{name}: {n} from {from} to {until}, at most {most}.", nothing: "{name}: no results yet.",
	},
	probe.Korean: {
		title: "최근 결과", answered: "정상", failed: "실패", ms: "밀리초",
		line: "{name}: {n}, {from}부터 {until}까지, 최대 {most}.", nothing: "{name}: 아직 결과 없음.",
	},
}

// drawn says in a line what a chart shows. It is not escaped.
func (s story) drawn() string {
	w, points := chartsIn[s.words.language], s.Body.Past.Recent
	if len(points) == 0 {
		return fill(w.nothing, "name", tamed(s.name(), maxName))
	}
	most := slices.MaxFunc(points, func(a, b notify.Point) int { return int(a.Took - b.Took) }).Took
	return fill(w.line, "name", tamed(s.name(), maxName), "n", s.words.facts.last(len(points)), "from", s.clock(points[0].At),
		"until", s.clock(points[len(points)-1].At), "most", s.words.took(inMS(most)))
}

// renderChart draws the latest results: as Slack's own chart, or as a line of bars where that is not taken.
func (s story) renderChart(f form) rendered {
	said, points := s.drawn(), s.Body.Past.Recent
	headline := slack.NewSectionBlock(markdown(escape(said)), nil, nil)
	if len(points) == 0 {
		return s.compose(f, grey, said, headline, nil)
	}
	if f == formFull {
		if chart := s.bars(points); chart.Validate() == nil {
			r := s.compose(f, grey, said, headline, nil)
			r.blocks = append(r.blocks, chart)
			return r
		}
	}
	first, last := points[0].At.In(s.zone), points[len(points)-1].At.In(s.zone)
	line := slack.NewContextBlock("", markdown("`"+first.Format(time.TimeOnly)+" "+sparkline(points)+" "+last.Format(time.TimeOnly)+"`"))
	r := s.compose(f, grey, said, headline, nil)
	if f < formHeadline {
		r.blocks = append(r.blocks, line)
	}
	return r
}

// bars are the results as Slack draws them: how long good ones took, and beside them those that failed.
func (s story) bars(points []notify.Point) *slack.DataVisualizationBlock {
	w := chartsIn[s.words.language]
	layout, times := time.TimeOnly, []string(nil)
	if sameSecond(points) {
		layout += ".000" // Slack takes each label once
	}
	var good, failed []slack.DataVisualizationDataPoint
	for _, p := range points {
		at := p.At.In(s.zone).Format(layout)
		took, lost := inMS(p.Took), 0.
		if p.Outcome != probe.Good {
			took, lost = 0, max(1, inMS(p.Took))
		}
		times = append(times, at)
		good = append(good, slack.NewDataVisualizationDataPoint(at, took))
		failed = append(failed, slack.NewDataVisualizationDataPoint(at, lost))
	}
	axis := slack.NewDataVisualizationAxisConfig(times...).WithYLabel(w.ms)
	return slack.NewDataVisualizationBlock(w.title, slack.NewDataVisualizationBarChart(axis,
		slack.NewDataVisualizationDataSeries(w.answered, good...), slack.NewDataVisualizationDataSeries(w.failed, failed...)))
}

// sameSecond reports whether two results that follow one another came within a second.
func sameSecond(points []notify.Point) bool {
	for i := 1; i < len(points); i++ {
		if points[i].At.Unix() == points[i-1].At.Unix() {
			return true
		}
	}
	return false
}

// chartForm is the form in which a message is tried first.
func (b *bot) chartForm(m *notify.Message) form {
	if m.Body.Chart != 0 && time.Now().Before(b.charts) {
		return formNoChart
	}
	return formFull
}

// learn remembers that this Slack takes no charts.
func (b *bot) learn(p *post, r rejection) {
	if p.Body.Chart != 0 && p.form == formFull && r.remedy == remedyPlain {
		b.charts = time.Now().Add(chartsAgain)
	}
}
