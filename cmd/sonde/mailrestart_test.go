package main

import (
	"context"
	"log/slog"
	netmail "net/mail"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/mail"
	"sonde/notify/mail/fakemail"
	"sonde/store"
)

// witnessed is an outbox that says how each delivery was settled.
type witnessed struct {
	*store.Store
	settled chan notify.Settlement
}

func (w witnessed) Settle(ctx context.Context, id notify.MessageID, s notify.Settlement) error {
	err := w.Store.Settle(ctx, id, s)
	if err == nil {
		w.settled <- s
	}
	return err
}

// deliverOnce delivers what the database holds, as a service would that is started and stopped after
// the first settlement.
func deliverOnce(t *testing.T, path string, server *fakemail.Server, post ...notify.Message) notify.Settlement {
	t.Helper()
	db, err := store.Open(t.Context(), path, "", "here")
	require.NoError(t, err)
	_, err = db.RecoverOutbox(t.Context(), []string{"people"}, time.Now())
	require.NoError(t, err)
	require.NoError(t, db.Post(t.Context(), post))
	sender, err := mail.New(mail.Config{
		Name: "people", Host: server.Addr(), TLS: mail.NoTLS, From: &netmail.Address{Address: "sonde@example.com"},
		To:    []*netmail.Address{{Address: "ann@example.com"}, {Address: "bob@example.net"}},
		Write: func(context.Context, notify.Message) (string, string) { return "Down", "It is down.\n" },
	})
	require.NoError(t, err)
	outbox := witnessed{db, make(chan notify.Settlement, 10)}
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() {
		_ = notify.NewDispatcher(outbox, map[string]notify.Sender{"people": sender}, slog.New(slog.DiscardHandler)).Run(ctx)
	})
	end := <-outbox.settled
	stop()
	running.Wait()
	require.NoError(t, db.Close())
	return end
}

// Some recipients have the letter and others not yet, and the service is started anew.
func TestWhoHasALetterDoesNotGetItAgainAfterARestart(t *testing.T) {
	t.Parallel()
	server, err := fakemail.Start(fakemail.Options{TLS: "none"})
	require.NoError(t, err)
	defer server.Close()
	path := filepath.Join(t.TempDir(), "sonde.db")
	server.Fail(fakemail.Fault{Step: fakemail.AtTo, Address: "bob@example.net", Code: 450, Message: "greylisted"})
	end := deliverOnce(t, path, server, notify.Message{
		Key: "1:people:opened:1", Destination: "people", Incident: incident.FirstID, Change: incident.Opened, CreatedAt: time.Now(),
		Body: notify.Body{Probe: "checkout", At: time.Now()},
	})
	require.Equal(t, notify.StatePending, end.State)
	require.Equal(t, []string{"ann@example.com"}, end.Given)

	require.Equal(t, notify.StatePending, deliverOnce(t, path, server).State, "and once more, in vain")
	server.Mend()
	require.Equal(t, notify.StateSent, deliverOnce(t, path, server).State)
	letters := server.Letters()
	require.Len(t, letters, 2)
	require.Equal(t, []string{"ann@example.com"}, letters[0].To)
	require.Equal(t, []string{"bob@example.net"}, letters[1].To)
}
