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
// says all that matters. The headline says it again for the channel, and calls
// those who are to be called; the details stand beside a bar in the colour of the
// state. A change that only those who follow the thread see is one line.
//
// Everything that is not our own word is masked where it looks like a secret, cut,
// escaped and kept from becoming a link, a mention or a format. What breaks one of
// Slack's limits, or is refused for its form, goes at once in the next simpler one:
// without what is drawn, as one section, as the sentence alone. An alert is never
// lost for its looks.
package slack
