// Package notify decides what is told to whom, and delivers what the outbox holds
// until it is delivered.
//
// Deciding and delivering are apart. [Plan] is pure: it turns transitions of
// incidents into messages, and the recorder commits those in the same transaction
// as the results they come from. The [Dispatcher] takes messages from the outbox
// and hands them to a [Sender] per destination; what fails is tried again, later
// and later, until it is sent or is known to be undeliverable (dead). Nothing here
// can delay a probe.
//
// Delivery is at least once. Only a crash between the destination's answer and our
// note of it can send a message twice, and then the second says that it may be a
// repeat.
package notify
