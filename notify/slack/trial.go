package slack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"strings"
	"time"

	"github.com/gorilla/websocket"
	"github.com/slack-go/slack"

	"sonde/text"
)

// Finding is what was found out about one thing that a destination needs.
type Finding struct {
	What    string // token, scopes, channel, socket, post, edit, reply, delete or webhook
	OK      bool
	Said    string // what is so, or what is wrong
	WayOut  string // how to mend it; empty if nothing is wrong
	Warning bool   // it is no problem, but people might want to know
}

const helloWithin = 10 * time.Second

// Try finds out whether a destination works, the way that it is used, and says everything as it is
// found. It reports whether there are no problems. A message is posted, edited, answered in its
// thread, and deleted again; one to a webhook stays, for nobody can delete it.
func Try(ctx context.Context, cfg Config, see func(Finding)) bool {
	t := trial{Config: cfg, words: trialsIn[wordsIn(cfg.Language).language], see: see, well: true}
	if err := cfg.check(); err != nil {
		t.wrong("configuration", text.Printable(err.Error(), maxDetail), "correct it, see sonde validate")
		return false
	}
	client := newClient(cfg.Client)
	if !cfg.Webhook.IsZero() {
		t.webhook(ctx, newHook(newDesk(cfg), cfg.Webhook, client))
		return t.well
	}
	t.api = slack.New(cfg.Token.Reveal(), apiOptions(client, cfg.APIURL)...)
	t.app = slack.New("", apiOptions(client, cfg.APIURL, slack.OptionAppLevelToken(cfg.AppToken.Reveal()))...)
	if !t.token(ctx) {
		return false
	}
	t.channel(ctx)
	if !cfg.AppToken.IsZero() {
		t.socket(ctx)
	}
	t.messages(ctx)
	return t.well
}

// trial is a destination while it is tried.
type trial struct {
	Config
	words *trialWords
	api   *slack.Client
	app   *slack.Client
	see   func(Finding)
	well  bool
	open  bool // the bot may write to public channels that it is no member of
}

func (t *trial) fine(what, said string) { t.see(Finding{What: what, OK: true, Said: said}) }

func (t *trial) note(what, said, wayOut string) {
	t.see(Finding{What: what, OK: true, Warning: true, Said: said, WayOut: wayOut})
}

func (t *trial) wrong(what, said, wayOut string) {
	t.well = false
	t.see(Finding{What: what, Said: said, WayOut: wayOut})
}

// refused tells of a call that failed. It is false if the call did not.
func (t *trial) refused(what, method string, err error, x *exchange) bool {
	if err == nil {
		return false
	}
	r := diagnose(err, x)
	said := r.failure(method, t.Token, t.AppToken, t.Webhook).Err.Error()
	t.wrong(what, said, wayOut(err, r, t.Config))
	return true
}

// waysOut says how to mend what Slack refuses.
var waysOut = map[string]string{
	"invalid_auth": "copy the Bot User OAuth Token (xoxb-) from OAuth & Permissions of the app into token", "not_authed": "give token a value",
	"account_inactive": "the app was removed from the workspace: install it anew, and copy the new token", "token_revoked": "install the app anew, and copy the new token",
	"token_expired":          "turn token rotation off in the app, and install it anew",
	"not_allowed_token_type": "token takes a bot token (xoxb-), app_token an app-level token (xapp-); see which was put where",
	"channel_not_found":      "write the channel's id (C0123456789, at the end of its details), and invite the bot: /invite @sonde; a private channel is invisible to who is no member",
	"not_in_channel":         "invite the bot: type /invite @sonde in the channel", "is_archived": "the channel is archived: unarchive it, or name another",
	"restricted_action":                   "the workspace does not let apps post there: ask an administrator, or name another channel",
	"restricted_action_read_only_channel": "only few may post there: ask an administrator, or name another channel",
	"no_service":                          "the webhook was removed or never existed: make a new one, and put its whole address into webhook", "invalid_token": "make a new webhook, and put its whole address into webhook",
	"no_team": "the workspace of the webhook is gone: make a new webhook", "no_active_hooks": "incoming webhooks are turned off in the app: turn them on", "team_disabled": "the workspace is disabled",
	"channel_is_archived": "the webhook's channel is archived: unarchive it, or make a webhook for another", "action_prohibited": "the workspace does not allow it: ask an administrator",
	"posting_to_general_channel_denied": "only few may post to the general channel: make a webhook for another",
}

