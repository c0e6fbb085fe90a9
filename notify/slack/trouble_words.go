package slack

import (
	"strings"

	"sonde/probe"
)

// troubled is why a destination cannot be reached, as far as that is in our own words. The codes of
// Slack and the errors of the system stay what they are.
func (w *words) troubled(why string) string {
	if w.language != probe.Korean {
		return why
	}
	return troublesKO.Replace(why)
}

// troublesKO are the words of [diagnose] and of those who send mail and to webhooks.
var troublesKO = strings.NewReplacer(
	"not connected: timeout", "연결 시간 초과", "not connected", "연결 안 됨",
	"no answer: timeout", "응답 시간 초과", "no answer", "응답 없음",
	"an answer that is not Slack's", "Slack의 응답이 아님", "an answer that does not say that the message was taken", "수신 확인이 없는 응답",
	", needs the scope ", ", 필요한 권한 범위: ", "every recipient is refused", "모든 수신자 거부됨",
)
