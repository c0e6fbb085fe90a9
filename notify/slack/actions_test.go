package slack

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/text"
)

func TestWhatCanBePressedDependsOnHowThingsAre(t *testing.T) {
	acked := sample(incident.Opened, causes["5xx"])
	acked.Body.Acked = notify.Acked{At: started.Add(time.Minute), By: "kim"}
	shared := sample(incident.Opened, causes["5xx"])
	shared.Body.Shared, shared.Body.Kind = incident.Bond{Tie: incident.TieHost, Key: "api.example.com"}, probe.KindGatewaySurge
	for name, m := range map[string]notify.Message{
		"buttons-opened": sample(incident.Opened, causes["5xx"]), "buttons-acked": acked, "buttons-resolved": sample(incident.Resolved, causes["5xx"]),
		"buttons-withdrawn": sample(incident.Withdrawn, causes["5xx"]), "buttons-shared": shared,
	} {
		for _, language := range probe.Languages() {
			s := toldIn(language, m)
			s.buttons = true
			within(t, s.render(formFull))
			requireFile(t, name+"-"+language.String()+".json", s.actions())
			s.buttons = false
			require.Nil(t, s.actions())
		}
	}
}

func TestAllOfAStormCanBeAcknowledgedBelowItsMessage(t *testing.T) {
	leftover := aStorm(incident.Resolved, 512, 7)
	leftover.Body.Storm.Over = true
	over := aStorm(incident.Resolved, 512, 0)
	over.Body.Storm.Over = true
	for _, language := range probe.Languages() {
		for name, m := range map[string]notify.Message{
			"buttons-storm": aStorm(incident.Opened, 512, 500), "buttons-storm-acked": ackedStorm(incident.Acknowledged),
			"buttons-storm-unacked": ackedStorm(incident.Unacknowledged), "buttons-storm-leftover": leftover,
		} {
			s := toldIn(language, m)
			s.buttons, s.place = true, placeEdit
			within(t, s.render(formFull))
			requireFile(t, name+"-"+language.String()+".json", s.stormActions())
			whole := s.fit(formFull)
			require.Contains(t, golden(t, whole.bare()), `"type": "actions"`)
			for _, at := range []place{placeReply, placeLine} {
				s.place = at
				require.Nil(t, s.stormActions())
			}
			s.buttons, s.place = false, placeRoot
			require.Nil(t, s.stormActions(), "nobody would hear of it")
		}
		s := toldIn(language, over)
		s.buttons = true
		require.Nil(t, s.stormActions(), "there is nothing left")
	}
}

func TestNothingCanBePressedInALineOfAThread(t *testing.T) {
	s := told(sample(incident.Changed, causes["5xx"]))
	s.buttons = true
	for at, want := range map[place]bool{placeRoot: true, placeEdit: true, placeReply: false, placeLine: false} {
		s.place = at
		require.Equal(t, want, s.actions() != nil, at)
	}
	part := told(sample(incident.Opened, causes["5xx"]))
	part.buttons, part.Body.Part = true, incident.FirstID+1
	require.Nil(t, part.actions(), "what is a part of something is answered there")
}

func TestThereAreButtonsOnlyWhereSomebodyHears(t *testing.T) {
	for token, want := range map[string]bool{"": false, "xapp-1": true} {
		d := newDesk(Config{Token: text.NewSecret("xoxb-1"), Channel: "C1", AppToken: text.NewSecret(token)})
		require.Equal(t, want, d.story(t.Context(), sample(incident.Opened, causes["5xx"]), placeRoot).actions() != nil)
	}
}

