package configs

import (
	"net/http"
	"strings"

	"sonde/probe"
	"sonde/text"
)

// WebhookDestination is an address that takes messages as JSON.
type WebhookDestination struct {
	URL     text.Secret
	Headers map[string]text.Secret
	Secrets []text.Secret // that sign, the newest first; may be empty
	Roots   *probe.Roots  // authorities of the receiver; nil: the system's
}

// maxSigners is how many secrets sign at the same time: the new one and the one before.
const maxSigners = 2

// goodSecret is how long a secret should be that signs; hexadecimal digits hold half a byte each.
const goodSecret = 16

var webhookKeys = keys[webhook]{
	"url":     func(d *decoder, v value, w *webhook) { w.url, _ = d.secret(v) },
	"headers": func(d *decoder, v value, w *webhook) { d.ownHeaders(v, &w.headers) },
	"secret":  func(d *decoder, v value, w *webhook) { w.secrets = d.signers(v) },
	"ca":      func(d *decoder, v value, w *webhook) { w.roots = d.roots(d.filePath(v)) },
}

// webhook is what the file says, before it is made of one piece.
type webhook struct {
	url     hidden
	headers map[string]header
	secrets []text.Secret
	roots   *probe.Roots
}

// webhook reads an address that takes messages; nil if it has a problem.
func (d *decoder) webhook(v value) *WebhookDestination {
	var read webhook
	before := len(d.problems)
	found := object(d, v, webhookKeys, &read)
	address, ok := found["url"]
	switch {
	case ok && len(d.problems) == before:
		d.checkReceiver(address, read.url, "messages")
	case !ok && len(d.problems) == before:
		d.fail(v, "says no address to send to; add url:")
	}
	if len(d.problems) > before {
		return nil
	}
	w := &WebhookDestination{URL: read.url.value, Secrets: read.secrets, Roots: read.roots, Headers: map[string]text.Secret{}}
	for name, h := range read.headers {
		w.Headers[name] = h.value
	}
	return w
}

// checkReceiver checks an address that we send to, which may hold a secret anywhere.
func (d *decoder) checkReceiver(v value, address hidden, what string) {
	if !address.final {
		return
	}
	u, why := parseAddress(address.value.Reveal())
	switch {
	case why != "":
		d.fail(v, "%s", why)
	case u.Scheme == "http" && !loopback(u.Hostname()):
		d.warn(v, "the address is not https, so everyone on the way can read the %s and use it; write https", what)
	}
	if why == "" && (u.User != nil || u.RawQuery != "") {
		d.warnInline(v, address, u.RawQuery+u.User.String())
	}
}

// ownHeaders reads headers, but for those that sonde sets.
func (d *decoder) ownHeaders(v value, into *map[string]header) {
	d.headers(v, into)
	for name := range *into {
		if name != "Content-Type" && name != "Idempotency-Key" && !strings.HasPrefix(name, "X-Sonde-") {
			continue
		}
		at := v
		for i := 0; i+1 < len(v.node.Content); i += 2 {
			if written := v.node.Content[i].Value; http.CanonicalHeaderKey(written) == name {
				at, _ = v.child(written)
			}
		}
		d.fail(at, "sonde sets %s itself; remove it", name)
	}
}

// signers reads one secret that signs, or two.
func (d *decoder) signers(v value) (all []text.Secret) {
	items := d.oneOrList(v)
	switch {
	case len(items) == 0:
		d.fail(v, "lists no secret; give one, or remove the key if nothing is to be signed")
	case len(items) > maxSigners:
		d.fail(v, "more than two secrets; list the new one, and the old one until every receiver has the new one")
		return nil
	}
	for _, item := range items {
		content, ok := d.secret(item)
		if !ok {
			continue
		}
		secret := content.value.Reveal()
		d.warnInline(item, content, secret)
		switch {
		case secret == "":
			d.fail(item, "the secret is empty; give it a value, such as openssl rand -hex 32 makes")
		case content.final && len(secret) < goodSecret:
			d.warn(item, "the secret is short enough to be guessed; use one such as openssl rand -hex 32 makes")
		}
		all = append(all, content.value)
	}
	return all
}
