package slack

import (
	"cmp"
	"strconv"
	"strings"

	"sonde/incident"
	"sonde/probe"
)

// shared reports whether the incident is about what several probes share.
func (s story) shared() bool { return s.Body.Shared.Tie != incident.NoTie }

// name is what the message is about, as plain text.
func (s story) name() string {
	b := s.Body
	if !s.shared() {
		return b.Probe
	}
	template := s.words.ties[b.Shared.Tie]
	key := b.Shared.Key
	if of, others := strings.CutPrefix(key, "of/"); others && b.Shared.Tie == incident.TieCredential {
		key, template = of, s.words.credentialOf
	}
	return fill(template, "key", key, "location", b.Location, "others", strconv.Itoa(max(0, int(b.Reading.Usual)-1)))
}

// id is the incident that the message is about, which may be told in the conversation
// about a larger one.
func (s story) id() incident.ID { return cmp.Or(s.Body.Part, s.Incident) }

// sentencesOf are the sentences about an incident of this kind.
func (s story) sentencesOf() map[incident.Change]string {
	switch {
	case s.shared() && !s.measures():
		return s.words.together
	case s.measures():
		return s.words.measures.sentences
	case s.Body.Kind == probe.KindNoData:
		return s.words.silences
	case s.aboutCertificate():
		return s.words.certificates
	case s.Body.Kind == probe.KindCache:
		return s.words.caches
	}
	return s.words.sentences
}

// hit says how many of those who share something are in trouble, and of some who they are.
func (s story) hit() string {
	b := s.Body
	failing, all := int(b.Reading.Now), int(b.Reading.Usual)
	if b.Kind == probe.KindGroupRate { // whose reading is of results
		failing, all = len(b.Members), b.Reading.Level
	}
	said := fill(s.words.hit, "n", strconv.Itoa(failing), "all", strconv.Itoa(all))
	if s.measures() {
		said = ""
	}
	if len(b.Members) == 0 {
		return said
	}
	var names []string
	for _, name := range b.Members[:min(len(b.Members), maxMembers)] {
		names = append(names, tamed(name, maxListed))
	}
	if len(b.Members) > len(names) || said != "" && failing > len(b.Members) {
		names = append(names, ellipsis)
	}
	if said == "" {
		return strings.Join(names, ", ")
	}
	return said + " (" + strings.Join(names, ", ") + ")"
}
