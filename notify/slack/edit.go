package slack

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/slack-go/slack"

	"sonde/notify"
)

// joinAgain is how often a bot asks to be let into a channel that it is not in.
const joinAgain = 10 * time.Minute

var (
	_ notify.Editor = (*bot)(nil)
	_ notify.Finder = (*bot)(nil)
	_ notify.Tenant = (*bot)(nil)
)

// Edit has the root show the message. Slack does that silently.
func (b *bot) Edit(ctx context.Context, m notify.Message, thread notify.Thread) error {
	p := post{Message: m}
	p.rendered = b.render(ctx, m, placeEdit, formFull)
	for {
		rejected := b.update(ctx, p, thread)
		if rejected == nil {
			b.took(p.form)
			return nil
		}
		if !p.simplify(*rejected) {
			return rejected.failure("chat.update", b.token)
		}
		p.rendered = b.render(ctx, m, placeEdit, p.form)
	}
}

// update changes the root once.
func (b *bot) update(ctx context.Context, p post, thread notify.Thread) *rejection {
	ctx, cancel := context.WithTimeout(ctx, deliveryWait)
	defer cancel()
	ctx, x := recording(ctx)
	_, ts, _, err := b.api.UpdateMessageContext(ctx, thread.Channel, thread.Root, append(p.rendered.options(true), p.metadata()...)...)
	if err == nil && ts != "" {
		return nil
	}
	rejected := diagnose(err, x)
	return &rejected
}

// Link returns the permalink of the root.
func (b *bot) Link(ctx context.Context, thread notify.Thread) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, deliveryWait)
	defer cancel()
	ctx, x := recording(ctx)
	link, err := b.api.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: thread.Channel, Ts: thread.Root})
	if err == nil && isWeb(link) {
		return link, nil
	}
	return "", diagnose(err, x).failure("chat.getPermalink", b.token)
}

// Account is the same for bots with the same token at the same server.
func (b *bot) Account() string { return b.account }

func accountOf(token, server string) string {
	sum := sha256.Sum256([]byte(server + "\x00" + token))
	return hex.EncodeToString(sum[:8])
}

// Ask finds out whether Slack is there and takes the token.
func (b *bot) Ask(ctx context.Context) error {
	ctx, x := recording(ctx)
	answer, err := b.api.AuthTestContext(ctx)
	if err == nil && answer.UserID != "" {
		return nil
	}
	return diagnose(err, x).failure("auth.test", b.token)
}

// join asks to be let into the channel, and reports whether it was. Slack allows that for public
// channels, with a scope that not every token has.
func (b *bot) join(ctx context.Context) bool {
	if time.Since(b.joined) < joinAgain {
		return false
	}
	b.joined = time.Now()
	ctx, cancel := context.WithTimeout(ctx, deliveryWait)
	defer cancel()
	_, _, _, err := b.api.JoinConversationContext(ctx, b.channel)
	return err == nil
}
