package slack

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"sonde/notify"
	"sonde/text"
)

const (
	pauseUnsaid = 30 * time.Second // when Slack does not say how long
	pauseLimit  = 5 * time.Minute  // of message_limit_exceeded, which is about the workspace
	pauseMost   = time.Hour
	maxDetail   = 200
)

// remedy is what an answer of Slack's calls for.
type remedy uint8

const (
	remedySlowly   remedy = iota // people must act; the zero value, also for codes we do not know
	remedyLater                  // nothing was delivered
	remedyUnclear                // it may have been delivered
	remedyPause                  // too many messages
	remedyNever                  // our own mistake, which no repetition mends
	remedyPlain                  // without blocks
	remedyBare                   // without metadata
	remedyUnthread               // outside the thread
	remedyAnew                   // what was to be changed is gone, or cannot be changed any more
	remedyRevive                 // the credential is wrong, wherever it is used
	remedyJoin                   // in the channel, if we may join it
	remedyBlind                  // we are not to look
)

// remedies has the error codes of the methods that we call and of webhooks.
var remedies = map[string]remedy{
	"ratelimited": remedyPause, "rate_limited": remedyPause, codeWorkspaceLimit: remedyPause,

	"service_unavailable": remedyLater, "request_timeout": remedyLater, "team_added_to_org": remedyLater,
	"org_login_required": remedyLater, "external_channel_migrating": remedyLater, "update_failed": remedyLater,

	"fatal_error": remedyUnclear, "internal_error": remedyUnclear, "rollup_error": remedyUnclear,
	"duplicate_message_not_found": remedyUnclear, "duplicate_channel_not_found": remedyUnclear,

	"invalid_blocks": remedyPlain, "invalid_blocks_format": remedyPlain, "invalid_attachments": remedyPlain,
	"msg_blocks_too_long": remedyPlain, "msg_too_long": remedyPlain, "attachment_payload_limit_exceeded": remedyPlain,
	"too_many_attachments": remedyPlain, "no_text": remedyPlain, "invalid_arguments": remedyPlain,
	"invalid_array_arg": remedyPlain, "block_mismatch": remedyPlain, "markdown_text_conflict": remedyPlain,
	"invalid_payload": remedyPlain,

	"metadata_too_large": remedyBare, "invalid_metadata_format": remedyBare, "invalid_metadata_schema": remedyBare,
	"metadata_must_be_sent_from_app": remedyBare,

	"cannot_reply_to_message": remedyUnthread, "message_not_found": remedyAnew, "thread_not_found": remedyUnthread,
	"cant_update_message": remedyAnew, "edit_window_closed": remedyAnew, "is_inactive": remedyAnew,
	"invalid_thread_ts": remedyUnthread, "restricted_action_non_threadable_channel": remedyUnthread,
	"restricted_action_thread_locked": remedyUnthread,

	"invalid_arg_name": remedyNever, "invalid_charset": remedyNever, "invalid_form_data": remedyNever,
	"invalid_post_type": remedyNever, "missing_post_type": remedyNever,

	"channel_not_found": remedySlowly, "not_in_channel": remedyJoin, "is_archived": remedySlowly,
	"restricted_action": remedySlowly, "restricted_action_read_only_channel": remedySlowly,
	"restricted_action_thread_only_channel": remedySlowly, "messages_tab_disabled": remedySlowly,
	"team_not_found": remedySlowly, "ekm_access_denied": remedySlowly,

	"invalid_auth": remedyRevive, "not_authed": remedyRevive, "account_inactive": remedyRevive,
	"token_revoked": remedyRevive, "token_expired": remedyRevive, "missing_scope": remedyRevive,
	"no_permission": remedyRevive, "not_allowed_token_type": remedyRevive, "team_access_not_granted": remedyRevive,
	"access_denied": remedyRevive, "accesslimited": remedyRevive, "two_factor_setup_required": remedyRevive,
	"enterprise_is_restricted": remedyRevive, "deprecated_endpoint": remedyRevive, "method_deprecated": remedyRevive,

	"action_prohibited": remedySlowly, "posting_to_general_channel_denied": remedySlowly, "invalid_token": remedySlowly,
	"no_service": remedySlowly, "no_service_id": remedySlowly, "no_team": remedySlowly, "user_not_found": remedySlowly,
	"no_active_hooks": remedySlowly, "team_disabled": remedySlowly, "channel_is_archived": remedySlowly,
}

const codeWorkspaceLimit = "message_limit_exceeded"

// rejection is an answer that says no, or none at all.
type rejection struct {
	remedy  remedy
	code    string
	known   bool // false: Slack names a reason that we do not know
	after   time.Duration
	problem string // for people; may still hold what the server echoed
}

