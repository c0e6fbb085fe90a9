package slack

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"testing"
	"time"

	"github.com/slack-go/slack"
	"github.com/stretchr/testify/require"

	"sonde/notify"
)

// Every error code that Slack documents for what we call, by what follows from it. What is
// refused for its form or its thread is tried in another first, see the tests of the bot.
func TestEveryCodeOfSlacksHasItsClass(t *testing.T) {
	listed := map[string]bool{}
	for class, tc := range map[string]struct {
		trouble notify.Trouble
		codes   []string
	}{
		"asks for a pause": {notify.Throttled, []string{"ratelimited", "rate_limited", "message_limit_exceeded"}},
		"was not carried out": {notify.Transient, []string{
			"service_unavailable", "request_timeout", "team_added_to_org", "org_login_required", "external_channel_migrating", "update_failed",
		}},
		"may have been carried out": {notify.Ambiguous, []string{
			"fatal_error", "internal_error", "duplicate_message_not_found", "duplicate_channel_not_found", "rollup_error",
		}},
		"is about the form": {notify.Refused, []string{
			"invalid_blocks", "invalid_blocks_format", "invalid_attachments", "msg_blocks_too_long", "msg_too_long", "attachment_payload_limit_exceeded",
			"too_many_attachments", "no_text", "invalid_arguments", "invalid_array_arg", "block_mismatch", "markdown_text_conflict", "invalid_payload",
			"metadata_too_large", "invalid_metadata_format", "invalid_metadata_schema", "metadata_must_be_sent_from_app",
		}},
		"is about the thread": {notify.Refused, []string{
			"cannot_reply_to_message", "thread_not_found", "invalid_thread_ts", "restricted_action_non_threadable_channel", "restricted_action_thread_locked",
		}},
		"is about what was to be changed": {notify.Gone, []string{"message_not_found", "cant_update_message", "edit_window_closed", "is_inactive"}},
		"is about the place": {notify.Unreachable, []string{
			"channel_not_found", "not_in_channel", "is_archived", "restricted_action", "restricted_action_read_only_channel", "restricted_action_thread_only_channel",
			"messages_tab_disabled", "team_not_found", "ekm_access_denied", "slack_connect_file_link_sharing_blocked",
			"action_prohibited", "posting_to_general_channel_denied", "invalid_token", "no_service", "no_service_id", "no_team", "user_not_found",
			"no_active_hooks", "team_disabled", "channel_is_archived",
		}},
		"is about the credential": {notify.Unauthorized, []string{
			"invalid_auth", "not_authed", "account_inactive", "token_revoked", "token_expired", "missing_scope", "no_permission", "not_allowed_token_type",
			"team_access_not_granted", "access_denied", "accesslimited", "two_factor_setup_required", "enterprise_is_restricted", "deprecated_endpoint", "method_deprecated",
		}},
		"is our mistake": {notify.Refused, []string{"invalid_arg_name", "invalid_charset", "invalid_form_data", "invalid_post_type", "missing_post_type"}},
		"is not known":   {notify.Unreachable, []string{"something_new", ""}},
	} {
		t.Run(class, func(t *testing.T) {
			for _, code := range tc.codes {
				listed[code] = true
				x := &exchange{status: http.StatusOK}
				x.connected.Store(true)
				got := diagnose(slack.SlackErrorResponse{Err: code}, x).failure("chat.postMessage")
				require.Equal(t, tc.trouble, got.Trouble, code)
				require.Contains(t, got.Error(), code)
			}
		})
	}
	for code := range remedies {
		require.True(t, listed[code], "%s is not listed above", code)
	}
}

