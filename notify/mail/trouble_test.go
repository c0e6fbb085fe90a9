package mail

import (
	"bufio"
	"context"
	"io"
	"mime/quotedprintable"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/mail/fakemail"
	"sonde/text"
)

func quoted(r io.Reader) io.Reader { return quotedprintable.NewReader(r) }

func TestWhatAServersNoMeans(t *testing.T) {
	for name, tc := range map[string]struct {
		fault   fakemail.Fault
		trouble notify.Trouble
		says    string
	}{
		"not now":                        {fakemail.Fault{Step: fakemail.AtHello, Code: 421}, notify.Transient, "hello: "},
		"not for us":                     {fakemail.Fault{Step: fakemail.AtHello, Code: 554}, notify.Unreachable, "hello: "},
		"a login that fails for now":     {fakemail.Fault{Step: fakemail.AtAuth, Code: 454}, notify.Transient, "login: 454"},
		"a login that is refused":        {fakemail.Fault{Step: fakemail.AtAuth, Code: 535, Message: "no, " + password}, notify.Unreachable, "login: 535"},
		"a sender who has sent too much": {fakemail.Fault{Step: fakemail.AtFrom, Code: 451}, notify.Transient, "sender: 451"},
		"a sender who may not":           {fakemail.Fault{Step: fakemail.AtFrom, Code: 553}, notify.Unreachable, "sender: 553"},
		"all are to be tried later":      {fakemail.Fault{Step: fakemail.AtTo, Code: 450}, notify.Transient, "recipient: 450"},
		"nobody lives there":             {fakemail.Fault{Step: fakemail.AtTo, Code: 550}, notify.Unreachable, "every recipient is refused: 550"},
		"no room now":                    {fakemail.Fault{Step: fakemail.AtTaken, Code: 452}, notify.Transient, "taken: 452"},
		"this letter never":              {fakemail.Fault{Step: fakemail.AtTaken, Code: 554}, notify.Refused, "taken: 554"},
		"it hangs up at the sender":      {fakemail.Fault{Step: fakemail.AtFrom, Drop: true}, notify.Transient, "sender: "},
		"it hangs up at a recipient":     {fakemail.Fault{Step: fakemail.AtTo, Drop: true}, notify.Transient, "recipient: "},
		"it hangs up with the letter":    {fakemail.Fault{Step: fakemail.AtTaken, Drop: true}, notify.Ambiguous, "taken: "},
	} {
		t.Run(name, func(t *testing.T) {
			server, sender := fake(t, fakemail.Options{}, nil)
			server.Fail(tc.fault)
			_, err := sender.Send(t.Context(), message(incident.Opened, 0), notify.Thread{})
			f := failed(t, err)
			require.Equal(t, tc.trouble, f.Trouble, f)
			require.Contains(t, f.Error(), "mail: "+tc.says)
		})
	}
}

func TestNothingIsSentWhereTheConnectionIsNotSafe(t *testing.T) {
	for name, tc := range map[string]struct {
		options fakemail.Options
		change  func(*Config)
		says    string
	}{
		"no STARTTLS is offered":        {fakemail.Options{TLS: "none"}, func(c *Config) { c.TLS = StartTLS }, "does not offer STARTTLS"},
		"an unknown authority":          {fakemail.Options{}, func(c *Config) { c.Roots = nil }, "certificate"},
		"the same from the first byte":  {fakemail.Options{TLS: "tls"}, func(c *Config) { c.Roots = nil }, "certificate"},
		"a password that is wrong":      {fakemail.Options{}, func(c *Config) { c.Password = text.NewSecret("another-canary") }, "login: 535"},
		"no login that we speak":        {fakemail.Options{Mechanisms: []string{"XOAUTH2"}}, nil, "neither AUTH PLAIN nor AUTH LOGIN"},
		"a login is wanted and we none": {fakemail.Options{}, func(c *Config) { c.User, c.Password = text.Secret{}, text.Secret{} }, "sender: 502"},
	} {
		t.Run(name, func(t *testing.T) {
			server, sender := fake(t, tc.options, tc.change)
			_, err := sender.Send(t.Context(), message(incident.Opened, 0), notify.Thread{})
			require.Equal(t, notify.Unreachable, failed(t, err).Trouble, "people must act")
			require.ErrorContains(t, err, tc.says)
			require.Empty(t, server.Letters())
		})
	}
}

