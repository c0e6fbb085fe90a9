// Package fakeslack is a Slack that stands on the loopback: it speaks the wire
// format of the Web API and of incoming webhooks over HTTP, keeps what it is told,
// and fails as it is asked to.
//
// It refuses what Slack refuses (a wrong token, an unknown channel, blocks beyond
// their limits), and does what Slack does where clients trip: a reply to a message
// that was deleted is posted outside any thread, and every ts is unique. It needs
// no testing.T, so that a demonstration can show it as well.
package fakeslack
