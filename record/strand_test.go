package record_test

import (
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

// courier is who delivers what cannot be committed.
type courier struct {
	mu        sync.Mutex
	stranded  []notify.Message
	committed []notify.Message
}

func (c *courier) Strand(messages []notify.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stranded = append(c.stranded, messages...)
}

func (c *courier) Delivered(messages []notify.Message) map[string]notify.Delivery {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := map[string]notify.Delivery{}
	for _, m := range messages {
		if slices.ContainsFunc(c.stranded, func(s notify.Message) bool { return s.Key == m.Key }) {
			all[m.Key] = notify.Delivery{Settlement: notify.Settlement{State: notify.StateSent}}
		}
	}
	return all
}

func (c *courier) Committed(messages []notify.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.committed = append(c.committed, messages...)
}

// seen returns what was handed over, and what of it is durable.
func (c *courier) seen() (stranded, committed []notify.Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.stranded), slices.Clone(c.committed)
}

// withCourier runs a test with a recorder for two probes, whose messages a courier takes.
func withCourier(t *testing.T, test func(t *testing.T, d *desk, c *courier)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		d, c := &desk{disk: &disk{start: time.Now()}}, &courier{}
		var all []store.Probe
		for i := range 2 {
			p := watched("probe")
			p.ID = probe.ID(i + 1)
			all = append(all, p)
		}
		o := d.options(d.disk, &store.Memory{States: map[probe.ID]*incident.State{}}, all)
		o.Delivery = c
		d.Recorder = record.New(o)
		d.Start()
		test(t, d, c)
	})
}

func TestMessagesDoNotWaitForADiskThatIsFull(t *testing.T) {
	withCourier(t, func(t *testing.T, d *desk, c *courier) {
		d.disk.breaks(errFull)
		d.Record(result(1, slot(0), broken, 3))
		time.Sleep(time.Second)
		d.Record(result(2, slot(0), broken, 3)) // gathers behind
		time.Sleep(time.Second)
		stranded, _ := c.seen()
		require.Len(t, stranded, 2)
		require.Equal(t, []string{"ops", "ops"}, d.heard())
		require.False(t, d.Stats().FailingSince.IsZero())
		d.disk.breaks(nil)
		time.Sleep(10 * time.Second)
		_, committed := c.seen()
		require.Equal(t, stranded, committed)
		for _, b := range d.disk.durable() {
			require.Equal(t, notify.StateSent, b.Delivered[b.Messages[0].Key].State)
		}
		require.True(t, d.Stats().FailingSince.IsZero())
		d.Record(result(1, slot(1), good, 1))
		d.end(t)
		stranded, _ = c.seen()
		require.Len(t, stranded, 2, "a disk that is well takes them itself")
	})
}

func TestWhereRoomIsShortOnlyNewsIsKeptAndTheRestIsAccountedForInOrder(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.Spare(true)
		for n := range 5 {
			d.Record(result(1, slot(n), good, 1))
		}
		d.Record(result(1, slot(5), broken, 3))
		time.Sleep(time.Second)
		got := d.disk.entries()
		require.Len(t, got, 3, "the first, the gap, and the news")
		require.Equal(t, incident.Input{Kind: incident.Skipped, At: slot(1), To: slot(4), Verdict: probe.Miss(probe.ProberStorage)}, got[1].Input)
		require.Equal(t, slot(5), got[2].Input.At)
		require.EqualValues(t, 4, d.Stats().Lost)
		require.Len(t, d.heard(), 1)
		d.end(t)
	})
}

func TestAfterAQuarterOfAnHourOnlyNewsWaitsForTheDisk(t *testing.T) {
	atDesk(t, 1, func(t *testing.T, d *desk) {
		d.disk.breaks(errFull)
		for n := range 31 {
			d.Record(result(1, slot(n), good, 1))
			time.Sleep(time.Minute)
		}
		require.EqualValues(t, 16, d.Stats().Waiting)
		d.disk.breaks(nil)
		time.Sleep(time.Minute)
		last := d.disk.entries()[16].Input
		require.Equal(t, []time.Time{slot(16), slot(30)}, []time.Time{last.At, last.To})
		require.Equal(t, probe.ProberStorage, last.Verdict.Reason)
		d.end(t)
	})
}
