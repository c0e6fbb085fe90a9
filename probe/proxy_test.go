package probe

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/text"
)

// webProxy is an HTTP proxy: it forwards http and tunnels the rest, and wants a credential
// if it has one. Names all lead to loopback.
type webProxy struct {
	credential string // of Proxy-Authorization; empty: none
	status     int    // answers CONNECT with it, if not 0

	mu   sync.Mutex
	seen []string
}

func (p *webProxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	p.seen = append(p.seen, r.Method+" "+r.URL.String()+r.URL.Opaque)
	p.mu.Unlock()
	switch {
	case p.credential != "" && r.Header.Get("Proxy-Authorization") != p.credential:
		w.Header().Set("Proxy-Authenticate", `Basic realm="proxy"`)
		w.WriteHeader(http.StatusProxyAuthRequired)
		return
	case p.status != 0:
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(p.status)
		return
	case r.Method == http.MethodConnect:
		p.tunnel(w, r)
		return
	}
	r.Header.Del("Proxy-Authorization")
	r.URL.Host = loopbackOf(r.URL.Host)
	answer, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.Header().Set("Via", "1.1 test-proxy")
	w.Header().Set("Location", answer.Header.Get("Location"))
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

func (p *webProxy) tunnel(w http.ResponseWriter, r *http.Request) {
	up, err := net.Dial("tcp", loopbackOf(r.Host))
	if err != nil {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	down, _, err := w.(http.Hijacker).Hijack()
	if err != nil {
		_ = up.Close()
		return
	}
	_, _ = io.WriteString(down, "HTTP/1.1 200 Connection established\r\n\r\n")
	pipe(up, down)
}

func (p *webProxy) requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.seen...)
}

func loopbackOf(hostport string) string {
	_, port, _ := net.SplitHostPort(hostport)
	return "127.0.0.1:" + port
}

// pipe copies both ways until one side ends.
func pipe(a, b net.Conn) {
	var copying sync.WaitGroup
	for _, way := range [][2]net.Conn{{a, b}, {b, a}} {
		copying.Go(func() {
			_, _ = io.Copy(way[0], way[1])
			_ = way[0].Close()
			_ = way[1].Close()
		})
	}
	copying.Wait()
}

