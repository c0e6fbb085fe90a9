package main

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/probe"
)

// newPair is an office with two channels, of which the second stands in for the first.
func newPair(t *testing.T) *office {
	t.Helper()
	o := newOffice(t)
	o.senders = func() map[string]notify.Sender {
		return map[string]notify.Sender{"ops": o.bot("ops", "C0OPS"), "backup": o.bot("backup", "C0BACKUP")}
	}
	o.run("ops", "backup")
	return o
}

// in are the messages in a channel.
func (o *office) in(channel string) (all []fakeslack.Message) {
	for _, m := range o.slack.Messages() {
		if m.Channel == channel {
			all = append(all, m)
		}
	}
	return all
}

func TestWhatAnArchivedChannelDoesNotTakeIsToldByTheFallback(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		o := newPair(t)
		defer func() { o.close() }()
		o.slack.Fail(fakeslack.Fault{Method: "chat.postMessage", Channel: "C0OPS", Error: "is_archived"})
		o.tell("ops", incident.FirstID, incident.Opened, probe.Warning)
		time.Sleep(10 * time.Second)
		told := o.in("C0BACKUP")
		require.Len(t, told, 1, "at once, whatever the severity")
		require.Contains(t, told[0].Text, "ops")
		require.Contains(t, told[0].Text, "is_archived")
		o.tell("ops", incident.FirstID, incident.Escalated, probe.Critical)
		time.Sleep(10 * time.Second)
		told = o.in("C0BACKUP")
		require.Len(t, told, 2)
		require.Equal(t, told[0].TS, told[1].ThreadTS, "what follows goes on there, in a thread")
		require.Empty(t, o.in("C0OPS"))

		o.slack.Heal()
		time.Sleep(11 * time.Minute)
		require.Len(t, o.in("C0OPS"), 2, "once people have mended it, it is told there, too")
		o.tell("ops", incident.FirstID, incident.Resolved, probe.Critical)
		time.Sleep(10 * time.Second)
		require.Len(t, o.in("C0OPS"), 3)
		require.Len(t, o.in("C0BACKUP"), 2)
	})
}

func TestACriticalIncidentIsToldByTheFallbackAfterTwoMinutesWithoutAnAnswer(t *testing.T) {
	t.Parallel()
	for name, methods := range map[string][]string{
		"of all that the token is for":  {"chat.postMessage", "auth.test", "conversations.history"},
		"of what takes messages, alone": {"chat.postMessage"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				o := newOffice(t)
				o.senders = func() map[string]notify.Sender {
					return map[string]notify.Sender{"ops": o.bot("ops", "C0OPS"), "backup": o.hook("backup")}
				}
				o.run("ops", "backup")
				defer func() { o.close() }()
				for _, method := range methods {
					o.slack.Inject(method, fakeslack.Fault{Drop: true})
				}
				o.tell("ops", incident.FirstID, incident.Opened, probe.Critical)
				o.tell("ops", incident.FirstID+1, incident.Opened, probe.Warning)
				time.Sleep(100 * time.Second)
				require.Empty(t, o.slack.Messages())
				time.Sleep(time.Minute)
				told := o.in(fakeslack.WebhookChannel)
				require.Len(t, told, 1, "not what can wait")
				require.Contains(t, told[0].Text, "probe-32768")
				require.Contains(t, told[0].Text, "no answer", "it says why it is told here")
			})
		})
	}
}
