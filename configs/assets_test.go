package configs_test

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

func TestEveryShippedConfigurationRunsAsItIs(t *testing.T) {
	paths, err := filepath.Glob("*.yaml")
	require.NoError(t, err)
	require.Contains(t, paths, "sonde.example.yaml")
	require.Contains(t, paths, "minimal.yaml")
	paths = slices.DeleteFunc(paths, func(path string) bool { return path == "slack-manifest.yaml" }) // Slack reads it
	for _, path := range paths {
		t.Run(path, func(t *testing.T) {
			config, _, err := configs.Load(path, configs.Options{Secrets: true, Env: nothing})
			require.NoError(t, err)
			require.NotEmpty(t, config.Probes)
		})
	}
}

func TestTheExampleHasNothingToWarnOf(t *testing.T) {
	onDisk, err := os.ReadFile("sonde.example.yaml")
	require.NoError(t, err)
	require.Equal(t, string(onDisk), string(configs.Example))
	_, warnings, err := configs.Parse("sonde.yaml", configs.Example, configs.Options{Secrets: true, Env: nothing})
	require.NoError(t, err)
	require.Empty(t, warnings)
}

// uncomment makes keys of the comments that show keys.
func uncomment(example string) string {
	commented := regexp.MustCompile(`(?m)^( *)# ( *)((?:- )?[a-z_0-9]+:(?: .*)?)$`)
	return commented.ReplaceAllString(example, "$1$2$3")
}

func TestTheExampleShowsKeysThatExist(t *testing.T) {
	_, keysOnly, found := strings.Cut(string(configs.Example), "\n\n")
	require.True(t, found, "an introduction stands before the keys")
	text := uncomment(keysOnly)
	text = strings.Replace(text, "  notify: []", "  #", 1)
	text = regexp.MustCompile(`(?m)^( *)# (api_url: \S+).*$`).ReplaceAllString(text, "$1$2")
	config, _, err := configs.Parse("sonde.yaml", []byte(text), configs.Options{Env: nothing})
	require.NoError(t, err)
	require.Len(t, config.Probes, 5)
	require.Len(t, config.Destinations, 4)
	for _, key := range []string{"listen", "public_url", "database", "location", "references", "urls", "history", "results", "rollups",
		"folder", "every", "keep", "destinations", "defaults", "probes", "name", "was", "group", "url",
		"method", "headers", "body", "expect", "status", "contains", "not_contains", "matches", "absent", "size", "min", "max", "json", "business", "redirect", "latency", "tls", "expires_in", "redirects", "login_hosts", "idempotent", "interval", "timeout", "retries",
		"retry_credit", "count_4xx", "may_shed", "start_on_first_success", "cache", "trace", "min_ratio", "objective", "notify", "alert", "down_after", "auth_after", "recheck_every", "resolve_after", "remind_every", "auth_group", "gateway_surge", "no_data", "prober", "prober_network", "probes", "share", "within", "after", "intervals",
		"labels", "runbook", "groups", "combine", "protocol", "family", "server_name", "min_tls", "insecure", "resolver", "proxy", "allow_networks", "max_body", "auth", "basic", "user", "password", "bearer", "mtls", "cert", "key", "ca", "oauth2", "token_url", "client_id", "client_secret", "scopes", "audience", "style", "chart", "api", "app_token", "allow", "users", "slack", "token", "channel", "webhook", "smtp", "heartbeat", "host", "from", "to", "secret", "quiet", "hours", "days", "zone", "severities", "digest", "daily", "weekly", "empty", "fallback", "api_url", "language"} {
		require.Regexp(t, `\b`+key+`:`, text, "the example is complete")
	}
}

// unit parses the systemd unit: section, key, values.
func unit(t *testing.T) map[string]map[string][]string {
	t.Helper()
	sections := map[string]map[string][]string{}
	section := ""
	for line := range strings.Lines(string(configs.Unit)) {
		line = strings.TrimSpace(line)
		switch {
		case line == "" || strings.HasPrefix(line, "#"):
		case strings.HasPrefix(line, "["):
			section = strings.Trim(line, "[]")
			sections[section] = map[string][]string{}
		default:
			key, value, found := strings.Cut(line, "=")
			require.True(t, found, "%q is no assignment", line)
			require.NotEmpty(t, section, "%q stands before any section", line)
			sections[section][key] = append(sections[section][key], value)
		}
	}
	return sections
}

func TestTheUnitKeepsTheServiceAliveAndConfined(t *testing.T) {
	sections := unit(t)
	for key, want := range map[string]string{
		"Type": "notify", "ExecStart": "/usr/local/bin/sonde serve --config /etc/sonde/sonde.yaml", "User": "sonde", "Group": "sonde",
		"WatchdogSec": "60s", "TimeoutStopSec": "30s", "Restart": "on-failure", "RestartPreventExitStatus": "64 78", "UMask": "0027",
		"StateDirectory": "sonde", "StateDirectoryMode": "0750", "RuntimeDirectory": "sonde", "ConfigurationDirectory": "sonde",
		"CapabilityBoundingSet": "", "AmbientCapabilities": "", "NoNewPrivileges": "yes", "ProtectSystem": "strict", "ProtectHome": "yes",
		"PrivateTmp": "yes", "PrivateDevices": "yes", "PrivateUsers": "yes", "MemoryDenyWriteExecute": "yes", "LimitCORE": "0",
		"RestrictAddressFamilies": "AF_INET AF_INET6 AF_UNIX", "SystemCallArchitectures": "native", "RestrictNamespaces": "yes",
		"ProtectKernelTunables": "yes", "ProtectKernelModules": "yes", "ProtectControlGroups": "yes", "ProtectClock": "yes", "LockPersonality": "yes",
	} {
		require.Equal(t, []string{want}, sections["Service"][key], key)
	}
	require.Equal(t, []string{"@system-service", "~@privileged @resources"}, sections["Service"]["SystemCallFilter"])
	require.Equal(t, []string{"multi-user.target"}, sections["Install"]["WantedBy"])
	require.Equal(t, []string{"network-online.target"}, sections["Unit"]["Wants"])
	require.NotContains(t, sections["Service"], "DynamicUser", "people read the database as members of the group")
	require.NotContains(t, sections["Service"], "ExecReload")
	require.NotContains(t, sections["Service"], "LoadCredential", "a missing credential would make the first start fail")
	require.Contains(t, string(configs.Unit), "\n#LoadCredential=slack-token:")
}
