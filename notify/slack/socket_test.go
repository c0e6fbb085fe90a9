package slack

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/notify/slack/fakeslack"
	"sonde/probe"
	"sonde/text"
)

// clerk is an answerer that writes down what it is asked.
type clerk struct {
	mu     sync.Mutex
	orders []incident.Command
	runs   []Run
	fail   map[incident.CommandKind]error
	told   chan struct{}
	known  incident.Command // what was said before; zero: nothing
	hold   chan struct{}    // orders wait for its end; nil: they do not
}

func newClerk() *clerk {
	return &clerk{fail: map[incident.CommandKind]error{}, told: make(chan struct{}, 100)}
}

func (c *clerk) Order(_ context.Context, o incident.Command) (incident.Command, error) {
	if c.hold != nil {
		<-c.hold
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if o.Incident == incident.FirstID+7 {
		panic("canary: " + fakeslack.Token)
	}
	defer func() { c.told <- struct{}{} }()
	if c.known.Kind == o.Kind {
		return c.known, nil
	}
	if err := c.fail[o.Kind]; err != nil {
		return o, fmt.Errorf("%w: %s", err, o.Incident)
	}
	for _, name := range o.Scope.Names {
		if name == "payments" {
			return o, fmt.Errorf("%w: %q", incident.ErrNoProbe, name)
		}
	}
	c.orders = append(c.orders, o)
	o.ID, o.At = incident.CommandID(len(c.orders)), time.Now()
	if o.Storm != 0 {
		o.Members = []incident.ID{incident.FirstID}
	}
	return o, nil
}

func (c *clerk) Run(_ context.Context, r Run) (Ran, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Probe == "nobody" {
		return Ran{Probe: r.Probe}, incident.ErrNoProbe
	}
	if r.Probe == "" && r.About != incident.FirstID && r.About != incident.FirstID+2 {
		return Ran{}, incident.ErrManyProbes
	}
	c.runs = append(c.runs, r)
	defer func() { c.told <- struct{}{} }()
	return Ran{"checkout", "verdict  bad: <!channel> 503 ```\nmore\n", r.About == incident.FirstID}, nil
}

func (c *clerk) Look(_ context.Context, what, name string) (string, error) {
	if name == "nobody" {
		return "", incident.ErrNoProbe
	}
	return what + " of " + name + strings.Repeat("\na long line of a table", 300), nil
}

// all waits until n orders were given, and returns them without what differs each time.
func (c *clerk) all(t *testing.T, n int) []incident.Command {
	t.Helper()
	for range n {
		select {
		case <-c.told:
		case <-t.Context().Done():
			require.Fail(t, "nothing was ordered")
		case <-time.After(20 * time.Second):
			require.Fail(t, "nothing was ordered")
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]incident.Command{}, c.orders...)
}

// lines are a log that several write to.
type lines struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.buf.String()
}

// stage is a Slack with a socket that hears it.
type stage struct {
	*fakeslack.Server
	clerk *clerk
	log   *lines
	t     *testing.T
	n     int
	stop  func()
}

func newStage(t *testing.T, change func(*Config)) *stage {
	t.Helper()
	return newStageAt(t, startFake(t), change)
}

func startFake(t *testing.T) *fakeslack.Server {
	t.Helper()
	server, err := fakeslack.Start()
	require.NoError(t, err)
	t.Cleanup(server.Close)
	return server
}

// newStageAt is a stage at a server that may have been told to fail.
func newStageAt(t *testing.T, server *fakeslack.Server, change func(*Config)) *stage {
	t.Helper()
	server.Join("C0OPS", "U0KIM", "U0LEE")
	s := &stage{Server: server, clerk: newClerk(), log: &lines{}, t: t}
	cfg := Config{Name: "ops", Token: text.NewSecret(fakeslack.Token), AppToken: text.NewSecret(fakeslack.AppToken), Channel: "C0OPS", APIURL: server.URL()}
	if change != nil {
		change(&cfg)
	}
	sockets := NewSockets([]Config{{Name: "hook", Webhook: text.NewSecret("http://x")}, cfg}, s.clerk, slog.New(slog.NewTextHandler(s.log, nil)))
	require.Len(t, sockets, 1)
	sockets[0].refused, sockets[0].again = time.Millisecond, time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		sockets[0].Run(ctx)
	}()
	s.stop = sync.OnceFunc(func() {
		cancel()
		<-ended
	})
	t.Cleanup(s.stop)
	return s
}

func (s *stage) within() context.Context {
	ctx, cancel := context.WithTimeout(s.t.Context(), 20*time.Second)
	s.t.Cleanup(cancel)
	return ctx
}

func (s *stage) connected(n int) {
	s.t.Helper()
	require.True(s.t, s.Connected(s.within(), n), s.log.String())
}

