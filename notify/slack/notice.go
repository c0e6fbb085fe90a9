package slack

import (
	"strconv"

	"github.com/slack-go/slack"

	"sonde/notify"
)

// notice is a whole message about the service itself in a line. It is not escaped.
func (s story) notice() string {
	b := s.Body
	told := fill(s.words.notices[b.Notice], "location", tamed(b.Location, maxListed), "since", s.clock(b.Since),
		"time", s.clock(b.At), "lasted", s.words.duration(b.At.Sub(b.Since)), "lost", strconv.FormatInt(b.Lost, 10))
	return told + s.lateness()
}

func (s story) renderNotice(f form) rendered {
	said, emoji, colour := s.notice(), ":red_circle:", red
	if s.Body.Notice == notify.StorageBack {
		emoji, colour = ":large_green_circle:", green
	}
	advice := slack.NewContextBlock("", markdown(s.words.noticeNext[s.Body.Notice]))
	return s.compose(f, colour, said, slack.NewSectionBlock(markdown(emoji+" "+escape(said)), nil, nil), []slack.Block{advice})
}
