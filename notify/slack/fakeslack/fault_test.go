package fakeslack_test

import (
	"context"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/notify/slack/fakeslack"
)

// post posts a message and returns the bare outcome.
func post(ctx context.Context, s *fakeslack.Server) (*http.Response, error) {
	form := url.Values{"token": {fakeslack.Token}, "channel": {"C1"}, "text": {"hello"}}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.URL()+"chat.postMessage?"+form.Encode(), nil)
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if err == nil {
		defer response.Body.Close()
	}
	return response, err
}

func TestFaultsTakeTurnsAndEnd(t *testing.T) {
	s := start(t)
	s.Fail(fakeslack.Fault{Status: 503, Count: 2})
	s.Fail(fakeslack.Fault{Status: 429, RetryAfter: "7", Count: 1})
	s.Fail(fakeslack.Fault{Method: "webhook", Status: 404})
	var got []int
	for range 4 {
		response, err := post(t.Context(), s)
		require.NoError(t, err)
		got = append(got, response.StatusCode)
		if response.StatusCode == http.StatusTooManyRequests {
			require.Equal(t, "7", response.Header.Get("Retry-After"))
		}
	}
	require.Equal(t, []int{503, 503, 429, 200}, got)
	require.Len(t, s.Messages(), 1)

	status, _ := hook(t, s.WebhookURL(), `{"text":"hello"}`)
	require.Equal(t, 404, status, "a fault without a count stays")
	s.Heal()
	status, _ = hook(t, s.WebhookURL(), `{"text":"hello"}`)
	require.Equal(t, 200, status)
}

func TestAMessageCanBeTakenAndItsAnswerLost(t *testing.T) {
	s := start(t)
	s.Fail(fakeslack.Fault{Accept: true, Drop: true, Count: 1})
	_, err := post(t.Context(), s)
	require.Error(t, err)
	require.Len(t, s.Messages(), 1)

	s.Fail(fakeslack.Fault{Method: "webhook", Accept: true, Status: 500, Count: 1})
	status, _ := hook(t, s.WebhookURL(), `{"text":"hello"}`)
	require.Equal(t, 500, status)
	require.Len(t, s.Messages(), 2)
}

func TestAHangEndsWithItsClientOrWithTheServer(t *testing.T) {
	s := start(t)
	s.Fail(fakeslack.Fault{Hang: true})
	short, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := post(short, s)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	ended := make(chan error, 1)
	go func() {
		_, err := post(t.Context(), s)
		ended <- err
	}()
	require.Eventually(t, func() bool { return len(s.Requests()) == 2 }, 5*time.Second, time.Millisecond)
	s.Close()
	require.Error(t, <-ended)
	require.Empty(t, s.Messages())
}