// send delivers an envelope, and returns how it was answered.
func (s *stage) send(kind string, payload any) fakeslack.Ack {
	s.t.Helper()
	s.connected(1)
	id, err := s.Deliver(kind, payload)
	require.NoError(s.t, err)
	ack, ok := s.Acked(s.within(), id)
	require.True(s.t, ok, "every envelope is answered")
	return ack
}

// pressed is a button that somebody presses.
func (s *stage) pressed(user, action, value string) map[string]any {
	s.n++
	a := map[string]any{"action_id": action, "block_id": "b", "type": "button", "value": value, "action_ts": fmt.Sprintf("1700000000.%06d", s.n)}
	if action == actSilence {
		a["type"], a["selected_option"] = "static_select", map[string]any{"value": value, "text": map[string]string{"type": "plain_text", "text": "x"}}
		delete(a, "value")
	}
	return map[string]any{
		"type": "block_actions", "api_app_id": fakeslack.AppID, "trigger_id": fmt.Sprint("trigger-", s.n),
		"team": map[string]string{"id": fakeslack.TeamID}, "user": map[string]string{"id": user, "username": strings.ToLower(user), "team_id": fakeslack.TeamID},
		"channel":   map[string]string{"id": "C0OPS", "name": "ops"},
		"container": map[string]string{"type": "message_attachment", "message_ts": "1700000000.000100", "channel_id": "C0OPS"},
		"actions":   []any{a},
	}
}

func (s *stage) press(user, action, value string) {
	s.t.Helper()
	require.Empty(s.t, s.send("interactive", s.pressed(user, action, value)).Payload)
}

func (s *stage) whispered(n int) string {
	s.t.Helper()
	all := s.AwaitWhispers(s.within(), n)
	require.Len(s.t, all, n, s.log.String())
	return all[n-1].Text
}

func TestWhatIsPressedIsOrderedInTheNameOfWhoPressed(t *testing.T) {
	s := newStage(t, nil)
	for i, tc := range []struct {
		action, value string
		want          incident.Command
	}{
		{actAck, "1000", incident.Command{Kind: incident.Acknowledge, Incident: incident.FirstID}},
		{actUnack, "1000", incident.Command{Kind: incident.Acknowledge, Incident: incident.FirstID, Undo: true}},
		{actFalseAlarm, "1000", incident.Command{Kind: incident.FalseAlarm, Incident: incident.FirstID}},
		{actSilence, "1000|recovered", incident.Command{Kind: incident.Silence, Incident: incident.FirstID, UntilRecovered: true}},
		{actSilence, "1000|2h0m0s", incident.Command{Kind: incident.Silence, Incident: incident.FirstID}},
	} {
		s.press("U0KIM", tc.action, tc.value)
		got := s.clerk.all(t, 1)[i]
		require.Regexp(t, `^slack:1700000000\.\d+:U0KIM:`+tc.action+`$`, got.Key, "the same press has the same key")
		if tc.value == "1000|2h0m0s" {
			require.Equal(t, 2*time.Hour, got.Until.Sub(got.From))
		}
		got.Key, got.From, got.Until = "", time.Time{}, time.Time{}
		tc.want.By, tc.want.User = "u0kim", "U0KIM"
		require.Equal(t, tc.want, got)
	}
	require.Empty(t, s.Whispers(), "the thread says it")
}

func TestWhatIsHeardTwiceIsDoneOnce(t *testing.T) {
	s := newStage(t, nil)
	once := s.pressed("U0KIM", actAck, "1000")
	s.send("interactive", once)
	s.send("interactive", once)
	s.press("U0LEE", actAck, "1000")
	orders := s.clerk.all(t, 2)
	require.Len(t, orders, 2)
	require.Equal(t, []string{"U0KIM", "U0LEE"}, []string{orders[0].User, orders[1].User})
}

