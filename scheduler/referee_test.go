package scheduler

import (
	"context"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/probe"
)

func at(t *testing.T, address string) *probe.Target {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	return &probe.Target{Name: address, URL: u, Timeout: 2 * time.Second}
}

// network is a prober with a verdict for every host.
type network struct {
	mu       sync.Mutex
	verdicts map[string]probe.Verdict
	takes    map[string]time.Duration
	asked    map[string]int
}

func (n *network) Run(ctx context.Context, t *probe.Target, kind probe.RunKind, at time.Time) probe.Result {
	host := t.URL.Host
	n.mu.Lock()
	v, takes := n.verdicts[host], n.takes[host]
	n.asked[host]++
	n.mu.Unlock()
	select {
	case <-time.After(takes):
	case <-ctx.Done():
		v = probe.Miss(probe.Canceled)
	}
	return probe.Result{Run: kind, At: at, Verdict: v, Attempts: []probe.Attempt{{Verdict: v}}}
}

func (n *network) set(host string, v probe.Verdict) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.verdicts[host] = v
}

func (n *network) count(host string) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.asked[host]
}

func newNetwork() *network {
	return &network{verdicts: map[string]probe.Verdict{}, takes: map[string]time.Duration{}, asked: map[string]int{}}
}

var (
	refused  = probe.Miss(probe.ConnectRefused)
	timedOut = probe.Miss(probe.ConnectTimeout)
	noRoute  = probe.Miss(probe.ProberNetwork)
	answer   = good.Verdict
	failing  = probe.Verdict{Status: 503, Class: probe.ClassServerError, Reason: probe.ServerError, Outcome: probe.Bad}
)

func TestAFailureIsOursOnlyIfNoReferenceAnswers(t *testing.T) {
	for name, tc := range map[string]struct {
		target, first, second probe.Verdict
		want                  probe.Reason
		asks                  bool
	}{
		"all is well, and no reference is asked":               {answer, answer, answer, probe.OK, false},
		"a 503 is an answer, and no reference is asked":        {failing, timedOut, timedOut, probe.ServerError, false},
		"references answer, so it is the target":               {timedOut, answer, answer, probe.ConnectTimeout, true},
		"one reference answers, and that is enough":            {refused, timedOut, answer, probe.ConnectRefused, true},
		"a reference that answers 503 answers":                 {refused, timedOut, failing, probe.ConnectRefused, true},
		"no reference answers, so it is our network":           {timedOut, refused, timedOut, probe.ProberNetwork, true},
		"the kernel has no route to the references either":     {timedOut, noRoute, noRoute, probe.ProberNetwork, true},
		"who has no room for references knows nothing of them": {timedOut, timedOut, probe.Miss(probe.ProberResource), probe.ConnectTimeout, true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNetwork()
				n.set("target", tc.target)
				n.set("one", tc.first)
				n.set("two", tc.second)
				r := NewReferee(n, []*probe.Target{at(t, "https://one"), at(t, "https://two")}, 5*time.Second)
				result := r.Run(t.Context(), at(t, "https://target"), probe.Scheduled, time.Now())
				require.Equal(t, tc.want, result.Verdict.Reason)
				require.Equal(t, tc.asks, n.count("one") > 0)
				require.Equal(t, tc.target, result.Attempts[0].Verdict, "what was seen stays")
				if tc.want == probe.ProberNetwork {
					require.Equal(t, probe.Unknown, result.Verdict.Outcome)
					require.Contains(t, result.Attempts[0].Evidence.Notes[0], "seen as connect_timeout; but none of 2 references answers either")
				} else {
					require.Empty(t, result.Attempts[0].Evidence.Notes)
				}
			})
		})
	}
}

func TestReferencesAreAskedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.set("target", timedOut)
		n.set("one", timedOut)
		n.set("two", timedOut)
		n.takes["one"], n.takes["two"] = 2*time.Second, time.Second
		r := NewReferee(n, []*probe.Target{at(t, "https://one"), at(t, "https://two")}, 5*time.Second)
		began := time.Now()
		var runs sync.WaitGroup
		var ours atomic.Int32
		for range 50 {
			runs.Go(func() {
				if r.Run(t.Context(), at(t, "https://target"), probe.Scheduled, time.Now()).Verdict.Outcome == probe.Unknown {
					ours.Add(1)
				}
			})
		}
		runs.Wait()
		require.Equal(t, int32(50), ours.Load())
		require.Equal(t, 2*time.Second, time.Since(began), "nobody waits for longer than the references take")
		require.Equal(t, 1, n.count("one"))
		time.Sleep(4 * time.Second)
		require.Equal(t, probe.Unknown, r.Run(t.Context(), at(t, "https://target"), probe.Scheduled, time.Now()).Verdict.Outcome)
		require.Equal(t, 1, n.count("one"), "what they said holds for a while")
		n.set("two", answer)
		time.Sleep(1500 * time.Millisecond)
		require.Equal(t, probe.Bad, r.Run(t.Context(), at(t, "https://target"), probe.Scheduled, time.Now()).Verdict.Outcome)
		require.Equal(t, 2, n.count("one"))
	})
}

func TestTheFirstReferenceThatAnswersIsEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.set("target", refused)
		n.set("slow", timedOut)
		n.set("fast", answer)
		n.takes["slow"], n.takes["fast"] = 2*time.Second, 30*time.Millisecond
		r := NewReferee(n, []*probe.Target{at(t, "https://slow"), at(t, "https://fast")}, 5*time.Second)
		began := time.Now()
		require.Equal(t, refused, r.Run(t.Context(), at(t, "https://target"), probe.Scheduled, time.Now()).Verdict)
		require.Equal(t, 30*time.Millisecond, time.Since(began))
	})
}

func TestAnAskingThatIsCutShortBlamesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNetwork()
		n.set("target", timedOut)
		n.set("one", timedOut)
		n.takes["one"] = 2 * time.Second
		r := NewReferee(n, []*probe.Target{at(t, "https://one")}, 5*time.Second)
		ctx, cancel := context.WithCancel(t.Context())
		var runs sync.WaitGroup
		var first probe.Verdict
		runs.Go(func() { first = r.Run(ctx, at(t, "https://target"), probe.Scheduled, time.Now()).Verdict })
		time.Sleep(time.Second)
		cancel()
		runs.Wait()
		require.Equal(t, timedOut, first)
		require.Equal(t, noRoute, r.Run(t.Context(), at(t, "https://target"), probe.Scheduled, time.Now()).Verdict, "the next one asks again")
	})
}

func TestDistantReferencesSayNothingOfThisMachine(t *testing.T) {
	for address, local := range map[string]bool{
		"http://127.0.0.1:80/": true, "http://[::1]/": true, "http://localhost/": true, "http://LOCALHOST.:8080/": true, "http://[::ffff:127.0.0.9]/": true,
		"http://10.0.0.1/": false, "http://localhost.example/": false, "https://example.com/": false,
	} {
		require.Equal(t, local, Local(at(t, address)), address)
	}
	proxied := at(t, "http://127.0.0.1/")
	proxied.Transport.Proxy = &probe.Proxy{}
	require.False(t, Local(proxied), "that is the proxy's own machine")
	n := newNetwork()
	n.set("127.0.0.1", refused)
	n.set("far", timedOut)
	n.set("[::1]", timedOut)
	near := at(t, "http://127.0.0.1")
	require.Equal(t, refused, NewReferee(n, []*probe.Target{at(t, "http://far"), at(t, "http://[::1]")}, time.Second).Run(t.Context(), near, probe.Scheduled, time.Now()).Verdict)
	require.Equal(t, noRoute, NewReferee(n, []*probe.Target{at(t, "http://[::1]")}, time.Second).Run(t.Context(), near, probe.Scheduled, time.Now()).Verdict)
}
