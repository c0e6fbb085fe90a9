package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode"

	"github.com/slack-go/slack"
	"golang.org/x/time/rate"

	"sonde/notify"
	"sonde/probe"
	"sonde/text"
)

// Slack allows about a message a second for a channel, and short bursts.
const (
	perSecond = 1
	burst     = 3
)

// Config says where messages go: to a channel as a bot, or to a webhook.
type Config struct {
	Name      string         // of the destination, for errors
	Token     text.Secret    // of a bot; needs Channel
	Channel   string         // an id such as C0123456789, or a #name
	APIURL    string         // of a server that is like Slack's; empty: Slack's own
	Webhook   text.Secret    // the whole address, instead of Token
	AppToken  text.Secret    // of the app that the token belongs to: what is pressed is heard, see [NewSockets]; zero: nothing can be pressed
	Users     []string       // who may act, by their ids
	Groups    []string       // user groups that may; neither of both: the members of the channel may
	Client    *http.Client   // nil: one with a limit of 10 s and no proxy
	PublicURL string         // where our own pages are, for links; empty: no links
	Zone      *time.Location // of times in text; nil: UTC
	Language  probe.Language // of the messages and of what the catalogue says in them
	Style     Style
	Mentions  Mentions
	History   notify.History // how probes were before; nil: nobody knows
}

// New returns a sender that delivers as the configuration says. It does not talk
// to Slack yet.
func New(cfg Config) (notify.Sender, error) {
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("slack destination %q: %w", cfg.Name, err)
	}
	d := newDesk(cfg)
	client := newClient(cfg.Client)
	if !cfg.Webhook.IsZero() {
		return newHook(d, cfg.Webhook, client), nil
	}
	options := []slack.Option{slack.OptionHTTPClient(client)}
	if cfg.APIURL != "" {
		options = append(options, slack.OptionAPIURL(strings.TrimRight(cfg.APIURL, "/")+"/"))
	}
	return &bot{
		desk: d, api: slack.New(cfg.Token.Reveal(), options...), token: cfg.Token, channel: cfg.Channel,
		account: accountOf(cfg.Token.Reveal(), cfg.APIURL), looks: rate.NewLimiter(rate.Limit(looksPerMinute)/60, looksBurst), seen: map[notify.Thread]*sightings{},
	}, nil
}

// newDesk is where the messages of a destination get their form.
func newDesk(cfg Config) desk {
	d := desk{
		words: wordsIn(cfg.Language), zone: time.UTC, publicURL: strings.TrimRight(cfg.PublicURL, "/"),
		limit: rate.NewLimiter(perSecond, burst), style: cfg.Style, history: cfg.History, mentions: cfg.Mentions, buttons: !cfg.AppToken.IsZero(),
		simplified: &atomic.Uint64{},
	}
	if cfg.Zone != nil {
		d.zone = cfg.Zone
	}
	return d
}

// check finds what would only show when the first alert is due.
func (c Config) check() error {
	switch {
	case c.Token.IsZero() && c.Webhook.IsZero():
		return errors.New("has neither a token nor a webhook; give one of them")
	case !c.Token.IsZero() && !c.Webhook.IsZero():
		return errors.New("has a token and a webhook; give one of them")
	case !c.Token.IsZero() && c.Channel == "":
		return errors.New("has a token but no channel; give the channel's id, such as C0123456789")
	case strings.ContainsFunc(c.Token.Reveal(), unprintable):
		return errors.New("the token has a blank, a line break or a character that no token has; check where it comes from")
	case !c.Webhook.IsZero() && !isWeb(c.Webhook.Reveal()):
		return errors.New("the webhook is no http or https address; it looks like https://hooks.slack.com/services/T/B/KEY")
	case c.APIURL != "" && !isWeb(c.APIURL):
		return errors.New("api_url is no http or https address; it looks like https://slack.com/api/")
	case c.PublicURL != "" && !isWeb(c.PublicURL):
		return errors.New("public_url is no http or https address")
	}
	return nil
}

func unprintable(r rune) bool { return r > unicode.MaxASCII || !unicode.IsPrint(r) || r == ' ' }

func isWeb(address string) bool {
	u, err := url.Parse(address)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != ""
}

// desk is where messages get their form and wait for their turn.
type desk struct {
	words     *words
	zone      *time.Location
	publicURL string
	style     Style
	mentions  Mentions
	history   notify.History
	limit     *rate.Limiter
	buttons   bool // there is somebody to hear what is pressed

	simplified *atomic.Uint64 // messages that were told in a simpler form
}

// Simplified is how many messages were told in a simpler form than the full one, because that broke a
// limit, or was not taken.
func (d *desk) Simplified() uint64 { return d.simplified.Load() }

// took notes in which form a message was taken.
func (d *desk) took(f form) {
	if f > formFull {
		d.simplified.Add(1)
	}
}

// recallWithin is how long a message waits for what is stored of its probe: it is told without
// that rather than late.
const recallWithin = 2 * time.Second

func (d *desk) story(ctx context.Context, m notify.Message, at place) story {
	if at != placeLine || m.Body.Chart != 0 { // which says nothing of it
		ctx, cancel := context.WithTimeout(ctx, recallWithin)
		defer cancel()
		if m.Body.Chart != 0 {
			m.Body.At = time.Now() // what came until now is drawn
		}
		notify.Recall(ctx, d.history, &m.Body)
	}
	return story{Message: m, words: d.words, zone: d.zone, now: time.Now(), publicURL: d.publicURL, style: d.style, place: at,
		mentions: d.mentions, buttons: d.buttons}
}

// turn waits until one more message may be sent.
func (d *desk) turn(ctx context.Context) error {
	if err := d.limit.Wait(ctx); err != nil {
		return &notify.Failure{Trouble: notify.Transient, Err: fmt.Errorf("wait for the turn: %w", err)}
	}
	return nil
}