func TestOnlyThoseWhoMayActDo(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*Config)
		user   string
		team   string
		lose   string // a scope
		may    bool
		says   string
	}{
		"a member of the channel may":                    {nil, "U0LEE", fakeslack.TeamID, "", true, ""},
		"somebody who is none may not":                   {nil, "U0EVE", fakeslack.TeamID, "", false, "You may not do this here"},
		"a member who is a guest of the channel may not": {nil, "U0LEE", "T0OTHER", "", false, "Only members of this workspace"},
		"who is named may":                               {func(c *Config) { c.Users = []string{"U0EVE"} }, "U0EVE", "T0OTHER", "", true, ""},
		"then no other member may":                       {func(c *Config) { c.Users = []string{"U0EVE"} }, "U0KIM", fakeslack.TeamID, "", false, "You may not"},
		"a member of a group may":                        {func(c *Config) { c.Groups = []string{"S0ONCALL"} }, "U0DEE", fakeslack.TeamID, "", true, ""},
		"then who is in none may not":                    {func(c *Config) { c.Groups = []string{"S0ONCALL"} }, "U0KIM", fakeslack.TeamID, "", false, "You may not"},
		"a group that there is not lets nobody":          {func(c *Config) { c.Groups = []string{"S0NONE"} }, "U0KIM", fakeslack.TeamID, "", false, "usergroups.users.list: no_such_subteam"},
		"without the scope nobody may":                   {nil, "U0KIM", fakeslack.TeamID, "channels:read,groups:read", false, "missing_scope, needs the scope channels:read"},
		"a refusal is Korean where messages are":         {func(c *Config) { c.Language = probe.Korean }, "U0EVE", fakeslack.TeamID, "", false, "권한이 없습니다"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, tc.change)
			s.Gather("S0ONCALL", "U0DEE")
			for scope := range strings.SplitSeq(tc.lose, ",") {
				if scope != "" {
					s.Grant(strings.ReplaceAll(strings.ReplaceAll(fakeslack.UsualScopes, "channels:read,", ""), "groups:read,", ""))
				}
			}
			press := s.pressed(tc.user, actAck, "1000")
			press["user"].(map[string]string)["team_id"] = tc.team
			s.send("interactive", press)
			if tc.may {
				require.Len(t, s.clerk.all(t, 1), 1)
				return
			}
			require.Contains(t, s.whispered(1), tc.says)
			w := s.Whispers()[0]
			require.Equal(t, []string{"C0OPS", tc.user, "1700000000.000100"}, []string{w.Channel, w.User, w.ThreadTS}, "only who pressed sees it, where they pressed")
			require.Empty(t, s.clerk.orders)
		})
	}
}

func TestWhatCannotBeDoneIsSaidToWhoAskedAlone(t *testing.T) {
	for name, tc := range map[string]struct {
		action, value string
		err           error
		known         incident.Command
		says          string
	}{
		"it is over":             {actAck, "1000", incident.ErrNotOpen, incident.Command{}, "Incident `1000` is not open any more."},
		"it is not over":         {actFalseAlarm, "1000", incident.ErrNotOver, incident.Command{}, "still open"},
		"there is none":          {actFalseAlarm, "1000", incident.ErrNoIncident, incident.Command{}, "There is no incident `1000`."},
		"it cannot be stored":    {actSilence, "1000|recovered", errors.New("disk <full>"), incident.Command{}, "That did not work: disk &lt;full&gt;: 1000"},
		"somebody was faster":    {actAck, "1000", nil, incident.Command{Kind: incident.Acknowledge, By: "<lee>", User: "U0LEE", At: time.Now()}, "It is acknowledged already, by &lt;lee&gt;."},
		"nobody looks after it":  {actUnack, "1000", nil, incident.Command{Kind: incident.Acknowledge, Undo: true}, "Nobody has acknowledged it."},
		"it was called so":       {actFalseAlarm, "1000", nil, incident.Command{Kind: incident.FalseAlarm, By: "lee"}, "called a false alarm already, by lee"},
		"it is about several":    {actRun, "1001", nil, incident.Command{}, "several probes"},
		"nothing, for it is odd": {actRun, "1001", nil, incident.Command{}, "several probes"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStage(t, nil)
			for _, kind := range []incident.CommandKind{incident.Acknowledge, incident.FalseAlarm, incident.Silence} {
				s.clerk.fail[kind] = tc.err
			}
			s.clerk.known = tc.known
			s.press("U0KIM", tc.action, tc.value)
			require.Contains(t, s.whispered(1), tc.says)
		})
	}
}

// What came of a run goes through the outbox, so that nothing is posted from here.
func TestARunIsAskedForInTheNameOfWhoPressed(t *testing.T) {
	s := newStage(t, nil)
	s.press("U0KIM", actRun, "1000")
	s.clerk.all(t, 1)
	s.types("U0KIM", "C0OPS", "run checkout")
	s.clerk.all(t, 1)
	require.Contains(t, s.whispered(1), "bad: &lt;!channel&gt; 503 ˋˋˋ", "who asks by name is answered beside that")
	s.press("U0KIM", actRun, "1002")
	s.clerk.all(t, 1)
	require.Contains(t, s.whispered(2), "bad: &lt;!channel&gt; 503 ˋˋˋ", "nobody else is told of it")
	require.Equal(t, []Run{
		{About: incident.FirstID, Key: "slack:1700000000.000001:U0KIM:run_now", By: "u0kim", User: "U0KIM"},
		{Probe: "checkout", Key: "slack:slash:typed-2:U0KIM", By: "u0kim", User: "U0KIM"},
		{About: incident.FirstID + 2, Key: "slack:1700000000.000003:U0KIM:run_now", By: "u0kim", User: "U0KIM"},
	}, s.clerk.runs)
	require.Empty(t, s.Messages())
}

