package configs_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

const hook = `
destinations:
  gateway:
    webhook:
      url: "https://hooks.example.com/${env:HOOK}"
      headers: {x-team: shop, authorization: "Bearer ${env:TOKEN}"}
      secret: ["${file:new}", "${file:old}"]
      ca: ca.pem
probes: [{name: a, url: "http://127.0.0.1/", notify: [gateway]}]
`

func TestAWebhookIsReadWithItsSecrets(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string][]byte{"new": []byte("new-c4n4ry-0123456789\n"), "old": []byte("old-c4n4ry-0123456789\n"), "ca.pem": certificate(t)} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), content, 0o600))
	}
	path := filepath.Join(folder, "sonde.yaml")
	env := environment(map[string]string{"HOOK": "c4n4ry", "TOKEN": "c4n4ry"})
	config, warnings, err := configs.Parse(path, []byte(hook), configs.Options{Secrets: true, Env: env})
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Len(t, config.Destinations, 1)
	d := config.Destinations[0]
	require.Equal(t, "gateway", d.Name)
	require.Nil(t, d.Slack)
	require.Equal(t, "https://hooks.example.com/c4n4ry", d.Webhook.URL.Reveal())
	require.Equal(t, "shop", d.Webhook.Headers["X-Team"].Reveal())
	require.Equal(t, "Bearer c4n4ry", d.Webhook.Headers["Authorization"].Reveal())
	require.Len(t, d.Webhook.Secrets, 2)
	require.Equal(t, "new-c4n4ry-0123456789", d.Webhook.Secrets[0].Reveal())
	require.NotNil(t, d.Webhook.Roots)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %+v", d, d, d, *d.Webhook), "c4n4ry")

	_, _, err = configs.Parse(path, []byte(hook), configs.Options{Secrets: true, Env: nothing})
	require.ErrorContains(t, err, "destinations.gateway.webhook.url: the environment variable HOOK is not set")
	require.ErrorContains(t, err, "destinations.gateway.webhook.headers.authorization: the environment variable TOKEN is not set")
	config, _, err = configs.Parse(path, []byte(hook), configs.Options{Env: nothing})
	require.NoError(t, err, "who only reads needs no secrets")
	require.Equal(t, "https://hooks.example.com/${env:HOOK}", config.Destinations[0].Webhook.URL.Reveal())
	require.NoError(t, os.Remove(filepath.Join(folder, "old")))
	_, _, err = configs.Parse(path, []byte(hook), configs.Options{Secrets: true, Env: env})
	require.ErrorContains(t, err, "destinations.gateway.webhook.secret[1]: ${file:old}")
}

func TestAnAddressThatIsNoneIsNotSaid(t *testing.T) {
	for _, address := range []string{"c4n4ry", "ftp://c4n4ry/", "https:///c4n4ry", "https://hooks.example.com:c4n4ry/"} {
		_, _, err := configs.Parse("sonde.yaml", []byte("destinations: {a: {webhook: {url: '${env:X}'}}}\nprobes: [{name: a, url: 'http://127.0.0.1/'}]\n"),
			configs.Options{Secrets: true, Env: environment(map[string]string{"X": address})})
		require.ErrorContains(t, err, "destinations.a.webhook.url: ")
		require.NotContains(t, err.Error(), "c4n4ry")
	}
}
