package mail

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"io"
	"log/slog"
	"mime"
	netmail "net/mail"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/mail/fakemail"
	"sonde/probe"
	"sonde/text"
)

var update = flag.Bool("update", false, "write the golden files anew")

var started = time.Date(2026, 11, 23, 14, 32, 10, 0, time.UTC)

const password = "canary-password"

// fake starts a server and a sender that trusts it.
func fake(t *testing.T, o fakemail.Options, change func(*Config)) (*fakemail.Server, *Sender) {
	t.Helper()
	if o.TLS != string(NoTLS) {
		o.User, o.Password = "canary-user", password
	}
	server, err := fakemail.Start(o)
	require.NoError(t, err)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "ca.pem")
	require.NoError(t, os.WriteFile(file, server.CA(), 0o600))
	roots, err := probe.LoadRoots(file)
	require.NoError(t, err)
	cfg := Config{
		Name: "mail", Host: server.Addr(), TLS: StartTLS, From: &netmail.Address{Name: "sonde", Address: "sonde@example.com"},
		To: people("ann@example.com", "bob@example.net"), User: text.NewSecret(o.User), Password: text.NewSecret(o.Password),
		Roots: roots, UserAgent: "sonde/1.2.3",
		Write: func(_ context.Context, m notify.Message) (string, string) {
			return "Down: " + m.Body.Probe, "checkout is down.\n.\nA line that begins with a dot was there, and 한국어.\n"
		},
	}
	if o.TLS != "" {
		cfg.TLS = Encryption(o.TLS)
	}
	if change != nil {
		change(&cfg)
	}
	return server, newSender(t, cfg)
}

func newSender(t *testing.T, cfg Config) *Sender {
	t.Helper()
	sender, err := New(cfg)
	require.NoError(t, err)
	return sender
}

func people(addresses ...string) (all []*netmail.Address) {
	for _, a := range addresses {
		all = append(all, &netmail.Address{Address: a})
	}
	return all
}

func message(change incident.Change, at time.Duration) notify.Message {
	return notify.Message{
		Key: "1000:mail:" + change.String() + ":1", Destination: "mail", Incident: incident.FirstID, Change: change, CreatedAt: started.Add(at),
		Body: notify.Body{Probe: "checkout", Location: "seoul-1", Kind: probe.KindDown, Severity: probe.Critical, At: started.Add(at), Since: started},
	}
}

func failed(t *testing.T, err error) *notify.Failure {
	t.Helper()
	failure, ok := errors.AsType[*notify.Failure](err)
	require.True(t, ok, "%v", err)
	require.NotContains(t, failure.Error(), "canary")
	return failure
}

func read(t *testing.T, data string) (*netmail.Message, string) {
	t.Helper()
	m, err := netmail.ReadMessage(strings.NewReader(data))
	require.NoError(t, err)
	require.Equal(t, "quoted-printable", m.Header.Get("Content-Transfer-Encoding"))
	body, err := io.ReadAll(quoted(m.Body))
	require.NoError(t, err)
	return m, strings.ReplaceAll(string(body), "\r\n", "\n")
}

func TestAMessageIsSentEncryptedToAllByWhoIsLoggedIn(t *testing.T) {
	for name, o := range map[string]fakemail.Options{
		"STARTTLS":                      {},
		"TLS from the first byte on":    {TLS: "tls"},
		"AUTH LOGIN":                    {Mechanisms: []string{"LOGIN"}},
		"AUTH PLAIN where both are had": {Mechanisms: []string{"LOGIN", "CRAM-MD5", "PLAIN"}},
	} {
		t.Run(name, func(t *testing.T) {
			server, sender := fake(t, o, nil)
			_, err := sender.Send(t.Context(), message(incident.Opened, time.Minute), notify.Thread{})
			require.NoError(t, err)
			letters := server.Letters()
			require.Len(t, letters, 1)
			require.True(t, letters[0].Encrypted)
			require.Equal(t, "canary-user", letters[0].User)
			require.Equal(t, "sonde@example.com", letters[0].From)
			require.Equal(t, []string{"ann@example.com", "bob@example.net"}, letters[0].To)
			_, body := read(t, letters[0].Data)
			require.Equal(t, "checkout is down.\n.\nA line that begins with a dot was there, and 한국어.\n", body)
		})
	}
	server, sender := fake(t, fakemail.Options{TLS: "none"}, nil)
	_, err := sender.Send(t.Context(), message(incident.Opened, time.Minute), notify.Thread{})
	require.NoError(t, err)
	require.False(t, server.Letters()[0].Encrypted, "as it was asked for")
}

