package main

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/probe"
)

// Slack is away for six hours. Within a minute of its return everything that is open is told, and
// what came and went meanwhile is one message each; nothing is lost or told twice.
func TestSixHoursWithoutSlack(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]fakeslack.Fault{
		"that takes no connection": {Refuse: true},
		"that answers with a 503":  {Status: 503, Body: "<html>"},
		"that hangs":               {Hang: true},
		"that cuts connections":    {Drop: true},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				o.run()
				defer func() { o.close() }()
				const each = 12
				before, during, over := incident.FirstID, incident.FirstID+each, incident.FirstID+2*each
				for i := range incident.ID(each) {
					o.tell("ops", before+i, incident.Opened, probe.Critical)
				}
				time.Sleep(time.Minute)
				require.Len(t, o.slack.Messages(), each)

				o.slack.Fail(fault)
				gone := time.Now()
				for i := range incident.ID(each) {
					o.tell("ops", during+i, incident.Opened, probe.Critical)
					o.tell("ops", over+i, incident.Opened, probe.Warning)
					time.Sleep(20 * time.Minute)
					o.tell("ops", over+i, incident.Changed, probe.Warning)
					o.tell("ops", over+i, incident.Resolved, probe.Warning)
					o.tell("ops", before+i, incident.Resolved, probe.Critical)
				}
				time.Sleep(6*time.Hour - time.Since(gone))
				require.Len(t, o.slack.Messages(), each)
				require.Less(t, len(o.slack.Requests()), 6*60*4+200, "it is asked four times a minute whether it is back")

				o.slack.Heal()
				time.Sleep(time.Minute + 7*time.Microsecond)
				roots, late, replies := map[string]string{}, 0, 0
				for _, m := range o.slack.Messages()[each:] {
					key, _ := metadataOf(t, m)
					id, _, _ := strings.Cut(key, ":")
					require.Empty(t, roots[key], "%s is told once", key)
					roots[key] = id
					switch {
					case m.ThreadTS != "":
						replies++
					case strings.Contains(key, ":resolved:"):
						late++
					}
				}
				require.Equal(t, each, replies, "what was told before has ended in its thread")
				for _, p := range o.posts() {
					if p.Incident >= during && p.Incident < over {
						require.Equal(t, notify.StateSent, p.State, "everything that is open is told")
					}
				}
				time.Sleep(10*time.Minute + 7*time.Microsecond)
				o.judge(nil)
				told := 0
				for _, m := range o.slack.Messages()[each:] {
					if key, change := metadataOf(t, m); m.ThreadTS == "" && strings.Contains(key, ":resolved:") {
						told++
						require.Equal(t, "resolved", change)
					}
				}
				require.Equal(t, each, told, "what came and went is one message each")
				require.GreaterOrEqual(t, late, each-1)
			})
		})
	}
}
