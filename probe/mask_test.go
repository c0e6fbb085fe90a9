package probe

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

func TestWhatATargetSendsBackOfOurSecretsIsMasked(t *testing.T) {
	address, err := url.Parse("https://user:hunter2hunter2@example.com/?key=k%2Fey-12345&n=1")
	require.NoError(t, err)
	target := &Target{
		URL: address, Body: text.NewSecret("body-secret"),
		Header: map[string]text.Secret{
			"Authorization": text.NewSecret("Bearer token-98765"), "Cookie": text.NewSecret("a=cookie-4711; b=2"), "Accept": text.NewSecret("application/json"),
		},
	}
	e := Evidence{
		AnsweredBy: "nginx token-98765", Error: "no: body-secret",
		Header:    map[string][]string{"location": {"/login?k/ey-12345"}, "server": {"x cookie-4711 y", "application/json"}, "via": {"k%2Fey-12345"}},
		Redirects: []string{"https://example.com/hunter2hunter2"}, Notes: []string{"Bearer token-98765"},
	}
	target.masker().evidence(&e)
	require.Equal(t, Evidence{
		AnsweredBy: "nginx [redacted]", Error: "no: [redacted]",
		Header:    map[string][]string{"location": {"/login?[redacted]"}, "server": {"x [redacted] y", "application/json"}, "via": {"[redacted]"}},
		Redirects: []string{"https://example.com/[redacted]"}, Notes: []string{"[redacted]"},
	}, e)
}

func TestTheSecretOfAProxyIsMasked(t *testing.T) {
	u, err := url.Parse("http://proxy.example.com:3128")
	require.NoError(t, err)
	target := &Target{URL: u, Transport: Transport{Proxy: &Proxy{URL: u, User: text.NewSecret("ann"), Password: text.NewSecret("hunter2hunter2")}}}
	e := Evidence{Error: "hunter2hunter2", Notes: []string{target.Transport.Proxy.credential()}}
	target.masker().evidence(&e)
	require.Equal(t, Evidence{Error: "[redacted]", Notes: []string{"Basic [redacted]"}}, e)
}
