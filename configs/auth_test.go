package configs_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

func TestProbesWithTheSameSettingsShareACredential(t *testing.T) {
	config := read(t, `
defaults: {notify: [], auth: {oauth2: {token_url: "https://idp.example.com/token", client_id: a, client_secret: "${env:A}"}}}
probes:
  - {name: a, url: "https://example.com/"}
  - {name: b, url: "https://example.com/"}
  - {name: c, url: "https://example.com/", auth: {oauth2: {token_url: "https://idp.example.com/token", client_id: a, client_secret: "${env:A}"}}}
  - {name: d, url: "https://example.com/", auth: {oauth2: {token_url: "https://idp.example.com/token", client_id: a, client_secret: "${env:A}", scopes: x}}}
  - {name: e, url: "https://example.com/", auth: none}
`)
	p := config.Probes
	require.Same(t, p[0].Target.Auth.Credential, p[1].Target.Auth.Credential)
	require.Same(t, p[0].Target.Auth.Credential, p[2].Target.Auth.Credential)
	require.NotSame(t, p[0].Target.Auth.Credential, p[3].Target.Auth.Credential)
	require.NotSame(t, p[0].Target.Auth, p[1].Target.Auth, "what a target answers is its own")
	require.Nil(t, p[4].Target.Auth)
	require.Equal(t, p[0].RequestHash, p[1].RequestHash)
	require.NotEqual(t, p[0].RequestHash, p[3].RequestHash)
	require.NotEqual(t, p[0].RequestHash, p[4].RequestHash)
}

func TestAuthoritiesThatAreNoneAreAProblem(t *testing.T) {
	folder := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "ca.pem"), []byte("canary"), 0o600))
	text := "probes: [{name: a, url: 'https://example.com/', notify: [], tls: {ca: ca.pem}}]\n"
	_, _, err := configs.Parse(filepath.Join(folder, "sonde.yaml"), []byte(text), configs.Options{Secrets: true, Env: nothing})
	require.ErrorContains(t, err, "probes[0].tls.ca: the authorities cannot be used: holds no certificate in PEM; name a PEM file of their certificates")
	require.NotContains(t, err.Error(), "canary")
}
