package fakeslack

import (
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

const (
	maxRequest = 1 << 20
	maxPage    = 999
)

// call is an API call: its arguments by name.
type call struct{ args func(name string) string }

// response is what the API answers.
type response map[string]any

func refuse(code string) response { return response{"ok": false, "error": code} }

func (r response) write(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	_ = json.NewEncoder(w).Encode(r)
}

// api serves a method: it notes the request, checks the token and fails as asked.
func (s *Server) api(method string, handle func(call) response) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		r.Body = http.MaxBytesReader(w, r.Body, maxRequest)
		err := parseArguments(r)
		s.note(method, r)
		f := s.fault(method, r.Form.Get("channel"))
		if f != nil && f.wait(s, r) {
			f = nil
		}
		if f != nil && !f.Accept {
			f.commit(s, w, r)
			return
		}
		var answer response
		if err != nil {
			answer = refuse("invalid_form_data")
		} else if refused := checkToken(method, r); refused != "" {
			answer = refuse(refused)
		} else if missing := s.missing(method); missing != nil {
			answer = missing
		} else {
			answer = handle(call{r.Form.Get})
		}
		if f != nil {
			f.commit(s, w, r)
			return
		}
		if method == "auth.test" {
			w.Header().Set("X-OAuth-Scopes", s.scopes())
		}
		answer.write(w)
	}
}

func (s *Server) note(method string, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.requests = append(s.requests, Request{Method: method, At: time.Now(), Header: r.Header.Clone()})
}

// checkToken returns the error of a request without the right token. Slack takes
// it from the form as well as from the header.
func checkToken(method string, r *http.Request) string {
	token, want := r.Form.Get("token"), Token
	if method == "apps.connections.open" {
		want = AppToken
	}
	if bearer, found := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); found {
		token = bearer
	}
	switch {
	case token == "":
		return "not_authed"
	case subtle.ConstantTimeCompare([]byte(token), []byte(want)) != 1:
		return "invalid_auth"
	}
	return ""
}

func (s *Server) authTest(call) response {
	return response{
		"ok": true, "url": s.base + "/", "team": "Fake", "team_id": "T0FAKE",
		"user": "sonde", "user_id": "U0FAKEBOT", "bot_id": "B0FAKEBOT",
	}
}

func (s *Server) postMessage(c call) response {
	m := Message{
		Text: c.args("text"), Blocks: raw(c.args("blocks")), Attachments: raw(c.args("attachments")),
		Metadata: raw(c.args("metadata")), ThreadTS: c.args("thread_ts"),
	}
	m.Broadcast, _ = strconv.ParseBool(c.args("reply_broadcast"))
	if refused := checkContent(m); refused != "" {
		return refuse(refused)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.Channel = channelID(c.args("channel")); m.Channel == "" {
		return refuse("channel_not_found")
	}
	if s.archived[m.Channel] {
		return refuse("is_archived")
	}
	if s.people.shutOut(m.Channel) {
		return refuse("not_in_channel")
	}
	if s.find(m.Channel, m.ThreadTS) < 0 {
		m.ThreadTS, m.Broadcast = "", false // a reply to what was deleted is no reply
	}
	m = s.take(m)
	return response{"ok": true, "channel": m.Channel, "ts": m.TS, "message": m.wire(true)}
}

// take keeps a message. The lock is held.
func (s *Server) take(m Message) Message {
	m.At = time.Now()
	m.TS = s.nextTS(m.At)
	s.messages = append(s.messages, m)
	s.changed.Broadcast()
	return m
}

// find returns the place of a message; -1 if it is not there. The lock is held.
func (s *Server) find(channel, ts string) int {
	return slices.IndexFunc(s.messages, func(m Message) bool { return m.Channel == channel && m.TS == ts && !m.Webhook })
}

func (s *Server) updateMessage(c call) response {
	edit := Message{Text: c.args("text"), Blocks: raw(c.args("blocks")), Attachments: raw(c.args("attachments"))}
	if refused := checkContent(edit); refused != "" {
		return refuse(refused)
	}
	if utf16Len(edit.Text) > maxUpdateText {
		return refuse("msg_too_long")
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	i := s.find(c.args("channel"), c.args("ts"))
	if i < 0 {
		return refuse("message_not_found")
	}
	m := &s.messages[i]
	m.Text, m.Blocks, m.Edited = edit.Text, edit.Blocks, true // without blocks, those there were are gone
	if edit.Attachments != nil {
		m.Attachments = edit.Attachments
	}
	if metadata := raw(c.args("metadata")); metadata != nil {
		m.Metadata = metadata
	}
	s.changed.Broadcast()
	return response{"ok": true, "channel": m.Channel, "ts": m.TS, "text": m.Text, "message": m.wire(true)}
}

func (s *Server) permalink(c call) response {
	channel, ts := c.args("channel"), c.args("message_ts")
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.find(channel, ts) < 0 {
		return refuse("message_not_found")
	}
	return response{"ok": true, "channel": channel, "permalink": s.base + "/archives/" + channel + "/p" + strings.Replace(ts, ".", "", 1)}
}

// history lists a channel, newest first, without the replies that only a thread sees.
func (s *Server) history(c call) response {
	if channel := c.args("channel"); channel == "" || channelID(channel) != channel {
		return refuse("channel_not_found") // a name is no id, for all but posts
	}
	return s.page(c, true, func(m Message) bool { return m.ThreadTS == "" || m.Broadcast })
}

// replies lists a thread, oldest first, root included.
func (s *Server) replies(c call) response {
	root := c.args("ts")
	s.mu.Lock()
	found := s.find(c.args("channel"), root) >= 0
	s.mu.Unlock()
	if !found {
		return refuse("thread_not_found")
	}
	return s.page(c, false, func(m Message) bool { return m.TS == root || m.ThreadTS == root })
}

// page answers with the messages that are wanted, oldest and latest applied. A
// cursor is the number of messages that were listed before.
func (s *Server) page(c call, newestFirst bool, wanted func(Message) bool) response {
	withMetadata, _ := strconv.ParseBool(c.args("include_all_metadata"))
	var all []wire
	for _, m := range s.visible() {
		inside := (c.args("oldest") == "" || m.TS > c.args("oldest")) && (c.args("latest") == "" || m.TS < c.args("latest"))
		if m.Channel == c.args("channel") && inside && wanted(m) {
			all = append(all, m.wire(withMetadata))
		}
	}
	if newestFirst {
		slices.Reverse(all)
	}
	limit, err := strconv.Atoi(c.args("limit"))
	if err != nil || limit <= 0 || limit > maxPage {
		limit = 100
	}
	from, _ := strconv.Atoi(c.args("cursor"))
	from = min(max(from, 0), len(all))
	to := min(from+limit, len(all))
	answer := response{"ok": true, "messages": append([]wire{}, all[from:to]...), "has_more": to < len(all)}
	if to < len(all) {
		answer["response_metadata"] = map[string]string{"next_cursor": strconv.Itoa(to)}
	}
	return answer
}

func raw(s string) json.RawMessage {
	if s == "" {
		return nil
	}
	return json.RawMessage(s)
}
