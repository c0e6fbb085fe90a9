package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"sonde/incident"
	"sonde/store"
	"sonde/text"
)

// Reach is how far word of an incident has got at a destination, as it is open now, or was last.
type Reach struct {
	Destination string     `json:"destination"`
	State       string     `json:"state"`               // told, waits or dropped
	Why         string     `json:"why,omitempty"`       // it waits or was dropped, or how else it was told
	At          *time.Time `json:"at,omitempty"`        // when it was told or given up
	Until       *time.Time `json:"until,omitempty"`     // for how long it waits, or when it is tried again
	Error       string     `json:"error,omitempty"`     // of the latest delivery there, while it waits or because of which it was given up
	PassedOn    bool       `json:"passed_on,omitempty"` // it waits, and was told to the fallback meanwhile
	Link        string     `json:"link,omitempty"`      // to where it was told
}

// What becomes of an opening at a destination.
const (
	reachTold    = "told"
	reachWaits   = "waits"
	reachDropped = "dropped"
)

// The states of messages of which more is to be said than that they are in them; see [waits], too.
const (
	delivered = "sent"
	beingSent = "sending"
)

// Why it is so, where it is not what keeps incidents back.
const (
	whyQuiet       = "quiet_hours" // they are not over
	whyStorm       = "storm"       // it is one of many
	whyQueued      = "queued"      // it is sent next
	whyDestination = "destination" // deliveries there do not succeed, or it is asked to pause
	whyPart        = "part"        // a larger incident stands for it
	whyLate        = "late"        // it was told together with its end
	whyFallback    = "fallback"    // it was told in the place of another destination
	whyRecovered   = "recovered"   // it was over before it could be told
	whyNotMeant    = "not_meant"   // nothing was made for this destination when it opened
)

// Audience is what is known of those who hear of an incident.
type Audience struct {
	Routed []string                           // who hears of such incidents
	Words  map[string]*store.Word             // by destination
	Links  map[string]string                  // to conversations, by destination
	Quiet  func(destination string) time.Time // until when it is quiet there; zero: it is not; nil: nobody knows
}

// Reaches says of every destination how far word of an incident has got.
func Reaches(r *store.IncidentRecord, a Audience) []Reach {
	names := map[string]bool{}
	for _, name := range a.Routed {
		names[name] = true
	}
	for name := range a.Words {
		names[name] = true
	}
	for name := range a.Links {
		names[name] = true
	}
	all := []Reach{}
	for _, name := range slices.Sorted(maps.Keys(names)) {
		x := a.reach(r, name)
		x.Destination, x.Link = name, a.Links[name]
		all = append(all, x)
	}
	return all
}

func (a *Audience) reach(r *store.IncidentRecord, name string) Reach {
	w := a.Words[name]
	switch {
	case w != nil && w.Opening != nil && (w.Kept == nil || w.Opening.State.String() != delivered):
		return posted(w)
	case w != nil && w.Kept != nil:
		return a.kept(r, w)
	case w != nil && w.Superseded:
		return Reach{State: reachDropped, Why: whyRecovered}
	case r.Held != nil && r.Held.Open:
		return Reach{State: reachWaits, Why: r.Held.Why.String(), Until: maybe(r.Held.Until)}
	case r.Held != nil && !r.Held.Heard:
		return Reach{State: reachDropped, Why: r.Held.Why.String()}
	case a.Links[name] != "":
		return Reach{State: reachTold}
	}
	return Reach{State: reachDropped, Why: whyNotMeant}
}

