package slack

import "sonde/notify"

// digestWords are about messages that sum up a time.
type digestWords struct {
	titles    map[notify.Period]string
	sentences map[notify.Period]string // facts: from opened open names
	counts    map[notify.Period]string // facts: opened relapses open false dead
	nothing   string                   // facts: title from; nothing happened
	names     string                   // facts: names; of those that are open, or came and went

	open, over, promises string // titles of lists
	response, noise      string // the same
	ending               string // the same
	still, lasted        string // facts: lasted
	acked                string // facts: by
	promise              string // facts: objective attained left
	unjudged             string // facts: objective
	coverage             string // facts: coverage
	spent                string // instead of left
	left                 string // facts: share
	more                 string // facts: n
	dead                 string // facts: n
	mtta                 string // facts: mean n unacked
	unacked              string // facts: n; instead of mtta, if nobody acknowledged any
	mttr                 string // facts: mean n
	alerts, relapses     string // facts: n; of a probe
	falsely              string // the same
	certificate          string // facts: left ends
	credential           string // the same
}

var englishDigests = digestWords{
	titles: map[notify.Period]string{notify.DigestDaily: "Daily digest", notify.DigestWeekly: "Weekly digest", notify.DigestQuiet: "Quiet hours are over"},
	sentences: map[notify.Period]string{
		notify.DigestDaily:  "daily digest since {from}: {opened} incidents opened, {open} open now{names}.",
		notify.DigestWeekly: "weekly digest since {from}: {opened} incidents opened, {open} open now{names}.",
		notify.DigestQuiet:  "quiet hours are over; {opened} incidents came and went since {from}{names}.",
	},
	counts: map[notify.Period]string{
		notify.DigestDaily:  "{opened} incidents opened · {relapses} relapses · {open} open now · {false} false alarms",
		notify.DigestWeekly: "{opened} incidents opened · {relapses} relapses · {open} open now · {false} false alarms",
		notify.DigestQuiet:  "{opened} incidents came and went, and nobody was disturbed",
	},
	nothing: "{title} since {from}: nothing opened, nothing is open, and every promise is kept.",
	names:   " ({names})",
	open:    "Open now, the worst first", over: "Over, the longest first", promises: "Promises, the worst first",
	still: "for {lasted}", lasted: "lasted {lasted}", acked: "acknowledged by {by}",
	promise: "{objective}: {attained} good, {left}", unjudged: "{objective}: nothing judged yet", coverage: ", {coverage} of the time seen",
	spent: "budget spent", left: "{share} of the budget left", more: "… and {n} more",
	dead: ":warning: {n} messages could not be delivered: `sonde outbox --state dead`",

	response: "Response, on average", noise: "Noise, the loudest first", ending: "Ends soon, the next one first",
	mtta: "MTTA {mean} ({n} acknowledged, {unacked} not)", mttr: "MTTR {mean} ({n} recovered)",
	unacked: "{n} not acknowledged", alerts: "alerts {n}", relapses: "relapses {n}", falsely: "false alarms {n}",
	certificate: "certificate, in {left}, on {ends}", credential: "credential, in {left}, on {ends}",
}

var koreanDigests = digestWords{
	titles: map[notify.Period]string{notify.DigestDaily: "일간 요약", notify.DigestWeekly: "주간 요약", notify.DigestQuiet: "조용한 시간 종료"},
	sentences: map[notify.Period]string{
		notify.DigestDaily:  "일간 요약({from}부터): 인시던트 발생 {opened}건, 현재 진행 중 {open}건{names}.",
		notify.DigestWeekly: "주간 요약({from}부터): 인시던트 발생 {opened}건, 현재 진행 중 {open}건{names}.",
		notify.DigestQuiet:  "조용한 시간 종료: {from}부터 발생했다가 복구된 인시던트 {opened}건{names}.",
	},
	counts: map[notify.Period]string{
		notify.DigestDaily:  "발생 {opened}건 · 재발 {relapses}건 · 진행 중 {open}건 · 오탐 {false}건",
		notify.DigestWeekly: "발생 {opened}건 · 재발 {relapses}건 · 진행 중 {open}건 · 오탐 {false}건",
		notify.DigestQuiet:  "발생했다가 복구된 인시던트 {opened}건, 따로 알리지 않음",
	},
	nothing: "{title}({from}부터): 발생한 인시던트 없음, 진행 중인 인시던트 없음, 모든 목표 달성.",
	names:   "({names})",
	open:    "진행 중, 심각한 순", over: "종료, 오래 지속된 순", promises: "목표, 나쁜 순",
	still: "{lasted} 경과", lasted: "{lasted} 동안 지속", acked: "확인: {by}",
	promise: "{objective}: 정상 {attained}, {left}", unjudged: "{objective}: 아직 판정한 결과 없음", coverage: ", 관측 {coverage}",
	spent: "예산 소진", left: "예산 {share} 남음", more: "… 외 {n}건",
	dead: ":warning: 전달하지 못한 메시지 {n}건: `sonde outbox --state dead`",

	response: "대응 시간, 평균", noise: "잦은 알림, 많은 순", ending: "곧 만료, 임박한 순",
	mtta: "MTTA {mean}(확인 {n}건, 미확인 {unacked}건)", mttr: "MTTR {mean}(복구 {n}건)",
	unacked: "미확인 {n}건", alerts: "알림 {n}건", relapses: "재발 {n}건", falsely: "오탐 {n}건",
	certificate: "인증서, {left} 후 만료, {ends}", credential: "자격증명, {left} 후 만료, {ends}",
}
