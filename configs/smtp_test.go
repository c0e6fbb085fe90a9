package configs_test

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/probe"
)

func TestMailIsReadWithItsPassword(t *testing.T) {
	file := `
destinations:
  people:
    smtp:
      host: mail.example.com
      from: 서울 <sonde@example.com>
      to: [ann@example.com, "Bob <bob@example.net>"]
      user: sonde
      password: "${env:PASSWORD}"
      language: ko
  local: {smtp: {host: "[::1]", tls: none, from: a@example.com, to: b@example.com}}
  submission: {smtp: {host: "192.0.2.1", tls: tls, from: a@example.com, to: b@example.com}}
probes: [{name: a, url: "http://127.0.0.1/", notify: [people, local, submission]}]
`
	config, warnings, err := configs.Parse("sonde.yaml", []byte(file), configs.Options{Secrets: true, Env: environment(map[string]string{"PASSWORD": "c4n4ry"})})
	require.NoError(t, err)
	require.Empty(t, warnings)
	d := config.Destinations[0]
	require.Nil(t, d.Slack)
	require.Equal(t, "mail.example.com:587", d.Mail.Host)
	require.Equal(t, "starttls", d.Mail.TLS)
	require.Equal(t, "서울", d.Mail.From.Name)
	require.Len(t, d.Mail.To, 2)
	require.Equal(t, "bob@example.net", d.Mail.To[1].Address)
	require.Equal(t, "c4n4ry", d.Mail.Password.Reveal())
	require.Equal(t, "sonde", d.Mail.User.Reveal())
	require.Equal(t, probe.Korean, d.Mail.Language)
	require.Nil(t, d.Mail.Roots)
	require.NotContains(t, fmt.Sprintf("%v %+v %#v %+v", d, d, d, *d.Mail), "c4n4ry")
	require.Equal(t, "[::1]:25", config.Destinations[1].Mail.Host)
	require.Equal(t, "192.0.2.1:465", config.Destinations[2].Mail.Host)

	_, _, err = configs.Parse("sonde.yaml", []byte(file), configs.Options{Secrets: true, Env: nothing})
	require.ErrorContains(t, err, "destinations.people.smtp.password: the environment variable PASSWORD is not set")
}
