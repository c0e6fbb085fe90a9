package probe

import (
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

// watching gives a target parts that stand in files.
func watching(w *Watched) func(*Target) { return func(t *Target) { t.Watched = w } }

func TestWhatStandsInFilesIsAskedAsTheyHaveIt(t *testing.T) {
	server := serveWeb(t, func(http.ResponseWriter, *http.Request) {})
	header, headerSource := tokenFile(t, "one")
	query, querySource := tokenFile(t, "key=one")
	body, bodySource := tokenFile(t, "body one")
	asked := target(t, server.URL+"/?key=stale", sending("stale"), with("X-Api-Key", "stale"), with("X-Team", "shop"),
		watching(&Watched{Header: map[string]Source{"X-Api-Key": headerSource}, Query: querySource, Body: bodySource}))
	runner, log := logged()
	for _, want := range []string{"one", "two"} {
		require.Equal(t, OK, runOnce(t, runner, asked).Verdict.Reason)
		got := server.last(t)
		require.Equal(t, "POST /?key="+want, got.line)
		require.Equal(t, want, got.header.Get("X-Api-Key"))
		require.Equal(t, "shop", got.header.Get("X-Team"))
		require.Equal(t, "body "+want, got.body)
		for file, content := range map[string]string{header: "two", query: "key=two", body: "body two"} {
			replace(t, file, content)
		}
		for _, source := range []Source{headerSource, querySource, bodySource} {
			later(source)
		}
	}
	require.Equal(t, "stale", asked.Header["X-Api-Key"].Reveal(), "the target stays as it is")
	require.Equal(t, "key=stale", asked.URL.RawQuery)
	require.NotContains(t, log(), "two")
}

func TestWhatStandsInFilesIsMasked(t *testing.T) {
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusInternalServerError)
		_, _ = w.Write([]byte("no such key: " + r.Header.Get("X-Api-Key")))
	})
	_, source := tokenFile(t, "s3cret-in-a-file")
	got := lastAttempt(t, quiet(), target(t, server.URL, watching(&Watched{Header: map[string]Source{"X-Api-Key": source}})))
	require.Equal(t, "no such key: [redacted]", got.Evidence.Excerpt)
}

func TestARefusedHeaderThatChangedMeanwhileIsAskedOnceMore(t *testing.T) {
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("X-Api-Key") != "two" {
			w.WriteHeader(http.StatusUnauthorized)
		}
	})
	name, source := tokenFile(t, "one")
	asked := target(t, server.URL, retrying(3), watching(&Watched{Header: map[string]Source{"X-Api-Key": source}}))
	runner := quiet()
	require.Len(t, runOnce(t, runner, asked).Attempts, 1, "nothing has changed, so nothing is repeated")
	replace(t, name, "two")
	got := runOnce(t, runner, asked)
	require.Equal(t, OK, got.Verdict.Reason)
	require.Len(t, got.Attempts, 2)
	require.Contains(t, got.Attempts[0].Evidence.Notes, "asked again with a renewed credential")
}

func TestACredentialIsRenewedWhenItsFileIsAnotherThanTheRefusedOne(t *testing.T) {
	status := http.StatusForbidden
	server := serveWeb(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
	headerFile, header := tokenFile(t, "header")
	bearerFile, bearer := tokenFile(t, "bearer")
	passwordFile, password := tokenFile(t, "password")
	for name, tc := range map[string]struct {
		file   string
		source Source
		option func(*Target)
	}{
		"a header":   {headerFile, header, watching(&Watched{Header: map[string]Source{"X-Api-Key": header}})},
		"a token":    {bearerFile, bearer, asking(Bearer(bearer))},
		"a password": {passwordFile, password, asking(Basic(fixed("ann"), password))},
	} {
		t.Run(name, func(t *testing.T) {
			status = http.StatusForbidden
			runner, asked := quiet(), target(t, server.URL, tc.option)
			require.False(t, runner.Renewed(asked), "it was never refused")
			require.Equal(t, Forbidden, runOnce(t, runner, asked).Verdict.Reason)
			require.False(t, runner.Renewed(asked), "it is the one that was refused")
			replace(t, tc.file, "another "+name)
			later(tc.source)
			require.True(t, runner.Renewed(asked))
			require.True(t, runner.Renewed(asked), "until it is tried")
			require.Equal(t, Forbidden, runOnce(t, runner, asked).Verdict.Reason)
			require.False(t, runner.Renewed(asked), "this one is refused, too")
			status = http.StatusOK
			require.Equal(t, OK, runOnce(t, runner, asked).Verdict.Reason)
			replace(t, tc.file, "a third "+name)
			later(tc.source)
			require.False(t, runner.Renewed(asked), "nothing is refused any more")
			require.Empty(t, runner.refused.of)
		})
	}
	t.Run("what stands in no file cannot change", func(t *testing.T) {
		status = http.StatusForbidden
		runner, asked := quiet(), target(t, server.URL, asking(Bearer(fixed("t0ken"))))
		require.Equal(t, Forbidden, runOnce(t, runner, asked).Verdict.Reason)
		require.False(t, runner.Renewed(asked))
	})
}

func TestAClientSecretAndACertificateAreRenewedByTheirFiles(t *testing.T) {
	file, source := tokenFile(t, "secret")
	asked := &Target{Auth: &Auth{Credential: ClientCredentials(OAuth2{TokenURL: mustParse("http://127.0.0.1:1/"), ID: fixed("sonde"), Secret: source})}}
	asked.look(silent(), false)
	before := asked.edition()
	replace(t, file, "another")
	asked.look(silent(), true)
	require.Greater(t, asked.edition(), before)

	issuer, files := newAuthority(t), newWallet(t)
	files.put(t, issuer.issue(t, forClients))
	identity := files.identity(t)
	asked = target(t, "https://127.0.0.1/", showing(identity))
	require.Zero(t, asked.edition())
	files.put(t, issuer.issue(t, forClients))
	identity.pair.looked = time.Time{}
	asked.look(silent(), false)
	require.EqualValues(t, 1, asked.edition())
}

func TestATargetWithoutFilesIsAskedAsItIs(t *testing.T) {
	asked := &Target{Header: map[string]text.Secret{}}
	require.Same(t, asked, asked.current(silent()))
}
