package web_test

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/store"
	"sonde/web"
)

// chronicle is a lab in which checkout was asked for the last 50 minutes, and is down.
func chronicle(t *testing.T) *lab {
	l := newLab(t, watched("checkout", "99.9% over 30d", "99% over 7d"), watched("a/b c"))
	var verdicts []probe.Verdict
	for range 40 {
		verdicts = append(verdicts, good)
	}
	l.play(t, "checkout", append(verdicts, slices.Repeat([]probe.Verdict{broken}, 10)...)...)
	l.play(t, "a/b c", good, denied, good)
	return l
}

func results(t *testing.T, p *page, path string) []report.Result {
	t.Helper()
	code, header, body := p.get(t, path)
	require.Equal(t, http.StatusOK, code, body)
	require.Equal(t, "application/json", header.Get("Content-Type"))
	var all []report.Result
	require.NoError(t, json.Unmarshal([]byte(body), &all))
	return all
}

func TestTheAPIAnswersTheResultsOfARange(t *testing.T) {
	l := chronicle(t)
	o := usual(l.reader, l.tallies)
	o.Now = func() time.Time { return now.Add(time.Second) }
	p := listen(t, o)
	const path = "/api/v1/probes/checkout/results"
	all := results(t, p, path)
	require.Len(t, all, 50)
	require.Equal(t, now, all[49].At, "the oldest come first")
	require.Equal(t, probe.ServerError, all[49].Reason)
	require.Equal(t, all[:7], results(t, p, path+"?limit=7"))
	require.Equal(t, all, results(t, p, path+"?limit=50"))
	require.Equal(t, all[40:], results(t, p, path+"?since=9m30s"))
	require.Equal(t, all[:40], results(t, p, path+"?until=2026-11-23T04:51:00Z"))
	require.Equal(t, all[5:10], results(t, p, path+"?until=2026-11-23T04:51:00Z&limit=5&since="+all[5].At.Format(time.RFC3339)))
	require.Equal(t, []report.Result{}, results(t, p, path+"?since=2026-11-20&until=2026-11-21"))
	require.Len(t, results(t, p, "/api/v1/probes/a%2Fb%20c/results"), 3, "a name may have any letter")
}

func TestTheAPIAnswersIncidentsTheNewestFirst(t *testing.T) {
	l := chronicle(t)
	p := listen(t, usual(l.reader, l.tallies))
	code, _, body := p.get(t, "/api/v1/incidents")
	require.Equal(t, http.StatusOK, code)
	var all []report.PastIncident
	require.NoError(t, json.Unmarshal([]byte(body), &all))
	require.Len(t, all, 1)
	require.Equal(t, "checkout", all[0].Probe)
	require.Equal(t, probe.KindDown, all[0].Kind)
	require.Equal(t, incident.Open, all[0].Phase)

	quiet := newLab(t, watched("checkout"))
	_, _, body = listen(t, usual(quiet.reader, quiet.tallies)).get(t, "/api/v1/incidents?since=1h&limit=1")
	require.Equal(t, "[]\n", body)
}

func TestTheAPIAnswersTheObjectivesOfAllProbes(t *testing.T) {
	l := chronicle(t)
	code, _, body := listen(t, usual(l.reader, l.tallies)).get(t, "/api/v1/slo")
	require.Equal(t, http.StatusOK, code)
	snapshot, err := l.reader.Snapshot(t.Context(), now)
	require.NoError(t, err)
	want, err := json.Marshal(report.NewStatus(snapshot, now).Promises())
	require.NoError(t, err)
	require.JSONEq(t, string(want), body)
	require.Contains(t, body, `"promise": "99.9% over 30d"`)
}

func TestARequestThatIsWrongIsRefusedWithItsRule(t *testing.T) {
	l := chronicle(t)
	p := listen(t, usual(l.reader, l.tallies))
	for path, want := range map[string]struct {
		code int
		why  string
	}{
		"/api/v1/probes/chekout/results":                           {404, `no probe is called "chekout"; /api/v1/status lists those that are configured`},
		"/api/v1/probes/checkout/results?limit=0":                  {400, `limit: "0" is not a number from 1 to 10000`},
		"/api/v1/probes/checkout/results?limit=10001":              {400, `limit: "10001" is not a number from 1 to 10000`},
		"/api/v1/probes/checkout/results?limit=":                   {400, `limit: "" is not a number from 1 to 10000`},
		"/api/v1/probes/checkout/results?limit=1&limit=2":          {400, "limit: is given 2 times; give it once"},
		"/api/v1/probes/checkout/results?sinse=1h":                 {400, `"sinse": no such parameter; did you mean "since"?`},
		"/api/v1/probes/checkout/results?since=1h&until=2h":        {400, "since: 2026-11-23T04:00:00Z is not before until, 2026-11-23T03:00:00Z; choose an earlier one"},
		"/api/v1/incidents?until=1h":                               {400, `"until": no such parameter; use one of since, limit`},
		"/api/v1/incidents?since=30":                               {400, `since: "30" is no moment; write how long ago, like 36h or 30d, or a time like 2026-11-23 or 2026-11-23T05:00:00Z`},
		"/api/v1/probes/checkout/results?until=%3Cscript%3E&limit": {400, ""},
	} {
		code, header, body := p.get(t, path)
		require.Equal(t, want.code, code, path)
		require.Equal(t, "application/json", header.Get("Content-Type"))
		var document map[string]string
		require.NoError(t, json.Unmarshal([]byte(body), &document), path)
		require.Len(t, document, 1)
		require.Contains(t, document["error"], want.why, path)
	}
}

// ailing is a history whose reading breaks after so many results.
type ailing struct {
	web.History
	after int
}

var errAiling = errors.New("database /srv/sonde/secret.db is damaged")

func (a ailing) Results(ctx context.Context, id probe.ID, from, to time.Time, f func(*incident.Input) error) error {
	for range a.after {
		if err := f(&incident.Input{At: now, Verdict: good}); err != nil {
			return err
		}
	}
	return errAiling
}

func (ailing) Incidents(context.Context, probe.ID, time.Time, time.Time, int) ([]store.IncidentRecord, error) {
	return nil, errAiling
}

func TestAHistoryThatCannotBeReadIs500AndAPartIsNeverTakenForTheWhole(t *testing.T) {
	l := chronicle(t)
	log := &journal{}
	serve := func(after int) *page {
		o := usual(l.reader, l.tallies)
		o.History, o.Log = ailing{l.reader, after}, slog.New(slog.NewTextHandler(log, nil))
		return listen(t, o)
	}
	for _, path := range []string{"/api/v1/probes/checkout/results", "/api/v1/incidents"} {
		code, _, body := serve(3).get(t, path)
		require.Equal(t, http.StatusInternalServerError, code)
		require.Equal(t, "{\"error\":\"the history cannot be read; the service's log says why\"}\n", body)
	}
	_, _, _, err := serve(5000).try(http.MethodGet, "/api/v1/probes/checkout/results?limit=10000")
	require.Error(t, err, "what has been sent already is cut, not ended")
	require.Contains(t, log.String(), "history not read to its end")
	require.Contains(t, log.String(), "secret.db is damaged", "the log says why")

	o := usual(failing{errAiling}, web.NewTallies())
	code, _, body := listen(t, o).get(t, "/api/v1/slo")
	require.Equal(t, http.StatusInternalServerError, code)
	require.NotContains(t, body, "secret.db")
}