// diagnose finds out what an attempt without success came to. err is slack-go's;
// nil means that the answer looked like success and gave no ts.
func diagnose(err error, x *exchange) rejection {
	if refused, ok := errors.AsType[slack.SlackErrorResponse](err); ok {
		problem := refused.Err
		if refused.Needed != "" {
			problem += ", needs the scope " + refused.Needed
		}
		for _, detail := range refused.ResponseMetadata.Messages {
			problem += "; " + detail
		}
		return byCode(refused.Err, problem, x)
	}
	switch {
	case x.status == http.StatusTooManyRequests:
		return rejection{remedy: remedyPause, known: true, after: pauseOf(x.retryAfter, pauseUnsaid), problem: "429 Too Many Requests"}
	case x.status == 0 && !x.connected.Load():
		return rejection{remedy: remedyLater, known: true, problem: "not connected: " + cause(err)}
	case x.status == 0:
		return rejection{remedy: remedyUnclear, known: true, problem: "no answer: " + cause(err)}
	case x.status != http.StatusOK:
		return byStatus(x)
	case err != nil:
		return rejection{remedy: remedyUnclear, known: true, problem: "an answer that is not Slack's: " + cause(err)}
	}
	return rejection{remedy: remedyUnclear, known: true, problem: "an answer that does not say that the message was taken"}
}

// byCode is about an error code of Slack's.
func byCode(code, problem string, x *exchange) rejection {
	r := rejection{code: code, problem: problem}
	if r.remedy, r.known = remedies[code]; strings.HasPrefix(code, "slack_connect_") {
		r.known = true // what another organisation does not allow in a shared channel
	}
	if r.remedy == remedyPause {
		unsaid := pauseUnsaid
		if code == codeWorkspaceLimit {
			unsaid = pauseLimit
		}
		r.after = pauseOf(x.retryAfter, unsaid)
	}
	return r
}

// byStatus is about a status that carries no code which slack-go reads. A webhook
// puts its code into the body, and not every status that goes with it is
// documented: the body is asked first.
func byStatus(x *exchange) rejection {
	said := codeIn(x.body)
	if _, known := remedies[said]; known {
		return byCode(said, said, x)
	}
	r := rejection{known: x.status != http.StatusBadRequest, problem: strconv.Itoa(x.status) + " " + http.StatusText(x.status)}
	if said != "" {
		r.problem += ": " + said
	}
	switch {
	case x.status == http.StatusRequestEntityTooLarge:
		r.remedy = remedyPlain
	case x.status == http.StatusRequestTimeout, x.status == http.StatusTooEarly:
		r.remedy = remedyLater
	case x.status >= http.StatusInternalServerError:
		r.remedy, r.after = remedyUnclear, pauseOf(x.retryAfter, 0)
	}
	return r
}

// codeIn returns the code that a body consists of, such as no_service; empty if it
// is something else, such as a page.
func codeIn(body []byte) string {
	said := strings.TrimSpace(string(body[:min(len(body), maxDetail)]))
	if strings.Trim(said, "abcdefghijklmnopqrstuvwxyz_") != "" {
		return ""
	}
	return said
}

// pauseOf reads a Retry-After: seconds or, as proxies write it, a date.
func pauseOf(header string, unsaid time.Duration) time.Duration {
	if seconds, err := strconv.ParseInt(header, 10, 32); err == nil && seconds >= 0 {
		return min(time.Duration(seconds)*time.Second, pauseMost)
	}
	if at, err := http.ParseTime(header); err == nil {
		return min(max(0, time.Until(at)), pauseMost)
	}
	return unsaid
}

// cause tells an error without the address that the request went to: that of a
// webhook is a secret, and url.Error spells it out.
func cause(err error) string {
	if at, ok := errors.AsType[*url.Error](err); ok {
		err = at.Err
	}
	switch {
	case errors.Is(err, context.Canceled):
		return "canceled"
	case errors.Is(err, context.DeadlineExceeded):
		return "timeout"
	}
	return err.Error()
}

// failure is what the dispatcher needs to know.
func (r rejection) failure(where string, secrets ...text.Secret) *notify.Failure {
	trouble := notify.Unreachable
	switch r.remedy {
	case remedyRevive:
		trouble = notify.Unauthorized
	case remedyAnew:
		trouble = notify.Gone
	case remedyBlind:
		trouble = notify.Blind
	case remedyLater:
		trouble = notify.Transient
	case remedyUnclear:
		trouble = notify.Ambiguous
	case remedyPause:
		trouble = notify.Throttled
	case remedyNever, remedyPlain, remedyBare, remedyUnthread:
		trouble = notify.Refused
	}
	problem := r.problem
	for _, secret := range secrets {
		if !secret.IsZero() {
			problem = strings.ReplaceAll(problem, secret.Reveal(), secret.String())
		}
	}
	return &notify.Failure{Trouble: trouble, After: r.after, Err: fmt.Errorf("%s: %s", where, text.Printable(problem, maxDetail))}
}
