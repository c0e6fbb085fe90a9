package main

import (
	"log/slog"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/configs"
	"sonde/notify/slack/fakeslack"
	"sonde/report"
	"sonde/store"
)

func TestADigestIsMadeOnceAndToldInSlack(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	written, err := os.ReadFile(s.config)
	require.NoError(t, err)
	known := strings.ReplaceAll(string(written), "${env:SLACK_TOKEN}", fakeslack.Token)
	s.write(t, strings.Replace(known, "}}\ndefaults:", "}, digest: {daily: \"09:00\", weekly: \"Mon 09:00\"}}\n  quiet: {slack: {webhook: \""+s.slack.WebhookURL()+"\"}, digest: {daily: \"09:00\", empty: false}}\ndefaults:", 1))
	p := s.serve(t)
	s.down(t)
	require.Zero(t, p.end(syscall.SIGTERM))

	config, _, err := configs.Load(s.config, configs.Options{Secrets: true})
	require.NoError(t, err)
	service, err := startService(t.Context(), config, store.Replace, slog.New(slog.DiscardHandler))
	require.NoError(t, err)
	defer func() { require.NoError(t, service.stop()) }()

	due := time.Now().UTC().Truncate(24 * time.Hour).Add(33 * time.Hour)
	for due.Weekday() == time.Monday { // then there are two
		due = due.Add(24 * time.Hour)
	}
	look := func(now time.Time) {
		(&digester{service, config, map[string]bool{}}).look(t.Context(), now) // as after a restart
	}
	look(due.Add(-time.Minute))
	look(due.Add(6*time.Hour + time.Minute))
	require.Empty(t, digestsOf(s, t), "too soon is no time, and too late is not either")
	look(due.Add(time.Minute))
	look(due.Add(time.Hour))
	s.eventually(t, "the digest is told", func() bool {
		all, _ := s.told()
		return len(all) > 0 && strings.Contains(all[len(all)-1].Text, "daily digest since ")
	})
	all := digestsOf(s, t)
	require.Len(t, all, 1, "nothing concerns the other destination, which is silent then")
	require.Equal(t, "digest:daily:"+due.Format(time.DateOnly)+":ops", all[0].Key)
	require.Nil(t, all[0].Incident)
	roots, _ := s.told()
	text := roots[len(roots)-1].Text
	require.Contains(t, text, "(checkout)")
}

// digestsOf are the digests in the outbox of a scene.
func digestsOf(s *scene, t *testing.T) (all []report.Post) {
	t.Helper()
	for _, p := range s.posts(t, "--state", "pending,sending,sent,dead,expired") {
		if strings.HasPrefix(p.Key, "digest:") {
			all = append(all, p)
		}
	}
	return all
}
