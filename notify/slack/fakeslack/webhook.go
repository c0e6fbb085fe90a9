package fakeslack

import (
	"encoding/json"
	"io"
	"net/http"
)

// webhook takes a message as JSON and answers in plain text, as Slack's incoming
// webhooks do.
func (s *Server) webhook(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxRequest))
	s.note("webhook", r)
	f := s.fault("webhook", WebhookChannel)
	if f != nil && f.wait(s, r) {
		f = nil
	}
	if f != nil && !f.Accept {
		f.commit(s, w, r)
		return
	}
	status, answer := s.takeWebhook(r.URL.Path, body, err)
	if f != nil {
		f.commit(s, w, r)
		return
	}
	w.Header().Set("Content-Type", "text/html")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, answer)
}

func (s *Server) takeWebhook(path string, body []byte, err error) (status int, answer string) {
	var in struct {
		Text        string          `json:"text"`
		Blocks      json.RawMessage `json:"blocks"`
		Attachments json.RawMessage `json:"attachments"`
	}
	if path != webhookPath {
		return http.StatusNotFound, "no_service"
	}
	if err != nil || json.Unmarshal(body, &in) != nil {
		return http.StatusBadRequest, "invalid_payload"
	}
	m := Message{Channel: WebhookChannel, Text: in.Text, Blocks: in.Blocks, Attachments: in.Attachments, Webhook: true}
	if refused := checkContent(m); refused != "" {
		return http.StatusBadRequest, refused
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.archived[WebhookChannel] {
		return http.StatusGone, "channel_is_archived"
	}
	s.take(m)
	return http.StatusOK, "ok"
}
