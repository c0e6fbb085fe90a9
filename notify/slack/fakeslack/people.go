package fakeslack

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// UsualScopes are what the bot may do until [Server.Grant] says otherwise.
const UsualScopes = "chat:write,chat:write.public,channels:history,groups:history,channels:read,groups:read,channels:join,usergroups:read,commands"

// responsePath is where answers go that nobody else sees.
const responsePath = "/respond/"

// people is who there is, and what only some of them see.
type people struct {
	scopes    string
	members   map[string][]string // of channels
	groups    map[string][]string // user groups
	away      map[string]bool     // channels that the bot is no member of
	whispers  []Whisper
	views     []View
	responded int
}

// Whisper is a message that one person sees.
type Whisper struct {
	Channel  string // empty: wherever the person has asked
	User     string // empty: whoever has asked
	ThreadTS string
	Text     string
	Blocks   json.RawMessage
}

// View is a window that was opened for whoever pressed something.
type View struct {
	TriggerID string
	View      json.RawMessage
}

func newPeople() people {
	return people{scopes: UsualScopes, members: map[string][]string{}, groups: map[string][]string{}, away: map[string]bool{}}
}

// Grant has the bot have these scopes and no others, from now on.
func (s *Server) Grant(scopes string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people.scopes = scopes
}

// Join makes people members of a channel, beside the bot.
func (s *Server) Join(channel string, users ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people.members[channelID(channel)] = append(s.people.members[channelID(channel)], users...)
}

// Gather makes people a user group.
func (s *Server) Gather(group string, users ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people.groups[group] = users
}

// Leave makes the bot a member of a channel no more.
func (s *Server) Leave(channel string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people.away[channelID(channel)] = true
}

// ResponseURL is an address that takes an answer for whoever has asked.
func (s *Server) ResponseURL() string { return s.base + responsePath + "T0FAKE/1/fakeanswer" }

// Whispers returns what single people were told, in order.
func (s *Server) Whispers() []Whisper {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.people.whispers)
}

// AwaitWhispers waits until at least n whispers were taken or ctx ends.
func (s *Server) AwaitWhispers(ctx context.Context, n int) []Whisper {
	s.await(ctx, func() bool { return len(s.people.whispers) >= n })
	return s.Whispers()
}

// AwaitViews waits until at least n windows were opened or ctx ends.
func (s *Server) AwaitViews(ctx context.Context, n int) []View {
	s.await(ctx, func() bool { return len(s.people.views) >= n })
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.people.views)
}

func (s *Server) await(ctx context.Context, done func() bool) {
	wake := context.AfterFunc(ctx, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.changed.Broadcast()
	})
	defer wake()
	s.mu.Lock()
	defer s.mu.Unlock()
	for !done() && ctx.Err() == nil && s.closing.Err() == nil {
		s.changed.Wait()
	}
}

// shutOut reports whether the bot may not write to a channel: it is no member, and may not write
// to public ones without being one.
func (p *people) shutOut(channel string) bool {
	return p.away[channel] && (!strings.HasPrefix(channel, "C") || !slices.Contains(strings.Split(p.scopes, ","), "chat:write.public"))
}

func (s *Server) scopes() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.people.scopes
}

// needs is which scopes a method asks for; one of them is enough.
var needs = map[string][]string{
	"chat.postMessage": {"chat:write"}, "chat.postEphemeral": {"chat:write"}, "chat.update": {"chat:write"}, "chat.delete": {"chat:write"},
	"conversations.history": {"channels:history", "groups:history"}, "conversations.replies": {"channels:history", "groups:history"},
	"conversations.info": {"channels:read", "groups:read"}, "conversations.members": {"channels:read", "groups:read"}, "conversations.list": {"channels:read", "groups:read"},
	"conversations.join": {"channels:join"}, "usergroups.users.list": {"usergroups:read"},
}

// missing is the refusal of a method that the bot may not call; nil if it may.
func (s *Server) missing(method string) response {
	s.mu.Lock()
	defer s.mu.Unlock()
	granted := strings.Split(s.people.scopes, ",")
	for _, scope := range needs[method] {
		if slices.Contains(granted, scope) {
			return nil
		}
	}
	if len(needs[method]) == 0 {
		return nil
	}
	return response{"ok": false, "error": "missing_scope", "needed": needs[method][0], "provided": s.people.scopes}
}

// answerMethods are the methods of those who answer.
func (s *Server) answerMethods() map[string]func(call) response {
	return map[string]func(call) response{
		"apps.connections.open": s.openConnection,
		"chat.postEphemeral":    s.postEphemeral,
		"chat.delete":           s.deleteMessage,
		"conversations.info":    s.info,
		"conversations.members": s.membersOf,
		"conversations.list":    s.channels,
		"usergroups.users.list": s.groupUsers,
		"views.open":            s.openView,
	}
}

