package web

import (
	"bufio"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
)

const (
	scrapesAtOnce = 4 // further ones are refused
	scrapeTime    = 10 * time.Second
)

// scraper answers scrapes. What it writes, it writes as it goes: an answer about ten
// thousand probes has ten megabytes, and is never in memory as a whole.
type scraper struct {
	s        *Server
	life     context.Context // of the server: a scrape does not outlive it
	registry *prometheus.Registry
	places   chan struct{}

	// spare is what a scrape gathered, for the next: a pool would be emptied before that comes.
	spare chan *exposition

	writers, zips sync.Pool
}

func (s *Server) scraper(life context.Context) *scraper {
	return &scraper{
		s: s, life: life, registry: s.registry(), places: make(chan struct{}, scrapesAtOnce),
		spare:   make(chan *exposition, 1),
		writers: sync.Pool{New: func() any { return bufio.NewWriterSize(nil, 32<<10) }},
		zips:    sync.Pool{New: func() any { return gzip.NewWriter(nil) }},
	}
}

// ServeHTTP answers one scrape in the text format.
func (c *scraper) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	select {
	case c.places <- struct{}{}:
		defer func() { <-c.places }()
	default:
		answer(w, http.StatusServiceUnavailable, "too many scrapes at once; try again later\n")
		return
	}
	x := c.exposition()
	defer c.keep(x)
	ctx, cancel := context.WithTimeout(c.life, scrapeTime)
	defer cancel()
	if err := c.s.collect(ctx, x); err != nil && c.life.Err() == nil {
		c.s.o.Log.Error("metrics not read", "err", err)
	}
	families, err := c.registry.Gather()
	if err != nil {
		x.fail(err)
	}
	if err := c.answer(w, r, x, families); err != nil {
		return // the scraper has gone away
	}
	if err := errors.Join(x.errs...); err != nil {
		c.s.o.Log.Warn("error gathering metrics", "err", err)
	}
}

// exposition is an empty one.
func (c *scraper) exposition() *exposition {
	select {
	case x := <-c.spare:
		return x
	default:
		return newExposition()
	}
}

// keep has the next scrape take the memory of one that is over. What several scrapes at once
// had is not kept.
func (c *scraper) keep(x *exposition) {
	x.reset()
	select {
	case c.spare <- x:
	default:
	}
}

func (c *scraper) answer(w http.ResponseWriter, r *http.Request, x *exposition, families []*dto.MetricFamily) error {
	format := expfmt.NegotiateAccept(r.Header, expfmt.NewFormat(expfmt.TypeTextPlain))
	h := w.Header()
	h.Add("Vary", "Accept")
	h.Add("Vary", "Accept-Encoding")
	h.Set("Content-Type", string(format))
	var to io.Writer = w
	if acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		zip := c.zips.Get().(*gzip.Writer)
		zip.Reset(w)
		defer c.zips.Put(zip)
		defer func() { _ = zip.Close() }()
		to = zip
	}
	out := c.writers.Get().(*bufio.Writer)
	defer c.writers.Put(out)
	out.Reset(to)
	if err := c.write(out, format, r.URL.Query()["name[]"], x, families); err != nil {
		return err
	}
	return out.Flush()
}

// write writes all families in the order of their names, or those that were asked for.
func (c *scraper) write(out *bufio.Writer, format expfmt.Format, asked []string, x *exposition, families []*dto.MetricFamily) error {
	others := make(map[string]*dto.MetricFamily, len(families))
	names := x.names()
	for _, f := range families {
		others[f.GetName()] = f
		names = append(names, f.GetName())
	}
	slices.Sort(names)
	encoder := expfmt.NewEncoder(out, format)
	for _, name := range names {
		var err error
		switch f := others[name]; {
		case len(asked) > 0 && !slices.Contains(asked, name):
		case f != nil:
			err = encoder.Encode(f)
		default:
			err = x.write(out, name, format.ToEscapingScheme())
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// acceptsGzip reports whether a scraper takes a compressed answer.
func acceptsGzip(r *http.Request) bool {
	for _, accepted := range strings.Split(strings.Join(r.Header.Values("Accept-Encoding"), ","), ",") {
		coding, weight, _ := strings.Cut(strings.TrimSpace(accepted), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			return !slices.Contains([]string{"q=0", "q=0.0", "q=0.00", "q=0.000"}, strings.ReplaceAll(weight, " ", ""))
		}
	}
	return false
}
