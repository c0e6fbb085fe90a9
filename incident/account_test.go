package incident_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/slo"
)

// page is one slot in the book: what it weighs and what it was.
type page struct {
	slot    time.Time
	step    time.Duration
	outcome probe.Outcome
	reason  probe.Reason
}

// book keeps every slot by itself, the long way, to compare the account with.
type book struct {
	t     *testing.T
	pages []page

	grids  []slo.Stretch
	ledger []incident.Entry
}

// enter writes down the slots of an input.
func (b *book) enter(m move) {
	in, last := m.in, m.in.At
	switch {
	case in.Kind == incident.Idle || in.Run != probe.Scheduled:
		return
	case in.Kind == incident.Skipped:
		last = in.To
	}
	for slot := in.At; !slot.After(last); slot = slot.Add(m.policy.Interval) {
		b.write(page{slot, m.policy.Interval, in.Verdict.Outcome, in.Verdict.Reason})
	}
}

// write writes one slot down, and before it those that were passed over.
func (b *book) write(p page) {
	if len(b.pages) > 0 {
		latest := b.pages[len(b.pages)-1]
		if !p.slot.After(latest.slot) {
			return // it stands there already
		}
		for slot := latest.slot.Add(latest.step); !slot.Add(latest.step).After(p.slot); slot = slot.Add(latest.step) {
			b.pages = append(b.pages, page{slot, latest.step, probe.Unknown, probe.Canceled})
		}
	}
	b.pages = append(b.pages, p)
}

// keep keeps what the account gave away.
func (b *book) keep(fx incident.Effects) {
	b.grids = append(b.grids, fx.Grids...)
	b.ledger = append(b.ledger, fx.Ledger...)
}

// compare compares the book with grids and ledger, slot by slot.
func (b *book) compare(s *incident.State) {
	grids, ledger := b.grids, b.ledger
	if s.Account.Grid.Step > 0 {
		grids = append(grids, s.Account.Grid)
	}
	if s.Account.Run.Slots.Step > 0 {
		ledger = append(ledger, s.Account.Run)
	}
	var slots []page
	for _, grid := range grids {
		slots = append(slots, b.expand(incident.Entry{Slots: grid, Outcome: probe.Good, Reason: probe.OK})...)
	}
	var notGood []page
	for i, entry := range ledger {
		notGood = append(notGood, b.expand(entry)...)
		if i > 0 {
			before := ledger[i-1]
			require.True(b.t, entry.Slots.First.After(before.Slots.Last), "entries never overlap")
		}
	}
	require.Len(b.t, slots, len(b.pages), "every slot is in a grid, once")
	next := 0
	for i, want := range b.pages {
		got := slots[i]
		if next < len(notGood) && notGood[next].slot.Equal(got.slot) && notGood[next].step == got.step {
			got = notGood[next]
			next++
		}
		if want.outcome == probe.Good {
			want.reason = probe.OK // the ledger does not say why something was good
		}
		if want != got { // require itself is too slow for millions of slots
			require.Equal(b.t, want, got)
		}
	}
	require.Equal(b.t, len(notGood), next, "the ledger speaks of slots in a grid only")
}

// expand lists the slots of an entry.
func (b *book) expand(e incident.Entry) (pages []page) {
	require.Positive(b.t, e.Slots.Step)
	for slot := e.Slots.First; !slot.After(e.Slots.Last); slot = slot.Add(e.Slots.Step) {
		pages = append(pages, page{slot, e.Slots.Step, e.Outcome, e.Reason})
	}
	require.Equal(b.t, e.Slots.Weight(), time.Duration(len(pages))*e.Slots.Step, "an entry weighs what its slots weigh")
	return pages
}

func TestGridMinusLedgerIsWhatWasGood(t *testing.T) {
	rnd := rand.New(rand.NewPCG(15, 16))
	ended := 0
	times := rounds(500)
	for range times {
		b := book{t: t}
		state, _ := history(randomScript(rnd), func(m move, _, _ *incident.State, fx incident.Effects) {
			b.enter(m)
			b.keep(fx)
		})
		b.compare(&state)
		ended += len(b.grids)
	}
	require.Greater(t, ended, times, "intervals must change")
}

