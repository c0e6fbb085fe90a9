package configs

import (
	"fmt"
	"slices"

	"sonde/probe"
)

// Mentions are who is called in Slack, by severity: ids of user groups and users, "here" or
// "channel".
type Mentions map[probe.Severity][]string

var mentionKeys = keys[Mentions]{
	"critical": func(d *decoder, v value, m *Mentions) { (*m)[probe.Critical] = d.called(v) },
	"warning":  func(d *decoder, v value, m *Mentions) { (*m)[probe.Warning] = d.called(v) },
	"info":     func(d *decoder, v value, m *Mentions) { (*m)[probe.Info] = d.called(v) },
}

// mention reads who is called.
func (d *decoder) mention(v value) Mentions {
	all := Mentions{}
	object(d, v, mentionKeys, &all)
	return all
}

// called reads who is called for one severity. Everybody is called only by name.
func (d *decoder) called(v value) []string {
	var all []string
	for _, item := range d.oneOrList(v) {
		var id string
		d.filled(item, &id)
		switch {
		case id == "":
		case id != "here" && id != "channel" && !slackUserID.MatchString(id) && !slackGroupID.MatchString(id):
			d.fail(item, "%s is nobody that Slack can call; write the id of a user group, such as S0123456789, or of a user, such as U0123456789, or here or channel", quote(id))
		case slices.Contains(all, id):
			d.fail(item, "%s is listed twice; remove one", quote(id))
		default:
			all = append(all, id)
		}
	}
	return all
}

// SlackStyle is how the details of a message are set apart.
type SlackStyle uint8

// The styles.
const (
	SlackBar    SlackStyle = iota // beside a bar in the colour of the state
	SlackBlocks                   // below the headline
)

var slackStyles = []string{"bar", "blocks"}

func (s SlackStyle) String() string { return slackStyles[s] }

// MarshalText writes the style as in [SlackStyle.String].
func (s SlackStyle) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *SlackStyle) UnmarshalText(text []byte) error {
	i := slices.Index(slackStyles, string(text))
	if i < 0 {
		return fmt.Errorf("%s is no style; use bar or blocks", quote(string(text)))
	}
	*s = SlackStyle(i)
	return nil
}