func TestEveryLanguageHasTheSameWordsForActions(t *testing.T) {
	for _, language := range probe.Languages() {
		w := actionsIn[language]
		require.NotNil(t, w)
		require.Len(t, w.lengths, 2)
		for i, pair := range [][2]string{
			{w.acknowledge, actionsIn[probe.English].acknowledge}, {w.sure, actionsIn[probe.English].sure}, {w.unknowing, actionsIn[probe.English].unknowing},
			{w.notOpen, actionsIn[probe.English].notOpen}, {w.notOver, actionsIn[probe.English].notOver}, {w.noSuch, actionsIn[probe.English].noSuch},
			{w.noProbe, actionsIn[probe.English].noProbe}, {w.several, actionsIn[probe.English].several}, {w.notDone, actionsIn[probe.English].notDone},
			{w.acked, actionsIn[probe.English].acked}, {w.falsely, actionsIn[probe.English].falsely}, {w.noStorm, actionsIn[probe.English].noStorm},
			{w.silenced, actionsIn[probe.English].silenced}, {w.lasting, actionsIn[probe.English].lasting}, {w.mistake, actionsIn[probe.English].mistake},
			{w.stranger, ""}, {w.elsewhere, ""}, {w.guest, ""}, {w.unacked, ""}, {w.confirm, ""}, {w.help, ""}, {w.badLength, ""}, {w.reason, ""}, {w.howLong, ""}, {w.example, ""},
			{w.recovery, ""}, {w.custom, ""}, {w.submit, ""}, {w.cancel, ""}, {w.silence, ""}, {w.run, ""}, {w.open, ""}, {w.falseAlarm, ""}, {w.unacknowledge, ""}, {w.sureSure, ""}, {w.ackAll, ""}, {w.unackAll, ""},
		} {
			require.NotEmpty(t, pair[0], "%d in %s", i, language)
			require.Equal(t, factsOf(pair[1]), factsOf(pair[0]), "%d in %s", i, language)
		}
		for _, label := range []string{w.acknowledge, w.unacknowledge, w.run, w.falseAlarm, w.open, w.ackAll, w.unackAll} {
			require.LessOrEqual(t, unitsOf(label), buttonsShown)
		}
		for _, title := range []string{w.title, w.sureTitle, w.submit, w.cancel, w.sureSure} {
			require.LessOrEqual(t, unitsOf(title), 24, "Slack takes no longer one for a window")
		}
	}
}

func TestAWishTravelsThroughAWindow(t *testing.T) {
	for _, w := range []wish{
		{Incident: incident.FirstID, Channel: "C1", Root: "1.2"}, {Name: "group:payments", Length: 9 * time.Hour, Reason: "known"},
	} {
		back, err := readWish(w.String())
		require.NoError(t, err)
		require.Equal(t, w, back)
	}
	for _, carried := range []string{"", "[]", "{}", `{"i":"1000","n":"x"}`, `{"n":"x","l":-1}`, `{"n":"x","l":99999999999999999}`} {
		_, err := readWish(carried)
		require.Error(t, err, carried)
	}
}

func TestALengthIsReadAsPeopleWriteIt(t *testing.T) {
	for written, want := range map[string]time.Duration{
		"90m": 90 * time.Minute, " 4H ": 4 * time.Hour, "1h30m": 90 * time.Minute, "2d": 48 * time.Hour, "1w": 168 * time.Hour, "30d": 720 * time.Hour,
		"": 0, "0m": 0, "90": 0, "h": 0, "-1h": 0, "1.5h": 0, "31d": 0, "1s": 0, "999999w": 0, "1h 30m": 0, "9d9d9d9d": 0, "十h": 0, "1時": 0, "20d20d": 0,
	} {
		got, ok := parseLength(written)
		require.Equal(t, want > 0, ok, written)
		if ok {
			require.Equal(t, want, got, written)
		}
	}
}

// requireFile compares what Slack is sent with a golden file.
func requireFile(t *testing.T, name string, sent any) {
	t.Helper()
	written, err := json.MarshalIndent(sent, "", " ")
	require.NoError(t, err)
	file := filepath.Join("testdata", name)
	if *update {
		require.NoError(t, os.WriteFile(file, append(written, '\n'), 0o600))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, string(want), string(written)+"\n")
}

func TestTheWindowsReadAsTheyShould(t *testing.T) {
	for _, language := range probe.Languages() {
		w := actionsIn[language]
		requireFile(t, "window-silence-"+language.String()+".json", w.askWindow(wish{Incident: incident.FirstID, Channel: "C1", Root: "1.2"}))
		requireFile(t, "window-sure-"+language.String()+".json", w.sureWindow(wish{Name: "check <b>out", Length: 9 * time.Hour}, "tomorrow"))
	}
}
