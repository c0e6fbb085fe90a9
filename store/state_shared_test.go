package store

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// A host that is found without the parser is the one that the parser finds.
func FuzzHostOf(f *testing.F) {
	for _, address := range []string{
		"https://api.example.com/healthz?deep=1#x", "http://10.0.0.1", "http://", "https:///a", "https://a:8443/b", "https://user@b/c", "https://Upper.example/",
		"https://a.example?x", "https://a/%zz", "https://a/ b", "https://[::1]/x", "tcp://db:5432", "", "https://a//b\x7f", "http://a/\xff",
		"http://127.0.0.1:8080/x", "http://a:", "http://a:80b/", "http://a:80:90/", "http://:80/",
	} {
		f.Add(address)
	}
	f.Fuzz(func(t *testing.T, address string) {
		host, plain := plainHost(address)
		if !plain {
			return
		}
		u, err := url.Parse(address)
		require.NoError(t, err)
		require.Equal(t, strings.ToLower(u.Host), host)
	})
}
