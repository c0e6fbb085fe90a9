package web_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/probe"
	"sonde/store"
)

// BenchmarkRead measures what a scrape and a look at the API cost, over a real
// connection, with 1,000 probes.
func BenchmarkRead(b *testing.B) {
	var probes []store.Probe
	for i := range 1000 {
		probes = append(probes, watched(fmt.Sprintf("probe-%05d", i), "99.9% over 30d"))
	}
	l := newLab(b, probes...)
	for name := range l.probes {
		l.play(b, name, slices.Concat(slices.Repeat([]probe.Verdict{good}, 20), []probe.Verdict{broken, good})...)
	}
	o := usual(l.reader, l.tallies)
	o.Gauges = gauges
	p := listen(b, o)
	for _, path := range []string{"/metrics", "/api/v1/status"} {
		b.Run(path[1:], func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				code, _, body := p.get(b, path)
				require.Equal(b, 200, code)
				b.SetBytes(int64(len(body)))
			}
		})
	}
}

// BenchmarkScrape measures what a scrape of ten thousand probes costs, the reading of the
// states included, but not the scraper: it throws away what it gets.
func BenchmarkScrape(b *testing.B) {
	var probes []store.Probe
	for i := range 10_000 {
		probes = append(probes, watched(fmt.Sprintf("probe-%05d", i), "99.9% over 30d"))
	}
	l := newLab(b, probes...)
	for name := range l.probes {
		l.play(b, name, good)
	}
	o := usual(l.reader, l.tallies)
	o.Gauges = gauges
	p := listen(b, o)
	client := &http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	for _, encoding := range []string{"identity", "gzip"} {
		b.Run(encoding, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				req, err := http.NewRequestWithContext(b.Context(), http.MethodGet, p.url+"/metrics", nil)
				require.NoError(b, err)
				req.Header.Set("Accept-Encoding", encoding)
				resp, err := client.Do(req)
				require.NoError(b, err)
				n, err := io.Copy(io.Discard, resp.Body)
				require.NoError(b, errors.Join(err, resp.Body.Close()))
				b.SetBytes(n)
			}
		})
	}
}

// BenchmarkTallies measures what counting a commit costs the recorder.
func BenchmarkTallies(b *testing.B) {
	l := newLab(b)
	entries := make([]store.Entry, 1000)
	for i := range entries {
		entries[i] = store.Entry{Probe: probe.ID(i), Input: incident.Input{Verdict: good, Attempts: 1}}
	}
	b.ReportAllocs()
	for b.Loop() {
		l.tallies.Add(entries)
	}
}