// scripted is a server that answers line by line, whatever is said. After the last answer it hangs up, or
// is silent, and calls who waits for that.
func scripted(t *testing.T, silent func(), answers ...string) (address string, said func() string) {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	var mu sync.Mutex
	var heard strings.Builder
	end := make(chan struct{})
	var serving sync.WaitGroup
	serving.Go(func() {
		conn, err := listener.Accept()
		if err != nil {
			return
		}
		defer func() { _ = conn.Close() }()
		lines := bufio.NewReader(conn)
		for i, answer := range answers {
			if i > 0 && !hear(lines, answers[i-1], &mu, &heard) {
				return
			}
			_, _ = io.WriteString(conn, answer+"\r\n")
		}
		switch last := answers[len(answers)-1]; {
		case strings.HasPrefix(last, "354"):
			hear(lines, last, &mu, &heard)
		case last != "":
			_, _ = lines.ReadByte() // until something comes, or they hang up
		}
		if silent != nil {
			silent()
			<-end
		}
	})
	t.Cleanup(func() { close(end); _ = listener.Close(); serving.Wait() })
	return listener.Addr().String(), func() string { mu.Lock(); defer mu.Unlock(); return heard.String() }
}

// hear reads a line, or a letter after 354.
func hear(lines *bufio.Reader, answered string, mu *sync.Mutex, heard *strings.Builder) bool {
	for {
		line, err := lines.ReadString('\n')
		if err != nil {
			return false
		}
		mu.Lock()
		heard.WriteString(line)
		mu.Unlock()
		if !strings.HasPrefix(answered, "354") || line == ".\r\n" {
			return true
		}
	}
}

func plainly(t *testing.T, address string) *Sender {
	return newSender(t, Config{Name: "mail", Host: address, TLS: NoTLS, From: people("sonde@example.com")[0], To: people("ann@example.com"),
		Write: func(context.Context, notify.Message) (string, string) { return "Down", "It is down.\n" }})
}

func TestWhenTheConnectionIsLostDecidesWhatIsKnown(t *testing.T) {
	ok := []string{"220 here", "250 hello", "250 sender", "250 recipient", "354 go on"}
	for name, tc := range map[string]struct {
		answers []string
		silent  bool
		trouble notify.Trouble
		says    string
	}{
		"a server that is closed":              {[]string{"554 no mail here"}, false, notify.Unreachable, "greeting: 554"},
		"a server that is busy":                {[]string{"421 later"}, false, notify.Transient, "greeting: 421"},
		"a server that speaks something else":  {[]string{"HTTP/1.1 400 Bad Request"}, false, notify.Transient, "greeting: "},
		"the letter is refused before it came": {append(ok[:4:4], "554 no valid recipients"), false, notify.Refused, "data: 554"},
		"it hangs up before the letter":        {ok[:4], false, notify.Transient, "data: "},
		"it hangs up after the last dot":       {ok, false, notify.Ambiguous, "taken: EOF"},
		"it is silent after the last dot":      {ok, true, notify.Ambiguous, "taken: "},
		"an answer that is none":               {append(ok[:5:5], "what?"), false, notify.Ambiguous, "taken: "},
		"it is silent from the beginning":      {[]string{""}, true, notify.Transient, ""},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var silent func()
			if tc.silent {
				silent = cancel // as when the service ends
			}
			address, _ := scripted(t, silent, tc.answers...)
			_, err := plainly(t, address).Send(ctx, message(incident.Opened, 0), notify.Thread{})
			f := failed(t, err)
			require.Equal(t, tc.trouble, f.Trouble, f)
			require.Contains(t, f.Error(), "mail: "+tc.says)
		})
	}
	address, said := scripted(t, nil, append(ok[:5:5], "250 taken", "221 bye")...)
	_, err := plainly(t, address).Send(t.Context(), message(incident.Opened, 0), notify.Thread{})
	require.NoError(t, err)
	require.Regexp(t, `^EHLO \S+\r\nMAIL FROM:<sonde@example.com>\r\nRCPT TO:<ann@example.com>\r\nDATA\r\n`, said())

	address, _ = scripted(t, nil, append(ok[:5:5], "250 taken")...)
	_, err = plainly(t, address).Send(t.Context(), message(incident.Opened, 0), notify.Thread{})
	require.NoError(t, err, "whatever comes after it was taken")
}

func TestAServerThatIsNotThereHasTakenNothing(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	require.NoError(t, listener.Close())
	_, err = plainly(t, listener.Addr().String()).Send(t.Context(), message(incident.Opened, 0), notify.Thread{})
	require.Equal(t, notify.Transient, failed(t, err).Trouble)
	require.ErrorContains(t, err, "mail: connect: ")
}

// An attacker in between who answers before the handshake is not believed after it (RFC 3207 section 6).
func TestNothingThatWasSaidBeforeTheHandshakeCounts(t *testing.T) {
	address, said := scripted(t, nil, "220 here", "250-hello\r\n250-AUTH PLAIN\r\n250 STARTTLS", "220 go on\r\n250-hello\r\n250 AUTH PLAIN\r\n235 welcome")
	sender := plainly(t, address)
	sender.cfg.TLS, sender.cfg.User, sender.cfg.Password = StartTLS, text.NewSecret("canary-user"), text.NewSecret(password)
	_, err := sender.Send(t.Context(), message(incident.Opened, 0), notify.Thread{})
	failed(t, err)
	require.NotContains(t, said(), "AUTH PLAIN ")
	require.NotContains(t, said(), "MAIL FROM")
}
