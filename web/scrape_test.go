package web_test

import (
	"compress/gzip"
	"context"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/store"
)

// scrapeWith asks for the metrics with a header, and does not unpack what it gets.
func (p *page) scrapeWith(t *testing.T, path, header, value string) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.url+path, nil)
	require.NoError(t, err)
	request.Header.Set(header, value)
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}, Timeout: 20 * time.Second}
	defer client.CloseIdleConnections()
	response, err := client.Do(request)
	require.NoError(t, err)
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	require.NoError(t, err)
	return response, string(body)
}

// ours are the lines about us: those about the process differ from scrape to scrape.
func ours(body string) string {
	var lines strings.Builder
	for line := range strings.Lines(body) {
		if strings.Contains(line, "sonde_") {
			lines.WriteString(line)
		}
	}
	return lines.String()
}

func TestAScrapeIsCompressedForWhoTakesThat(t *testing.T) {
	l := town(t)
	p := listen(t, usual(l.reader, l.tallies))
	_, plain := p.scrapeWith(t, "/metrics", "Accept-Encoding", "identity")
	for accepted, compressed := range map[string]bool{
		"gzip":                     true,
		"deflate, GZIP;q=0.5, br":  true,
		"br;q=1.0,gzip ; q = 0.8":  true,
		"gzip;q=0":                 false,
		"deflate, gzip; q=0.000":   false,
		"br":                       false,
		"x-gzip-of-another-kind":   false,
		";;;,,,gzip;q=,;=\"":       true,
		"":                         false,
		"identity;q=1, gzip;q=0.0": false,
	} {
		t.Run(accepted, func(t *testing.T) {
			response, body := p.scrapeWith(t, "/metrics", "Accept-Encoding", accepted)
			require.Equal(t, http.StatusOK, response.StatusCode)
			require.Equal(t, []string{"Accept", "Accept-Encoding"}, response.Header.Values("Vary"))
			if !compressed {
				require.Empty(t, response.Header.Get("Content-Encoding"))
				require.Equal(t, ours(plain), ours(body))
				return
			}
			require.Equal(t, "gzip", response.Header.Get("Content-Encoding"))
			unzip, err := gzip.NewReader(strings.NewReader(body))
			require.NoError(t, err)
			unpacked, err := io.ReadAll(unzip)
			require.NoError(t, err)
			require.Equal(t, ours(plain), ours(string(unpacked)))
		})
	}
}

func TestAScrapeMayAskForSomeFamilies(t *testing.T) {
	l := town(t)
	p := listen(t, usual(l.reader, l.tallies))
	_, _, body := p.get(t, "/metrics?name[]=sonde_probe_up&name[]=go_goroutines")
	require.Contains(t, body, `sonde_probe_up{probe="blog"} 1`)
	require.Contains(t, body, "\ngo_goroutines ")
	require.NotContains(t, body, "sonde_results_total")
	require.NotContains(t, body, "go_info")
}

func TestNamesOfLabelsAreWrittenAsAScraperReadsThem(t *testing.T) {
	checkout := watched("checkout")
	checkout.Subject.Labels = map[string]string{"cost.center": "7"}
	l := newLab(t, checkout)
	p := listen(t, usual(l.reader, l.tallies))
	for accepted, want := range map[string]string{
		"text/plain;version=0.0.4":                         `sonde_probe_info{group="",label_cost_center="7",probe="checkout"} 1`,
		"text/plain;version=0.0.4;escaping=allow-utf-8":    `sonde_probe_info{group="","label_cost.center"="7",probe="checkout"} 1`,
		"application/vnd.google.protobuf;encoding=unknown": `sonde_probe_info{group="",label_cost_center="7",probe="checkout"} 1`,
	} {
		response, body := p.scrapeWith(t, "/metrics", "Accept", accepted)
		require.Contains(t, response.Header.Get("Content-Type"), "text/plain; version=0.0.4")
		require.Contains(t, body, want, accepted)
	}
}

// gate is a source that does not answer until it may.
type gate struct {
	*store.Reader
	entered chan struct{}
	open    chan struct{}
}

func (g gate) Snapshot(ctx context.Context, at time.Time) (*store.Snapshot, error) {
	g.entered <- struct{}{}
	<-g.open
	return g.Reader.Snapshot(ctx, at)
}

func TestScrapesBeyondTheLimitAreRefused(t *testing.T) {
	l := newLab(t, watched("a"))
	g := gate{l.reader, make(chan struct{}), make(chan struct{})}
	p := listen(t, usual(g, l.tallies))
	var answered sync.WaitGroup
	codes := make(chan int, 4)
	for range cap(codes) {
		answered.Go(func() {
			code, _, _, err := p.try(http.MethodGet, "/metrics")
			if err != nil {
				code = -1
			}
			codes <- code
		})
	}
	for range cap(codes) {
		select {
		case <-g.entered:
		case <-time.After(20 * time.Second):
			require.FailNow(t, "a scrape within the limit does not read the states")
		}
	}
	code, _, body := p.get(t, "/metrics")
	require.Equal(t, http.StatusServiceUnavailable, code)
	require.Contains(t, body, "too many scrapes at once")
	close(g.open)
	answered.Wait()
	for range cap(codes) {
		require.Equal(t, http.StatusOK, <-codes)
	}
}
