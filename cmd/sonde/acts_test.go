package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
	"sonde/report"
)

// saidInThreads counts the replies that say something.
func (s *scene) saidInThreads(what string) (n int) {
	_, replies := s.told()
	for _, m := range replies {
		if strings.Contains(m.Text, what) {
			n++
		}
	}
	return n
}

// opened lets the target fail until people have been told.
func (s *scene) opened(t *testing.T) (id string) {
	t.Helper()
	id = s.down(t)
	s.eventually(t, "it is told", func() bool { roots, _ := s.told(); return len(roots) == 1 })
	s.settled(t)
	return id
}

// What is done without a service is a line in the thread as well: the next service tells it, once.
func TestWhatIsAnsweredWithoutAServiceIsALineInTheThread(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(t, s.grouped(t, 1))
	p := s.serve(t)
	id := s.opened(t)
	p.kill()
	for _, order := range [][]string{
		{"ack", id, "--by", "kim"}, {"ack", id, "--by", "lee"}, {"silence", "--incident", id}, {"silence", "group:shop", "--for", "2h", "--reason", "moving"},
	} {
		code, _, stderr := s.answered(t, order...)
		require.Zero(t, code, "%v: %s", order, stderr)
	}
	code, stdout, stderr := s.answered(t, "silence", "list", "--json")
	require.Zero(t, code, stderr)
	var silences []report.InForce
	require.NoError(t, json.Unmarshal([]byte(stdout), &silences))
	require.Len(t, silences, 2)
	code, _, stderr = s.answered(t, "silence", "remove", jsonOf(t, silences[1].ID))
	require.Zero(t, code, stderr)
	waiting := s.posts(t)
	require.Len(t, waiting, 4, "the lines are in the outbox with what they tell of")

	for range 2 {
		p = s.serve(t)
		s.eventually(t, "all is told", func() bool { return len(s.posts(t)) == 0 })
		for _, line := range []string{
			"probe-00: acknowledged by kim.", "probe-00: silenced until it recovers", "group:shop: silenced until ", "group:shop: a silence was ended by ",
		} {
			require.Equal(t, 1, s.saidInThreads(strings.Replace(line, "group:shop:", "group꞉shop:", 1)), line)
		}
		p.kill()
	}
	roots, _ := s.told()
	require.Len(t, roots, 1)
}

// grouped is the configuration of the scene with so many probes of a group.
func (s *scene) grouped(t *testing.T, n int) string {
	t.Helper()
	written, err := os.ReadFile(s.config)
	require.NoError(t, err)
	probes := regexp.MustCompile(`(?s)probes:.*url: "([^"]+)"}`)
	address := probes.FindStringSubmatch(string(written))[1]
	var list strings.Builder
	for i := range n {
		_, _ = fmt.Fprintf(&list, "  - {name: probe-%02d, group: shop, url: %q}\n", i, address+fmt.Sprintf("/%d", i))
	}
	return probes.ReplaceAllLiteralString(string(written), "probes:\n"+list.String())
}

