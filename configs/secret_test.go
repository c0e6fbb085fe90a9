package configs_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

// headerOf parses a probe with one header and returns what it resolves to.
func headerOf(t *testing.T, folder, written string, env map[string]string) (string, error) {
	t.Helper()
	text := "probes:\n  - {name: a, url: 'http://127.0.0.1/', headers: {x-a: " + fmt.Sprintf("%q", written) + "}}\n"
	config, _, err := configs.Parse(filepath.Join(folder, "sonde.yaml"), []byte(text), configs.Options{Secrets: true, Env: environment(env)})
	if err != nil {
		return "", err
	}
	return config.Probes[0].Target.Header["X-A"].Reveal(), nil
}

func TestReferencesResolveFromTheirSource(t *testing.T) {
	folder, credentials := t.TempDir(), t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(folder, "unix"), []byte("from a file\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(folder, "windows"), []byte("from windows\r\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(credentials, "slack"), []byte("from systemd"), 0o600))
	env := map[string]string{"X": "from the environment", "CREDENTIALS_DIRECTORY": credentials}
	for name, tc := range map[string]struct{ written, want string }{
		"a variable":                              {"${env:X}", "from the environment"},
		"a file beside the configuration":         {"${file:unix}", "from a file"},
		"a file that ends as on Windows":          {"${file:windows}", "from windows"},
		"a file by its absolute path":             {"${file:" + folder + "/unix}", "from a file"},
		"a credential":                            {"${credential:slack}", "from systemd"},
		"several, with text around them":          {"a ${env:X} b ${credential:slack} c", "a from the environment b from systemd c"},
		"an escaped reference stays a text":       {"$${env:X} and $5", "${env:X} and $5"},
		"a value that looks like a reference too": {"$${file:unix}${env:X}", "${file:unix}from the environment"},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := headerOf(t, folder, tc.written, env)
			require.NoError(t, err)
			require.Equal(t, tc.want, got)
		})
	}
}

func TestASecretThatCannotBeResolvedIsAProblemWithAWayOut(t *testing.T) {
	folder := t.TempDir()
	for name, content := range map[string]string{"empty": "\n", "large": strings.Repeat("x", 64<<10+1), "lines": "canary\ncanary\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(folder, name), []byte(content), 0o600))
	}
	for name, tc := range map[string]struct {
		written, want string
		env           map[string]string
	}{
		"an unset variable":               {"${env:X}", "probes[0].headers.x-a: the environment variable X is not set", nil},
		"an empty variable":               {"${env:X}", "${env:X} is empty; give it a value", map[string]string{"X": ""}},
		"a missing file":                  {"${file:none}", "none\" cannot be read: no such file or directory; check the path", nil},
		"an empty file":                   {"${file:empty}", "${file:empty} is empty", nil},
		"a file of more than 64 KiB":      {"${file:large}", "is larger than 64 KiB", nil},
		"a folder":                        {"${file:.}", "is no regular file", nil},
		"no folder of credentials":        {"${credential:x}", "systemd sets it for a unit with LoadCredential=x:PATH", nil},
		"a missing credential":            {"${credential:x}", "name it in the unit: LoadCredential=x:PATH", map[string]string{"CREDENTIALS_DIRECTORY": folder}},
		"a line break would end a header": {"${file:lines}", "the value holds a line break", nil},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := headerOf(t, folder, tc.written, tc.env)
			require.ErrorContains(t, err, tc.want)
			require.NotContains(t, err.Error(), "canary")
		})
	}
}

func TestWithoutSecretsReferencesStayAsTheyAreWritten(t *testing.T) {
	config := read(t, "probes: [{name: a, url: 'http://127.0.0.1/?k=${env:UNSET}', headers: {x-a: 'Bearer ${file:/none}'}}]")
	require.Equal(t, "k=${env:UNSET}", config.Probes[0].Target.URL.RawQuery)
	require.Equal(t, "Bearer ${file:/none}", config.Probes[0].Target.Header["X-A"].Reveal())
}

func TestNoSecretIsInAnyPrintedForm(t *testing.T) {
	const canary = "c4n4ry"
	env := map[string]string{"SLACK_TOKEN": "xoxb-" + canary, "SLACK_WEBHOOK": "https://hooks.example.com/" + canary, "KEY": canary, "CHECKOUT_TOKEN": canary}
	options := configs.Options{Secrets: true, Env: environment(env)}
	config, warnings, err := configs.Load(filepath.Join("testdata", "good", "everything.yaml"), options)
	require.NoError(t, err)

	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		fmt.Fprintf(&out, verb+verb+verb+verb+"\n", config, *config, config.Probes, config.Destinations)
		for _, d := range config.Destinations {
			fmt.Fprintf(&out, verb+verb, d, *d.Slack)
		}
	}
	encoded, err := json.Marshal(config)
	require.NoError(t, err)
	out.Write(encoded)
	slog.New(slog.NewTextHandler(&out, nil)).Info("loaded", "config", config, "probes", config.Probes, "probe", config.Probes[0])
	slog.New(slog.NewJSONHandler(&out, nil)).Info("loaded", "config", config, "probes", config.Probes, "probe", config.Probes[0])
	out.WriteString(configs.Problems(warnings).Error())
	require.NotContains(t, out.String(), canary)
	require.NotContains(t, out.String(), fmt.Sprintf("%x", canary))
	require.Contains(t, string(encoded), `"checkout"`)
}

func TestNoSecretIsInAProblem(t *testing.T) {
	for name, tc := range map[string]struct{ yaml, value string }{
		"a token with a space":      {"destinations: {a: {slack: {token: '${env:X}', channel: C}}}\n", "c4n4ry c4n4ry"},
		"a webhook that is no url":  {"destinations: {a: {slack: {webhook: '${env:X}'}}}\n", "c4n4ry"},
		"a webhook for another use": {"destinations: {a: {slack: {webhook: '${env:X}'}}}\n", "ftp://c4n4ry/"},
		"a webhook without a host":  {"destinations: {a: {slack: {webhook: '${env:X}'}}}\n", "https:///c4n4ry"},
	} {
		t.Run(name, func(t *testing.T) {
			text := tc.yaml + "probes: [{name: a, url: 'http://127.0.0.1/'}]\n"
			options := configs.Options{Secrets: true, Env: environment(map[string]string{"X": tc.value})}
			_, warnings, err := configs.Parse("sonde.yaml", []byte(text), options)
			require.Error(t, err)
			require.NotContains(t, err.Error(), "c4n4ry")
			require.NotContains(t, configs.Problems(warnings).Error(), "c4n4ry")
		})
	}
	for _, path := range append(files(t, "bad"), files(t, "warn")...) {
		_, warnings, err := parse(t, path)
		require.NotContains(t, configs.Problems(warnings).Error(), "canary", path)
		if err != nil {
			require.NotContains(t, err.Error(), "canary", path)
		}
	}
}
