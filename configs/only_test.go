package configs_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

const several = `
destinations: {ops: {slack: {token: "${env:SLACK}", channel: C1}}}
defaults: {notify: [ops], headers: {x-team: "${env:TEAM}"}, auth: {bearer: "${env:COMMON}"}, proxy: "http://${env:PROXY}@127.0.0.1:3128"}
probes:
  - {name: a, url: "https://a.example.com/?k=${env:A}", auth: {bearer: "${file:a}"}, proxy: ""}
  - {name: b, url: "https://b.example.com/?k=${env:B}", auth: {basic: {user: u, password: "${env:B}"}}, proxy: ""}
  - {name: c, url: "https://c.example.com/"}
  - {name: d, url: "https://d.example.com/", auth: {mtls: {cert: none.pem, key: none.key}}, tls: {ca: none.pem}}
`

func only(t *testing.T, name string, env map[string]string) (*configs.Config, error) {
	t.Helper()
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "a"), []byte("t0ken\n"), 0o600))
	config, _, err := configs.Parse(filepath.Join(folder, "sonde.yaml"), []byte(several), configs.Options{Secrets: true, Only: name, Env: environment(env)})
	return config, err
}

func TestReferencesOfOneProbeAreResolvedWithoutThoseOfOthers(t *testing.T) {
	config, err := only(t, "a", map[string]string{"A": "1&2", "TEAM": "shop"})
	require.NoError(t, err, "neither the others' references nor the token of Slack are needed")
	require.Equal(t, "k=1%262", config.Probes[0].Target.URL.RawQuery)
	require.Equal(t, "shop", config.Probes[0].Target.Header["X-Team"].Reveal(), "what the defaults say is the probe's, too")
	require.Equal(t, "k=${env:B}", config.Probes[1].Target.URL.RawQuery)
	require.Len(t, config.Probes, 4)

	_, err = only(t, "a", map[string]string{"TEAM": "shop"})
	require.ErrorContains(t, err, "probes[0].url: the environment variable A is not set")
	_, err = only(t, "a", map[string]string{"A": "1"})
	require.ErrorContains(t, err, "defaults.headers.x-team: the environment variable TEAM is not set")
	_, err = only(t, "d", map[string]string{"TEAM": "shop", "PROXY": "ann"})
	require.ErrorContains(t, err, "probes[3].auth.mtls.cert: certificate and key cannot be used")
	require.ErrorContains(t, err, "probes[3].tls.ca: the authorities cannot be used")
	_, err = only(t, "nobody", nil)
	require.NoError(t, err, "nobody needs anything")
}

func TestACredentialOfTheDefaultsIsResolvedForWhoHasIt(t *testing.T) {
	config, err := only(t, "c", map[string]string{"TEAM": "shop", "COMMON": "t0ken", "PROXY": "ann"})
	require.NoError(t, err)
	require.Equal(t, "ann", config.Probes[2].Target.Transport.Proxy.User.Reveal())
	require.NotSame(t, config.Probes[2].Target.Auth.Credential, config.Probes[0].Target.Auth.Credential)
	_, err = only(t, "c", map[string]string{"TEAM": "shop", "PROXY": "ann"})
	require.ErrorContains(t, err, "defaults.auth.bearer: the environment variable COMMON is not set")
}

// certificate is a certificate in PEM.
func certificate(t *testing.T) []byte {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	template := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "a"}, NotAfter: time.Now().Add(time.Hour)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	require.NoError(t, err)
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

func TestFilesThatAreMissingAreFoundWithoutSecrets(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "good.pem"), certificate(t), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "junk.pem"), []byte("canary"), 0o600))
	for name, tc := range map[string]struct{ keys, want string }{
		"authorities that are there":             {"tls: {ca: good.pem}", ""},
		"authorities that are not":               {"tls: {ca: none.pem}", `probes[0].tls.ca: the authorities cannot be used: "none.pem": no such file or directory`},
		"authorities that are none":              {"tls: {ca: junk.pem}", "probes[0].tls.ca: the authorities cannot be used: holds no certificate in PEM"},
		"authorities by a reference":             {"tls: {ca: '${file:none.pem}'}", "no such file or directory"},
		"a client certificate that is not there": {"auth: {mtls: {cert: none.pem, key: none.key}}", "probes[0].auth.mtls.cert: certificate and key cannot be used: \"none.pem\": no such file"},
		"a key that is not there":                {"auth: {mtls: {cert: good.pem, key: none.key}}", `"none.key": no such file`},
		"a credential of systemd's":              {"auth: {mtls: {cert: good.pem, key: '${credential:key}'}}", ""},
		"a secret":                               {"auth: {bearer: '${file:none}'}", ""},
	} {
		t.Run(name, func(t *testing.T) {
			text := "probes: [{name: a, url: 'https://a.example.com/', notify: [], " + tc.keys + "}]\n"
			path := filepath.Join(folder, "sonde.yaml")
			_, _, err := configs.Parse(path, []byte(text), configs.Options{Env: nothing})
			require.NoError(t, err, "who only reads does not look")
			_, _, err = configs.Parse(path, []byte(text), configs.Options{Files: true, Env: nothing})
			if tc.want == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "canary")
		})
	}
}
