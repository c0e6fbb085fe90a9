package configs

import (
	"regexp"
	"slices"

	"go.yaml.in/yaml/v4"

	"sonde/text"
)

// SlackApp is who answers in Slack: buttons below messages, and the command /sonde.
type SlackApp struct {
	Token text.Secret // an app-level token, for Socket Mode

	// Who may act: users and user groups, by their ids. Without any, the members of the channel.
	Users, Groups []string
}

// API is what may be written over HTTP.
type API struct {
	Token text.Secret // the bearer token of those who write; zero: nobody does
}

type slackApp struct {
	token hidden
	allow value
	SlackApp
}

var (
	slackUserID  = regexp.MustCompile(`^[UW][A-Z0-9]{2,20}$`)
	slackGroupID = regexp.MustCompile(`^S[A-Z0-9]{2,20}$`)
)

var allowKeys = keys[slackApp]{
	"users": func(d *decoder, v value, a *slackApp) {
		a.Users = d.slackIDs(v, slackUserID, "user", "U0123456789, from the profile in Slack")
	},
	"groups": func(d *decoder, v value, a *slackApp) {
		a.Groups = d.slackIDs(v, slackGroupID, "user group", "S0123456789, from the end of its address in Slack")
	},
}

// slackIDs reads ids of a kind.
func (d *decoder) slackIDs(v value, form *regexp.Regexp, what, like string) []string {
	var ids []string
	for _, item := range d.someOrList(v) {
		var id string
		d.filled(item, &id)
		switch {
		case id == "":
		case !form.MatchString(id):
			d.fail(item, "%s is no id of a %s; write one like %s", quote(id), what, like)
		case slices.Contains(ids, id):
			d.fail(item, "%s is listed twice; remove one", quote(id))
		default:
			ids = append(ids, id)
		}
	}
	return ids
}

// allow reads who may act.
func (d *decoder) allow(v value, app *slackApp) {
	app.allow = v
	if object(d, v, allowKeys, app); v.node.Kind == yaml.MappingNode && len(v.node.Content) == 0 {
		d.fail(v, "allows nobody; add users: or groups:, or remove the key: then the members of the channel may act")
	}
}

// checkApp checks what answers in Slack.
func (d *decoder) checkApp(app *slackApp, found map[string]value) {
	v, configured := found["app_token"]
	if _, hooked := found["webhook"]; hooked && configured {
		d.fail(v, "a webhook cannot be answered; remove it, or use a token")
		return
	}
	if !configured {
		if app.allow.node != nil {
			d.fail(app.allow, "says who may act, and nobody can without app_token; add app_token, or remove it")
		}
		return
	}
	d.checkTokenOf(v, app.token, "xapp-", "Slack's app-level tokens")
	app.Token = app.token.value
}

var apiKeys = keys[hidden]{
	"token": func(d *decoder, v value, token *hidden) { *token, _ = d.secret(v) },
}

// shortestToken is how long a token of our own is at least, so that nobody guesses it.
const shortestToken = 16

// api reads who may write over HTTP.
func (d *decoder) api(v value) API {
	var token hidden
	found := object(d, v, apiKeys, &token)
	at, ok := found["token"]
	if !ok {
		return API{}
	}
	d.warnInline(at, token, token.value.Reveal())
	written := token.value.Reveal()
	if token.final && (len(written) < shortestToken || unfitForHeader(written)) {
		d.fail(at, "the token is shorter than %d characters, or holds one that no header can; make one with openssl rand -hex 32", shortestToken)
	}
	return API{Token: token.value}
}
