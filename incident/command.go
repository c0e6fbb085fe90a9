package incident

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"sonde/probe"
	"sonde/slo"
)

// CommandID names a command; ids grow with time.
type CommandID int64

// CommandKind says what a command asks for.
type CommandKind uint8

// The kinds of command.
const (
	Acknowledge CommandKind = iota + 1 // somebody looks after an incident
	Silence                            // tell of nothing that opens
	Maintain                           // nothing is to open, and the time counts for nothing
	End                                // an earlier command holds no longer
	FalseAlarm                         // an incident was none
)

var commandNames = [...]string{"", "ack", "silence", "maintenance", "end", "false_alarm"}

func (k CommandKind) String() string { return commandNames[k] }

// MarshalText writes the kind as in [CommandKind.String].
func (k CommandKind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *CommandKind) UnmarshalText(text []byte) error {
	i := slices.Index(commandNames[1:], string(text))
	if i < 0 {
		return fmt.Errorf("%q is no kind of command; use one of %s", text, strings.Join(commandNames[1:], ", "))
	}
	*k = CommandKind(i + 1)
	return nil
}

// Command is what a person asked for, at a prompt or in the configuration.
type Command struct {
	ID   CommandID `json:"-"` // given by the store
	Key  string    `json:"-"` // the same key is the same command: kept once
	Kind CommandKind
	At   time.Time
	By   string `json:",omitzero"` // who
	User string `json:",omitzero"` // their id where they said it, for those who read it there
	Note string `json:",omitzero"` // why

	Incident ID   `json:",omitzero"` // that is acknowledged or was a false alarm, or that a silence was asked for at
	Undo     bool `json:",omitzero"` // of an acknowledgement or a false alarm: it is none

	// Opening is the one that is acknowledged: a relapse has to be acknowledged anew.
	Opening int `json:",omitzero"`

	// Storm is the one whose incidents are acknowledged together: the milliseconds since 1970 at
	// which it began. What is stored is an acknowledgement of each; Members of who asked is answered.
	Storm   int64 `json:",omitzero"`
	Members []ID  `json:",omitzero"`

	// UntilRecovered is a silence that a command ends when its incident has recovered.
	UntilRecovered bool `json:",omitzero"`

	// Of silences and maintenance:
	Name     string       `json:",omitzero"`
	Scope    Scope        `json:",omitzero"`
	Schedule slo.Schedule `json:",omitzero"` // of maintenance
	File     bool         `json:",omitzero"` // it stands in the configuration

	// In force from From until Until; zero: always, and for ever.
	From  time.Time `json:"-"`
	Until time.Time `json:"-"`

	Of       CommandID `json:",omitzero"` // that is ended
	Entirely bool      `json:",omitzero"` // as if it never had been
}

// Errors of commands that cannot be obeyed.
var (
	ErrNotOpen    = errors.New("no incident of that id is open")
	ErrNoIncident = errors.New("there is no incident of that id")
	ErrNotOver    = errors.New("that incident is still open")
	ErrManyProbes = errors.New("that incident is about several probes")
	ErrNoProbe    = errors.New("no probe or group is called that")
	ErrNoCommand  = errors.New("no such command is in force")
	ErrNoStorm    = errors.New("no storm of that id goes on")
)

// Scope is what a command is about.
type Scope struct {
	Names  []string     `json:",omitzero"` // as people wrote them: a probe, or group: and the name of a group
	Probes []probe.ID   `json:",omitzero"` // what they stand for, sorted
	Kinds  []probe.Kind `json:",omitzero"` // kinds of incident; none stands for all
	All    bool         `json:",omitzero"` // all probes
}

// Covers reports whether a probe lies in the scope.
func (s *Scope) Covers(id probe.ID) bool {
	if s.All {
		return true
	}
	_, found := slices.BinarySearch(s.Probes, id)
	return found
}

// Concerns reports whether an incident of a kind on a probe lies in the scope.
func (s *Scope) Concerns(id probe.ID, kind probe.Kind) bool {
	return s.Covers(id) && (len(s.Kinds) == 0 || slices.Contains(s.Kinds, kind))
}

// GroupPrefix begins what names a group where probes are named.
const GroupPrefix = "group:"

// Resolve finds the probes that names stand for, sorted. unknown is a name that stands for
// none; empty if each does.
func Resolve(names []string, each func(func(id probe.ID, name, group string))) (ids []probe.ID, unknown string) {
	wanted := make(map[string]bool, len(names))
	for _, name := range names {
		wanted[name] = false
	}
	each(func(id probe.ID, name, group string) {
		_, byName := wanted[name]
		_, byGroup := wanted[GroupPrefix+group]
		if byName {
			wanted[name] = true
		}
		if byGroup {
			wanted[GroupPrefix+group] = true
		}
		if byName || byGroup {
			ids = append(ids, id)
		}
	})
	slices.Sort(ids)
	for _, name := range names {
		if !wanted[name] {
			return ids, name
		}
	}
	return ids, ""
}

// Spells are the stretches of maintenance that overlap [from, until), cut to when the
// command is in force.
func (c *Command) Spells(from, until time.Time) []slo.Spell {
	if c.Kind != Maintain {
		return nil
	}
	end := until
	if !c.Until.IsZero() {
		end = slo.Earliest(end, c.Until)
	}
	from = slo.Latest(from, c.From)
	if !from.Before(end) {
		return nil
	}
	spells := c.Schedule.Spells(from, end)
	for i := range spells {
		spells[i].From = slo.Latest(spells[i].From, c.From)
		if !c.Until.IsZero() {
			spells[i].Until = slo.Earliest(spells[i].Until, c.Until)
		}
	}
	return spells
}