// serveSocks is a SOCKS 5 proxy. Names all lead to loopback. reply is what it answers to
// the request, if not 0.
func serveSocks(t *testing.T, user, password string, reply byte) *rawServer {
	return serveConns(t, func(s *rawServer, conn net.Conn) {
		r := bufio.NewReader(conn)
		read := func(n int) []byte {
			b := make([]byte, n)
			_, _ = io.ReadFull(r, b)
			return b
		}
		methods := read(int(read(2)[1]))
		switch {
		case user == "":
			_, _ = conn.Write([]byte{5, 0})
		case !strings.Contains(string(methods), "\x02"):
			_, _ = conn.Write([]byte{5, 0xff})
			return
		default:
			_, _ = conn.Write([]byte{5, 2})
			name := string(read(int(read(2)[1])))
			secret := string(read(int(read(1)[0])))
			if name != user || secret != password {
				_, _ = conn.Write([]byte{1, 1})
				return
			}
			_, _ = conn.Write([]byte{1, 0})
		}
		head := read(4)
		host := ""
		switch head[3] {
		case 1:
			host = net.IP(read(4)).String()
		case 3:
			host = string(read(int(read(1)[0])))
		case 4:
			host = net.IP(read(16)).String()
		}
		port := read(2)
		s.mu.Lock()
		s.heads = append(s.heads, host)
		s.mu.Unlock()
		if reply != 0 {
			_, _ = conn.Write([]byte{5, reply, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		up, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", int(port[0])<<8|int(port[1])))
		if err != nil {
			_, _ = conn.Write([]byte{5, 5, 0, 1, 0, 0, 0, 0, 0, 0})
			return
		}
		s.track(up, true)
		defer s.track(up, false)
		_, _ = conn.Write([]byte{5, 0, 0, 3, 4, 'h', 'o', 's', 't', 0, 80})
		pipe(up, conn)
	})
}

// through makes a target that is reached through a proxy. User-info is its credential.
func through(t testing.TB, address string) func(*Target) {
	t.Helper()
	u, err := url.Parse(address)
	require.NoError(t, err)
	p := &Proxy{URL: &url.URL{Scheme: u.Scheme, Host: u.Host}}
	if u.User != nil {
		password, _ := u.User.Password()
		p.User, p.Password = text.NewSecret(u.User.Username()), text.NewSecret(password)
	}
	return over(func(o *Transport) { o.Proxy = p })
}

func withUser(address, user string) string { return strings.Replace(address, "://", "://"+user+"@", 1) }

func TestATargetIsReachedThroughAProxy(t *testing.T) {
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots, runner.Detail = issuer.pool(), true
	certificate := func() *tls.Config { return &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}} }
	plain, secured := serveWeb(t, ok), serveTLS(t, certificate(), true, ok)
	h2c := serveH2C(t, ok)
	credential := &webProxy{credential: "Basic YW5uOnMzY3JldC1wYXNz"} // ann:s3cret-pass
	web := serveWeb(t, credential.ServeHTTP)
	webTLS := serveTLS(t, certificate(), false, credential)
	socks := serveSocks(t, "ann", "s3cret-pass", 0)
	proxies := map[string]string{"http": web.URL, "https": webTLS.URL, "socks5": strings.Replace(socks.url, "http:", "socks5:", 1)}
	for scheme, proxy := range proxies {
		for name, tc := range map[string]struct {
			address  string
			protocol Protocol
			spoken   string
		}{
			"http":           {plain.URL, AnyProtocol, "HTTP/1.1"},
			"https":          {secured.URL, AnyProtocol, "HTTP/2.0"},
			"https by name":  {strings.Replace(secured.URL, "127.0.0.1", "localhost", 1), HTTP1, "HTTP/1.1"},
			"http by name":   {strings.Replace(plain.URL, "127.0.0.1", "no.such.name.test", 1), AnyProtocol, "HTTP/1.1"},
			"h2 without TLS": {h2c, HTTP2, "HTTP/2.0"},
		} {
			t.Run(name+" through "+scheme, func(t *testing.T) {
				got := lastAttempt(t, runner, target(t, tc.address, speaking(tc.protocol), through(t, withUser(proxy, "ann:s3cret-pass")), with("x-api-key", "key")))
				require.Equal(t, OK.String(), got.Verdict.Reason.String(), got.Evidence.Error)
				require.Equal(t, tc.spoken, got.Evidence.Protocol)
				require.Equal(t, proxy, got.Evidence.Proxy, "without the secret")
				require.Equal(t, proxy[strings.Index(proxy, "://")+3:], got.Evidence.RemoteAddr)
				require.Positive(t, got.Timings.Connect)
				requireBounded(t, got)
			})
		}
	}
	require.NotContains(t, fmt.Sprint(plain.arrivals), "Proxy-Authorization", "the proxy's secret stays with the proxy")
	require.Contains(t, strings.Join(credential.requests(), "\n"), "GET http://no.such.name.test:", "a request that is forwarded names its target in full")
	require.Contains(t, socks.requests(), "no.such.name.test", "the proxy resolves names")
}

// socks is an address of a SOCKS proxy.
func socks(address string) string { return strings.Replace(address, "http:", "socks5:", 1) }

func TestWhatIsWrongWithAProxy(t *testing.T) {
	late := watchLag(t)
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots = issuer.pool()
	plain := serveWeb(t, ok).URL
	secured := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{issuer.issue(t, nil)}}, false, ok).URL
	closed := "http://" + closedTCP(t)
	guarded := serveWeb(t, (&webProxy{credential: "Basic YW5uOm90aGVy"}).ServeHTTP).URL
	answering := func(status int) string { return serveWeb(t, (&webProxy{status: status}).ServeHTTP).URL }
	raw := func(answer func(net.Conn)) string { return serveRaw(t, answer).url }
	replying := func(reply byte) string { return socks(serveSocks(t, "", "", reply).url) }
	for name, tc := range map[string]struct {
		proxy, address string
		want           Reason
		status         int
		says           string
	}{
		"it refuses connections":                     {closed, secured, ProberNetwork, 0, "cannot be used, so that nothing is known of the target"},
		"it refuses connections, and would forward":  {closed, plain, ProberNetwork, 0, "cannot be used"},
		"it is SOCKS and refuses connections":        {socks(closed), secured, ProberNetwork, 0, "cannot be used"},
		"its name does not exist":                    {"http://proxy.nowhere.test.:3128", secured, ProberNetwork, 0, "cannot be used"},
		"its certificate is for another name":        {strings.Replace(serveTLS(t, &tls.Config{Certificates: []tls.Certificate{newAuthority(t).issue(t, nil)}}, false, ok).URL, "http:", "https:", 1), plain, ProberNetwork, 0, "cannot be used"},
		"it wants a credential for a tunnel":         {guarded, secured, Unauthenticated, 407, "does not accept our credential for it (proxy:)"},
		"it wants a credential for forwarding":       {guarded, plain, Unauthenticated, 407, "does not accept our credential for it (proxy:)"},
		"it does not accept the credential":          {withUser(guarded, "ann:wrong-pass"), secured, Unauthenticated, 407, "does not accept our credential"},
		"it forbids the target":                      {answering(403), secured, Forbidden, 403, "does not allow this target"},
		"it finds no way":                            {answering(502), secured, ServerError, 502, "opened no way to the target"},
		"it says 504":                                {answering(504), secured, ServerError, 504, "opened no way to the target"},
		"it asks to wait":                            {answering(429), secured, Throttled, 429, "this is what the proxy"},
		"it redirects CONNECT":                       {answering(302), secured, UnexpectedStatus, 302, "this is what the proxy"},
		"it hangs up":                                {raw(func(net.Conn) {}), secured, ConnectionClosed, 0, "closed the connection"},
		"it says nothing":                            {raw(thenSilence("")), secured, ConnectTimeout, 0, "was reached and opened no way to the target"},
		"it speaks garbage":                          {raw(says("\x00\xff garbage\r\n\r\n")), secured, ProtocolError, 0, ""},
		"its head has no end":                        {raw(saysForEver("HTTP/1.1 200 OK\r\n", "X: yyyyyyyyyyyyyyyyyyyyyyyy\r\n")), secured, ProtocolError, 0, ""},
		"its interim answers have no end":            {raw(saysForEver("", "HTTP/1.1 102 Processing\r\n\r\n")), secured, ProtocolError, 0, ""},
		"it says more than it should":                {raw(says("HTTP/1.1 200 OK\r\n\r\nmore")), secured, ProtocolError, 0, ""},
		"it is no SOCKS proxy":                       {socks(raw(says("HTTP/1.1 400 Bad Request\r\n\r\n"))), secured, ConnectTimeout, 0, ""},
		"it wants a way to authenticate we have not": {socks(serveSocks(t, "ann", "x", 0).url), secured, Unauthenticated, 0, "does not accept our credential"},
		"it does not accept user and password":       {withUser(socks(serveSocks(t, "ann", "x", 0).url), "ann:y"), secured, Unauthenticated, 0, "does not accept our credential"},
		"it says that the target refuses":            {replying(5), secured, ConnectRefused, 0, "opened no way to the target"},
		"it says that the host cannot be reached":    {replying(4), secured, ConnectUnreachable, 0, "opened no way to the target"},
		"its rules forbid the target":                {replying(2), secured, Forbidden, 0, "does not allow this target"},
		"it gives a reply that is none":              {replying(99), secured, ProtocolError, 0, ""},
		"it is where nobody may ask":                 {"http://169.254.169.254:3128", plain, AddressBlocked, 0, "where sonde never asks"},
		"the target is where nobody may ask":         {guarded, "http://169.254.169.254/", AddressBlocked, 0, "where sonde never asks"},
	} {
		t.Run(name, func(t *testing.T) {
			result := runOnce(t, runner, target(t, tc.address, through(t, tc.proxy), within(300*time.Millisecond), expecting(200, tc.status)))
			got := result.Attempts[0]
			require.Equal(t, tc.want.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.Equal(t, tc.status, got.Verdict.Status)
			require.Contains(t, strings.Join(got.Evidence.Notes, "\n")+got.Evidence.Error, tc.says)
			require.NotContains(t, got.Evidence.Error, "wrong-pass")
			require.NotEmpty(t, got.Evidence.Proxy)
			require.Less(t, result.Elapsed, 300*time.Millisecond+late())
			requireBounded(t, got)
		})
	}
}