// posted is what became of a message.
func posted(w *store.Word) Reach {
	p := w.Opening
	x := Reach{State: reachDropped, Why: p.State.String(), At: maybe(p.SettledAt), Error: p.Error}
	switch x.Why {
	case delivered:
		x.State, x.Why, x.Error = reachTold, "", ""
		if w.For != "" {
			x.Why = whyFallback
		} else if p.Change != incident.Opened.String() && p.Change != incident.Reopened.String() && p.Change != incident.Risen.String() {
			x.Why = whyLate
		}
	case waits, beingSent:
		x.State, x.Why, x.Until = reachWaits, whyQueued, maybe(p.Next)
		if x.Error = cmp.Or(p.Error, w.Failing); x.Error != "" {
			x.Why = whyDestination
		}
		x.PassedOn = w.Elsewhere
	}
	return x
}

// kept is an incident that a destination hears of in something else, or later.
func (a *Audience) kept(r *store.IncidentRecord, w *store.Word) Reach {
	k := w.Kept
	switch {
	case k.Part:
		return Reach{State: reachTold, Why: whyPart}
	case k.Over:
		return Reach{State: reachTold, Why: whyStorm}
	case k.Storm != 0 && w.Gust != nil && w.Gust.State.String() == delivered:
		return Reach{State: reachTold, Why: whyStorm, At: maybe(w.Gust.SettledAt)}
	case k.Storm != 0:
		x := Reach{State: reachWaits, Why: whyStorm}
		if w.Gust != nil {
			x.Until, x.Error = maybe(w.Gust.Next), w.Gust.Error
		}
		return x
	}
	x := Reach{State: reachWaits, Why: whyQuiet}
	if a.Quiet != nil {
		x.Until = maybe(a.Quiet(w.Destination))
	}
	return x
}

// whyWords are what people read for why.
var whyWords = map[string]string{
	whyQuiet: "quiet hours", whyStorm: "in a storm", "silence": "silenced", "prober": "sonde itself is in trouble", "down": "the probe is down, which says more",
	"auth_failed": "its credential is refused, which says more", "depends_on": "what it depends on is down", "depends_on_suspect": "what it depends on may be down",
	"depends_on_maintenance": "what it depends on is in maintenance", "recovery": "the next result decides",
	whyQueued: "it is next", whyDestination: "the destination does not take it", whyPart: "as a part of a larger incident", whyLate: "together with its end",
	whyFallback: "in the place of another", whyRecovered: "it was over before", whyNotMeant: "not meant for it when it opened",
	"dead": "given up", "expired": "no longer worth telling", "dropped": "somebody dropped it", "superseded": "a later message said it",
}

// line says it in a line.
func (x *Reach) line() string {
	parts := []string{text.Printable(x.Destination, 40)}
	if x.State == reachTold && x.At != nil {
		parts = append(parts, x.At.Format(secondLayout))
	}
	if x.Why != "" {
		why := whyWords[x.Why]
		if x.Until != nil {
			why += map[bool]string{true: ", again at ", false: " until "}[x.Why == whyDestination || x.Why == whyQueued] + x.Until.Format(secondLayout)
		}
		parts = append(parts, "("+why+")")
	}
	if x.Link != "" {
		parts = append(parts, text.Printable(x.Link, 200))
	}
	if x.Error != "" {
		parts = append(parts, text.Printable(x.Error, 120))
	}
	if x.PassedOn {
		parts = append(parts, "(the fallback was told)")
	}
	return strings.Join(parts, " ")
}

// mostUntold is of how many openings a list says where they are not told.
const mostUntold = 20

// untold are lines about the incidents that are open and not told of somewhere.
func untold(all []PastIncident) (lines []string) {
	more := 0
	for i := range all {
		for j := range all[i].Destinations {
			x := &all[i].Destinations[j]
			switch {
			case x.State == reachTold || all[i].Phase != incident.Open:
			case len(lines) == mostUntold:
				more++
			default:
				lines = append(lines, fmt.Sprintf("%s %s: %s", all[i].ID, x.word(), x.line()))
			}
		}
	}
	if more > 0 {
		lines = append(lines, fmt.Sprintf("… and %d more", more))
	}
	return lines
}

// word is the state as people read it.
func (x *Reach) word() string {
	if x.State == reachDropped {
		return "not told"
	}
	return x.State
}