// stretch is slots in a row, in seconds.
func stretch(first, last int, step time.Duration) slo.Stretch {
	return slo.Stretch{First: at(first), Last: at(last), Step: step}
}

// skip is slots that were not asked.
func skip(from, to int, reason probe.Reason) incident.Input {
	return incident.Input{Kind: incident.Skipped, At: at(from), To: at(to), Verdict: probe.Miss(reason)}
}

func TestAccount(t *testing.T) {
	const minute = time.Minute
	for name, tc := range map[string]struct {
		play   func(w *world)
		grid   slo.Stretch
		run    incident.Entry
		ledger []incident.Entry
	}{
		"good slots make no entry": {
			func(w *world) { w.feed(0, good, good, good) }, stretch(0, 120, minute), incident.Entry{}, nil},
		"slots that go on being bad are one stretch": {
			func(w *world) { w.feed(0, good, broken, gateway) }, stretch(0, 120, minute),
			incident.Entry{Slots: stretch(60, 120, minute), Outcome: probe.Bad, Reason: probe.ServerError}, nil},
		"a good slot completes the entry": {
			func(w *world) { w.feed(0, broken, broken, good) }, stretch(0, 120, minute), incident.Entry{},
			[]incident.Entry{{Slots: stretch(0, 60, minute), Outcome: probe.Bad, Reason: probe.ServerError}}},
		"another reason is another entry": {
			func(w *world) { w.feed(0, broken, refused) }, stretch(0, 60, minute),
			incident.Entry{Slots: stretch(60, 60, minute), Outcome: probe.Bad, Reason: probe.ConnectRefused},
			[]incident.Entry{{Slots: stretch(0, 0, minute), Outcome: probe.Bad, Reason: probe.ServerError}}},
		"another outcome of the same reason is another entry": {
			func(w *world) {
				w.feed(0, judge(probe.ClientError, 404), judge(probe.ClientError, 404).Settle(probe.CountAlways, true))
			}, stretch(0, 60, minute),
			incident.Entry{Slots: stretch(60, 60, minute), Outcome: probe.Bad, Reason: probe.ClientError},
			[]incident.Entry{{Slots: stretch(0, 0, minute), Outcome: probe.Excluded, Reason: probe.ClientError}}},
		"slots that were passed over in silence are unknown": {
			func(w *world) { w.feed(0, good); w.feed(300, good) }, stretch(0, 300, minute), incident.Entry{},
			[]incident.Entry{{Slots: stretch(60, 240, minute), Outcome: probe.Unknown, Reason: probe.Canceled}}},
		"slots that were counted as missed keep their reason": {
			func(w *world) { w.feed(0, good); w.step(skip(60, 180, probe.ProberOverload)); w.feed(240, good) },
			stretch(0, 240, minute), incident.Entry{},
			[]incident.Entry{{Slots: stretch(60, 180, minute), Outcome: probe.Unknown, Reason: probe.ProberOverload}}},
		"G17: the same slot twice is counted once": {
			func(w *world) { w.feed(0, good, broken); w.feed(60, broken, broken); w.feed(0, broken) }, stretch(0, 120, minute),
			incident.Entry{Slots: stretch(60, 120, minute), Outcome: probe.Bad, Reason: probe.ServerError}, nil},
		"of skipped slots only the new ones are counted": {
			func(w *world) { w.feed(0, good, good); w.step(skip(0, 180, probe.ProberClock)) }, stretch(0, 180, minute),
			incident.Entry{Slots: stretch(120, 180, minute), Outcome: probe.Unknown, Reason: probe.ProberClock}, nil},
		"what lies beyond the last whole step is not a slot": {
			func(w *world) { w.step(skip(0, 179, probe.ProberClock)) }, stretch(0, 120, minute),
			incident.Entry{Slots: stretch(0, 120, minute), Outcome: probe.Unknown, Reason: probe.ProberClock}, nil},
		"skipped slots that end before they begin are none": {
			func(w *world) { w.step(skip(120, 0, probe.ProberClock)) }, slo.Stretch{}, incident.Entry{}, nil},
		"without an interval there are no slots": {
			func(w *world) { w.policy.Interval = 0; w.feed(0, broken) }, slo.Stretch{}, incident.Entry{}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(60)}
			tc.play(&w)
			require.Equal(t, incident.Account{Grid: tc.grid, Run: tc.run, Start: w.state.Account.Start}, w.state.Account)
			require.Equal(t, tc.ledger, w.ledger)
			require.Zero(t, w.grids)
		})
	}
}