// What slack-go makes of what happens on the wire.
func TestEveryShapeOfAFailureHasItsClass(t *testing.T) {
	syntax := json.Unmarshal([]byte("<html>"), &struct{}{})
	mistyped := json.Unmarshal([]byte(`{"a":{}}`), &struct{ A []int }{})
	_, number := strconv.ParseInt("Wed, 21 Oct 2026 07:28:00 GMT", 10, 64)
	for name, tc := range map[string]struct {
		err       error
		connected bool
		status    int
		after     string
		trouble   notify.Trouble
		wait      time.Duration
	}{
		"a name that is not found":          {&net.DNSError{Err: "no such host"}, false, 0, "", notify.Transient, 0},
		"a connection that is refused":      {&net.OpError{Op: "dial", Err: errors.New("connection refused")}, false, 0, "", notify.Transient, 0},
		"a certificate that is not trusted": {&tls.CertificateVerificationError{Err: errors.New("unknown authority")}, false, 0, "", notify.Transient, 0},
		"a timeout before anything is sent": {context.DeadlineExceeded, false, 0, "", notify.Transient, 0},
		"a timeout after that":              {context.DeadlineExceeded, true, 0, "", notify.Ambiguous, 0},
		"a connection that ends":            {io.EOF, true, 0, "", notify.Ambiguous, 0},
		"an answer that breaks off":         {io.ErrUnexpectedEOF, true, 200, "", notify.Ambiguous, 0},
		"an answer that is no JSON":         {syntax, true, 200, "", notify.Ambiguous, 0},
		"an answer of another form":         {mistyped, true, 200, "", notify.Ambiguous, 0},
		"an answer without a ts":            {nil, true, 200, "", notify.Ambiguous, 0},
		"a 429 that slack-go understands":   {&slack.RateLimitedError{RetryAfter: 7 * time.Second}, true, 429, "7", notify.Throttled, 7 * time.Second},
		"a 429 without a pause":             {slack.StatusCodeError{Code: 429}, true, 429, "", notify.Throttled, 30 * time.Second},
		"a 429 with a date in the past":     {number, true, 429, "Wed, 21 Oct 2015 07:28:00 GMT", notify.Throttled, 0},
		"a 500":                             {slack.StatusCodeError{Code: 500}, true, 500, "", notify.Ambiguous, 0},
		"a 503 that asks for a pause":       {slack.StatusCodeError{Code: 503}, true, 503, "60", notify.Ambiguous, time.Minute},
		"a 403 of a proxy":                  {slack.StatusCodeError{Code: 403}, true, 403, "", notify.Unreachable, 0},
		"a 404":                             {slack.StatusCodeError{Code: 404}, true, 404, "", notify.Unreachable, 0},
		"a 407 of a proxy":                  {slack.StatusCodeError{Code: 407}, true, 407, "", notify.Unreachable, 0},
		"a 413":                             {slack.StatusCodeError{Code: 413}, true, 413, "", notify.Refused, 0},
		"a 408":                             {slack.StatusCodeError{Code: 408}, true, 408, "", notify.Transient, 0},
		"a redirect":                        {slack.StatusCodeError{Code: 302}, true, 302, "", notify.Unreachable, 0},
	} {
		t.Run(name, func(t *testing.T) {
			x := &exchange{status: tc.status, retryAfter: tc.after}
			x.connected.Store(tc.connected)
			got := diagnose(tc.err, x).failure("chat.postMessage")
			require.Equal(t, tc.trouble, got.Trouble, got)
			require.Equal(t, tc.wait, got.After)
		})
	}
}

func TestWhatWeAreNotAllowedToSeeIsNoTroubleOfTheDestination(t *testing.T) {
	for _, code := range []string{"missing_scope", "not_in_channel", "channel_not_found", "not_allowed_token_type"} {
		got := blinded(diagnose(slack.SlackErrorResponse{Err: code}, &exchange{status: 200})).failure("conversations.history")
		require.Equal(t, notify.Blind, got.Trouble, code)
	}
	got := blinded(diagnose(slack.SlackErrorResponse{Err: "invalid_auth"}, &exchange{status: 200})).failure("conversations.history")
	require.Equal(t, notify.Unauthorized, got.Trouble)
}