func wayOut(err error, r rejection, cfg Config) string {
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok && refused.Needed != "" {
		return "add the scope " + text.Printable(refused.Needed, maxDetail) + " under OAuth & Permissions of the app, and install it anew"
	}
	if way, known := waysOut[r.code]; known {
		return way
	}
	switch r.remedy {
	case remedyLater, remedyUnclear:
		if cfg.APIURL != "" {
			return "see whether api_url is right, and whether this machine reaches it"
		}
		return "see whether this machine reaches slack.com over https; it uses no proxy"
	case remedyPause:
		return "Slack asks for a pause: try again in a minute"
	}
	return "see what Slack's documentation says about it"
}

// token finds out whose the token is and what it may do.
func (t *trial) token(ctx context.Context) bool {
	asking, x := recording(ctx)
	who, err := t.api.AuthTestContext(asking)
	if t.refused("token", "auth.test", err, x) {
		return false
	}
	t.fine("token", fmt.Sprintf("it is that of %s (%s) in the workspace %s", text.Printable(who.User, maxPlace), text.Printable(who.UserID, maxPlace), text.Printable(who.Team, maxPlace)))
	granted := scopesIn(who.Header.Get("X-OAuth-Scopes"))
	if len(granted) == 0 {
		t.note("scopes", "the server does not say what the token may do", "nothing, if it is not Slack itself")
		t.open = true
		return true
	}
	t.open = slices.Contains(granted, "chat:write.public")
	complete := true
	for i := range features {
		complete = t.feature(&features[i], granted) && complete
	}
	if complete {
		t.fine("scopes", "all that are needed are granted")
	}
	return true
}

// feature tells of scopes that are missing for something, and reports whether none is.
func (t *trial) feature(f *feature, granted []string) bool {
	missing := f.lacking(granted)
	if len(missing) == 0 || f.needed != nil && !f.needed(t.Config) {
		return true
	}
	said := strings.Join(missing, ", ") + " not granted: only with it " + f.does
	if len(missing) > 1 {
		said = strings.Join(missing, ", ") + " not granted: only with them " + f.does
	}
	way := "add " + strings.Join(missing, " and ") + " under OAuth & Permissions of the app, and install it anew"
	if f.must || f.needed != nil {
		t.wrong("scopes", said, way)
	} else {
		t.note("scopes", said, way)
	}
	return false
}

// channel finds out whether the channel is there for the bot.
func (t *trial) channel(ctx context.Context) {
	if strings.HasPrefix(t.Channel, "#") {
		t.note("channel", t.Channel+" is a name, which people may change", "write the channel's id, such as C0123456789, from its details")
		return
	}
	asking, x := recording(ctx)
	channel, err := t.api.GetConversationInfoContext(asking, &slack.GetConversationInfoInput{ChannelID: t.Channel})
	r := diagnose(err, x)
	switch {
	case err != nil && r.code == "missing_scope":
		t.note("channel", "nobody can look whether "+t.Channel+" is there: channels:read or groups:read is missing", "posting to it, below, shows that")
	case t.refused("channel", "conversations.info", err, x):
	case channel.IsArchived:
		t.wrong("channel", t.nameOf(channel)+" is archived", waysOut["is_archived"])
	case channel.IsMember:
		t.fine("channel", t.nameOf(channel)+" is there, and the bot is a member")
	case t.open && !channel.IsPrivate:
		t.note("channel", "the bot is no member of "+t.nameOf(channel)+"; it may write to public channels all the same, but not look what it wrote", waysOut["not_in_channel"])
	default:
		t.wrong("channel", "the bot is no member of "+t.nameOf(channel), waysOut["not_in_channel"])
	}
}

func (t *trial) nameOf(c *slack.Channel) string {
	return "#" + text.Printable(cmp.Or(c.Name, t.Channel), maxPlace)
}