func TestAccountOverAnIntervalChange(t *testing.T) {
	unknown := func(first, last int) []incident.Entry {
		return []incident.Entry{{Slots: slo.Stretch{First: at(first), Last: at(last), Step: time.Minute}, Outcome: probe.Unknown, Reason: probe.Canceled}}
	}
	for name, tc := range map[string]struct {
		next     int // the first slot of the new grid, at 10 s
		gridLast int
		ledger   []incident.Entry
	}{
		"at once, nothing is missing":            {65, 60, nil},
		"a step that is not over is not missing": {179, 60, nil},
		"a step that is over is":                 {180, 120, unknown(120, 120)},
		"two steps are":                          {240, 180, unknown(120, 180)},
		"a part of a third step is not":          {299, 180, unknown(120, 180)},
	} {
		t.Run(name, func(t *testing.T) {
			w := world{policy: usual(60)}
			w.feed(0, good, good)
			w.policy.Interval = 10 * time.Second
			fx := incident.Step(&w.policy, &w.state, &incident.Input{At: at(tc.next), Verdict: good}, &w.ids)
			require.Equal(t, []slo.Stretch{{First: at(0), Last: at(tc.gridLast), Step: time.Minute}}, fx.Grids)
			require.Equal(t, tc.ledger, fx.Ledger)
			require.Equal(t, slo.Stretch{First: at(tc.next), Last: at(tc.next), Step: 10 * time.Second}, w.state.Account.Grid)
		})
	}
	t.Run("a bad stretch ends with its grid", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken, broken)
		w.policy.Interval = 10 * time.Second
		w.feed(70, broken)
		require.Len(t, w.ledger, 1)
		require.Equal(t, 2*time.Minute, w.ledger[0].Slots.Weight())
		require.Equal(t, 10*time.Second, w.state.Account.Run.Slots.Weight())
	})
	t.Run("another phase is another grid", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, good, good)
		w.feed(130, good)
		require.Equal(t, 1, w.grids)
		require.Equal(t, at(130), w.state.Account.Grid.First)
	})
}

func TestOverdue(t *testing.T) {
	w := world{policy: usual(60)}
	require.Zero(t, w.state.Account.Overdue(at(1e6)), "a probe without slots misses none")
	w.feed(0, good)
	for second, want := range map[int]time.Duration{
		-60: 0, 0: 0, 60: 0, 120: 0, 179: 0, // the slot at 60 may be under way until 120, and on its way to the disk
		180: time.Minute, 239: time.Minute, 240: 2 * time.Minute, 3600: 58 * time.Minute,
	} {
		require.Equal(t, want, w.state.Account.Overdue(at(second)), "at %d s", second)
	}
}

