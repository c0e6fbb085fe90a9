package configs

import (
	"strings"

	"go.yaml.in/yaml/v4"

	"sonde/notify"
	"sonde/probe"
	"sonde/text"
)

// Destination is a place to send to, of one kind.
type Destination struct {
	Name    string
	Slack   *SlackDestination
	Webhook *WebhookDestination
	Mail    *MailDestination

	Mention Mentions          // of Slack
	Quiet   notify.Quiet      // when it is not to be disturbed; its zero value is never
	Digest  notify.DigestPlan // when it gets digests; the same

	Fallback []string // the first of these destinations that works is told what this one cannot be; empty: none
}

// SlackDestination is a place in Slack: a channel, written to with a token, or an
// incoming webhook.
type SlackDestination struct {
	Token   text.Secret
	Channel string      // of the token; the id of the channel
	Webhook text.Secret // instead of token and channel; an http or https address
	APIURL  string      // of a server that speaks Slack's API, ending in "/"; empty: Slack's own

	Language probe.Language // of what is sent
	Style    SlackStyle
	Chart    bool // the latest results are drawn in the thread of what opens

	App SlackApp // who answers there; without a token nobody does
}

var destinationKeys = keys[destination]{
	"slack":    func(d *decoder, v value, into *destination) { into.Slack = d.slack(v) },
	"webhook":  func(d *decoder, v value, into *destination) { into.Webhook = d.webhook(v) },
	"mention":  func(d *decoder, v value, into *destination) { into.Mention = d.mention(v) },
	"quiet":    func(d *decoder, v value, into *destination) { into.Quiet = d.quiet(v) },
	"smtp":     func(d *decoder, v value, into *destination) { into.Mail = d.smtp(v) },
	"fallback": func(d *decoder, v value, into *destination) { d.fallback(v, into) },
	"digest":   func(d *decoder, v value, into *destination) { into.Digest = d.digest(v) },
}

// destinationKinds are the keys that say what kind of place it is.
var destinationKinds = []string{"slack", "webhook", "smtp"}

var slackKeys = keys[slack]{
	"token":   func(d *decoder, v value, s *slack) { s.token, _ = d.secret(v) },
	"channel": func(d *decoder, v value, s *slack) { d.filled(v, &s.channel) },
	"webhook": func(d *decoder, v value, s *slack) { s.webhook, _ = d.secret(v) },
	"api_url": func(d *decoder, v value, s *slack) { d.baseAddress(v, &s.apiURL) },

	"chart":    func(d *decoder, v value, s *slack) { d.boolean(v, &s.chart) },
	"language": func(d *decoder, v value, s *slack) { d.word(v, &s.language) },
	"style":    func(d *decoder, v value, s *slack) { d.word(v, &s.style) },

	"app_token": func(d *decoder, v value, s *slack) { s.app.token, _ = d.secret(v) },
	"allow":     func(d *decoder, v value, s *slack) { d.allow(v, &s.app) },
}

// destination is what the file says of a place.
type destination struct{ Destination }

// slack is what the file says, before it is made of one piece.
type slack struct {
	token, webhook  hidden
	channel, apiURL string
	language        probe.Language
	style           SlackStyle
	chart           bool
	app             slackApp
}

// destinations reads all places to send to.
func (d *decoder) destinations(v value) []Destination {
	var all []Destination
	for _, e := range d.mapping(v) {
		if why := nameFault(e.key); why != "" {
			d.failAs(e.keyAt, e.value.path, "%s", why)
			continue
		}
		d.places = append(d.places, e.key)
		d.placeOf[e.key] = e.value
		if d.onlyPlace == e.key {
			d.secrets, d.files = d.onlyFrom, d.onlyFrom
		}
		read, before := destination{Destination{Name: e.key}}, len(d.problems)
		found := object(d, e.value, destinationKeys, &read)
		if d.oneKind(e, found); len(d.problems) == before {
			all = append(all, read.Destination)
		}
		if d.onlyPlace == e.key {
			d.secrets, d.files = nil, nil
		}
	}
	d.checkFallbacks(all)
	return all
}

