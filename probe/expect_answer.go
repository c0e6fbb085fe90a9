package probe

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"net/url"
)

// HeaderExpect is what one header of the answer must be like.
type HeaderExpect struct {
	Name   string   // in its canonical form, such as Content-Type
	Match  *Pattern // one of its values must match; nil if Absent
	Absent bool     // the answer must not have it
}

// met says why a header is not as expected; nil if it is.
func (h *HeaderExpect) met(ctx context.Context, header http.Header) (*mismatch, error) {
	values := header[h.Name]
	if h.Absent {
		if len(values) == 0 {
			return nil, nil
		}
		return &mismatch{expected: "header " + h.Name + " is there, and should be absent", came: h.shown(values[0])}, nil
	}
	for _, value := range values {
		if found, err := h.Match.match(ctx, []byte(value)); found || err != nil {
			return nil, err
		}
	}
	wanted := fmt.Sprintf("header %s does not match %s", h.Name, slashed(h.Match))
	if len(values) == 0 {
		return &mismatch{expected: fmt.Sprintf("header %s is missing, and should match %s", h.Name, slashed(h.Match))}, nil
	}
	if more := len(values) - 1; more > 0 {
		wanted = fmt.Sprintf("none of the %d headers %s matches %s", more+1, h.Name, slashed(h.Match))
	}
	return &mismatch{expected: wanted, came: h.shown(values[0])}, nil
}

// shown is what people may see of a value: nothing of cookies and the like.
func (h *HeaderExpect) shown(value string) string {
	if confides(h.Name) {
		return ""
	}
	return value
}

// BodyExpect is what the body must be like, decompressed and as far as it is read.
type BodyExpect struct {
	Contains    []string // all of them stand in it
	NotContains []string // none of them does
	Matches     []*Pattern
}

// needed reports whether the body has to be kept for judging.
func (b *BodyExpect) needed() bool {
	return len(b.Contains) > 0 || len(b.NotContains) > 0 || len(b.Matches) > 0
}

// met says why a body is not as expected; nil if it is.
func (b *BodyExpect) met(ctx context.Context, body []byte) (*mismatch, error) {
	for _, wanted := range b.Contains {
		if !bytes.Contains(body, []byte(wanted)) {
			return &mismatch{expected: "the body does not contain " + quoted(wanted), came: beginning(body), opens: true}, nil
		}
	}
	for _, refused := range b.NotContains {
		if at := bytes.Index(body, []byte(refused)); at >= 0 {
			return &mismatch{expected: "the body contains " + quoted(refused) + ", and should not", came: beginning(body[at:])}, nil
		}
	}
	for _, pattern := range b.Matches {
		found, err := pattern.match(ctx, body)
		switch {
		case err != nil:
			return nil, err
		case !found:
			return &mismatch{expected: "the body does not match " + slashed(pattern), came: beginning(body), opens: true}, nil
		}
	}
	return nil, nil
}

// SizeExpect bounds how many bytes the body has after decompression. The zero SizeExpect
// bounds nothing.
type SizeExpect struct {
	Min, Max int64 // at least and at most; no more than is read of a body
	Bounded  bool  // Max counts, even if it is 0
}

// met says why a size is not as expected; nil if it is. A body that was cut is longer than
// its size says.
func (s *SizeExpect) met(size int64, cut bool) *mismatch {
	switch {
	case size < s.Min && !cut:
		return &mismatch{expected: fmt.Sprintf("the body has %s, and should have at least %d", inBytes(size), s.Min)}
	case s.Bounded && size >= s.Max && cut:
		return &mismatch{expected: fmt.Sprintf("the body has more than %s, and should have at most %d", inBytes(size), s.Max)}
	case s.Bounded && size > s.Max:
		return &mismatch{expected: fmt.Sprintf("the body has %s, and should have at most %d", inBytes(size), s.Max)}
	}
	return nil
}

func inBytes(n int64) string {
	if n == 1 {
		return "1 byte"
	}
	return fmt.Sprintf("%d bytes", n)
}

// leadsTo says why a redirect does not lead where it should; nil if it does.
func leadsTo(ctx context.Context, wanted *Pattern, address string) (*mismatch, error) {
	if address == "" {
		return &mismatch{expected: "nothing redirects, and a redirect should lead to " + slashed(wanted)}, nil
	}
	found, err := wanted.match(ctx, []byte(address))
	if found || err != nil {
		return nil, err
	}
	return &mismatch{expected: "Location does not lead to " + slashed(wanted), came: withoutQueryValues(address)}, nil
}

// lead notes where a redirect leads.
func (o *observation) lead(from *url.URL, answer *http.Response) {
	location := answer.Header.Get("Location")
	if !isRedirect(answer.StatusCode) || location == "" {
		return
	}
	o.leads = location
	if to, err := from.Parse(location); err == nil {
		o.leads = to.String()
	}
}

// expectedThere reports whether a redirect leads where one is expected to lead.
func (w *walk) expectedThere(location string) bool {
	wanted := w.target.Expect.Redirect
	to, err := w.hop.url.Parse(location)
	return wanted != nil && err == nil && wanted.compiled.MatchString(to.String())
}
