package slack

import (
	"strings"
	"time"

	"github.com/slack-go/slack"

	"sonde/incident"
	"sonde/notify"
)

// The ids of what can be pressed, and of the windows.
const (
	actAck        = "ack"
	actUnack      = "unack"
	actRun        = "run_now"
	actSilence    = "silence"
	actFalseAlarm = "false_alarm"
	actAckStorm   = "ack_storm"
	actUnackStorm = "unack_storm"
	actOpen       = "open"

	viewSilence = "silence"
	viewSure    = "silence_sure"
)

// What follows an incident's id in the value of a choice, where it is no length of time.
const (
	untilRecovered = "recovered"
	askLength      = "custom"
)

const buttonsShown = 30 // characters of a label that Slack shows

// pressable reports whether something can be pressed below the message: where it stands for the
// incident, and where it ends it.
func (s story) pressable() bool {
	return s.buttons && s.Body.Notice == notify.NoNotice && s.Body.Part == 0 && s.Incident != 0 &&
		(s.place == placeRoot || s.place == placeEdit || s.over())
}

// actions is what can be pressed below a message; nil if nothing can. A button carries the id of
// the incident and nothing else: whatever it does, it looks how things are by then.
func (s story) actions() slack.Block {
	if !s.pressable() {
		return nil
	}
	w, id := actionsIn[s.words.language], s.id().String()
	var elements []slack.BlockElement
	add := func(e slack.BlockElement) { elements = append(elements, e) }
	switch {
	case s.over():
		add(button(actFalseAlarm, w.falseAlarm, id))
	case s.Body.Acked.IsZero():
		ack := button(actAck, w.acknowledge, id)
		ack.Style = slack.StylePrimary
		add(ack)
	default:
		add(button(actUnack, w.unacknowledge, id))
	}
	if !s.shared() && s.Change != incident.Withdrawn {
		add(button(actRun, w.run, id))
	}
	if !s.over() {
		add(s.silences(w, id))
	}
	if s.publicURL != "" {
		if address := s.publicURL + "/incidents/" + id; len(address) <= maxLink {
			open := button(actOpen, w.open, id)
			open.URL = address
			add(open)
		}
	}
	return slack.NewActionBlock("", elements...)
}

// stormActions is what can be pressed below a message about a storm; nil if nothing can.
func (s story) stormActions() slack.Block {
	if !s.buttons || s.place != placeRoot && s.place != placeEdit || s.Body.Storm.Failing == 0 {
		return nil
	}
	w, id := actionsIn[s.words.language], s.stormID()
	all := button(actAckStorm, w.ackAll, id)
	if all.Style = slack.StylePrimary; !s.Body.Storm.Acked.IsZero() {
		all = button(actUnackStorm, w.unackAll, id)
	}
	elements := []slack.BlockElement{all}
	if s.publicURL != "" && len(s.publicURL) <= maxLink {
		open := button(actOpen, w.open, id)
		open.URL = s.publicURL
		elements = append(elements, open)
	}
	return slack.NewActionBlock("", elements...)
}

func button(action, label, value string) *slack.ButtonBlockElement {
	return slack.NewButtonBlockElement(action, value, plainText(label))
}

// plainText is one of our own words where nothing is markup.
func plainText(words string) *slack.TextBlockObject {
	emoji := true
	return &slack.TextBlockObject{Type: slack.PlainTextType, Text: words, Emoji: &emoji}
}

// silences is the menu of how long to be silent.
func (s story) silences(w *actionWords, id string) slack.BlockElement {
	var options []*slack.OptionBlockObject
	add := func(words, what string) {
		options = append(options, slack.NewOptionBlockObject(id+"|"+what, plainText(words), nil))
	}
	for _, c := range w.lengths {
		add(c.words, c.length.String())
	}
	add(w.recovery, untilRecovered)
	add(w.custom, askLength)
	return slack.NewOptionsSelectBlockElement(slack.OptTypeStatic, plainText(w.silence), actSilence, options...)
}

// chosen is what was chosen of the menu: an incident, and how long.
func chosen(value string) (id incident.ID, length time.Duration, what string, ok bool) {
	written, what, found := strings.Cut(value, "|")
	id, err := incident.ParseID(written)
	if !found || err != nil || id <= 0 {
		return 0, 0, "", false
	}
	if what == untilRecovered || what == askLength {
		return id, 0, what, true
	}
	length, err = time.ParseDuration(what)
	return id, length, what, err == nil && length > 0 && length <= longestSilence
}

// The ids of what is filled in.
const (
	inputLength = "length"
	inputReason = "reason"
)

// askWindow asks how long to be silent about an incident.
func (w *actionWords) askWindow(about wish) slack.ModalViewRequest {
	length := slack.NewPlainTextInputBlockElement(plainText(w.example), inputLength)
	length.MaxLength = 20
	reason := slack.NewPlainTextInputBlockElement(nil, inputReason)
	reason.MaxLength = longestReason
	why := slack.NewInputBlock(inputReason, plainText(w.reason), nil, reason)
	why.Optional = true
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: viewSilence, PrivateMetadata: about.String(),
		Title: plainText(w.title), Submit: plainText(w.submit), Close: plainText(w.cancel),
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewInputBlock(inputLength, plainText(w.howLong), nil, length), why}},
	}
}

// sureWindow asks whether so long a silence is meant.
func (w *actionWords) sureWindow(about wish, until string) slack.ModalViewRequest {
	text := fill(w.sure, "what", prose(about.what(), maxURL), "until", until)
	return slack.ModalViewRequest{
		Type: slack.VTModal, CallbackID: viewSure, PrivateMetadata: about.String(),
		Title: plainText(w.sureTitle), Submit: plainText(w.sureSure), Close: plainText(w.cancel),
		Blocks: slack.Blocks{BlockSet: []slack.Block{slack.NewSectionBlock(markdown(text), nil, nil)}},
	}
}
