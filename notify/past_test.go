package notify_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// shelf is a history in memory.
type shelf struct {
	results  []incident.Input
	attempts []probe.Attempt
	err      error
	asked    [][2]time.Time
}

func (s *shelf) Results(_ context.Context, _ string, from, to time.Time, f func(*incident.Input) error) error {
	s.asked = append(s.asked, [2]time.Time{from, to})
	for i := range s.results {
		if at := s.results[i].At; !at.Before(from) && at.Before(to) {
			if err := f(&s.results[i]); err != nil {
				return err
			}
		}
	}
	return s.err
}

func (s *shelf) Spent(_ context.Context, _ string, after, until time.Time) (spent time.Duration, err error) {
	for _, in := range s.results {
		if in.Verdict.Outcome == probe.Bad && in.At.After(after) && !in.At.After(until) {
			spent += time.Minute
		}
	}
	return spent, s.err
}

func (s *shelf) Seen(context.Context, string, time.Time, time.Time) ([]probe.Attempt, error) {
	return s.attempts, s.err
}

// minutes adds results, one a minute.
func (s *shelf) minutes(from time.Time, n int, v probe.Verdict, took time.Duration) {
	for i := range n {
		s.results = append(s.results, incident.Input{At: from.Add(time.Duration(i) * time.Minute), Verdict: v, Timings: probe.Timings{Total: took}})
	}
}

func with(reason probe.Reason, status int) probe.Verdict {
	v := probe.Miss(reason)
	v.Status = status
	return v
}

func TestRecallSaysHowAProbeWas(t *testing.T) {
	s := &shelf{attempts: []probe.Attempt{{StartedAt: morning, Verdict: with(probe.ServerError, 503)}}}
	s.minutes(morning.Add(-40*time.Minute), 2, with(probe.ServerError, 503), 5*time.Second)
	s.minutes(morning.Add(-38*time.Minute), 36, with(probe.OK, 200), 40*time.Millisecond)
	s.minutes(morning.Add(-2*time.Minute), 2, with(probe.OK, 200), 90*time.Millisecond)
	s.minutes(morning, 3, with(probe.ServerError, 503), time.Second)
	s.results = append(s.results, incident.Input{At: morning.Add(90 * time.Second), Run: probe.Manual, Verdict: with(probe.OK, 200)})
	body := notify.Body{Probe: "checkout", Cause: with(probe.ServerError, 503), Interval: time.Minute, Since: morning, At: morning.Add(2 * time.Minute)}
	notify.Recall(t.Context(), s, &body)
	past := body.Past
	require.Len(t, past.Recent, 20)
	require.Equal(t, morning.Add(2*time.Minute), past.Recent[19].At, "up to the change")
	require.Equal(t, notify.Point{At: morning.Add(-time.Minute), Status: 200, Outcome: probe.Good, Took: 90 * time.Millisecond}, past.Good, "a run by hand is none")
	require.Equal(t, 90*time.Millisecond, past.Usual, "95 of 100")
	require.Equal(t, 2, past.Same)
	require.Equal(t, 40, past.Of)
	require.Equal(t, 3*time.Minute, past.Cost)
	require.True(t, past.Known)
	require.Equal(t, morning, body.Seen.At, "what was told late is shown, too")
}

// However long an incident lasts, the days between its beginning and its latest results are not
// read.
func TestRecallReadsTheEndsOfALongIncident(t *testing.T) {
	s := &shelf{}
	s.minutes(morning.Add(-time.Hour), 60, with(probe.OK, 200), time.Millisecond)
	s.minutes(morning.Add(20*24*time.Hour), 30, with(probe.ServerError, 503), time.Millisecond)
	body := notify.Body{Probe: "checkout", Cause: with(probe.ServerError, 503), Interval: time.Minute, Since: morning, At: morning.Add(20*24*time.Hour + 29*time.Minute)}
	notify.Recall(t.Context(), s, &body)
	require.Len(t, s.asked, 2)
	require.Equal(t, morning, s.asked[0][1])
	require.Equal(t, 24*time.Minute+time.Millisecond, s.asked[1][1].Sub(s.asked[1][0]))
	require.Len(t, body.Past.Recent, 20)
	require.Equal(t, 60, body.Past.Of)
}

