// Package slack says in Slack what notify has to tell.
//
// With a bot token an incident is one message in the channel, and what happens to
// it later are replies in the thread of that message; what the channel must not
// miss (a recovery, a relapse, a critical new cause) is shown in the channel too.
// With a webhook, which tells nothing about what became of a message, every change
// is a message of its own.
//
// A message is made of facts when it is sent. Its top-level text is one plain
// sentence that begins with the symptom, so that a notification on a locked phone
// says all that matters; the blocks hold the details. Everything that is not our
// own word is cut, escaped and kept from becoming a link or a mention. If Slack
// does not take the blocks, the sentence alone is sent at once: an alert is never
// lost for its looks.
package slack
