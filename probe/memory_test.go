package probe

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net"
	"os"
	"runtime/debug"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// resident reads a line of /proc/self/status, in bytes.
func resident(t *testing.T, line string) (n int64) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	require.NoError(t, err)
	_, after, found := strings.Cut(string(status), line+":")
	require.True(t, found, "Linux names %s", line)
	_, err = fmt.Sscan(after, &n)
	require.NoError(t, err)
	return n << 10
}

// bomb is a large body of one byte, compressed.
func bomb(t *testing.T, size int) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	piece := make([]byte, 1<<20)
	for range size >> 20 {
		_, err := w.Write(piece)
		require.NoError(t, err)
	}
	require.NoError(t, w.Close())
	return out.Bytes()
}

// Fifty at once of what others took gigabytes for: bodies of 64 MiB that were
// compressed a thousandfold, and bodies without end.
func TestFiftyBombsAtOnceTakeLittleMemory(t *testing.T) {
	const most = 64 << 20
	packed := bomb(t, 64<<20)
	for name, answer := range map[string]func(net.Conn){
		"compressed bombs":   says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%s", len(packed), packed),
		"bodies without end": saysForEver("HTTP/1.1 200 OK\r\n\r\n", strings.Repeat("x", 64<<10)),
	} {
		t.Run(name, func(t *testing.T) {
			server := serveRaw(t, answer)
			runner, asked := quick(), target(t, server.url, containing("not there"), within(30*time.Second))
			debug.FreeOSMemory()
			require.NoError(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0), "the peak is counted from here")
			before := resident(t, "VmRSS")
			ended := make(chan Verdict, 50)
			for range cap(ended) {
				go func() { ended <- runIn(t.Context(), runner, asked).Verdict }()
			}
			for range cap(ended) {
				require.Equal(t, BodyMismatch, (<-ended).Reason)
			}
			grown := resident(t, "VmHWM") - before
			t.Logf("%.1f MiB", float64(grown)/(1<<20))
			require.Less(t, grown, int64(most*racing))
		})
	}
}

// A small object takes forty times its text: no more than two large bodies are values at
// the same time.
func TestFiftyBodiesOfSmallObjectsTakeLittleMemory(t *testing.T) {
	const most = 64 << 20
	body := `[` + strings.Repeat(`{"a":1},`, maxJSON/3) + `{"a":1}]`
	server := serveRaw(t, says("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body))
	runner, asked := quick(), target(t, server.url, within(30*time.Second))
	asked.Expect.JSON = condition(t, `all(body, .a == 2)`)
	debug.FreeOSMemory()
	require.NoError(t, os.WriteFile("/proc/self/clear_refs", []byte("5"), 0), "the peak is counted from here")
	before := resident(t, "VmRSS")
	ended := make(chan Verdict, 50)
	for range cap(ended) {
		go func() { ended <- runIn(t.Context(), runner, asked).Verdict }()
	}
	for range cap(ended) {
		require.Equal(t, JSONMismatch, (<-ended).Reason)
	}
	grown := resident(t, "VmHWM") - before
	t.Logf("%.1f MiB", float64(grown)/(1<<20))
	require.Less(t, grown, int64(most*racing))
}