func (s *Server) postEphemeral(c call) response {
	m := Message{Text: c.args("text"), Blocks: raw(c.args("blocks"))}
	if refused := checkContent(m); refused != "" {
		return refuse(refused)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	channel := channelID(c.args("channel"))
	switch {
	case channel == "":
		return refuse("channel_not_found")
	case s.people.away[channel]:
		return refuse("not_in_channel")
	case c.args("user") == "":
		return refuse("user_not_found")
	}
	s.whisper(Whisper{channel, c.args("user"), c.args("thread_ts"), m.Text, m.Blocks})
	return response{"ok": true, "message_ts": s.nextTS(time.Now())}
}

// whisper keeps a message for one. The lock is held.
func (s *Server) whisper(w Whisper) {
	s.people.whispers = append(s.people.whispers, w)
	s.changed.Broadcast()
}

func (s *Server) deleteMessage(c call) response {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(c.args("channel"), c.args("ts"))
	if i < 0 {
		return refuse("message_not_found")
	}
	s.messages = slices.Delete(s.messages, i, i+1)
	return response{"ok": true, "channel": c.args("channel"), "ts": c.args("ts")}
}

func (s *Server) info(c call) response {
	s.mu.Lock()
	defer s.mu.Unlock()
	channel := c.args("channel")
	if channelID(channel) != channel || channel == "" {
		return refuse("channel_not_found")
	}
	return response{"ok": true, "channel": s.describe(channel)}
}

// describe says what a channel is. The lock is held.
func (s *Server) describe(channel string) map[string]any {
	name := strings.TrimPrefix(channel, "C0NAME")
	return map[string]any{
		"id": channel, "name": strings.ToLower(name), "is_channel": true, "is_private": strings.HasPrefix(channel, "G"),
		"is_archived": s.archived[channel], "is_member": !s.people.away[channel],
	}
}

func (s *Server) channels(call) response {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := []map[string]any{}
	for _, channel := range slices.Sorted(maps.Keys(s.people.members)) {
		all = append(all, s.describe(channel))
	}
	return response{"ok": true, "channels": all}
}

// membersOf lists the members of a channel, two at a time, so that nobody overlooks the rest.
func (s *Server) membersOf(c call) response {
	s.mu.Lock()
	defer s.mu.Unlock()
	if channelID(c.args("channel")) == "" {
		return refuse("channel_not_found")
	}
	all := append([]string{"U0FAKEBOT"}, s.people.members[channelID(c.args("channel"))]...)
	from, _ := strconv.Atoi(c.args("cursor"))
	from = min(max(from, 0), len(all))
	to := min(from+2, len(all))
	answer := response{"ok": true, "members": all[from:to]}
	if to < len(all) {
		answer["response_metadata"] = map[string]string{"next_cursor": strconv.Itoa(to)}
	}
	return answer
}

func (s *Server) groupUsers(c call) response {
	s.mu.Lock()
	defer s.mu.Unlock()
	users, known := s.people.groups[c.args("usergroup")]
	if !known {
		return refuse("no_such_subteam")
	}
	return response{"ok": true, "users": append([]string{}, users...)}
}

func (s *Server) openView(c call) response {
	if c.args("trigger_id") == "" {
		return refuse("invalid_trigger_id")
	}
	view := raw(c.args("view"))
	if refused := checkView(view); refused != "" {
		return refuse(refused)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people.views = append(s.people.views, View{c.args("trigger_id"), view})
	s.changed.Broadcast()
	return response{"ok": true, "view": map[string]string{"id": "V" + strconv.Itoa(len(s.people.views))}}
}

// checkView returns the error of a window that Slack would not open.
func checkView(view json.RawMessage) string {
	var v struct {
		Type  string `json:"type"`
		Title struct {
			Text string `json:"text"`
		} `json:"title"`
		Blocks []json.RawMessage `json:"blocks"`
	}
	if json.Unmarshal(view, &v) != nil || v.Type != "modal" || len(v.Blocks) == 0 || v.Title.Text == "" || utf16Len(v.Title.Text) > 24 {
		return "invalid_arguments"
	}
	return ""
}

// respond takes an answer for whoever has asked, five at the most.
func (s *Server) respond(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	s.note("response", r)
	var in struct {
		Text   string          `json:"text"`
		Blocks json.RawMessage `json:"blocks"`
		Type   string          `json:"response_type"`
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.people.responded++
	if err != nil || json.Unmarshal(body, &in) != nil || in.Type != "ephemeral" || checkContent(Message{Text: in.Text, Blocks: in.Blocks}) != "" {
		w.WriteHeader(http.StatusBadRequest)
		return
	}
	s.whisper(Whisper{Text: in.Text, Blocks: in.Blocks})
	_, _ = io.WriteString(w, "ok")
}

// parseArguments reads the arguments of a method: Slack takes a form as well as JSON.
func parseArguments(r *http.Request) error {
	kind, _, _ := strings.Cut(r.Header.Get("Content-Type"), ";")
	if err := r.ParseForm(); err != nil || kind != "application/json" {
		return err
	}
	var all map[string]json.RawMessage
	if err := json.NewDecoder(r.Body).Decode(&all); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	for name, value := range all {
		var written string
		if json.Unmarshal(value, &written) != nil {
			written = string(value)
		}
		r.Form.Set(name, written)
	}
	return nil
}
