package slack

import (
	"sonde/notify"
	"sonde/probe"
)

// factWords are the words of the details of a message.
type factWords struct {
	status, open, acked string // acked: facts by ago note
	silenced            string // facts: until
	silencedLong        string // until it recovers
	falseAlarm          string // facts: word
	somebody            string // whose name is not known
	looked              string // title of who looked after it
	lookedBy            string // facts: by after
	latency             string // title
	usually             string // facts: now usual
	now                 string // title of the result that ended it
	point               string // facts: moment status took
	rate                string // facts: same of
	cost                string // facts: cost
	left                string // facts: left
	faults              map[probe.Fault]string

	known       string // title of what sonde has found out already
	need        string // facts: name standing since cause
	needNever   string // facts: name standing
	needs       string // facts: names; all are up
	standings   map[notify.Standing]string
	phase       string // facts: phase times; where it failed
	phases      map[notify.Phase]string
	address     string // facts: address
	through     string // facts: proxy
	by          string // facts: by
	certificate string // facts: subject issuer from until
	secured     string // facts: until
	compared    string // facts: then now moment
	trace       string // facts: trace
	reason      string // facts: reason name; why there was no answer

	last     func(n int) string // title of the sparkline
	lastGood string             // facts: moment
	page     string             // link to the probe
	uncalled string
}

var englishFacts = factWords{
	status: "Status", open: "Open, not acknowledged", acked: "Acknowledged by {by}, {ago}{note}",
	silenced: "Silenced until {until}", silencedLong: "Silenced until it recovers", falseAlarm: "{word}, a false alarm",
	somebody: "somebody", looked: "Acknowledged", lookedBy: "by {by} after {after}",
	latency: "Latency", usually: "{now} (usually within {usual})",
	now: "Now", point: "{status} in {took}\n{moment}",
	rate: "in the day before {same} of {of} results", cost: "of that this incident: {cost}", left: ", {left} left",
	faults: map[probe.Fault]string{
		probe.FaultNone: "nobody", probe.FaultTarget: "the target", probe.FaultNetwork: "the network in between", probe.FaultCredential: "our credential",
		probe.FaultRequest: "our request", probe.FaultThrottle: "we ask too often", probe.FaultProber: "sonde itself",
	},
	known: "Known already", need: "It depends on {name}: {standing} since {since}{cause}", needNever: "It depends on {name}: {standing}",
	needs: "What it depends on is up: {names}",
	standings: map[notify.Standing]string{
		notify.StandingUp: "up", notify.StandingDegraded: "degraded", notify.StandingDown: "down",
		notify.StandingUnknown: "unknown", notify.StandingMaintenance: "in maintenance",
	},
	phase: "It failed in the phase {phase}: {times}",
	phases: map[notify.Phase]string{
		notify.PhaseDNS: "dns", notify.PhaseConnect: "connect", notify.PhaseTLS: "tls", notify.PhaseFirstByte: "first byte", notify.PhaseTransfer: "transfer",
	},
	address: "Asked at {address}", through: ", through the proxy {proxy}", by: "Who answered: {by}",
	certificate: "Its certificate: {subject}, issued by {issuer}, good from {from} to {until}", secured: "The certificate that was last accepted lasts until {until}",
	compared: "Last good: {then}, at {moment}; now: {now}", trace: "Trace {trace}", reason: "{reason}",
	last: func(n int) string { return "Last " + englishCount(n, "check") }, lastGood: "last good {moment}", page: "Probe",
	uncalled: "nobody was mentioned: there were enough mentions of late",
}

var koreanFacts = factWords{
	status: "상태", open: "진행 중, 확인한 사람 없음", acked: "확인함: {by}, {ago}{note}",
	silenced: "알림 중지, {until}까지", silencedLong: "알림 중지, 복구될 때까지", falseAlarm: "{word}, 오탐",
	somebody: "누군가", looked: "확인", lookedBy: "{by}, {after} 만에",
	latency: "응답 시간", usually: "{now} (평소 {usual} 이내)",
	now: "현재", point: "{status}, {took}\n{moment}",
	rate: "이전 하루 결과 {of}건 중 {same}건", cost: "그중 이번 인시던트: {cost}", left: ", {left} 남음",
	faults: map[probe.Fault]string{
		probe.FaultNone: "없음", probe.FaultTarget: "대상", probe.FaultNetwork: "중간 네트워크", probe.FaultCredential: "우리 자격증명",
		probe.FaultRequest: "우리 요청", probe.FaultThrottle: "요청 빈도", probe.FaultProber: "sonde 자체",
	},
	known: "이미 확인한 것", need: "의존 대상 {name}: {standing}, {since}부터{cause}", needNever: "의존 대상 {name}: {standing}",
	needs: "정상인 의존 대상: {names}",
	standings: map[notify.Standing]string{
		notify.StandingUp: "정상", notify.StandingDegraded: "성능 저하", notify.StandingDown: "장애",
		notify.StandingUnknown: "알 수 없음", notify.StandingMaintenance: "점검 중",
	},
	phase: "실패한 단계: {phase} ({times})",
	phases: map[notify.Phase]string{
		notify.PhaseDNS: "이름 조회(dns)", notify.PhaseConnect: "연결(connect)", notify.PhaseTLS: "TLS", notify.PhaseFirstByte: "첫 바이트(first_byte)", notify.PhaseTransfer: "전송(transfer)",
	},
	address: "요청한 주소: {address}", through: ", 프록시 {proxy} 경유", by: "응답한 곳: {by}",
	certificate: "인증서: {subject}, 발급자 {issuer}, {from}부터 {until}까지 유효", secured: "마지막으로 통과한 인증서의 만료: {until}",
	compared: "마지막 정상: {then}, {moment}; 현재: {now}", trace: "추적 ID {trace}", reason: "{name} `{reason}`",
	last: func(n int) string { return "최근 결과 " + koreanCount(n) }, lastGood: "마지막 정상 {moment}", page: "프로브",
	uncalled: "멘션 생략: 최근 멘션이 많았음",
}
