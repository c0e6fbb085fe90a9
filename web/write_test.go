package web_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/report"
	"sonde/text"
	"sonde/web"
)

const token = "canary-token-of-the-api"

// obedient does what it is asked, or fails.
type obedient struct {
	orders []incident.Command
	runs   []string
	err    error
}

func (o *obedient) Order(_ context.Context, c incident.Command) (incident.Command, error) {
	o.orders = append(o.orders, c)
	c.ID, c.At = 7, now
	return c, o.err
}

func (o *obedient) Run(_ context.Context, name, by string) (*report.Check, error) {
	o.runs = append(o.runs, name)
	return &report.Check{}, o.err
}

// post sends a body with a token.
func (p *page) post(t *testing.T, path, token, body string) (int, http.Header, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+path, strings.NewReader(body))
	require.NoError(t, err)
	if token != "" {
		r.Header.Set("Authorization", token)
	}
	if body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	answer, err := p.client.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }()
	said, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, answer.Header, string(said)
}

// writable is a server that obeys those who have the token.
func writable(t *testing.T) (*page, *obedient) {
	t.Helper()
	o, actions := usual(newLab(t).reader, web.NewTallies()), &obedient{}
	o.Actions, o.Token = actions, text.NewSecret(token)
	return listen(t, o), actions
}

var writes = []string{"/api/v1/incidents/1000/ack", "/api/v1/incidents/1000/false-alarm", "/api/v1/silences", "/api/v1/probes/checkout/run"}

func TestOnlyThoseWithTheTokenWrite(t *testing.T) {
	p, actions := writable(t)
	for _, path := range writes {
		for name, said := range map[string]string{
			"none": "", "another": "Bearer other", "the right one as a password": "Basic " + token, "the right one alone": token,
			"a part of it": "Bearer " + token[:8], "more than it": "Bearer " + token + "x", "an empty one": "Bearer ",
		} {
			code, header, body := p.post(t, path, said, "")
			require.Equal(t, http.StatusUnauthorized, code, name)
			require.Equal(t, `Bearer realm="sonde"`, header.Get("WWW-Authenticate"))
			require.Contains(t, body, `{"error":"the bearer token is missing or wrong`)
			require.NotContains(t, body, "canary")
		}
	}
	require.Empty(t, actions.orders)
	require.Empty(t, actions.runs)
}

func TestWithoutATokenNobodyWrites(t *testing.T) {
	o := usual(newLab(t).reader, web.NewTallies())
	o.Actions = &obedient{}
	p := listen(t, o)
	for _, path := range writes {
		for _, said := range []string{"", "Bearer ", "Bearer " + token} {
			code, _, body := p.post(t, path, said, "")
			require.Equal(t, http.StatusForbidden, code)
			require.Contains(t, body, "set api: {token: ...}")
		}
	}
}

func TestWhatIsWrittenIsOrdered(t *testing.T) {
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	for name, tc := range map[string]struct {
		path, body string
		code       int
		want       incident.Command
		says       string
	}{
		"an acknowledgement": {"/api/v1/incidents/1000/ack", `{"by":"kim","note":"on it"}`, 200,
			incident.Command{Kind: incident.Acknowledge, Incident: incident.FirstID, By: "kim", Note: "on it"}, `"acknowledged_by": "kim"`},
		"an acknowledgement in lower case, by nobody in particular": {"/api/v1/incidents/1000/ack", ``, 200,
			incident.Command{Kind: incident.Acknowledge, Incident: incident.FirstID, By: "api"}, `"incident": "1000"`},
		"none any more": {"/api/v1/incidents/1000/ack", `{"undo":true}`, 200,
			incident.Command{Kind: incident.Acknowledge, Incident: incident.FirstID, By: "api", Undo: true}, `"acknowledged_at": null`},
		"a false alarm": {"/api/v1/incidents/1000/false-alarm", `{}`, 200,
			incident.Command{Kind: incident.FalseAlarm, Incident: incident.FirstID, By: "api"}, `"false_alarm_by": "api"`},
		"a silence with an end": {"/api/v1/silences", `{"probes":["checkout","group:payments"],"kinds":["down"],"until":"` + until.Format(time.RFC3339) + `","reason":"known"}`, 201,
			incident.Command{Kind: incident.Silence, By: "api", Note: "known", Until: until, Scope: incident.Scope{Names: []string{"checkout", "group:payments"}, Kinds: []probe.Kind{probe.KindDown}}}, `"id": 7`},
		"a silence until it recovers": {"/api/v1/silences", `{"incident":"1000"}`, 201,
			incident.Command{Kind: incident.Silence, By: "api", Incident: incident.FirstID, UntilRecovered: true}, `"until_recovered": true`},
	} {
		t.Run(name, func(t *testing.T) {
			p, actions := writable(t)
			code, header, body := p.post(t, tc.path, "Bearer "+token, tc.body)
			require.Equal(t, tc.code, code, body)
			require.Equal(t, "application/json", header.Get("Content-Type"))
			require.Contains(t, body, tc.says)
			require.Len(t, actions.orders, 1)
			got := actions.orders[0]
			require.NotEmpty(t, got.Key)
			got.Key, got.From = "", time.Time{}
			require.Equal(t, tc.want, got)
		})
	}
	p, actions := writable(t)
	code, _, _ := p.post(t, "/api/v1/silences", "bearer "+token, `{"probes":["a"],"for":"1d"}`)
	require.Equal(t, http.StatusCreated, code)
	require.Equal(t, 24*time.Hour, actions.orders[0].Until.Sub(actions.orders[0].From))
	code, _, _ = p.post(t, "/api/v1/probes/check%2Fout/run", "Bearer "+token, "")
	require.Equal(t, http.StatusOK, code)
	require.Equal(t, []string{"check/out"}, actions.runs)
}

