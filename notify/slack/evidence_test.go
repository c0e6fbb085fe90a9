package slack

import (
	"testing"

	"sonde/incident"
)

func TestAnAlertSaysWhoAnsweredAndByWhichTrace(t *testing.T) {
	m := sample(incident.Opened, causes["5xx"])
	m.Body.Gateway = "503 after 60.0 s from the edge (<nginx>): upstream `timeout`"
	m.Body.Trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	r := told(m).fit(formFull)
	within(t, r)
	same(t, "opened-evidence.txt", r.readable())
}
