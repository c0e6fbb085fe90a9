package main

import (
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/probe"
)

func TestADestinationIsToldInTheLanguageOfTheFile(t *testing.T) {
	server, err := fakeslack.Start()
	require.NoError(t, err)
	defer server.Close()
	file := fmt.Sprintf("destinations: {ops: {slack: {token: %q, channel: C0123456789, api_url: %q, language: ko}}}\n"+
		"probes: [{name: shop, url: \"http://127.0.0.1/\", notify: [ops]}]\n", fakeslack.Token, server.URL())
	config, _, err := configs.Parse("sonde.yaml", []byte(file), configs.Options{Secrets: true})
	require.NoError(t, err)
	senders, err := newSenders(config, nil, slog.New(slog.DiscardHandler))
	require.NoError(t, err)

	at := time.Now()
	v := probe.Miss(probe.TLSExpired)
	_, err = senders["ops"].Send(t.Context(), notify.Message{
		Key: "1000:ops:opened:1", Destination: "ops", Incident: incident.FirstID, Change: incident.Opened, CreatedAt: at,
		Body: notify.Body{Probe: "shop", Kind: v.Kind(), Severity: v.Severity(), Cause: v, Failures: 3, Openings: 1, Since: at, OpenedAt: at, At: at},
	}, notify.Thread{})
	require.NoError(t, err)
	require.Len(t, server.Messages(), 1)
	require.Contains(t, server.Messages()[0].Text, "무응답: shop 장애 발생: tls_expired (인증서 만료), ")
}
