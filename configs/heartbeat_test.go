package configs_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
)

func TestAHeartbeatIsReadWithItsSecretAddress(t *testing.T) {
	const probes = "\nprobes: [{name: a, url: 'http://127.0.0.1/', notify: []}]\n"
	options := configs.Options{Secrets: true, Env: environment(map[string]string{"PING": "https://hc.example.com/c4n4ry"})}
	config, warnings, err := configs.Parse("sonde.yaml", []byte("heartbeat: {url: '${env:PING}'}"+probes), options)
	require.NoError(t, err)
	require.Empty(t, warnings)
	require.Equal(t, time.Minute, config.Heartbeat.Every)
	require.Equal(t, "https://hc.example.com/c4n4ry", config.Heartbeat.URL.Reveal())
	require.NotContains(t, fmt.Sprintf("%v %+v %#v", config, *config, *config.Heartbeat), "c4n4ry")

	config, _, err = configs.Parse("sonde.yaml", []byte("heartbeat: {url: 'http://127.0.0.1:8000/ping', every: 5m}"+probes), options)
	require.NoError(t, err)
	require.Equal(t, 5*time.Minute, config.Heartbeat.Every)
	config, _, err = configs.Parse("sonde.yaml", []byte("listen: ''"+probes), options)
	require.NoError(t, err)
	require.Nil(t, config.Heartbeat)
	_, _, err = configs.Parse("sonde.yaml", []byte("heartbeat: {url: '${env:NONE}'}"+probes), options)
	require.ErrorContains(t, err, "heartbeat.url: the environment variable NONE is not set")
}
