package webhook_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/webhook"
	"sonde/probe"
	"sonde/text"
)

// A receiver checks the signature over the bytes as they came, before it reads them.
func ExampleVerify() {
	secret := text.NewSecret("a-secret-that-both-sides-have")
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		if err != nil || webhook.Verify(r.Header.Get("X-Sonde-Signature"), body, time.Now(), secret) != nil {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		var said struct {
			Event     string
			DedupeKey string `json:"dedupe_key"`
			Gateway   struct{ State, Key string }
		}
		if json.Unmarshal(body, &said) != nil {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		fmt.Println(said.Event, said.DedupeKey)
		fmt.Println("the breaker of", said.Gateway.Key, "is", said.Gateway.State)
	}))
	defer receiver.Close()

	sender, err := webhook.New(webhook.Config{Name: "hook", URL: text.NewSecret(receiver.URL), Secrets: []text.Secret{secret}, UserAgent: "sonde/1.0"})
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = sender.Send(context.Background(), notify.Message{
		Key: "1000:hook:staged:1795444330000", Incident: incident.FirstID, Change: incident.Staged,
		Body: notify.Body{Kind: probe.KindGatewaySurge, Stage: incident.SurgeHalfOpen, Shared: incident.Bond{Tie: incident.TieHost, Key: "api.example.com"}},
	}, notify.Thread{})
	fmt.Println(err)
	// Output:
	// incident.staged 1000:hook:staged:1795444330000
	// the breaker of api.example.com is half_open
	// <nil>
}