// Golden: what is on the wire.
func TestALetterHasTheHeadersThatProgramsAndPeopleNeed(t *testing.T) {
	server, sender := fake(t, fakemail.Options{}, func(c *Config) {
		c.From.Name = "sonde 서울"
		c.Write = func(_ context.Context, m notify.Message) (string, string) {
			return "장애: checkout (503 Service Unavailable), " + m.Change.String(), strings.Repeat("checkout 장애 발생. ", 20) + "\n"
		}
	})
	m := message(incident.Opened, time.Minute)
	thread, err := sender.Send(t.Context(), m, notify.Thread{})
	require.NoError(t, err)
	_, err = sender.Send(t.Context(), message(incident.Resolved, time.Hour), thread)
	require.NoError(t, err)
	letters := server.Letters()
	require.Len(t, letters, 2)
	for i, name := range []string{"opened", "resolved"} {
		file := filepath.Join("testdata", name+".eml")
		if *update {
			require.NoError(t, os.WriteFile(file, []byte(letters[i].Data), 0o600))
		}
		want, err := os.ReadFile(file)
		require.NoError(t, err)
		require.Equal(t, string(want), letters[i].Data)
		for line := range strings.Lines(letters[i].Data) {
			require.LessOrEqual(t, len(line), 78+2, "RFC 5322 section 2.1.1")
			require.NotRegexp(t, "[^\x00-\x7f]", line)
		}
	}
}

func TestAnIncidentIsOneThreadAndARepeatIsTheSameLetter(t *testing.T) {
	server, sender := fake(t, fakemail.Options{}, nil)
	opened := message(incident.Opened, time.Minute)
	server.Fail(fakemail.Fault{Step: fakemail.AtTaken, Drop: true, Count: 1})
	_, err := sender.Send(t.Context(), opened, notify.Thread{})
	require.Equal(t, notify.Ambiguous, failed(t, err).Trouble, "it has the letter, and did not say so")
	thread, err := sender.Send(t.Context(), opened, notify.Thread{})
	require.NoError(t, err)
	same, err := sender.Send(t.Context(), message(incident.Resolved, time.Hour), thread)
	require.NoError(t, err)
	require.Equal(t, thread, same)

	letters := server.Letters()
	require.Len(t, letters, 3)
	first, _ := read(t, letters[0].Data)
	again, _ := read(t, letters[1].Data)
	answer, _ := read(t, letters[2].Data)
	id := first.Header.Get("Message-ID")
	require.Regexp(t, `^<sonde\.[0-9a-f]{32}@example\.com>$`, id)
	require.Equal(t, id, again.Header.Get("Message-ID"), "mailboxes show it once")
	require.Equal(t, thread.Root, id)
	require.Equal(t, id, answer.Header.Get("In-Reply-To"))
	require.Equal(t, id, answer.Header.Get("References"))
	require.NotEqual(t, id, answer.Header.Get("Message-ID"))
	require.Empty(t, first.Header.Get("References"))

	elsewhere := opened
	elsewhere.Body.Location = "tokyo-1"
	require.NotEqual(t, id, sender.messageID(&elsewhere), "another sonde may give the same key")
}

func TestNobodyIsWrittenToAboutWhatIsForThoseWhoFollow(t *testing.T) {
	server, sender := fake(t, fakemail.Options{}, nil)
	quiet, part := message(incident.Reopened, 0), message(incident.Opened, 0)
	quiet.Body.Quiet, part.Body.Part = true, incident.FirstID+1
	was := notify.Thread{Channel: "mail", Root: "<a@b>"}
	for _, m := range []notify.Message{quiet, part, message(incident.Staged, 0)} {
		thread, err := sender.Send(t.Context(), m, was)
		require.NoError(t, err)
		require.Equal(t, was, thread, "the conversation goes on")
	}
	require.Empty(t, server.Letters())
}

