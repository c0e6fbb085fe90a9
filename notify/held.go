package notify

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"sonde/incident"
	"sonde/probe"
)

// Why says why people are not told of an opening yet.
type Why uint8

// The reasons for keeping an opening back.
const (
	WhySilence     Why = iota + 1 // somebody asked for silence
	WhyProber                     // the prober itself is in trouble
	WhyDown                       // the probe is down, which says more
	WhyAuth                       // its credential is refused, which says more
	WhyParent                     // what it depends on is down
	WhySuspect                    // what it depends on may be: that is decided soon
	WhyMaintenance                // what it depends on fails in maintenance
	WhyRecovery                   // what kept it back is over: the next result says whether it is, too
	WhyQuiet                      // it came in quiet hours
	WhyStorm                      // so much opened that it was told as one
)

var whyNames = [...]string{"", "silence", "prober", "down", "auth_failed", "depends_on", "depends_on_suspect", "depends_on_maintenance", "recovery", "quiet_hours", "storm"}

func (w Why) String() string { return whyNames[w] }

// MarshalText writes the reason as in [Why.String].
func (w Why) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (w *Why) UnmarshalText(text []byte) error {
	i := slices.Index(whyNames[1:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no reason to keep back; use one of %s", text, strings.Join(whyNames[1:], ", "))
	}
	*w = Why(i + 1)
	return nil
}

// Held is an incident of whose opening people have not heard.
type Held struct {
	Incident incident.ID `json:"-"`
	About    probe.ID    // whose incident it is
	Kind     probe.Kind
	Open     bool            // it is open and kept back; else it recovered, and people never heard of it
	Heard    bool            // they heard of an earlier opening
	Change   incident.Change // what they are told when nothing keeps it back any more
	Since    time.Time
	Why      Why
	Of       probe.ID           `json:",omitzero"` // the probe that keeps it back
	Command  incident.CommandID `json:",omitzero"` // the silence that does
	Until    time.Time          `json:",omitzero"` // at the latest; zero: until what keeps it back is over
	Freed    time.Time          `json:",omitzero"` // of WhyRecovery: since when nothing else keeps it back
	Was      Why                `json:",omitzero"` // and what did so before
	WasOf    probe.ID           `json:",omitzero"`
}

func (h *Held) late(now time.Time) bool { return !h.Until.IsZero() && !h.Until.After(now) }

// Released is an opening that people are told of now.
type Released struct {
	About probe.ID
	incident.Transition
	Held Held
}
