package probe

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

const nginxPage = "<html>\r\n<head><title>502 Bad Gateway</title></head>\r\n<body>\r\n<center><h1>502 Bad Gateway</h1></center>\r\n<hr><center>nginx/1.27.3</center>\r\n</body>\r\n</html>\r\n"

// header is made of names and values in turn.
func header(pairs ...string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Add(pairs[i], pairs[i+1])
	}
	return h
}

// answerers are answers, and who is found to have given them.
var answerers = map[string]struct {
	seen clues
	want string // the sentence
	by   string
}{
	"nginx that waited in vain": {clues{504, 60012 * time.Millisecond, header("Server", "nginx/1.27.3"), strings.ReplaceAll(nginxPage, "502 Bad Gateway", "504 Gateway Time-out")},
		"504 after 60.0 s from the edge (nginx): upstream timeout", "edge (nginx/1.27.3)"},
	"nginx with nothing behind it": {clues{502, time.Millisecond, header("Server", "nginx"), nginxPage},
		"502 at once from the edge (nginx): nothing listens behind it, or what does hangs up", "edge (nginx)"},
	"nginx whose upstream broke off": {clues{502, 3 * time.Second, header(), nginxPage},
		"502 after 3.0 s from the edge (nginx): what is behind it broke off, or did not answer in HTTP", "edge (nginx)"},
	"nginx may be the origin of a 404":               {clues{404, 0, header("Server", "nginx"), strings.ReplaceAll(nginxPage, "502 Bad Gateway", "404 Not Found")}, "", "nginx"},
	"nginx may be the origin of a 503":               {clues{503, 0, header("Server", "nginx"), nginxPage}, "", "nginx"},
	"a name on the door proves nothing":              {clues{502, 0, header("Server", "nginx"), "oops"}, "", "nginx"},
	"a 502 without any sign":                         {clues{502, time.Second, header(), ""}, "", ""},
	"a 504 that came at no usual time":               {clues{504, 7300 * time.Millisecond, header("Via", "1.1 proxy"), ""}, "", "1.1 proxy"},
	"a 504 just when a usual timeout ended":          {clues{504, 30040 * time.Millisecond, header("Server", "x"), ""}, "504 after 30.0 s from the edge: upstream timeout", "edge (x)"},
	"a 500 just when a usual timeout ended":          {clues{500, 30040 * time.Millisecond, header(), ""}, "", ""},
	"a 500 with an id":                               {clues{500, 0, header("X-Request-Id", "r-1"), ""}, "500 at once from the origin: x-request-id r-1", "origin"},
	"a 502 with an id, which gateways give too":      {clues{502, 0, header("X-Request-Id", "r-1"), ""}, "", ""},
	"a 404 with an id":                               {clues{404, 0, header("X-Request-Id", "r-1"), ""}, "", ""},
	"an application server":                          {clues{503, time.Second, header("Server", "gunicorn/21.2.0", "X-Request-Id", "r-1"), ""}, "503 after 1.0 s from the origin (gunicorn): that is an application server, x-request-id r-1", "origin (gunicorn/21.2.0)"},
	"a server in Java":                               {clues{500, 0, header("Server", "Jetty(9.4.z)"), ""}, "", "Jetty(9.4.z)"},
	"a Rails application":                            {clues{500, 2 * time.Second, header("X-Runtime", "1.99"), ""}, "500 after 2.0 s from the origin: x-runtime 1.99", "origin"},
	"an application that says what it runs on":       {clues{401, 0, header("X-Powered-By", "Express"), ""}, "401 at once from the origin: x-powered-by Express", "origin"},
	"Envoy before an origin that answered":           {clues{503, time.Second, header("Server", "envoy", "X-Envoy-Upstream-Service-Time", "998"), "no"}, "503 after 1.0 s from the origin: it took 998 ms to answer, says Envoy before it", "origin (envoy)"},
	"Envoy without anything that is healthy":         {clues{503, 0, header("Server", "istio-envoy"), "no healthy upstream"}, "503 at once from the edge (Envoy): nothing behind it is healthy", "edge (istio-envoy)"},
	"Envoy that was refused":                         {clues{503, 0, header("Server", "envoy"), "upstream connect error or disconnect/reset before headers. reset reason: connection failure"}, "503 at once from the edge (Envoy): nothing listens behind it", "edge (envoy)"},
	"Envoy behind Envoy":                             {clues{503, 0, header("Server", "envoy", "X-Envoy-Upstream-Service-Time", "3"), "no healthy upstream"}, "503 at once from the origin: it took 3 ms to answer, says Envoy before it", "origin (envoy)"},
	"HAProxy without a server":                       {clues{503, 0, header(), "<html><body><h1>503 Service Unavailable</h1>\nNo server is available to handle this request.\n</body></html>\n"}, "503 at once from the edge (HAProxy): nothing behind it is healthy", "edge (HAProxy)"},
	"HAProxy that waited in vain":                    {clues{504, 20 * time.Second, header(), "<h1>504 Gateway Time-out</h1>\nThe server didn't respond in time.\n"}, "504 after 20.0 s from the edge (HAProxy): upstream timeout", "edge (HAProxy)"},
	"a load balancer of AWS":                         {clues{502, 0, header("Server", "awselb/2.0"), ""}, "502 at once from the edge (AWS load balancer): nothing listens behind it, or what does hangs up", "edge (AWS load balancer)"},
	"CloudFront by itself":                           {clues{403, 0, header("Server", "CloudFront", "X-Cache", "Error from cloudfront"), ""}, "403 at once from the edge (CloudFront): it refuses the request itself", "edge (CloudFront)"},
	"Cloudflare's own codes":                         {clues{522, 19 * time.Second, header("Server", "cloudflare", "Cf-Ray", "1-ICN"), ""}, "522 after 19.0 s from the edge (Cloudflare): no connection to what is behind it in time", "edge (cloudflare)"},
	"Cloudflare's codes of somebody else":            {clues{522, 0, header("Server", "nginx"), ""}, "", "nginx"},
	"Cloudflare before whatever answered":            {clues{500, 0, header("Server", "cloudflare", "Cf-Ray", "1-ICN"), "oops"}, "", "cloudflare"},
	"Kong by itself":                                 {clues{503, 0, header("X-Kong-Response-Latency", "1"), `{"message":"name resolution failed"}`}, "503 at once from the edge (Kong): nothing behind it is fit to answer, or it sheds load itself", "edge (Kong)"},
	"Kong before an origin":                          {clues{500, 0, header("X-Kong-Upstream-Latency", "12", "X-Kong-Proxy-Latency", "1"), ""}, "500 at once from the origin: it took 12 ms to answer, says Kong before it", "origin"},
	"an API gateway of AWS":                          {clues{504, 29 * time.Second, header("X-Amzn-Requestid", "r"), `{"message": "Endpoint request timed out"}`}, "504 after 29.0 s from the edge (AWS API Gateway): upstream timeout", "edge (AWS API Gateway)"},
	"a proxy that says what happened":                {clues{502, 0, header("Proxy-Status", `"shop"; received-status=200, cdn.example.com; error=connection_refused`), ""}, "502 at once from the edge (cdn.example.com): connection refused", "edge (cdn.example.com)"},
	"a proxy that had no trouble":                    {clues{500, 0, header("Proxy-Status", "cdn.example.com; received-status=500"), ""}, "", ""},
	"a cache that keeps a failure":                   {clues{503, 0, header("Age", "120", "X-Cache", "HIT"), ""}, "503 at once from the edge: its cache gave an answer of 120 s ago", "edge"},
	"a cache that does not say of when":              {clues{404, 0, header("Cf-Cache-Status", "HIT", "Server", "cloudflare"), ""}, "404 at once from the edge: its cache gave an older answer", "edge (cloudflare)"},
	"a cache that had to ask":                        {clues{404, 0, header("Age", "0", "X-Cache", "MISS", "Cache-Status", "cdn; fwd=miss"), ""}, "", ""},
	"an edge that limits the rate":                   {clues{429, 0, header("Server", "AkamaiGHost"), ""}, "429 at once from the edge (Akamai): it limits the rate itself", "edge (AkamaiGHost)"},
	"Apache as a gateway":                            {clues{502, 0, header("Server", "Apache"), "<h1>Proxy Error</h1>\nThe proxy server received an invalid\r\nresponse from an upstream server."}, "502 at once from the edge (Apache httpd): nothing listens behind it, or what does hangs up", "edge (Apache httpd)"},
	"nobody looks at what is no failure":             {clues{200, 0, header("Age", "10", "Server", "awselb/2.0"), nginxPage}, "", "awselb/2.0"},
	"no answer at all":                               {clues{}, "", ""},
	"what a target says of itself is made printable": {clues{500, 0, header("X-Request-Id", "a\u202eb\x1b"), ""}, `500 at once from the origin: x-request-id a\u202eb\x1b`, "origin"},
}