// closedTCP is an address that refuses connections until the test ends: it is taken, so that nobody
// else gets it, and nobody listens.
func closedTCP(t testing.TB) string {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, syscall.Close(socket)) })
	require.NoError(t, syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	address, err := syscall.Getsockname(socket)
	require.NoError(t, err)
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(address.(*syscall.SockaddrInet4).Port))
}

func TestTheEnvironmentNamesNoProxy(t *testing.T) {
	for _, name := range []string{"HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"} {
		t.Setenv(name, "http://"+closedTCP(t))
	}
	t.Setenv("NO_PROXY", "")
	issuer := newAuthority(t)
	runner := quick()
	runner.Roots = issuer.pool()
	runner.Resolver = serveNames(t, map[string][]string{"shop.test.": {"127.0.0.1"}})
	certificate := issuer.issue(t, nil)
	secured := serveTLS(t, &tls.Config{Certificates: []tls.Certificate{certificate}}, true, ok)
	byName := over(func(o *Transport) { o.ServerName = "localhost" })
	for name, tc := range map[string]struct {
		address  string
		protocol Protocol
	}{"http": {serveWeb(t, ok).URL, AnyProtocol}, "https": {secured.URL, HTTP1}, "HTTP/2": {secured.URL, HTTP2}, "h2 without TLS": {serveH2C(t, ok), HTTP2}} {
		t.Run(name, func(t *testing.T) {
			got := lastAttempt(t, runner, target(t, strings.Replace(tc.address, "127.0.0.1", "shop.test.", 1), byName, speaking(tc.protocol)))
			require.Equal(t, OK.String(), got.Verdict.Reason.String(), got.Evidence.Error)
			require.Empty(t, got.Evidence.Proxy)
		})
	}
}

func TestARedirectThroughAProxyIsGuardedByWhatStandsInIt(t *testing.T) {
	inside := serveWeb(t, ok)
	outside := serveWeb(t, redirecting(map[string]string{"/": "302 " + inside.URL + "/x"}))
	proxy := serveWeb(t, new(webProxy).ServeHTTP)
	byName := strings.Replace(outside.URL, "127.0.0.1", "shop.example.test", 1)
	got := lastAttempt(t, quick(), target(t, byName, through(t, proxy.URL)))
	require.Equal(t, RedirectBlocked.String(), got.Verdict.Reason.String(), "a name that the proxy resolves counts as public: %v", got.Evidence)
	require.Contains(t, strings.Join(got.Evidence.Notes, ""), "allow_networks: [127.0.0.0/8]")
	require.Empty(t, inside.lines())
	allowed := over(func(o *Transport) { o.AllowNetworks = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	require.Equal(t, OK, lastAttempt(t, quick(), target(t, byName, through(t, proxy.URL), allowed)).Verdict.Reason)
	require.Equal(t, OK, lastAttempt(t, quick(), target(t, outside.URL, through(t, proxy.URL))).Verdict.Reason, "from private to private")
}