func TestWhatCannotBeWrittenIsRefusedAsJSON(t *testing.T) {
	for name, tc := range map[string]struct {
		path, body string
		code       int
		says       string
	}{
		"no id":                      {"/api/v1/incidents/UUUU/ack", `{}`, 404, "UUUU"},
		"an unknown key":             {"/api/v1/incidents/1000/ack", `{"who":"kim"}`, 400, "who"},
		"no JSON":                    {"/api/v1/incidents/1000/ack", `{`, 400, "not what is asked for"},
		"two documents":              {"/api/v1/incidents/1000/ack", `{}{}`, 400, "follows the document"},
		"too long a body":            {"/api/v1/incidents/1000/ack", `{"note":"` + strings.Repeat("x", 70_000) + `"}`, 413, "64 KiB"},
		"too long a note":            {"/api/v1/incidents/1000/ack", `{"note":"` + strings.Repeat("x", 201) + `"}`, 400, "200 characters"},
		"a name that cannot be seen": {"/api/v1/incidents/1000/ack", `{"by":"a\u202eb"}`, 400, "cannot be seen"},
		"a silence of all":           {"/api/v1/silences", `{"for":"2h"}`, 400, "name probes"},
		"a silence without an end":   {"/api/v1/silences", `{"probes":["a"]}`, 400, "say how long"},
		"a silence with two ends":    {"/api/v1/silences", `{"probes":["a"],"for":"2h","until":"2126-01-01T00:00:00Z"}`, 400, "leave out one"},
		"a silence of the past":      {"/api/v1/silences", `{"probes":["a"],"until":"2006-01-01T00:00:00Z"}`, 400, "say how long"},
		"a silence for ever":         {"/api/v1/silences", `{"probes":["a"],"for":"401d"}`, 400, "400 days"},
		"a length without a unit":    {"/api/v1/silences", `{"probes":["a"],"for":"2"}`, 400, "2s"},
		"a kind that there is not":   {"/api/v1/silences", `{"kinds":["dwon"],"for":"2h"}`, 400, "dwon"},
		"an incident and probes":     {"/api/v1/silences", `{"incident":"1000","probes":["a"]}`, 400, "leave out probes"},
		"the incident 0":             {"/api/v1/silences", `{"incident":"0","for":"2h"}`, 400, "no incident 0"},
		"no incident":                {"/api/v1/silences", `{"incident":"?"}`, 400, "?"},
		"something for a run":        {"/api/v1/probes/a/run", `{"x":1}`, 400, "x"},
	} {
		t.Run(name, func(t *testing.T) {
			p, actions := writable(t)
			code, header, body := p.post(t, tc.path, "Bearer "+token, tc.body)
			require.Equal(t, tc.code, code, body)
			require.Equal(t, "application/json", header.Get("Content-Type"))
			require.Contains(t, body, `{"error":"`)
			require.Contains(t, body, tc.says)
			require.Empty(t, actions.orders)
			require.Empty(t, actions.runs)
		})
	}
}

func TestWhyItWasNotDoneIsAStatus(t *testing.T) {
	for err, want := range map[error]int{
		incident.ErrNotOpen: 409, incident.ErrNotOver: 409, incident.ErrNoIncident: 404, incident.ErrNoProbe: 404, errors.New("the service is stopping"): 503,
	} {
		p, actions := writable(t)
		actions.err = fmt.Errorf("%w: 1000", err)
		for _, path := range writes[:2] {
			code, _, body := p.post(t, path, "Bearer "+token, "")
			require.Equal(t, want, code)
			require.Contains(t, body, err.Error())
		}
	}
}

func TestJSONMayBeCalledAFormAsCurlDoes(t *testing.T) {
	p, actions := writable(t)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, p.url+writes[0], strings.NewReader(`{"by":"kim"}`))
	require.NoError(t, err)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	answer, err := p.client.Do(r)
	require.NoError(t, err)
	require.NoError(t, answer.Body.Close())
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Equal(t, "kim", actions.orders[0].By)
}
