package slack

import (
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// hostile are texts that would become something else if they could.
var hostile = []string{
	"\x1b[31mred\x1b[0m", "\x1b]8;;https://evil.example\x07click\x1b]8;;\x07", "\x1b]52;c;cm0gLXJm\x07", "\x9b31m", "\u0085next", "a\x00b", "a\r\nb", "\u2028\u2029",
	"\u202ereversed", "\u2066isolated\u2069", "\u200b\u200d\ufeff", "\U000e0041", "\xff\xfe\xc3", "￼",
	"<!channel>", "<!here>", "<!everyone|x>", "<!subteam^S0123456789>", "<!subteam^S1|@ops>", "<@U0123456789>", "<@W1|kim>", "<#C0123456789>", "<#C1|general>",
	"<!date^0^{date}|then>", "<https://evil.example|checkout>", "<mailto:x@evil.example|mail>", "<javascript:alert(1)|x>", "https://evil.example/a?b=c", "@channel", "#general",
	"&lt;!channel&gt;", "&amp;lt;!here&amp;gt;", "\\u003c!channel\\u003e", "%3C!channel%3E", "<script>alert(1)</script>", "<b>bold</b>",
	"*bold*", "_slanted_", "~gone~", "`code`", "``` fence ```", "> quoted", "\n> quoted", ":red_circle: *Down*", ":large_green_circle:", "• *Runbook*", "|>", "|x>", ">|<",
	"{incident}{name}{cause}", "%!s(MISSING)%d", "${jndi:ldap://x}", "'; DROP TABLE outbox; --", strings.Repeat("<!channel> ", 60), strings.Repeat("😀", 400), strings.Repeat("&", 800), strings.Repeat("`", 400),
}

// fillIn puts a text wherever a value has one, so that no field is forgotten.
func fillIn(v reflect.Value, s string) {
	switch v.Kind() {
	case reflect.String:
		v.SetString(s)
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				fillIn(v.Field(i), s)
			}
		}
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		fillIn(v.Elem(), s)
	case reflect.Slice:
		if v.Len() == 0 && v.Type().Elem().Kind() != reflect.Uint8 {
			v.Set(reflect.MakeSlice(v.Type(), 2, 2))
		}
		for i := range v.Len() {
			fillIn(v.Index(i), s)
		}
	case reflect.Map:
		if v.Type().Key().Kind() == reflect.String && v.Type().Elem().Kind() == reflect.String {
			v.Set(reflect.MakeMap(v.Type()))
			v.SetMapIndex(reflect.ValueOf(s).Convert(v.Type().Key()), reflect.ValueOf(s).Convert(v.Type().Elem()))
		}
	}
}

// filled is a message with a text in every field. What stands in a pointer of the body changes
// what it is about, and stays as it is.
func filled(m notify.Message, s string) notify.Message {
	kept := m.Body
	v := reflect.ValueOf(&m.Body).Elem()
	for i := range v.NumField() {
		switch field := v.Type().Field(i); {
		case field.Type.Kind() == reflect.Pointer && v.Field(i).IsNil(), field.Name == "Shared" && kept.Shared.Tie == incident.NoTie:
		default:
			fillIn(v.Field(i), s)
		}
	}
	m.Body.Cause, m.Body.Reading = kept.Cause, kept.Reading
	m.Body.Codes, m.Body.Budgets, m.Body.Past = kept.Codes, kept.Budgets, kept.Past
	m.Body.Needs = append(m.Body.Needs, notify.Need{Name: s, Standing: notify.StandingUp}, notify.Need{Name: s, Standing: notify.StandingDown, Since: started, Cause: causes["5xx"]})
	m.Body.Seen.At, m.Body.Acked.At = started, started
	m.Body.Dependents.Total, m.Body.Dependents.Failing = 3, 2
	return m
}

// ours are the marks that we make: times, links to our pages and to the runbook that the configuration
// names, and those who are called.
var ours = regexp.MustCompile(`<(!date\^-?\d+\^[^|<>]*\|[^<>]*|https://sonde\.example\.com(?:/[^|<>]*)?\|[^<>|]*|https?://[^|<>\s]*\|Runbook|!subteam\^S0OURS|@U0OURS)>`)

var (
	fenced = regexp.MustCompile("(?s)```.*?```")
	coded  = regexp.MustCompile("`[^`\n]*`")

	formats = []*regexp.Regexp{
		regexp.MustCompile(`[*~]`), regexp.MustCompile(`(^|[^\pL\pN_])_|_($|[^\pL\pN_])`), regexp.MustCompile(`:[a-z0-9_+'-]+:`),
		regexp.MustCompile("(?m)^(&gt;|>)"), regexp.MustCompile("`"),
	}
)

// formatting is what of a text would format it: what marks bold, struck and slanted text, quotes
// and emoji, outside of code and of our own marks.
func formatting(s string) (marks []int) {
	s = coded.ReplaceAllString(fenced.ReplaceAllString(ours.ReplaceAllString(s, "L"), "C"), "C")
	for _, form := range formats {
		marks = append(marks, len(form.FindAllString(s, -1)))
	}
	return marks
}

