package probe

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestWhenACredentialEndsSoon(t *testing.T) {
	const hour, day = time.Hour, 24 * time.Hour
	now := time.Unix(1_800_000_000, 0)
	for name, tc := range map[string]struct {
		lives, left time.Duration // lives 0: it does not say since when
		want        bool
	}{
		"a year, eight days before":           {365 * day, 8 * day, false},
		"a year, a week before":               {365 * day, 7 * day, true},
		"a month, four days before":           {30 * day, 4 * day, false},
		"a month, three days before":          {30 * day, 3 * day, true},
		"an hour, seven minutes before":       {hour, 7 * time.Minute, false},
		"an hour, six minutes before":         {hour, 6 * time.Minute, true},
		"nobody knows, eight days before":     {0, 8 * day, false},
		"nobody knows, a week before":         {0, 7 * day, true},
		"it has ended":                        {hour, -hour, true},
		"it ends before it begins, and ended": {-hour, -hour, true},
	} {
		t.Run(name, func(t *testing.T) {
			l := life{ends: now.Add(tc.left)}
			if tc.lives != 0 {
				l.begins = l.ends.Add(-tc.lives)
			}
			require.Equal(t, tc.want, l.ending(now))
		})
	}
	require.False(t, life{}.ending(now), "what does not end does not end soon")
}

func TestACredentialThatEndsSoonIsWarnedOf(t *testing.T) {
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/broken" {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	token := func(left time.Duration) func(*Target) {
		return asking(Bearer(fixed(jwtUntil(time.Now().Add(left)))))
	}
	for name, tc := range map[string]struct {
		path   string
		option func(*Target)
		want   Reason
		note   string
	}{
		"a token of three days":         {"/", token(73 * time.Hour), CredentialExpiring, "the token ends in 3 d, at "},
		"a token of a month":            {"/", token(30 * 24 * time.Hour), OK, ""},
		"a token that has ended":        {"/", token(-181 * time.Minute), CredentialExpiring, "the token expired 3 h ago, and the target still takes it"},
		"a failure goes before":         {"/broken", token(73 * time.Hour), ServerError, ""},
		"a token that says nothing":     {"/", asking(Bearer(fixed("opaque"))), OK, ""},
		"a password never ends by date": {"/", asking(Basic(fixed("a"), fixed("b"))), OK, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, quiet(), target(t, server.URL+tc.path, tc.option))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
			require.Equal(t, tc.want == CredentialExpiring, !got.Evidence.CredentialEnds.IsZero())
			if tc.note != "" {
				require.Equal(t, Good, got.Verdict.Outcome)
				require.Equal(t, KindCertificate, got.Verdict.Kind())
				require.Contains(t, fmt.Sprint(got.Evidence.Notes), tc.note)
			}
		})
	}
	t.Run("an access token that sonde gets itself", func(t *testing.T) {
		i := newIssuer(t)
		i.answer = func(_ int, w http.ResponseWriter, _ *http.Request) { i.grant(w, "short", 1) }
		require.Equal(t, OK, runOnce(t, quiet(), target(t, i.target.URL, asking(i.credential(t, nil)))).Verdict.Reason)
	})
	t.Run("a client certificate", func(t *testing.T) {
		trusted, w := newAuthority(t), newWallet(t)
		w.put(t, trusted.issue(t, func(c *x509.Certificate) {
			forClients(c)
			c.NotBefore, c.NotAfter = time.Now().Add(-99*24*time.Hour), time.Now().Add(50*time.Hour)
		}))
		server := serveTLS(t, &tls.Config{
			Certificates: []tls.Certificate{trusted.issue(t, nil)}, ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: trusted.pool(),
		}, false, ok)
		runner := quiet()
		runner.Roots = trusted.pool()
		got := lastAttempt(t, runner, target(t, server.URL, showing(w.identity(t))))
		require.Equal(t, CredentialExpiring, got.Verdict.Reason)
		require.Contains(t, fmt.Sprint(got.Evidence.Notes), "the client certificate ends in 2 d, at ")
	})
}
