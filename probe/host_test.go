package probe

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAnInternationalNameIsAskedInItsASCIIForm(t *testing.T) {
	for written, want := range map[string]string{
		"https://예시.example/상태?q=1":   "https://xn--vv4b11d.example/%EC%83%81%ED%83%9C?q=1",
		"http://bücher.example:8080/": "http://xn--bcher-kva.example:8080/",
		"http://example.com/a":        "http://example.com/a",
		"http://[::1]:80/":            "http://[::1]:80/",
	} {
		u, err := url.Parse(written)
		require.NoError(t, err)
		require.Equal(t, want, wired(u).String())
	}
	u := &url.URL{Scheme: "http", Host: "ex\u00adample\u2028.com"}
	require.Equal(t, u, wired(u), "a name that has no ASCII form stays as it is")
}
