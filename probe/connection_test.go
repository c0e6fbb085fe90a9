package probe

import (
	"crypto/tls"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// callers notes which connection each request came over, and answers with a 503 or a redirect.
type callers struct {
	mu  sync.Mutex
	all []string
}

func (c *callers) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	c.all = append(c.all, r.RemoteAddr)
	c.mu.Unlock()
	if r.URL.Path == "/" {
		http.Redirect(w, r, "/end", http.StatusFound)
		return
	}
	w.WriteHeader(http.StatusInternalServerError)
}

func TestEveryRequestHasAConnectionOfItsOwn(t *testing.T) {
	issuer := newAuthority(t)
	for name, http2 := range map[string]bool{"HTTP/1.1": false, "HTTP/2": true} {
		t.Run(name, func(t *testing.T) {
			var seen callers
			server := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}}, http2, &seen)
			runner := quick()
			runner.Roots = issuer.pool()
			asked := target(t, server.URL+"/", retrying(1))
			for range 2 {
				got := runOnce(t, runner, asked)
				require.Equal(t, ServerError, got.Verdict.Reason)
				for _, a := range got.Attempts {
					require.Positive(t, a.Timings.Connect)
					require.Positive(t, a.Timings.TLS, "each makes a handshake, and is timed")
				}
			}
			require.Len(t, seen.all, 8, "two runs of two attempts, each led on once")
			slices.Sort(seen.all)
			require.Len(t, slices.Compact(seen.all), 8)
		})
	}
}