// A storm is acknowledged as one: with a button, at the prompt, and by who may alone.
func TestAStormIsAcknowledgedInSlackAndAtThePrompt(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	s.write(t, s.grouped(t, 9))
	p := s.hears(t)
	s.status.Store(http.StatusServiceUnavailable)
	storm := func() fakeslack.Message {
		roots, _ := s.told()
		return roots[len(roots)-1]
	}
	s.eventually(t, "the storm is told of all", func() bool {
		roots, _ := s.told()
		return len(roots) == 6 && strings.Contains(storm().Text, "9 of 9 incidents open")
	})
	require.Contains(t, string(storm().Attachments), `"action_id":"ack_storm"`)
	id := regexp.MustCompile(`ack --storm (S[0-9A-Z]+)`).FindStringSubmatch(string(storm().Attachments))[1]
	acked := func() (n int) {
		status, _ := s.report(t)
		for _, probe := range status.Probes {
			for _, x := range probe.Incidents {
				if x.AcknowledgedBy == "kim" {
					n++
				}
			}
		}
		return n
	}
	s.press(t, 1, "ack_storm", id)
	s.eventually(t, "each is acknowledged", func() bool { return acked() == 9 })
	s.eventually(t, "a line says so", func() bool { return s.saidInThreads("Storm of 9 incidents: acknowledged by kim.") == 1 })
	s.eventually(t, "the first message shows it", func() bool { return strings.Contains(string(storm().Attachments), `"action_id":"unack_storm"`) })
	s.press(t, 1, "ack_storm", id)
	code, stdout, stderr := s.answered(t, "ack", "--storm", strings.ToLower(id), "--by", "lee")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "storm "+id+": acknowledged already, by kim at ")
	for _, wrong := range [][]string{{"ack", "--storm", "S1000"}, {"ack", "--storm", "1000"}, {"ack"}, {"ack", "1000", "--storm", id}} {
		code, _, stderr = s.answered(t, wrong...)
		require.Equal(t, exitUsage, code, "%v: %s", wrong, stderr)
	}
	_, _, stderr = s.answered(t, "ack", "--storm", "S1000")
	require.Contains(t, stderr, "no storm of that id goes on: S1000; those that do: "+id+" at ops")

	code, stdout, stderr = s.answered(t, "ack", "--storm", id, "--undo", "--by", "lee", "--json")
	require.Zero(t, code, stderr)
	var undone report.StormAcknowledgement
	require.NoError(t, json.Unmarshal([]byte(stdout), &undone))
	require.Len(t, undone.Incidents, 9)
	require.Nil(t, undone.At)
	require.Zero(t, acked())
	require.Zero(t, p.end(syscall.SIGTERM))

	code, stdout, stderr = s.answered(t, "ack", "--storm", id, "--by", "kim")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "storm "+id+": 9 incidents acknowledged by kim at ", "without a service, too")
	require.Equal(t, 9, acked())
	p = begin(t, hearing, "serve", "-c", s.config)
	s.eventually(t, "it is told by the next one", func() bool { return s.saidInThreads("Storm of 9 incidents: acknowledged by kim.") == 2 })
	require.Equal(t, 1, s.saidInThreads("Storm of 9 incidents: not acknowledged any more, says lee."))
	require.Zero(t, p.end(syscall.SIGTERM))
}

// That somebody had a probe asked is told through the outbox: a crash neither loses nor doubles it.
func TestARunIsToldInTheThreadAlthoughTheServiceIsKilled(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	p := s.serve(t)
	s.opened(t)
	s.slack.Fail(fakeslack.Fault{Method: "chat.postMessage", Status: http.StatusTooManyRequests, RetryAfter: "600"})
	code, stdout, stderr := s.answered(t, "run", "checkout")
	require.Zero(t, code, stderr)
	require.Contains(t, stdout, "verdict  bad: 503 Service Unavailable")
	line := func() (found report.Post) {
		for _, post := range s.posts(t) {
			if post.Change != nil && *post.Change == "run_now" {
				found = post
			}
		}
		return found
	}
	require.NotZero(t, line().ID, "it is durable before the command returns")
	s.eventually(t, "it waits for Slack", func() bool { x := line(); return x.State == "pending" && x.Error != "" })
	p.kill()
	s.slack.Heal()
	p = s.serve(t)
	code, _, stderr = s.answered(t, "outbox", "retry", jsonOf(t, line().ID))
	require.Zero(t, code, stderr)
	s.eventually(t, "it is told", func() bool { return s.saidInThreads("checkout was run now by "+caller()+".") == 1 })
	_, replies := s.told()
	require.Contains(t, string(replies[len(replies)-1].Blocks), "verdict  bad: 503 Service Unavailable")
	s.eventually(t, "nothing waits", func() bool { return len(s.posts(t)) == 0 })
	require.Equal(t, 1, s.saidInThreads("was run now"))
	require.Zero(t, p.end(syscall.SIGTERM))
}