func TestWhoAnswered(t *testing.T) {
	for name, tc := range answerers {
		t.Run(name, func(t *testing.T) {
			found := attribute(tc.seen)
			require.Equal(t, tc.want, found.sentence(tc.seen))
			require.Equal(t, tc.by, found.by(answeredBy(tc.seen.header)))
		})
	}
}

func TestWhoAnsweredIsPartOfTheEvidence(t *testing.T) {
	server := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Server", "nginx/1.27.3")
		if r.URL.Path == "/good" {
			return
		}
		timer := time.NewTimer(300 * time.Millisecond)
		<-timer.C
		w.WriteHeader(http.StatusBadGateway)
		_, _ = io.WriteString(w, nginxPage)
	})
	got := lastAttempt(t, quick(), target(t, server.URL)).Evidence
	require.Regexp(t, `^502 after 0\.[3-9] s from the edge \(nginx\): what is behind it broke off`, got.Gateway)
	require.Equal(t, "edge (nginx/1.27.3)", got.AnsweredBy)
	detailed := quick()
	detailed.Detail = true
	fine := lastAttempt(t, detailed, target(t, server.URL+"/good")).Evidence
	require.Equal(t, []string{"", "nginx/1.27.3"}, []string{fine.Gateway, fine.AnsweredBy})

	echo := serveWeb(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Request-Id", r.Header.Get("X-Key"))
		w.WriteHeader(http.StatusInternalServerError)
	})
	require.NotContains(t, fmt.Sprint(lastAttempt(t, quick(), target(t, echo.URL, with("x-key", "canary-77")))), "canary")
}

func FuzzAttribution(f *testing.F) {
	f.Add(502, int64(60e9), "Server: nginx\nX-Request-Id: a", nginxPage)
	f.Add(504, int64(0), "Proxy-Status: a; error=\"x\nAge: 99999999999999999999", "")
	f.Add(503, int64(-5), "Server: \x1b[2J\nX-Envoy-Upstream-Service-Time: -1", "no healthy upstream\u202e")
	f.Fuzz(func(t *testing.T, status int, wait int64, headers, body string) {
		c := clues{status: status, wait: time.Duration(wait), header: http.Header{}, body: body}
		for line := range strings.SplitSeq(headers, "\n") {
			name, value, _ := strings.Cut(line, ":")
			c.header.Add(name, strings.TrimSpace(value))
		}
		found := attribute(c)
		require.Contains(t, []side{unknownSide, edge, origin}, found.side)
		sentence, by := found.sentence(c), found.by(answeredBy(c.header))
		for _, s := range []string{sentence, by} {
			requirePrintable(t, s)
			require.LessOrEqual(t, len([]rune(s)), maxText)
		}
		require.Equal(t, found.side == unknownSide, sentence == "")
		if c.status < 300 {
			require.Empty(t, sentence)
		}
	})
}
