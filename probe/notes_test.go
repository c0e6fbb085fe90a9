package probe

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestWhatAStatusLacksIsNoted(t *testing.T) {
	server := serveWeb(t, redirecting(map[string]string{
		"/201": "201", "/201-located": "201 /new", "/202": "202", "/202-located": "202 /queue/7", "/204": "204",
		"/301": "301", "/302": "302", "/303": "303", "/307": "307", "/308": "308", "/304": "304", "/300": "300",
		"/301-followed": "301 /200", "/302-followed": "302 /200", "/303-followed": "303 /200", "/307-followed": "307 /200", "/308-followed": "308 /200",
		"/302-then-202": "302 /202",
	}))
	lost := []string{"not followed: the redirect has no Location"}
	permanent := []string{"moved permanently: configure " + server.URL + "/200"}
	for name, tc := range map[string]struct {
		path    string
		options []func(*Target)
		want    []string
	}{
		"a 201 without Location":                         {"/201", []func(*Target){sending("x")}, []string{noteCreated}},
		"a 201 to a PUT made what was named":             {"/201", []func(*Target){sending("x"), using(http.MethodPut)}, nil},
		"a 201 with Location":                            {"/201-located", []func(*Target){sending("x")}, nil},
		"a 202 is not done":                              {"/202", nil, []string{noteAccepted}},
		"a 202 is not done wherever it is":               {"/202-located", nil, []string{noteAccepted}},
		"a 202 behind a redirect":                        {"/302-then-202", nil, []string{noteAccepted}},
		"a 204 lacks nothing":                            {"/204", nil, nil},
		"a 200 lacks nothing":                            {"/200", nil, nil},
		"a 301 without Location":                         {"/301", nil, lost},
		"a 302 without Location":                         {"/302", nil, lost},
		"a 302 without Location that is expected":        {"/302", []func(*Target){expecting(302)}, []string{noteRedirects[302]}},
		"a 302 without Location that is not followed":    {"/302", []func(*Target){redirects(0)}, []string{noteRedirects[302]}},
		"a 303 without Location":                         {"/303", nil, lost},
		"a 307 without Location":                         {"/307", nil, lost},
		"a 308 without Location":                         {"/308", nil, lost},
		"a 301 without Location that is not followed":    {"/301", []func(*Target){redirects(0)}, []string{noteRedirects[301]}},
		"a 303 without Location that is not followed":    {"/303", []func(*Target){redirects(0)}, []string{noteRedirects[303]}},
		"a 307 without Location that is not followed":    {"/307", []func(*Target){redirects(0)}, []string{noteRedirects[307]}},
		"a 308 without Location that is not followed":    {"/308", []func(*Target){redirects(0)}, []string{noteRedirects[308]}},
		"a 304 needs no Location, and was not asked for": {"/304", nil, []string{noteUnsolicited}},
		"a 304 answers what is configured":               {"/304", []func(*Target){with("if-none-match", `"v1"`)}, []string{"304 answers the header If-None-Match that is configured; expect: {status: 304} if that is good, or cache: true to have it asked with what came last"}},
		"a 304 that is expected":                         {"/304", []func(*Target){expecting(304)}, nil},
		"a 300 needs none":                               {"/300", nil, nil},
		"a followed 301 names the address":               {"/301-followed", nil, permanent},
		"a followed 308 names the address":               {"/308-followed", nil, permanent},
		"a followed 302 is temporary":                    {"/302-followed", nil, nil},
		"a followed 303 is temporary":                    {"/303-followed", nil, nil},
		"a followed 307 is temporary":                    {"/307-followed", nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			require.Equal(t, tc.want, lastAttempt(t, quick(), target(t, server.URL+tc.path, tc.options...)).Evidence.Notes)
		})
	}
}
