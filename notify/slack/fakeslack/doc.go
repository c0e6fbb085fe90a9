// Package fakeslack is a Slack that stands on the loopback: it speaks the wire
// format of the Web API and of incoming webhooks over HTTP, keeps what it is told,
// and fails as it is asked to.
//
// It refuses what Slack refuses (a wrong token, an unknown channel, blocks beyond
// their limits), and does what Slack does where clients trip: a reply to a message
// that was deleted is posted outside any thread, and every ts is unique. It needs
// no testing.T, so that a demonstration can show it as well.
//
// [Server.Inject] and [Server.Fail] make it fail in the ways that services do: no
// connection, a hang, an answer that is lost after the message was taken, that breaks
// off, comes late or means nothing, a pause that is asked for. [Server.Limit] and
// [Server.Lag] give it the limits and the slowness of a real one; [Server.Delete] and
// [Server.Archive] do what people do. One made by [New] listens nowhere, and can be
// used in a synctest bubble.
package fakeslack