func TestANoticeIsNoConversationAndATestIsAboutNothing(t *testing.T) {
	server, sender := fake(t, fakemail.Options{}, nil)
	thread, err := sender.Send(t.Context(), notify.Message{Key: "notice:mail:storage_full:1", CreatedAt: started,
		Body: notify.Body{Notice: notify.StorageFull, At: started, Since: started}}, notify.Thread{})
	require.NoError(t, err)
	require.True(t, thread.IsZero())
	require.NoError(t, sender.Test(t.Context(), "seoul-1", started))
	letters := server.Letters()
	require.Len(t, letters, 2)
	notice, _ := read(t, letters[0].Data)
	require.Equal(t, "service.storage_full", notice.Header.Get("X-Sonde-Event"))
	test, body := read(t, letters[1].Data)
	require.Equal(t, "test", test.Header.Get("X-Sonde-Event"))
	require.Equal(t, "This is a test of the destination mail by sonde at seoul-1. Nothing is wrong.\n", body)
}

// Nothing that anybody can write into a name or an answer becomes a header, another letter or a command.
func FuzzNothingIsInjected(f *testing.F) {
	f.Add("checkout\r\nBcc: eve@example.com", "a\r\n.\r\nMAIL FROM:<eve@example.com>", "<root@example.com>")
	f.Add("=?utf-8?q?=0D=0ABcc:_eve@example.com?=", "\x00\xff", "")
	f.Add(strings.Repeat("가", 300), strings.Repeat("x", 2000), "")
	f.Add("a\tb  c \u2028 \r d", "..\n.", "")
	f.Add(strings.Repeat("a", 1085), "a subject that cannot be folded", strings.Repeat("b", 100))
	f.Fuzz(func(t *testing.T, subject, body, name string) {
		if utf8.RuneCountInString(name) > 100 {
			return // no configuration has one so long, and a header without a space would not be folded
		}
		sender := newSender(t, Config{Name: "mail", Host: "127.0.0.1:25", TLS: NoTLS, From: people("sonde@example.com")[0], To: people("ann@example.com")})
		m := message(incident.Opened, 0)
		m.Body.Probe = name
		letter, _, err := sender.compose(&m, "", subject, body)
		require.NoError(t, err)
		read, err := netmail.ReadMessage(bytes.NewReader(letter))
		require.NoError(t, err)
		for header := range read.Header {
			require.Contains(t, []string{"Auto-Submitted", "Content-Transfer-Encoding", "Content-Type", "Date", "From", "List-Id", "Message-Id", "Mime-Version",
				"Subject", "To", "X-Auto-Response-Suppress", "X-Sonde-Event", "X-Sonde-Incident", "X-Sonde-Kind", "X-Sonde-Probe", "X-Sonde-Severity"}, header)
			require.Len(t, read.Header[header], 1)
		}
		decoded, err := new(mime.WordDecoder).DecodeHeader(read.Header.Get("Subject"))
		require.NoError(t, err)
		require.NotContains(t, decoded, "=?")
		for line := range bytes.Lines(letter) {
			require.LessOrEqual(t, len(line), 1000, "RFC 5321 section 4.5.3.1.6")
			require.True(t, bytes.HasSuffix(line, []byte("\r\n")) || len(line) == len(bytes.TrimRight(line, "\r\n")), "%q", line)
		}
	})
}

