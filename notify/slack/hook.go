package slack

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

	"sonde/incident"
	"sonde/notify"
	"sonde/text"
)

// hook posts to an incoming webhook, which answers "ok" and nothing else: there is
// no thread and nothing to find a message again by.
type hook struct {
	desk
	url    text.Secret
	path   text.Secret // of url: what is secret about it
	client *http.Client
}

func newHook(d desk, address text.Secret, client *http.Client) *hook {
	h := &hook{desk: d, url: address, client: client}
	if u, err := url.Parse(address.Reveal()); err == nil && len(u.Path) > 1 {
		h.path = text.NewSecret(u.Path)
	}
	return h
}

// Send posts the message by itself. The Thread is always zero. What is only for those who follow
// a thread is left out, as what is a part of a larger incident: there is no thread to say it in.
func (h *hook) Send(ctx context.Context, m notify.Message, _ notify.Thread) (notify.Thread, error) {
	if m.Body.Quiet || m.Body.Part != 0 || m.Body.Chart != 0 || m.Change == incident.Staged {
		return notify.Thread{}, nil
	}
	r := h.render(ctx, m, placeRoot, formFull)
	for {
		if err := h.turn(ctx); err != nil {
			return notify.Thread{}, err
		}
		rejected := h.try(ctx, r.webhook())
		switch {
		case rejected == nil:
			h.took(r.form)
			return notify.Thread{}, nil
		case rejected.remedy != remedyPlain && rejected.known || r.form >= formPlain:
			return notify.Thread{}, rejected.failure("webhook", h.url, h.path)
		case rejected.known:
			r = h.render(ctx, m, placeRoot, r.form+1)
		default: // a code that we do not know is worth one plain try
			r = h.render(ctx, m, placeRoot, formPlain)
		}
	}
}

// try posts once.
func (h *hook) try(ctx context.Context, message *slack.WebhookMessage) *rejection {
	ctx, cancel := context.WithTimeout(ctx, deliveryWait)
	defer cancel()
	ctx, x := recording(ctx)
	err := slack.PostWebhookCustomHTTPContext(ctx, h.url.Reveal(), h.client, message)
	if err == nil && strings.TrimSpace(string(x.body)) == "ok" {
		return nil
	}
	rejected := diagnose(err, x)
	return &rejected
}
