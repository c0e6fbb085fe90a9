package slack

import (
	"time"

	"sonde/probe"
)

// actionWords are the words of buttons, windows and answers.
type actionWords struct {
	acknowledge, unacknowledge, run, falseAlarm, open string
	ackAll, unackAll                                  string // of a storm

	silence  string // what the menu says before something is chosen
	lengths  []choice
	recovery string // until it recovers
	custom   string // a length of one's own

	title, submit, cancel     string // of the window that asks how long
	howLong, example, reason  string
	badLength                 string // why a length is none
	sure, sureTitle, sureSure string // facts: what until; of the window that asks whether one is sure

	stranger  string // refusals; facts: what
	elsewhere string
	guest     string
	unknowing string // facts: why
	notOpen   string // facts: id
	notOver   string
	noSuch    string // there is no incident; facts: id
	noProbe   string // facts: name
	noStorm   string // facts: id
	several   string // an incident that no single probe could be asked for; facts: id
	notDone   string // facts: why
	acked     string // somebody was faster; facts: who
	falsely   string
	unacked   string

	silenced string // facts: what until
	lasting  string // the same until it recovers
	confirm  string
	help     string
	mistake  string // what /sonde was asked is not known; facts: said
}

// choice is a length of time that can be chosen.
type choice struct {
	length time.Duration
	words  string
}

var actionsIn = map[probe.Language]*actionWords{
	probe.English: {
		acknowledge: "Acknowledge", unacknowledge: "Un-acknowledge", run: "Run now", falseAlarm: "False alarm", open: "Open",
		ackAll: "Acknowledge all", unackAll: "Un-acknowledge all",
		silence: "Silence…", lengths: []choice{{30 * time.Minute, "30 minutes"}, {2 * time.Hour, "2 hours"}}, recovery: "Until it recovers", custom: "Custom…",
		title: "Silence", submit: "Silence", cancel: "Cancel",
		howLong: "How long", example: "90m, 4h or 2d", reason: "Why (people see it)",
		badLength: "Write it like 90m, 4h or 2d; 30d at the most.",
		sureTitle: "Are you sure?", sureSure: "Silence",
		sure:      "Nobody is told of what opens on {what} until {until}. That is a long time.",
		stranger:  "You may not do this here. Those who may stand under `allow` in the configuration of sonde, or are the members of the channel.",
		elsewhere: "sonde does not write to this channel, so that it does not listen here either.",
		guest:     "Only members of this workspace may do this.",
		unknowing: "sonde could not find out whether you may do this: {why}",
		notOpen:   "Incident {id} is not open any more.",
		notOver:   "Incident {id} is still open. Acknowledge it now, and call it a false alarm once it is over.",
		noSuch:    "There is no incident {id}.",
		noProbe:   "No probe or group is called {name}. `/sonde status` lists them.",
		noStorm:   "Storm {id} is over, or there never was one.",
		several:   "Incident {id} is about several probes. Run one of them: `/sonde run NAME`.",
		notDone:   "That did not work: {why}",
		acked:     "It is acknowledged already, by {who}.",
		falsely:   "It is called a false alarm already, by {who}.",
		unacked:   "Nobody has acknowledged it.",
		silenced:  "Silenced: {what} until {until}.",
		lasting:   "Silenced: {what} until it recovers.",
		confirm:   "That is longer than 8 hours: say yes in the window.",
		mistake:   "`{said}` is not known here.",
		help: "`/sonde status` how everything is\n`/sonde ack ID` says that you look after an incident; `/sonde ack ID undo`; `/sonde ack storm ID` all of a storm\n" +
			"`/sonde silence NAME|GROUP DURATION [REASON]` tells nobody of what opens there, such as `/sonde silence checkout 2h`\n" +
			"`/sonde silence ID` the same until that incident has recovered\n`/sonde run NAME` asks a probe now\n`/sonde slo [NAME]` what is left of the error budgets",
	},
	probe.Korean: {
		acknowledge: "확인", unacknowledge: "확인 취소", run: "지금 점검", falseAlarm: "오탐", open: "열기",
		ackAll: "모두 확인", unackAll: "모두 확인 취소",
		silence: "알림 중지…", lengths: []choice{{30 * time.Minute, "30분"}, {2 * time.Hour, "2시간"}}, recovery: "복구될 때까지", custom: "직접 입력…",
		title: "알림 중지", submit: "중지", cancel: "취소",
		howLong: "기간", example: "90m, 4h, 2d", reason: "이유 (모두에게 보입니다)",
		badLength: "90m, 4h, 2d처럼 입력하세요. 최대 30d입니다.",
		sureTitle: "확실합니까?", sureSure: "중지",
		sure:      "{until}까지 {what}의 새 인시던트를 아무에게도 알리지 않습니다. 긴 시간입니다.",
		stranger:  "여기에서는 권한이 없습니다. sonde 설정의 `allow`에 있는 사람이나 채널 멤버만 할 수 있습니다.",
		elsewhere: "sonde가 이 채널에 쓰지 않으므로 여기에서는 받지도 않습니다.",
		guest:     "이 워크스페이스의 멤버만 할 수 있습니다.",
		unknowing: "권한을 확인하지 못했습니다: {why}",
		notOpen:   "인시던트 {id}: 이미 열려 있지 않습니다.",
		notOver:   "인시던트 {id}: 아직 진행 중입니다. 지금은 확인만 하고, 끝난 뒤에 오탐으로 표시하세요.",
		noSuch:    "인시던트 {id}: 없습니다.",
		noProbe:   "{name}: 그런 프로브나 그룹이 없습니다. `/sonde status`로 목록을 볼 수 있습니다.",
		noStorm:   "동시 장애 {id}: 이미 끝났거나 없습니다.",
		several:   "인시던트 {id}: 여러 프로브에 관한 것입니다. 하나를 점검하세요: `/sonde run NAME`.",
		notDone:   "실패했습니다: {why}",
		acked:     "이미 확인됨 - {who}.",
		falsely:   "이미 오탐으로 표시됨 - {who}.",
		unacked:   "확인한 사람이 없습니다.",
		silenced:  "알림 중지: {what}, {until}까지.",
		lasting:   "알림 중지: {what}, 복구될 때까지.",
		confirm:   "8시간보다 깁니다. 창에서 확인해 주세요.",
		mistake:   "`{said}`: 알 수 없는 명령입니다.",
		help: "`/sonde status` 전체 상태\n`/sonde ack ID` 인시던트를 확인함; 취소는 `/sonde ack ID undo`; 동시 장애 전체는 `/sonde ack storm ID`\n" +
			"`/sonde silence NAME|GROUP DURATION [REASON]` 그 동안 새 인시던트를 알리지 않음, 예: `/sonde silence checkout 2h`\n" +
			"`/sonde silence ID` 그 인시던트가 복구될 때까지\n`/sonde run NAME` 프로브를 지금 점검\n`/sonde slo [NAME]` 남은 에러 버짓",
	},
}