func TestWhoIsRefusedForGoodDoesNotKeepTheOthersFromIt(t *testing.T) {
	var log bytes.Buffer
	server, sender := fake(t, fakemail.Options{}, func(c *Config) { c.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	server.Fail(fakemail.Fault{Step: fakemail.AtTo, Address: "ann@example.com", Code: 550, Message: "no such user"})
	for _, change := range []incident.Change{incident.Opened, incident.Resolved} {
		_, err := sender.Send(t.Context(), message(change, 0), notify.Thread{})
		require.NoError(t, err, "one of two has it")
	}
	letters := server.Letters()
	require.Len(t, letters, 2)
	require.Equal(t, []string{"bob@example.net"}, letters[0].To)
	require.Equal(t, 1, strings.Count(log.String(), "mail is not taken for a recipient"), "once: %s", &log)
	require.Contains(t, log.String(), "to=ann@example.com")
	server.Mend()
	_, err := sender.Send(t.Context(), message(incident.Reopened, 0), notify.Thread{})
	require.NoError(t, err)
	require.Len(t, server.Letters()[2].To, 2)

	server.Fail(fakemail.Fault{Step: fakemail.AtTo, Code: 550, Message: "no such user"})
	_, err = sender.Send(t.Context(), message(incident.Changed, 0), notify.Thread{})
	require.Equal(t, notify.Unreachable, failed(t, err).Trouble, "nobody has it: people must act")
	require.ErrorContains(t, err, "every recipient is refused: 550")
}

func TestWhoIsToBeTriedLaterIsAndTheOthersGetItOnce(t *testing.T) {
	server, sender := fake(t, fakemail.Options{}, nil)
	m := message(incident.Opened, 0)
	server.Fail(fakemail.Fault{Step: fakemail.AtTo, Address: "ann@example.com", Code: 450, Message: "greylisted"})
	for range 2 {
		_, err := sender.Send(t.Context(), m, notify.Thread{})
		require.Equal(t, notify.Transient, failed(t, err).Trouble)
		require.ErrorContains(t, err, "recipient: 450")
	}
	require.Len(t, server.Letters(), 1)
	require.Equal(t, []string{"bob@example.net"}, server.Letters()[0].To)
	server.Mend()
	_, err := sender.Send(t.Context(), m, notify.Thread{})
	require.NoError(t, err)
	require.Len(t, server.Letters(), 2)
	require.Equal(t, []string{"ann@example.com"}, server.Letters()[1].To)

	server.Fail(fakemail.Fault{Step: fakemail.AtTo, Address: "ann@example.com", Code: 450})
	_, err = sender.Send(t.Context(), m, notify.Thread{})
	require.Error(t, err)
	sender.tell[m.Key].since = time.Now().Add(-patience)
	_, err = sender.Send(t.Context(), m, notify.Thread{})
	require.NoError(t, err, "after ten minutes mail about the incident goes on without them")
	require.Empty(t, sender.tell, "nothing is remembered of what is done")
}

// Who has the letter is said with every failure, so that it can be stored, and is heard of again.
func TestAFailureSaysWhoHasTheLetterAllTheSame(t *testing.T) {
	server, sender := fake(t, fakemail.Options{}, nil)
	m := message(incident.Opened, 0)
	_, err := plainly(t, "127.0.0.1:1").Send(t.Context(), m, notify.Thread{})
	require.Empty(t, failed(t, err).Given, "nobody has it")
	server.Fail(fakemail.Fault{Step: fakemail.AtTo, Address: "ann@example.com", Code: 450})
	_, err = sender.Send(t.Context(), m, notify.Thread{})
	require.Equal(t, []string{"bob@example.net"}, failed(t, err).Given)
	server.Fail(fakemail.Fault{Step: fakemail.AtFrom, Code: 451})
	_, err = sender.Send(t.Context(), m, notify.Thread{})
	require.Equal(t, []string{"bob@example.net"}, failed(t, err).Given, "although this time nobody was asked for")

	m.Body.Given = []string{"ann@example.com", "bob@example.net", "eve@example.org"}
	m.Key = "another"
	server.Mend()
	_, err = sender.Send(t.Context(), m, notify.Thread{})
	require.NoError(t, err)
	require.Len(t, server.Letters(), 1, "all of them have it")
}

func TestWhatIsTooManyForATransactionGoesIntoTheNext(t *testing.T) {
	server, sender := fake(t, fakemail.Options{}, nil)
	server.Fail(fakemail.Fault{Step: fakemail.AtTo, Address: "bob@example.net", Code: 452, Message: "too many recipients", Count: 1})
	_, err := sender.Send(t.Context(), message(incident.Opened, 0), notify.Thread{})
	require.NoError(t, err)
	letters := server.Letters()
	require.Len(t, letters, 2)
	require.Equal(t, []string{"ann@example.com"}, letters[0].To)
	require.Equal(t, []string{"bob@example.net"}, letters[1].To)
	require.Equal(t, letters[0].Data, letters[1].Data)
}

func TestAConfigurationThatCannotWorkIsRefused(t *testing.T) {
	good := Config{Name: "mail", Host: "127.0.0.1:25", TLS: StartTLS, From: people("a@example.com")[0], To: people("b@example.com")}
	_, err := New(good)
	require.NoError(t, err)
	for name, change := range map[string]func(*Config){
		"no port":                             func(c *Config) { c.Host = "mail.example.com" },
		"nobody sends":                        func(c *Config) { c.From = nil },
		"nobody gets it":                      func(c *Config) { c.To = nil },
		"no encryption and no word about it":  func(c *Config) { c.TLS = "" },
		"a password that travels unencrypted": func(c *Config) { c.TLS, c.User, c.Password = NoTLS, text.NewSecret("canary"), text.NewSecret(password) },
	} {
		t.Run(name, func(t *testing.T) {
			cfg := good
			change(&cfg)
			_, err := New(cfg)
			require.ErrorContains(t, err, `mail destination "mail": `)
			require.NotContains(t, err.Error(), "canary")
		})
	}
}
