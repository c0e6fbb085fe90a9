package fakeslack_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
)

// call calls a method without a network.
func call(ctx context.Context, s *fakeslack.Server, method string, args ...string) (status int, body string, err error) {
	form := url.Values{"token": {fakeslack.Token}}
	for i := 0; i < len(args); i += 2 {
		form.Set(args[i], args[i+1])
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+method, strings.NewReader(form.Encode()))
	if err != nil {
		return 0, "", err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	response, err := (&http.Client{Transport: s.Transport()}).Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = response.Body.Close() }()
	said, err := io.ReadAll(response.Body)
	return response.StatusCode, string(said), err
}

func TestWithoutANetworkItFailsAsOverOne(t *testing.T) {
	for name, tc := range map[string]struct {
		fault fakeslack.Fault
		taken int
		fails func(error) bool
	}{
		"no connection":                 {fakeslack.Fault{Refuse: true}, 0, func(err error) bool { return errors.Is(err, syscall.ECONNREFUSED) }},
		"a cut connection":              {fakeslack.Fault{Drop: true}, 0, func(err error) bool { return errors.Is(err, io.EOF) }},
		"one that is cut after it took": {fakeslack.Fault{Drop: true, Accept: true}, 1, func(err error) bool { return errors.Is(err, io.EOF) }},
		"one that is cut in the answer": {fakeslack.Fault{Truncate: true, Accept: true}, 1, func(err error) bool { return errors.Is(err, io.ErrUnexpectedEOF) }},
		"a hang":                        {fakeslack.Fault{Hang: true}, 0, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
		"an answer that comes late":     {fakeslack.Fault{Delay: 2 * time.Second, Fine: true}, 1, func(err error) bool { return err == nil }},
		"one that comes too late":       {fakeslack.Fault{Delay: time.Minute, Fine: true}, 1, func(err error) bool { return errors.Is(err, context.DeadlineExceeded) }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := fakeslack.New()
				defer s.Close()
				s.Fail(tc.fault)
				ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				_, _, err := call(ctx, s, "chat.postMessage", "channel", "C1", "text", "hello")
				require.True(t, tc.fails(err), "%v", err)
				require.Len(t, s.Messages(), tc.taken)
				s.Heal()
				_, said, err := call(t.Context(), s, "chat.postMessage", "channel", "C1", "text", "hello")
				require.NoError(t, err)
				require.Contains(t, said, `"ok":true`)
			})
		})
	}
}

func TestAnAnswerIsCutInTheMiddleOverANetwork(t *testing.T) {
	s := start(t)
	s.Fail(fakeslack.Fault{Truncate: true, Count: 1})
	response, err := post(t.Context(), s)
	if err == nil { // the header may have come before the cut
		defer func() { _ = response.Body.Close() }()
	}
	require.Empty(t, s.Messages())
	require.Len(t, s.Requests(), 1)
}

func TestAFaultMayBeAboutOneMethodAtOnePlaceAndBeginLater(t *testing.T) {
	s := start(t)
	s.Inject("chat.postMessage", fakeslack.Fault{Channel: "C2", Skip: 1, Error: "is_archived"})
	require.True(t, ask(t, s, "auth.test").OK)
	require.True(t, ask(t, s, "chat.postMessage", "channel", "C1", "text", "x").OK)
	require.True(t, ask(t, s, "chat.postMessage", "channel", "C2", "text", "x").OK, "the first one goes well")
	require.Equal(t, "is_archived", ask(t, s, "chat.postMessage", "channel", "C2", "text", "x").Error)
	require.True(t, ask(t, s, "chat.postMessage", "channel", "C1", "text", "x").OK)
}

func TestWhatComesTooSoonIsAskedToComeBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeslack.New()
		defer s.Close()
		s.Limit("chat.postMessage", 2, 3*time.Second)
		say := func(channel string) int {
			status, _, err := call(t.Context(), s, "chat.postMessage", "channel", channel, "text", "x")
			require.NoError(t, err)
			return status
		}
		require.Equal(t, []int{200, 200, 429, 200}, []int{say("C1"), say("C1"), say("C1"), say("C2")}, "every channel by itself")
		time.Sleep(3 * time.Second)
		require.Equal(t, 200, say("C1"))
	})
}

func TestAHistoryLagsBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := fakeslack.New()
		defer s.Close()
		s.Lag(3 * time.Second)
		_, _, err := call(t.Context(), s, "chat.postMessage", "channel", "C1", "text", "hello")
		require.NoError(t, err)
		_, said, _ := call(t.Context(), s, "conversations.history", "channel", "C1")
		require.NotContains(t, said, "hello")
		time.Sleep(3 * time.Second)
		_, said, _ = call(t.Context(), s, "conversations.history", "channel", "C1")
		require.Contains(t, said, "hello")
		_, said, _ = call(t.Context(), s, "conversations.history", "channel", "#c1")
		require.Contains(t, said, "channel_not_found", "a name is no id")
	})
}
