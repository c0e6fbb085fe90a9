package slack

import (
	"context"
	"net/http"
	"net/url"
	"strings"

	"github.com/slack-go/slack"

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
	if m.Body.Quiet || m.Body.Part != 0 {
		return notify.Thread{}, nil
	}
	r := h.render(m)
	off := false
	message := &slack.WebhookMessage{
		Text: r.text, Parse: "none", UnfurlLinks: &off, UnfurlMedia: &off,
		Blocks: &slack.Blocks{BlockSet: []slack.Block{r.headline}}, Attachments: []slack.Attachment{r.attachment},
	}
	for {
		if err := h.turn(ctx); err != nil {
			return notify.Thread{}, err
		}
		rejected := h.try(ctx, message)
		if rejected == nil {
			return notify.Thread{}, nil
		}
		if rejected.remedy != remedyPlain && rejected.known || message.Blocks == nil {
			return notify.Thread{}, rejected.failure("webhook", h.url, h.path)
		}
		message.Blocks, message.Attachments = nil, nil
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
