// Package webhook tells programs what notify has to tell: a POST of JSON for every change
// of an incident.
//
// # The request
//
//	POST /hook HTTP/1.1
//	Content-Type: application/json
//	User-Agent: sonde/1.2.3
//	X-Sonde-Event: incident.opened
//	X-Sonde-Delivery: 5J3QZ…              this request; another one for every attempt
//	Idempotency-Key: "1000:hook:opened:…" the message; the same for every attempt
//	X-Sonde-Signature: t=1764000000,v1=6f2c…
//
// The body is one JSON object. Its "version" is 1; fields may be added to a version, and
// none is renamed, removed or given another meaning. A field that says nothing is left out.
// Enumerations are those of the API (down, server_error, client_error, critical), times are
// RFC 3339 in UTC, lengths of time are whole milliseconds and carry _ms in their key.
//
// "event" is incident. and what changed: opened, changed (another cause), reminded, resolved,
// reopened (a relapse of the same incident), withdrawn (no longer watched), escalated, overdue
// (not back as announced), risen (degraded before, down now), eased (down before, degraded now), settled (recovered for good, after
// it came and went), staged (see below), and what people did: acknowledged, unacknowledged, silenced, unsilenced ("answer" has "other" where another silence
// goes on, until its "until" or until the incident recovers), false_alarm, no_false_alarm, run_now; or service. and what happened to sonde itself:
// history_lost, storage_full, storage_failing, storage_back; or digest. and its period, where digests are asked for; or test. What Slack tells as
// a storm goes out incident by incident; storm. and a change comes only to a webhook that is the fallback of Slack. A receiver ignores events
// that it does not know.
//
// A message is delivered at least once. What has the same "dedupe_key" is the same message; "repeat" says
// that an earlier attempt may have got through. Messages about one incident come in their order.
// "quiet" marks what people are not told apart, because they know that it comes and goes.
//
// # For gateways
//
// An incident of kind gateway_surge has "gateway", whose "state" is that of a circuit breaker:
// "open" while gateways fail, "half_open" from the first good answer of one of those that
// failed, "open" again if another failure follows, and "closed" when the incident has recovered or is not watched any more. Every
// turn is told. After the second turn back it takes two good answers in a row to be half open, after the third three, and so on.
//
// # The answer
//
// Any 2xx takes the message; the body is ignored. What else an answer means stands in the
// table of [Config]. Redirects are not followed: they would carry the message and its
// secrets somewhere else.
//
// # The signature
//
// With a secret, X-Sonde-Signature has the time of the attempt in seconds since 1970 (t), and for each
// secret, newest first, the HMAC-SHA256 (RFC 2104) of that number, a dot and the body, in hexadecimal digits (v1).
// A receiver computes it with the secret it has, compares it with every v1 in constant time, and refuses
// what is older than five minutes; what it has seen meanwhile it knows by X-Sonde-Delivery.
// [Verify] does the former two. To renew a secret, list the new one before the old one, have the receivers
// take the new one, and remove the old one.
package webhook