func TestAllOfAStormIsAcknowledgedByWhoMay(t *testing.T) {
	id := notify.StormID(galleryBegan.UnixMilli())
	s := newStage(t, nil)
	s.press("U0EVE", actAckStorm, id.String())
	require.Contains(t, s.whispered(1), "You may not do this here")
	s.press("U0KIM", actAckStorm, id.String())
	s.press("U0LEE", actUnackStorm, id.String())
	s.types("U0KIM", "C0OPS", "ack storm "+strings.ToLower(id.String()))
	s.types("U0KIM", "C0OPS", "ack STORM "+id.String()+" undo")
	s.press("U0KIM", actAckStorm, "1000")
	got := s.clerk.all(t, 4)
	require.Len(t, got, 4, "and what is no storm is nothing")
	for i, c := range got {
		require.Equal(t, incident.Acknowledge, c.Kind)
		require.Equal(t, int64(id), c.Storm)
		require.Zero(t, c.Incident)
		require.Equal(t, []bool{false, true, false, true}[i], c.Undo)
	}
	require.Equal(t, []string{"U0KIM", "U0LEE", "U0KIM", "U0KIM"}, []string{got[0].User, got[1].User, got[2].User, got[3].User})

	s = newStage(t, nil)
	s.clerk.fail[incident.Acknowledge] = incident.ErrNoStorm
	s.press("U0KIM", actAckStorm, id.String())
	require.Equal(t, "Storm `"+id.String()+"` is over, or there never was one.", s.whispered(1))
	s.clerk.mu.Lock()
	s.clerk.known = incident.Command{Kind: incident.Acknowledge, By: "<lee>"}
	s.clerk.mu.Unlock()
	s.press("U0KIM", actAckStorm, id.String())
	require.Equal(t, "It is acknowledged already, by &lt;lee&gt;.", s.whispered(2))
	s.press("U0KIM", actUnackStorm, id.String())
	require.Equal(t, "Nobody has acknowledged it.", s.whispered(3))
}

func TestALengthOfOnesOwnIsAskedForInAWindow(t *testing.T) {
	s := newStage(t, nil)
	s.press("U0KIM", actSilence, "1000|custom")
	view := s.AwaitViews(s.within(), 1)[0]
	require.Equal(t, "trigger-1", view.TriggerID)
	var window struct {
		Callback string `json:"callback_id"`
		Carried  string `json:"private_metadata"`
	}
	require.NoError(t, json.Unmarshal(view.View, &window))
	submit := func(callback, carried, length, id string) string {
		return string(s.send("interactive", map[string]any{
			"type": "view_submission", "api_app_id": fakeslack.AppID, "team": map[string]string{"id": fakeslack.TeamID},
			"user": map[string]string{"id": "U0KIM", "username": "kim", "team_id": fakeslack.TeamID},
			"view": map[string]any{"id": id, "root_view_id": "V1", "callback_id": callback, "private_metadata": carried, "state": map[string]any{"values": map[string]any{
				"length": map[string]any{"length": map[string]string{"type": "plain_text_input", "value": length}},
				"reason": map[string]any{"reason": map[string]string{"type": "plain_text_input", "value": "known\n<!here>"}},
			}}},
		}).Payload)
	}
	require.Contains(t, submit(window.Callback, window.Carried, "soon", "V1"), `"errors":{"length":"Write it like`)
	require.Contains(t, submit(window.Callback, window.Carried, "31d", "V1"), `"errors"`)
	sure := submit(window.Callback, window.Carried, "2d", "V1")
	require.Contains(t, sure, `"response_action":"push"`)
	require.Contains(t, sure, "That is a long time.")
	var push struct {
		View struct {
			Callback string `json:"callback_id"`
			Carried  string `json:"private_metadata"`
		} `json:"view"`
	}
	require.NoError(t, json.Unmarshal([]byte(sure), &push))
	require.Contains(t, submit(push.View.Callback, push.View.Carried, "", "V2"), `"response_action":"clear"`)
	got := s.clerk.all(t, 1)[0]
	require.Equal(t, 48*time.Hour, got.Until.Sub(got.From))
	require.Equal(t, "known <!here>", got.Note, "it is escaped where it is shown")
	submit(push.View.Callback, push.View.Carried, "", "V2")
	submit(push.View.Callback, `{"i":"nonsense"`, "", "V9")
	require.Len(t, s.clerk.orders, 1, "twice is once, and nonsense is nothing")
}