func TestRecallLeavesOutWhatNobodyKnows(t *testing.T) {
	whole := notify.Body{Probe: "checkout", Cause: with(probe.ServerError, 503), Interval: time.Minute, Since: morning, At: morning}
	for name, tc := range map[string]struct {
		history notify.History
		body    func(*notify.Body)
	}{
		"there is no history":        {nil, func(*notify.Body) {}},
		"it cannot be read":          {&shelf{err: errors.New("disk"), attempts: []probe.Attempt{{StartedAt: morning}}}, func(*notify.Body) {}},
		"it is about several probes": {&shelf{}, func(b *notify.Body) { b.Shared = incident.Bond{Tie: incident.TieHost} }},
		"it is about sonde itself":   {&shelf{}, func(b *notify.Body) { b.Notice = notify.StorageFull }},
	} {
		t.Run(name, func(t *testing.T) {
			body := whole
			tc.body(&body)
			want := body
			notify.Recall(t.Context(), tc.history, &body)
			require.Equal(t, want, body)
		})
	}
	few := &shelf{}
	few.minutes(morning.Add(-time.Hour), 19, with(probe.OK, 200), time.Millisecond)
	notify.Recall(t.Context(), few, &whole)
	require.Zero(t, whole.Past.Usual, "19 results say little")
}

func TestADeskKnowsHowThoseStandThatAProbeDependsOn(t *testing.T) {
	f := newFloor(t, nil, nil, nil, nil, []probe.ID{1, 2, 3, 4})
	at := f.now.Add(time.Hour)
	f.states[1] = &incident.State{Last: incident.Last{At: at, Verdict: with(probe.OK, 200)}, Since: incident.InstantOf(f.now)}
	f.states[2] = &incident.State{Last: incident.Last{At: at, Verdict: with(probe.ServerError, 503)}, Since: incident.InstantOf(at),
		Problems: []incident.Problem{{Kind: probe.KindDown, Phase: incident.Open, Since: f.now, Cause: with(probe.ServerError, 503)}}}
	f.states[3] = &incident.State{Last: incident.Last{At: f.now, Verdict: with(probe.OK, 200)}, Since: incident.InstantOf(f.now)}
	f.states[4] = &incident.State{Last: incident.Last{At: at, Verdict: with(probe.ServerError, 500)}, Since: incident.InstantOf(at)}
	require.Equal(t, []notify.Need{
		{Name: "p2", Standing: notify.StandingDown, Since: f.now, Cause: with(probe.ServerError, 503)},
		{Name: "p4", Standing: notify.StandingDegraded, Since: at, Cause: with(probe.ServerError, 500)},
		{Name: "p3", Standing: notify.StandingUnknown, Since: f.now},
		{Name: "p1", Standing: notify.StandingUp, Since: f.now},
	}, f.desk.Needs(5, at), "those in trouble first")
	f.states[1].Maintained = true
	require.Equal(t, notify.StandingMaintenance, f.desk.Needs(5, at)[3].Standing)
	f.states[1] = nil
	require.Contains(t, f.desk.Needs(5, at), notify.Need{Name: "p1", Standing: notify.StandingUnknown})
	require.Empty(t, f.desk.Needs(1, at))
	require.True(t, f.desk.AckedBy(1).IsZero())
	f.desk.Order(incident.Command{Kind: incident.Acknowledge, Incident: 1, At: at, By: "minji", Note: "on it"})
	require.Equal(t, notify.Acked{At: at, By: "minji", Note: "on it"}, f.desk.AckedBy(1))
}