// socket opens a connection, and waits until Slack greets.
func (t *trial) socket(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, helloWithin)
	defer cancel()
	asking, x := recording(ctx)
	_, address, err := t.app.StartSocketModeContext(asking)
	if err != nil {
		r := diagnose(err, x)
		said := r.failure("apps.connections.open", t.AppToken, t.Token).Err.Error()
		t.wrong("socket", said, "make an app-level token with the scope connections:write (Basic Information, App-Level Tokens), put it into app_token, and turn Socket Mode on")
		return
	}
	dialer := websocket.Dialer{NetDialContext: (&net.Dialer{Timeout: clientWait}).DialContext, HandshakeTimeout: clientWait}
	conn, _, err := dialer.DialContext(ctx, address, nil)
	if err != nil {
		t.wrong("socket", "no connection: "+text.Printable(cause(err), maxDetail), "see whether this machine may open WebSockets (wss) to Slack; it uses no proxy")
		return
	}
	defer func() { _ = conn.Close() }()
	end, _ := ctx.Deadline()
	_ = conn.SetReadDeadline(end)
	conn.SetReadLimit(maxEnvelope)
	var hello struct {
		Type string `json:"type"`
	}
	if err := conn.ReadJSON(&hello); err != nil || hello.Type != "hello" {
		t.wrong("socket", "Slack does not greet on the connection", "see whether Socket Mode is turned on in the app")
		return
	}
	t.fine("socket", "Slack greets: buttons and /sonde are heard")
}

// messages does with a message what is done with those about an incident.
func (t *trial) messages(ctx context.Context) {
	post := func(said string, more ...slack.MsgOption) []slack.MsgOption {
		return append([]slack.MsgOption{
			slack.MsgOptionText(escape(said), false), slack.MsgOptionParse(false), slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
			slack.MsgOptionBlocks(slack.NewSectionBlock(markdown(prose(said, mostField)), nil, nil)),
		}, more...)
	}
	said := fill(t.words.posted, "name", plain(t.Name, maxName))
	asking, x := recording(ctx)
	channel, root, err := t.api.PostMessageContext(asking, t.Channel, post(said, slack.MsgOptionMetadata(slack.SlackMetadata{
		EventType: eventType, EventPayload: map[string]any{"dedupe_key": "test:" + t.Name + ":" + now().Format(time.RFC3339Nano)},
	}))...)
	if t.refused("post", "chat.postMessage", err, x) {
		return
	}
	t.fine("post", "a test message was posted")
	asking, x = recording(ctx)
	_, _, _, err = t.api.UpdateMessageContext(asking, channel, root, post(fill(t.words.edited, "name", plain(t.Name, maxName)))...)
	if !t.refused("edit", "chat.update", err, x) {
		t.fine("edit", "it was edited")
	}
	asking, x = recording(ctx)
	_, reply, err := t.api.PostMessageContext(asking, channel, post(t.words.replied, slack.MsgOptionTS(root))...)
	if !t.refused("reply", "chat.postMessage", err, x) {
		t.fine("reply", "it was answered in its thread")
	}
	for _, ts := range []string{reply, root} {
		if ts == "" {
			continue
		}
		asking, x = recording(ctx)
		if _, _, err = t.api.DeleteMessageContext(asking, channel, ts); t.refused("delete", "chat.delete", err, x) {
			return
		}
	}
	t.fine("delete", "all of it was deleted again")
}

// webhook posts the only message that a webhook can be tried with.
func (t *trial) webhook(ctx context.Context, h *hook) {
	rejected := h.try(ctx, &slack.WebhookMessage{Text: escape(fill(t.words.hooked, "name", plain(t.Name, maxName))), Parse: "none"})
	if rejected != nil {
		said := rejected.failure("webhook", h.url, h.path).Err.Error()
		t.wrong("webhook", said, wayOut(nil, *rejected, t.Config))
		return
	}
	t.fine("webhook", "a test message was posted; nobody can delete it but people")
	t.note("webhook", "a webhook knows no threads, edits and buttons, and does not say whether a message got through", "use a token, see Slack in five minutes in the README")
}