// requireTame asks that nothing of what was put into a message becomes anything but text.
func requireTame(t *testing.T, theirs, benign rendered, what string) {
	t.Helper()
	require.NoError(t, theirs.check(), what)
	for _, said := range texts(theirs) {
		require.True(t, utf8.ValidString(said), what)
		require.NotContains(t, ours.ReplaceAllString(said, ""), "<", what)
		require.NotContains(t, ours.ReplaceAllString(said, ""), ">", what)
		strange := strings.IndexFunc(said, func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) })
		require.Negative(t, strange, "%s: %q", what, said)
	}
	if theirs.form != benign.form {
		return // it has been made simpler
	}
	// The first is the sentence, which is shown without any formatting.
	most, marks := formatting(strings.Join(texts(benign)[1:], "\n")), formatting(strings.Join(texts(theirs)[1:], "\n"))
	for i := range marks {
		require.LessOrEqual(t, marks[i], most[i], "%s: %s in %q", what, formats[i], texts(theirs))
	}
}

func TestHostileTextInAnyFieldStaysText(t *testing.T) {
	type sight struct {
		kind   probe.Kind
		change incident.Change
		at     place
	}
	var all []sight
	for _, kind := range probe.Kinds() {
		all = append(all, sight{kind, incident.Opened, placeRoot})
	}
	for _, change := range []incident.Change{incident.Reopened, incident.Acknowledged, incident.Resolved} {
		for at := placeRoot; at <= placeLine; at++ {
			all = append(all, sight{probe.KindDown, change, at})
		}
	}
	parts := 3
	if testing.Short() { // each takes long with the race detector, which has nothing to find here
		parts = 12
	}
	for _, x := range all {
		show := func(s string) rendered {
			said := toldIn(probe.English, filled(specimenOf(x.kind, x.change), s))
			said.place, said.mentions = x.at, Mentions{probe.Critical: {"S0OURS", "U0OURS"}}
			return said.fit(formFull)
		}
		benign := show("x")
		for i, s := range hostile {
			if x.kind != probe.KindDown && i%parts != int(x.kind)%parts {
				continue // the fields are the same for the most part: each kind gets a part of the texts
			}
			requireTame(t, show(s), benign, x.kind.String()+" "+x.change.String()+" "+strconv.QuoteToASCII(s[:min(len(s), 40)]))
		}
	}
}

func TestHostileTextStaysTextInEveryForm(t *testing.T) {
	for f := formFull; f <= formPlain; f++ {
		for _, s := range hostile {
			said := told(filled(specimenOf(probe.KindDown, incident.Opened), s))
			r := said.fit(f)
			require.GreaterOrEqual(t, r.form, f)
			requireTame(t, r, said.fit(f), strconv.QuoteToASCII(s[:min(len(s), 40)]))
			if f == formPlain {
				require.Empty(t, r.blocks)
				require.LessOrEqual(t, unitsOf(said.sentence()), maxSentence)
			}
		}
	}
}

func TestHostileTextInWhatIsAboutManyStaysText(t *testing.T) {
	for what, of := range map[string]func() notify.Message{
		"a storm":                func() notify.Message { return aStorm(incident.Opened, 12, 9) },
		"the reminder of one":    func() notify.Message { return aStorm(incident.Reminded, 12, 9) },
		"a digest":               func() notify.Message { return aDigest(notify.DigestDaily) },
		"the end of quiet hours": func() notify.Message { return aDigest(notify.DigestQuiet) },
	} {
		benign := told(filled(of(), "x")).fit(formFull)
		for _, s := range hostile {
			requireTame(t, told(filled(of(), s)).fit(formFull), benign, what+" "+strconv.QuoteToASCII(s[:min(len(s), 40)]))
		}
	}
}

func TestHostileTextInANoticeStaysText(t *testing.T) {
	for _, s := range hostile {
		m := noticeOf(notify.HistoryLost)
		m.Body.Location = s
		benign := noticeOf(notify.HistoryLost)
		benign.Body.Location = "x"
		requireTame(t, told(m).fit(formFull), told(benign).fit(formFull), strconv.QuoteToASCII(s[:min(len(s), 40)]))
	}
}

// Whatever stands in a message, it stays text.
func FuzzHostileTextInAnyFieldStaysText(f *testing.F) {
	for _, s := range hostile {
		f.Add(s, uint8(probe.KindDown), uint8(incident.Opened))
	}
	f.Fuzz(func(t *testing.T, s string, kind, change uint8) {
		if userID.MatchString(s) {
			return // who answers in Slack is shown as what Slack calls them
		}
		kinds := probe.Kinds()
		of := kinds[int(kind)%len(kinds)]
		changes := changesOf(of)
		m := specimenOf(of, changes[int(change)%len(changes)])
		said, benign := told(filled(m, s)), told(filled(m, "x"))
		requireTame(t, said.fit(formFull), benign.fit(formFull), strconv.QuoteToASCII(s))
		require.LessOrEqual(t, unitsOf(said.sentence()), maxSentence)
	})
}
