package main

import (
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
	"go.yaml.in/yaml/v4"

	"sonde/configs"
	"sonde/notify/slack"
	"sonde/notify/slack/fakeslack"
)

func TestTheManifestAsksForWhatTheCodeNeeds(t *testing.T) {
	var manifest struct {
		Features struct {
			Bot   map[string]any `yaml:"bot_user"`
			Slash []struct {
				Command string `yaml:"command"`
				URL     string `yaml:"url"`
				Usage   string `yaml:"usage_hint"`
			} `yaml:"slash_commands"`
		} `yaml:"features"`
		OAuth struct {
			Scopes struct {
				Bot []string `yaml:"bot"`
			} `yaml:"scopes"`
		} `yaml:"oauth_config"`
		Settings struct {
			Interactivity struct {
				On bool `yaml:"is_enabled"`
			} `yaml:"interactivity"`
			Socket   bool `yaml:"socket_mode_enabled"`
			Rotation bool `yaml:"token_rotation_enabled"`
		} `yaml:"settings"`
	}
	require.NoError(t, yaml.Unmarshal(configs.SlackManifest, &manifest))
	require.ElementsMatch(t, slack.Scopes(), manifest.OAuth.Scopes.Bot)
	require.Len(t, manifest.Features.Slash, 1)
	require.Equal(t, "/sonde", manifest.Features.Slash[0].Command)
	require.Empty(t, manifest.Features.Slash[0].URL, "it comes over the socket")
	require.NotEmpty(t, manifest.Features.Bot)
	require.True(t, manifest.Settings.Interactivity.On)
	require.True(t, manifest.Settings.Socket)
	require.False(t, manifest.Settings.Rotation, "a token that changes by itself cannot stand in a file")
	code, stdout, _ := sonde(t, "slack", "manifest")
	require.Zero(t, code)
	require.Equal(t, string(configs.SlackManifest), stdout)
}

func TestADestinationInSlackIsTriedAtThePrompt(t *testing.T) {
	s := newScene(t)
	t.Setenv("SLACK_TOKEN", fakeslack.Token)
	code, stdout, stderr := s.answered(t, "slack", "test", "ops")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "ok     token     it is that of sonde (U0FAKEBOT) in the workspace Fake\n")
	require.Contains(t, stdout, "ok     delete    all of it was deleted again\n")
	require.Empty(t, s.slack.Messages())

	s.slack.Grant("chat:write.public")
	code, stdout, _ = s.answered(t, "slack", "test", "ops")
	require.Equal(t, exitProblems, code)
	require.Contains(t, stdout, "WRONG  scopes    chat:write not granted: only with it messages are posted, edited and answered\n"+
		"                 -> add chat:write under OAuth & Permissions of the app, and install it anew\n")
	code, stdout, _ = s.answered(t, "slack", "test", "ops", "--json")
	require.Equal(t, exitProblems, code)
	var said struct {
		Destination string  `json:"destination"`
		OK          bool    `json:"ok"`
		Findings    []found `json:"findings"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &said))
	require.Equal(t, "ops", said.Destination)
	require.False(t, said.OK)
	require.NotEmpty(t, said.Findings)
	require.NotContains(t, stdout, fakeslack.Token)

	same, alike, _ := s.answered(t, "test", "ops", "--json")
	require.Equal(t, code, same)
	require.JSONEq(t, stdout, alike, "sonde test is another name of it")

	code, _, stderr = s.answered(t, "slack", "test", "opps")
	require.Equal(t, exitUsage, code)
	require.Contains(t, stderr, `no destination in Slack is called "opps"; did you mean "ops"?`)
	t.Setenv("SLACK_TOKEN", "")
	code, _, _ = s.answered(t, "slack", "test", "ops")
	require.Equal(t, exitConfig, code)
}

// The secrets of others are not needed, and not asked for.
func TestOnlyTheSecretsOfTheDestinationAreResolved(t *testing.T) {
	s := newScene(t)
	s.write(t, `
listen: ""
destinations:
  other: {slack: {webhook: "${env:NOT_SET_ANYWHERE}"}}
  ops: {slack: {token: "${env:SLACK_TOKEN}", channel: C0OPS, api_url: "`+s.slack.URL()+`"}}
  last: {slack: {webhook: "${env:NOT_SET_ANYWHERE}"}}
probes: [{name: a, url: "http://127.0.0.1/?k=${env:NOT_SET_ANYWHERE}", notify: []}]
`)
	t.Setenv("SLACK_TOKEN", fakeslack.Token)
	code, _, stderr := s.answered(t, "slack", "test", "ops")
	require.Zero(t, code, stderr)
	code, _, stderr = s.answered(t, "slack", "test", "other")
	require.Equal(t, exitConfig, code)
	require.Contains(t, stderr, "NOT_SET_ANYWHERE is not set")
}