// oneKind checks that a destination is of one kind.
func (d *decoder) oneKind(e entry, found map[string]value) {
	first := ""
	for _, kind := range destinationKinds {
		v, ok := found[kind]
		switch {
		case ok && first != "":
			d.fail(v, "%s and %s are two places; give each a destination of its own", first, kind)
		case ok:
			first = kind
		}
	}
	if v, ok := found["mention"]; ok && first != "slack" && first != "" {
		d.fail(v, "only Slack can call somebody; remove it, or give Slack a destination of its own")
	}
	for _, key := range []string{"quiet", "digest"} {
		if v, ok := found[key]; ok && first == "webhook" {
			d.fail(v, "a webhook is read by a program, which hears of every incident at once and of nothing else; remove it")
		}
	}
	if first == "" && e.value.node.Kind == yaml.MappingNode && len(found) == len(e.value.node.Content)/2 { // what is unknown has been told
		d.failAs(e.keyAt, e.value.path, "says nowhere to send to; add slack: {token, channel}, slack: {webhook}, webhook: {url} or smtp: {host, from, to}")
	}
}

// slack reads a place in Slack; nil if it has a problem.
func (d *decoder) slack(v value) *SlackDestination {
	var read slack
	before := len(d.problems)
	found := object(d, v, slackKeys, &read)
	if len(d.problems) > before {
		return nil
	}
	d.checkSlackKeys(v, found)
	if token, ok := found["token"]; ok {
		d.checkToken(token, read.token)
	}
	if webhook, ok := found["webhook"]; ok {
		d.checkWebhook(webhook, read.webhook)
	}
	d.checkApp(&read.app, found)
	if read.apiURL != "" {
		read.apiURL += "/"
	}
	if len(d.problems) > before {
		return nil
	}
	return &SlackDestination{Token: read.token.value, Channel: read.channel, Webhook: read.webhook.value, APIURL: read.apiURL, Language: read.language, Style: read.style, Chart: read.chart, App: read.app.SlackApp}
}

// checkSlackKeys checks that the keys make one way of sending.
func (d *decoder) checkSlackKeys(v value, found map[string]value) {
	_, token := found["token"]
	webhook, hooked := found["webhook"]
	switch {
	case token && hooked:
		d.fail(webhook, "token and webhook are two ways to send; keep one of them")
	case hooked:
		for _, key := range []string{"channel", "api_url", "chart"} {
			if extra, ok := found[key]; ok {
				d.fail(extra, "a webhook has no %s of its own; remove it, or use a token", key)
			}
		}
	case !token:
		d.fail(v, "says no way to send; add token and channel, or webhook")
	default:
		if _, ok := found["channel"]; !ok {
			d.fail(v, "a token needs a channel; add channel: with the channel's id, such as C0123456789")
		}
	}
}

func (d *decoder) checkToken(v value, token hidden) {
	d.checkTokenOf(v, token, "xox", "Slack's tokens")
}

// checkTokenOf checks a token that begins with a prefix, as those of a kind do.
func (d *decoder) checkTokenOf(v value, token hidden, prefix, kind string) {
	d.warnInline(v, token, token.value.Reveal())
	if !token.final {
		return
	}
	switch s := token.value.Reveal(); {
	case s == "":
		d.fail(v, "the token is empty; give it a value")
	case unfitForHeader(s):
		d.fail(v, "the token holds a space, a line break or a character that no token has; check where it comes from")
	case !strings.HasPrefix(s, prefix):
		d.warn(v, "the token does not begin with %s, as %s do; check where it comes from", prefix, kind)
	}
}

// unfitForHeader reports whether a text holds what no token does.
func unfitForHeader(s string) bool {
	return strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' })
}

func (d *decoder) checkWebhook(v value, webhook hidden) {
	d.warnInline(v, webhook, webhook.value.Reveal())
	if !webhook.final {
		return
	}
	u, why := parseAddress(webhook.value.Reveal())
	switch {
	case why != "":
		d.fail(v, "the webhook: %s", why)
	case u.Scheme == "http":
		d.warn(v, "the webhook is not https, so everyone on the way can read it and use it; write https")
	}
}
