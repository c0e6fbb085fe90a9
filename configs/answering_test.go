package configs_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

const answering = `
api: {token: "${env:API}"}
destinations:
  ops: {slack: {token: "${env:T}", channel: C1, app_token: "${env:A}", allow: {users: [U0KIM, W0LEE], groups: S0ONCALL}}}
  all: {slack: {token: "${env:T}", channel: C2, app_token: "${env:A}"}}
  hook: {webhook: {url: "https://hooks.example.com/${env:NOT_SET}"}}
probes: [{name: a, url: "http://127.0.0.1/", notify: [ops, all, hook]}]
`

func TestWhoMayAnswerArrivesWhereItBelongs(t *testing.T) {
	env := environment(map[string]string{"API": "0123456789abcdef", "T": "xoxb-1", "A": "xapp-1", "NOT_SET": "x"})
	config, warnings, err := configs.Parse("sonde.yaml", []byte(answering), configs.Options{Secrets: true, Env: env})
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Equal(t, "0123456789abcdef", config.API.Token.Reveal())
	app := config.Destinations[0].Slack.App
	require.Equal(t, "xapp-1", app.Token.Reveal())
	require.Equal(t, []string{"U0KIM", "W0LEE"}, app.Users)
	require.Equal(t, []string{"S0ONCALL"}, app.Groups)
	require.Empty(t, config.Destinations[1].Slack.App.Users)
}

func TestReferencesOfOneDestinationAreResolvedWithoutThoseOfOthers(t *testing.T) {
	env := environment(map[string]string{"T": "xoxb-1", "A": "xapp-1"})
	config, _, err := configs.Parse("sonde.yaml", []byte(answering), configs.Options{Secrets: true, Destination: "ops", Env: env})
	require.NoError(t, err)
	require.Equal(t, "xapp-1", config.Destinations[0].Slack.App.Token.Reveal())
	require.Equal(t, "${env:A}", config.Destinations[1].Slack.App.Token.Reveal(), "as it is written")
	_, _, err = configs.Parse("sonde.yaml", []byte(answering), configs.Options{Secrets: true, Destination: "hook", Env: env})
	require.ErrorContains(t, err, "NOT_SET is not set")
}

func TestATokenThatIsNoSlackTokenIsWarnedOf(t *testing.T) {
	env := environment(map[string]string{"API": "0123456789abcdef", "T": "xoxb-1", "A": "xoxb-2", "NOT_SET": "x"})
	_, warnings, err := configs.Parse("sonde.yaml", []byte(answering), configs.Options{Secrets: true, Env: env})
	require.NoError(t, err)
	require.Len(t, warnings, 2)
	require.Contains(t, warnings[0].String(), "the token does not begin with xapp-, as Slack's app-level tokens do")
	env = environment(map[string]string{"API": "short", "T": "xoxb-1", "A": "xapp-1", "NOT_SET": "x"})
	_, _, err = configs.Parse("sonde.yaml", []byte(answering), configs.Options{Secrets: true, Env: env})
	require.ErrorContains(t, err, "api.token: the token is shorter than 16 characters")
	require.NotContains(t, err.Error(), "short\"")
}
