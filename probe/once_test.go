package probe

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/http2"

	"sonde/text"
)

// refuseStreams speaks HTTP/2 on a connection and refuses every request as one that was
// not begun: what clients may send again by themselves (RFC 9113 section 8.7).
func refuseStreams(conn net.Conn, refused func()) {
	if _, err := io.ReadFull(conn, make([]byte, len(http2.ClientPreface))); err != nil {
		return
	}
	framer := http2.NewFramer(conn, conn)
	if framer.WriteSettings() != nil {
		return
	}
	for {
		frame, err := framer.ReadFrame()
		if err != nil {
			return
		}
		if head, ok := frame.(*http2.HeadersFrame); ok {
			refused()
			_ = framer.WriteRSTStream(head.StreamID, http2.ErrCodeRefusedStream)
		}
	}
}

func TestHTTP2RepeatsNothingByItself(t *testing.T) {
	issuer := newAuthority(t)
	var asked atomic.Int64
	config := &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}, NextProtos: []string{"h2"}}
	server := serveConns(t, func(_ *rawServer, conn net.Conn) {
		secured := tls.Server(conn, config)
		if secured.Handshake() == nil {
			refuseStreams(secured, func() { asked.Add(1) })
		}
	})
	runner := quick()
	runner.Roots = issuer.pool()
	address := "https" + server.url[len("http"):]
	for name, tc := range map[string]struct {
		options []func(*Target)
		want    int
	}{
		"a GET is sent once per attempt":            {[]func(*Target){retrying(0)}, 1},
		"a GET is repeated by attempts that show":   {[]func(*Target){retrying(2)}, 2}, // conditional: once
		"a POST is sent once":                       {[]func(*Target){retrying(2), using(http.MethodPost)}, 1},
		"a POST with a body is sent once":           {[]func(*Target){retrying(2), sending("data")}, 1},
		"an idempotent POST is repeated in sight":   {[]func(*Target){retrying(2), sending("data"), idempotent}, 2},
		"a PATCH is sent once":                      {[]func(*Target){retrying(2), using(http.MethodPatch)}, 1},
		"a PUT with a body is repeated in sight":    {[]func(*Target){retrying(2), sending("data"), using(http.MethodPut)}, 2},
		"a method of one's own is sent once":        {[]func(*Target){retrying(2), using("PURGE")}, 1},
		"an idempotent one of one's own is not":     {[]func(*Target){retrying(2), using("PURGE"), idempotent}, 2},
		"a re-check of what may be repeated is one": {[]func(*Target){retrying(0), using(http.MethodHead)}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			before := asked.Load()
			result := runOnce(t, runner, target(t, address, append(tc.options, within(5*time.Second))...))
			require.Equal(t, Bad, result.Verdict.Outcome)
			require.EqualValues(t, tc.want, asked.Load()-before, result.Attempts[0].Evidence.Error)
			require.Len(t, result.Attempts, tc.want, "every request is an attempt that people see")
		})
	}
}

func idempotent(t *Target) { t.Idempotent = true }

func TestARedirectRepeatsNoRequestThatMustNotBe(t *testing.T) {
	server := serveWeb(t, redirecting(map[string]string{"/307": "307 /end", "/308": "308 /end", "/302": "302 /end"}))
	for name, tc := range map[string]struct {
		path   string
		change func(*Target)
		want   Reason
		asked  int
	}{
		"a 307 of a POST is not followed":               {"/307", using(http.MethodPost), RedirectBlocked, 1},
		"a 308 of a POST is not followed":               {"/308", sending("data"), RedirectBlocked, 1},
		"a 302 of a PATCH is not followed":              {"/302", using(http.MethodPatch), RedirectBlocked, 1},
		"a 302 of a POST is, as a GET":                  {"/302", sending("data"), OK, 2},
		"a 307 of a POST that is said to be idempotent": {"/307", func(t *Target) { t.Method, t.Body, t.Idempotent = "POST", text.NewSecret("data"), true }, OK, 2},
		"a 308 of a PUT is":                             {"/308", using(http.MethodPut), OK, 2},
	} {
		t.Run(name, func(t *testing.T) {
			before := len(server.lines())
			got := lastAttempt(t, quick(), target(t, server.URL+tc.path, tc.change))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String())
			require.Len(t, server.lines()[before:], tc.asked)
			if tc.want == RedirectBlocked {
				require.Contains(t, got.Evidence.Notes[0], "was not sent again to "+server.URL+"/end: configure that address, or idempotent: true")
			}
		})
	}
}