func TestStaleAndLate(t *testing.T) {
	w := world{policy: usual(60)}
	w.feed(0, good, broken)
	state := *w.state.Clone()
	for name, in := range map[string]incident.Input{
		"the same slot again":          {At: at(60), Verdict: broken, Attempts: 1},
		"an older slot":                {At: at(0), Verdict: broken, Attempts: 1},
		"skipped slots that are known": {Kind: incident.Skipped, At: at(0), To: at(60), Verdict: blind},
	} {
		t.Run(name+" is stale and changes nothing", func(t *testing.T) {
			require.True(t, w.state.Stale(&in))
			require.Zero(t, incident.Step(&w.policy, &w.state, &in, &w.ids))
			require.Equal(t, state, w.state)
		})
	}
	for name, in := range map[string]incident.Input{
		"an older re-check":        {Run: probe.Recheck, At: at(59), Verdict: broken, Attempts: 1},
		"a re-check as old":        {Run: probe.Recheck, At: at(60), Verdict: broken, Attempts: 1},
		"an older first run":       {Run: probe.First, At: at(59), Verdict: good, Attempts: 1},
		"a manual run":             {Run: probe.Manual, At: at(90), Verdict: good, Attempts: 1},
		"a manual run, long after": {Run: probe.Manual, At: at(90_000), Verdict: good, Attempts: 1},
	} {
		t.Run(name+" is kept but changes nothing", func(t *testing.T) {
			require.False(t, w.state.Stale(&in))
			require.Zero(t, incident.Step(&w.policy, &w.state, &in, &w.ids))
			require.Equal(t, state, w.state)
		})
	}
	t.Run("a slot that a newer re-check overtook is accounted for, but steps nothing", func(t *testing.T) {
		w := world{policy: usual(60)}
		w.feed(0, broken)
		w.step(incident.Input{Run: probe.Recheck, At: at(61), Verdict: good, Attempts: 1})
		late := incident.Input{At: at(60), Verdict: broken, Attempts: 1}
		require.False(t, w.state.Stale(&late))
		require.Empty(t, w.step(late))
		require.Zero(t, w.state.Suspect)
		require.Equal(t, at(61), w.state.Last.At)
		require.Equal(t, 2*time.Minute, w.state.Account.Run.Slots.Weight())
	})
	require.False(t, w.state.Stale(&incident.Input{Kind: incident.Idle, At: at(0)}))
	require.False(t, w.state.Stale(&incident.Input{At: at(120)}))
}

func TestWhenAProbeBeganToWork(t *testing.T) {
	const aDayLater = 24 * 3600
	for name, tc := range map[string]struct {
		answers []probe.Verdict
		want    int // seconds after the first slot; below 0: it worked at once
	}{
		"one that works at once":                 {[]probe.Verdict{good, broken, good}, -1},
		"one that works from the third slot on":  {[]probe.Verdict{broken, denied, good, broken, good}, 120},
		"what nobody knows is no success":        {[]probe.Verdict{blind, good}, 60},
		"one that never worked, after a day":     {[]probe.Verdict{broken, broken}, aDayLater},
		"one that works after more than the day": {append(times(1500, broken), good), aDayLater},
	} {
		t.Run(name, func(t *testing.T) {
			w := &world{policy: usual(60)}
			w.feed(0, tc.answers...)
			if tc.want < 0 {
				require.Zero(t, w.state.Account.Start)
				return
			}
			require.Equal(t, at(tc.want).UnixMilli(), w.state.Account.Start)
		})
	}
}

func TestABudgetMayWaitForTheFirstSuccess(t *testing.T) {
	for start, want := range map[bool]int{false: 1, true: 0} {
		w := &world{policy: usual(60)}
		w.policy.StartOnSuccess = start
		w.policy.Budgets = incident.NewBudgets(objectives("99.9% over 30d"), time.Minute, incident.BudgetRules{Fast: true})
		w.feed(0, times(20, broken)...)
		count := 0
		for _, x := range w.told {
			if x.Problem.Kind == probe.KindBudgetFast {
				count++
			}
		}
		require.Equal(t, want, count)
		require.NotNil(t, w.state.Open(probe.KindDown), "down does not wait")
		w.feed(20*60, times(5, good)...)
		w.feed(25*60, times(5, broken)...)
		require.NotNil(t, w.state.Open(probe.KindBudgetFast), "from then on it counts")
	}
}
