package slack

import (
	"slices"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// Specimen is a message of the gallery, made from facts that never were.
type Specimen struct {
	Kind   string // of incident, or notice
	Change string // of the incident, or which notice
	Text   string // as a notification shows it, without marks
	Shown  string // the whole of it as people read it
	Kit    any    // text, blocks and attachments, as Slack's Block Kit Builder takes them
	Line   any    // the same, as those who follow a thread read it; nil if nobody does
}

// View is how a gallery is shown.
type View struct {
	Language probe.Language
	Style    Style
	Kind     string // only of this kind; empty: of all
}

// GalleryKinds are the kinds of message that there are, as [View] names them.
func GalleryKinds() []string {
	var all []string
	for _, kind := range probe.Kinds() {
		all = append(all, kind.String())
	}
	return append(all, galleryStorm, galleryDigest, galleryNotice)
}

const galleryNotice = "notice"

// Gallery shows every kind of message, of every change of its incident.
func Gallery(v View) []Specimen {
	var all []Specimen
	for _, kind := range probe.Kinds() {
		if v.Kind != "" && v.Kind != kind.String() {
			continue
		}
		for _, change := range changesOf(kind) {
			all = append(all, v.specimen(kind.String(), change.String(), specimenOf(kind, change)))
		}
		if kind == probe.KindDown {
			for _, reason := range []probe.Reason{probe.ConnectRefused, probe.TLSExpired, probe.BodyMismatch} {
				all = append(all, v.specimen(kind.String(), incident.Opened.String()+" "+reason.String(), downFor(reason)))
			}
			all = append(all, v.specimen(kind.String(), incident.Opened.String()+" never good", neverGood()))
		}
	}
	if v.Kind == "" || v.Kind == galleryStorm {
		all = append(all, v.storms()...)
	}
	if v.Kind == "" || v.Kind == galleryDigest {
		all = append(all, v.digests()...)
	}
	if v.Kind == "" || v.Kind == galleryNotice {
		for _, notice := range []notify.Notice{notify.HistoryLost, notify.StorageFull, notify.StorageFailing, notify.StorageBack} {
			all = append(all, v.specimen(galleryNotice, notice.String(), noticeOf(notice)))
		}
	}
	return all
}

// specimen shows a message a second after it was made.
func (v View) specimen(kind, change string, m notify.Message) Specimen {
	s := story{
		Message: m, words: wordsIn(v.Language), zone: time.UTC, now: m.CreatedAt.Add(time.Second),
		publicURL: "https://sonde.example.com", style: v.Style, mentions: Mentions{probe.Critical: {"S0ONCALL1"}},
	}
	if !m.Body.Answer.At.IsZero() {
		s.place = placeEdit // the first message shows it like this, and what was done is a line in the thread
	}
	r := s.fit(formFull)
	shown := Specimen{Kind: kind, Change: change, Text: s.sentence(), Shown: r.readable(), Kit: r.bare()}
	if m.Change != 0 && m.Change != incident.Opened {
		s.place = placeLine
		line := s.fit(formFull)
		shown.Line = line.bare()
		shown.Shown += "in the thread:\n" + line.readable()
	}
	return shown
}

// changesOf are the changes that there are of a kind, in the order of [incident.Change].
func changesOf(kind probe.Kind) []incident.Change {
	only := map[incident.Change][]probe.Kind{
		incident.Risen:   {probe.KindDown},
		incident.Eased:   {probe.KindDegraded},
		incident.Overdue: {probe.KindDown, probe.KindDegraded},
		incident.Escalated: {
			probe.KindRateLimited, probe.KindCertificate, probe.KindGatewaySurge, probe.KindAuthGroup, probe.KindBudgetThreshold,
		},
		incident.Changed: {
			probe.KindDown, probe.KindDegraded, probe.KindAuthFailed, probe.KindAuthBypass, probe.KindClientFault, probe.KindRateLimited,
			probe.KindLatency, probe.KindBudgetThreshold,
		},

		// What people do about an incident is told alike of all kinds.
		incident.Unacknowledged: {probe.KindDown}, incident.Silenced: {probe.KindDown}, incident.FalseAlarmed: {probe.KindDown}, incident.TrueAlarmed: {probe.KindDown},
		incident.Unsilenced: {probe.KindDown}, incident.RunNow: {probe.KindDown},
	}
	var all []incident.Change
	for change := incident.Opened; change <= incident.RunNow; change++ {
		kinds, special := only[change]
		if change == incident.ClosedNow || change == incident.Staged || special && !slices.Contains(kinds, kind) {
			continue
		}
		all = append(all, change)
	}
	return all
}
