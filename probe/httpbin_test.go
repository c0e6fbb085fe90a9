package probe

import (
	"io"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mccutchen/go-httpbin/v2/httpbin"
	"github.com/stretchr/testify/require"
)

// A target that nobody here wrote: what it does is what others understand HTTP to be.
// theirs is what is made of the answers of a target that nobody here wrote.
var theirs = map[string]struct {
	options []func(*Target)
	want    Reason
	status  int
}{
	"/get":                        {want: OK, status: 200},
	"/gzip":                       {want: OK, status: 200, options: []func(*Target){containing(`"gzipped": true`)}},
	"/deflate":                    {want: OK, status: 200},
	"/encoding/utf8":              {want: OK, status: 200, options: []func(*Target){containing("∮ E⋅da = Q")}},
	"/bytes/100000?seed=1":        {want: OK, status: 200},
	"/stream-bytes/100000?seed=1": {want: OK, status: 200},
	"/stream/20":                  {want: OK, status: 200},
	"/trailers?x=y":               {want: OK, status: 200},
	"/sse?count=3&duration=30ms":  {want: OK, status: 200},
	"/drip?duration=50ms&numbytes=5&delay=0s": {want: OK, status: 200},
	"/delay/2":                               {want: FirstByteTimeout, options: []func(*Target){within(300 * time.Millisecond)}},
	"/drip?duration=2s&numbytes=10&delay=0s": {want: BodyTimeout, status: 200, options: []func(*Target){within(300 * time.Millisecond)}},
	"/redirect/3":                            {want: OK, status: 200},
	"/absolute-redirect/3":                   {want: OK, status: 200},
	"/redirect/9":                            {want: RedirectLimit, status: 302},
	"/redirect/2":                            {want: UnexpectedStatus, status: 302, options: []func(*Target){redirects(0)}},
	"/redirect-to?url=/redirect-to":          {want: ClientError, status: 400},
	"/cookies/set?a=b":                       {want: OK, status: 200},
	"/basic-auth/user/secret":                {want: Unauthenticated, status: 401},
	"/basic-auth/me/secret":                  {want: OK, status: 200, options: []func(*Target){with("Authorization", "Basic bWU6c2VjcmV0")}},
	"/hidden-basic-auth/user/secret":         {want: ClientError, status: 404},
	"/digest-auth/auth/user/secret":          {want: Unauthenticated, status: 401},
	"/bearer":                                {want: Unauthenticated, status: 401},
	"/bearer?ok":                             {want: OK, status: 200, options: []func(*Target){with("Authorization", "Bearer abc")}},
	"/status/201":                            {want: OK, status: 201},
	"/status/204":                            {want: OK, status: 204},
	"/status/304":                            {want: UnexpectedStatus, status: 304},
	"/status/403":                            {want: Forbidden, status: 403},
	"/status/407":                            {want: Unauthenticated, status: 407},
	"/status/418":                            {want: ClientError, status: 418},
	"/status/429":                            {want: Throttled, status: 429},
	"/status/500":                            {want: ServerError, status: 500},
	"/status/503":                            {want: ServerError, status: 503},
	"/status/599":                            {want: ServerError, status: 599},
	"/unstable?failure_rate=1.0":             {want: ServerError, status: 500},
	"/post":                                  {want: ClientError, status: 405},
	"/no/such/path":                          {want: ClientError, status: 404},
	"/response-headers?Server=they":          {want: OK, status: 200},
	"/upload":                                {want: OK, status: 200, options: []func(*Target){sending(strings.Repeat("x", 100_000))}},
	"/image/png":                             {want: OK, status: 200},
	"/etag/v1":                               {want: OK, status: 200},
	"/etag/v1?not":                           {want: ClientError, status: 412, options: []func(*Target){with("If-Match", `"v2"`)}},
	"/cache?conditional":                     {want: UnexpectedStatus, status: 304, options: []func(*Target){with("If-None-Match", `"x"`)}},
	"/range/1000":                            {want: OK, status: 200},
	"/range/1000?part":                       {want: OK, status: 206, options: []func(*Target){with("Range", "bytes=0-9")}},
	"/websocket/echo":                        {want: ClientError, status: 400},
}

func TestATargetThatOthersWrote(t *testing.T) {
	app := httpbin.New(httpbin.WithMaxDuration(3*time.Second), httpbin.WithObserver(httpbin.StdLogObserver(slog.New(slog.NewTextHandler(io.Discard, nil)))))
	server := httptest.NewServer(app)
	t.Cleanup(server.Close)
	for path, tc := range theirs {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			got := lastAttempt(t, quick(), target(t, server.URL+path, tc.options...))
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.Equal(t, tc.status, got.Verdict.Status)
			requireBounded(t, got)
		})
	}
}
