package slack

import (
	"strconv"
	"time"

	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
)

// korean is written in labels and nouns: a name is never followed by a particle whose
// form would depend on its last sound.
var korean = words{
	language: probe.Korean,

	sentences: map[incident.Change]string{
		incident.Opened:   "{symptom}: {name} {now}: {cause}, {since}부터 {failing}.",
		incident.Changed:  "{symptom}: {name} {still}, 원인 변경: {cause}, {since}부터 {failing}.",
		incident.Reminded: "{symptom}: {name} {still}, {lasted} 경과: {cause}, {since}부터 {failing}.",
		incident.Resolved: "{symptom}: {name} 복구: {lasted} 동안 지속, {since}부터 {failing}.",
		incident.Reopened: "{symptom}: {name} {again}, {times}: {cause}, {since}부터 {failing}.",

		incident.Withdrawn: "{symptom}: {name} 감시 중단, {since}부터 {failing}.",
		incident.Escalated: "{symptom}: {name} {still}, 긴급도 상승: {cause}, {since}부터 {failing}.",
		incident.Overdue:   "{symptom}: {name} {still}, 예고한 복구 시각 {promised} 경과: {cause}, {since}부터 {failing}.",
		incident.Risen:     "{symptom}: {name} {now}, 성능 저하에서 악화: {cause}, {since}부터 {failing}.",
		incident.Eased:     "{symptom}: {name} 장애에서 성능 저하로 완화, 간헐적 실패 지속: {cause}, {since}부터 {failing}.",
		incident.Settled:   "{symptom}: {name} 복구 확정: {recovered}부터 정상, 그 전 {openings}, 마지막은 {since}부터 {failing}.",
	},
	together: map[incident.Change]string{
		incident.Opened:    "{symptom}: {name} {now}: {cause}, {hit}, {since}부터.",
		incident.Changed:   "{symptom}: {name} {still}: {cause}, {hit}, {since}부터.",
		incident.Reminded:  "{symptom}: {name} {still}, {lasted} 경과: {cause}, {hit}, {since}부터.",
		incident.Resolved:  "{symptom}: {name} 복구: {lasted} 동안 지속, {since}부터.",
		incident.Reopened:  "{symptom}: {name} {again}, {times}: {cause}, {hit}, {since}부터.",
		incident.Withdrawn: "{symptom}: {name} 감시 중단, {since}부터.",
		incident.Escalated: "{symptom}: {name} {still}, 긴급도 상승: {cause}, {hit}, {since}부터.",
		incident.Overdue:   "{symptom}: {name} {still}: {cause}, {hit}, {since}부터.",
		incident.Risen:     "{symptom}: {name} {still}: {cause}, {hit}, {since}부터.",
		incident.Eased:     "{symptom}: {name} {still}: {cause}, {hit}, {since}부터.",
		incident.Settled:   "{symptom}: {name} 복구 확정: {recovered}부터 정상, 그 전 {openings}.",
	},
	silences: map[incident.Change]string{
		incident.Opened:    "{symptom}: {name} {now}: {cause}, {since}부터.",
		incident.Changed:   "{symptom}: {name} {still}: {cause}, {since}부터.",
		incident.Reminded:  "{symptom}: {name} {still}, {lasted} 경과: {cause}, {since}부터.",
		incident.Resolved:  "{symptom}: {name} 결과 수신 재개: {lasted} 만에, {since}부터.",
		incident.Reopened:  "{symptom}: {name} {again}, {times}: {cause}, {since}부터.",
		incident.Withdrawn: "{symptom}: {name} 감시 중단, {since}부터.",
		incident.Escalated: "{symptom}: {name} {still}: {cause}, {since}부터.",
		incident.Overdue:   "{symptom}: {name} {still}: {cause}, {since}부터.",
		incident.Risen:     "{symptom}: {name} {still}: {cause}, {since}부터.",
		incident.Eased:     "{symptom}: {name} {still}: {cause}, {since}부터.",
		incident.Settled:   "{symptom}: {name} 결과 수신 재개 확정: {recovered}부터, 그 전 {openings}.",
	},
	ties: map[incident.Tie]string{
		incident.TieProber: "{location}의 sonde", incident.TieNetwork: "{location}의 sonde 네트워크", incident.TieCredential: "공유 자격증명 {key}",
		incident.TieHost: "호스트 {key}", incident.TieParent: "{key} 의존 프로브", incident.TieGroup: "그룹 {key}", incident.TiePromise: "그룹 {key}",
	},
	credentialOf: "{key} 외 {others}개 프로브의 자격증명",
	hit:          "프로브 {all}개 중 {n}개",
	members:      "프로브",
	sharedMeans: map[probe.Kind]string{
		probe.KindLatency:      "응답은 올바르지만 지난 며칠보다 눈에 띄게 오래 걸립니다.",
		probe.KindAuthGroup:    "공유 자격증명이나 그 뒤의 인증 서버(IdP)가 동작하지 않거나, 공격 방어 장치가 프로버의 주소를 차단했을 수 있습니다.",
		probe.KindGatewaySurge: "게이트웨이는 응답하지만 그 뒤의 서버에 연결하지 못하며, 여러 프로브에서 동시에 일어나고 있습니다.",
	},
	sharedNext: map[probe.Kind]string{
		probe.KindLatency: "시작 시점의 배포와 설정 변경을 확인합니다\n" +
			"sonde history에서 이름 조회, 연결, TLS, 첫 바이트 단계를 비교합니다\n" +
			"부하와 대상이 의존하는 시스템을 확인합니다",
		probe.KindAuthGroup: "자격증명이 만료되었거나 교체되었거나 권한 범위를 잃었는지 확인합니다\n" +
			"인증 서버(IdP)의 상태, 시계, 서명 키를 확인합니다\n" +
			"다른 주소에서 요청합니다. 허용되면 방화벽이나 공격 방어 장치가 이 프로버를 차단한 것입니다",
		probe.KindGatewaySurge: "게이트웨이 뒤의 서버 상태와 최근 배포를 확인합니다\n" +
			"게이트웨이의 타임아웃, 연결 한도, 커넥션 풀을 확인합니다\n" +
			"재시도는 부하를 늘리므로 클라이언트의 간격을 늘리거나 서킷 브레이커를 엽니다",
	},
	certificates: map[incident.Change]string{
		incident.Opened:    "{symptom}: {name} {now}: {cause}.",
		incident.Changed:   "{symptom}: {name} {still}: {cause}.",
		incident.Reminded:  "{symptom}: {name} {still}: {cause}.",
		incident.Resolved:  "{symptom}: {name} 인증서 갱신됨, 첫 경고 후 {lasted}.",
		incident.Reopened:  "{symptom}: {name} {again}, {times}: {cause}.",
		incident.Withdrawn: "{symptom}: {name} 감시 중단, 첫 경고 후 {lasted}.",
		incident.Escalated: "{symptom}: {name} {still}: {cause}.",
		incident.Overdue:   "{symptom}: {name} {still}: {cause}.",
		incident.Risen:     "{symptom}: {name} {still}: {cause}.",
		incident.Eased:     "{symptom}: {name} {still}: {cause}.",
		incident.Settled:   "{symptom}: {name} 인증서 갱신 확정: {recovered}부터, 그 전 {openings}.",
	},
	caches: map[incident.Change]string{
		incident.Opened:    "{symptom}: {name} {now}: {cause}.",
		incident.Changed:   "{symptom}: {name} {still}: {cause}.",
		incident.Reminded:  "{symptom}: {name} {still}, {lasted} 경과: {cause}.",
		incident.Resolved:  "{symptom}: {name} 캐시 정상화, {lasted} 만에.",
		incident.Reopened:  "{symptom}: {name} {again}, {times}: {cause}.",
		incident.Withdrawn: "{symptom}: {name} 감시 중단, {lasted} 경과.",
		incident.Escalated: "{symptom}: {name} {still}: {cause}.",
		incident.Overdue:   "{symptom}: {name} {still}: {cause}.",
		incident.Risen:     "{symptom}: {name} {still}: {cause}.",
		incident.Eased:     "{symptom}: {name} {still}: {cause}.",
		incident.Settled:   "{symptom}: {name} 캐시 정상화 확정: {recovered}부터, 그 전 {openings}.",
	},
	endsIn: "{left} 후 만료, {ends}",
	ended:  "{ends}에 만료됨",
	kinds: map[probe.Kind]condition{
		probe.KindDown:          {"장애 발생", "장애 지속", "장애 재발", "장애"},
		probe.KindDegraded:      {"성능 저하 발생", "성능 저하 지속", "성능 저하 재발", "성능 저하"},
		probe.KindAuthFailed:    {"인증 실패 발생", "인증 실패 지속", "인증 실패 재발", "인증 실패"},
		probe.KindAuthBypass:    {"인증 없이 접근 허용", "인증 없이 접근 허용 지속", "인증 없이 접근 허용 재발", "보호 해제"},
		probe.KindClientFault:   {"요청 거부 발생", "요청 거부 지속", "요청 거부 재발", "요청 거부"},
		probe.KindRateLimited:   {"요청 빈도 제한", "요청 빈도 제한 지속", "요청 빈도 제한 재발", "요청 빈도 제한"},
		probe.KindCertificate:   {"인증서 만료 임박", "인증서 만료 임박 지속", "인증서 만료 임박 재발", "인증서 만료 임박"},
		probe.KindProberNetwork: {"연결 불가", "연결 불가 지속", "연결 불가 재발", "프로버 네트워크 장애"},
		probe.KindProber:        {"진행 불가", "진행 불가 지속", "진행 불가 재발", "프로버 이상"},
		probe.KindCache:         {"캐시 효율 저하", "캐시 효율 저하 지속", "캐시 효율 저하 재발", "캐시 효율 저하"},

		probe.KindAuthGroup:       {"거부 발생", "거부 지속", "거부 재발", "공유 자격증명 거부"},
		probe.KindLatency:         {"평소보다 느림", "평소보다 느린 상태 지속", "평소보다 느린 상태 재발", "응답 지연"},
		probe.KindCodeAnomaly:     {"상태 코드 이상 발생", "상태 코드 이상 지속", "상태 코드 이상 재발", "상태 코드 이상"},
		probe.KindGroupRate:       {"실패율 초과", "실패율 초과 지속", "실패율 초과 재발", "실패율 초과"},
		probe.KindGatewaySurge:    {"게이트웨이 오류 급증", "게이트웨이 오류 급증 지속", "게이트웨이 오류 급증 재발", "게이트웨이 오류 급증"},
		probe.KindNoData:          {"결과 없음", "결과 없음 지속", "결과 없음 재발", "결과 없음"},
		probe.KindBudgetFast:      {"에러 버짓 급속 소진", "에러 버짓 급속 소진 지속", "에러 버짓 급속 소진 재발", "에러 버짓 급속 소진"},
		probe.KindBudgetSlow:      {"에러 버짓 소진 가속", "에러 버짓 소진 가속 지속", "에러 버짓 소진 가속 재발", "에러 버짓 소진 가속"},
		probe.KindBudgetThreshold: {"에러 버짓 상당량 소진", "에러 버짓 상당량 소진 지속", "에러 버짓 상당량 소진 재발", "에러 버짓 소진"},
	},
	symptoms: map[probe.Symptom]string{
		probe.Fine: "정상", probe.FiveXX: "5xx", probe.NoAnswer: "무응답", probe.WrongAnswer: "잘못된 응답", probe.AuthFailure: "인증 401/403",
		probe.FourXX: "4xx", probe.Throttling: "요청 제한", probe.Slow: "지연", probe.ProberTrouble: "프로버",
	},
	certificate: "인증서",
	credential: credentialWords{
		condition{"프로브 자격증명 만료 임박", "프로브 자격증명 만료 임박 지속", "프로브 자격증명 만료 임박 재발", "자격증명 만료 임박"},
		"자격증명", "{symptom}: {name} 자격증명 갱신됨, 첫 경고 후 {lasted}.",
	},
	acknowledged: "{symptom}: {name} {still}, {by} 확인함: {cause}, {since}부터.",
	urgency:      " 심각도: {severity}.",
	severities:   map[probe.Severity]string{probe.NoSeverity: "없음", probe.Info: "정보", probe.Warning: "경고", probe.Critical: "심각"},

	measures: koreanMeasures,
	facts:    koreanFacts,
	storms:   koreanStorms,
	digests:  koreanDigests,
	unasked:  condition{"자격증명으로 요청 불가", "자격증명으로 요청 불가 지속", "자격증명으로 요청 불가 재발", "인증 실패"},
	cache:    "캐시",

	announced: " 복구 예정 시각: {time}.",
	anew:      " 새로 예고한 복구 시각: {time}.",
	broken:    " 복구 예정 시각 경과: {time}.",
	worked: map[uint8]string{
		incident.NeverWorked: " 이 요청은 성공한 적이 없습니다. 구성을 확인하십시오.",
		incident.WorkedUntil: " 같은 요청이 {since}까지 성공했습니다. 대상의 요청 규격이 바뀌었을 수 있습니다.",
		incident.WorkedOnce:  " 같은 요청이 성공한 적이 있으며, 지금도 때때로 성공할 수 있습니다.",
	},
	neverGood: " {added}에 추가된 뒤 한 번도 정상 응답이 없었습니다. 구성 오류일 수 있습니다.",
	unproven:  "프로브의 주소, 포트, 메서드, 자격증명, 기대 조건이 대상과 맞는지 비교합니다. `sonde check`가 각 단계를 보여 줍니다",
	unusual:   " {over} 동안 결과 {samples}건 중 {count}건, 평소 {usual}건.",
	rate:      " {over} 동안 결과 {samples}건 중 {share}, 허용 {limit}.",
	flapping:  " FLAPPING: 장애와 복구가 반복됩니다. 복구나 장애가 지속될 때 다시 알립니다.",
	flaps:     ", FLAPPING",
	openings:  func(n int) string { return strconv.Itoa(n) + "회 발생" },
	repeat:    " (중복일 수 있음)",

	instead: " ({of} 연결 불가로 여기에 알림: {why})", insteadOf: " ({of} 연결 불가로 여기에 알림)",
	continued: " (이어짐: 첫 메시지가 삭제됨)", untold: " (그동안 알리지 못함)",

	delayed: " ({late} 늦게 전달됨)",

	notices: map[notify.Notice]string{
		notify.HistoryLost:    "기록 손실: {location}의 sonde 데이터베이스가 {time}에 손상되었거나 사라졌습니다. 새 데이터베이스와 읽을 수 있었던 기록으로 계속 동작하며, 손상된 파일의 위치는 `sonde status`에 표시됩니다.",
		notify.StorageFull:    "저장 공간 부족: {location}의 sonde에 {since}부터 데이터베이스를 저장할 공간이 없습니다. 프로브와 알림은 메모리로 계속합니다.",
		notify.StorageFailing: "저장 실패: {location}의 sonde가 {since}부터 데이터베이스에 쓰지 못합니다. 프로브와 알림은 메모리로 계속합니다.",
		notify.StorageBack:    "저장 복구: {location}의 sonde가 {since}부터 {lasted} 동안 데이터베이스에 쓰지 못했습니다. 잃은 결과: {lost}건.",
	},
	noticeNext: map[notify.Notice]string{
		notify.HistoryLost:    "열려 있던 인시던트는 그대로 이어집니다. 잃은 기록이 필요하면 백업을 복원하고, 따로 보관된 파일은 그다음에 삭제합니다.",
		notify.StorageFull:    "데이터베이스가 있는 디스크에 여유 공간을 확보합니다. 그 전에 재시작하면 메모리에만 있는 내용이 사라집니다.",
		notify.StorageFailing: "서비스 로그와 데이터베이스가 있는 디스크를 확인합니다. 그 전에 재시작하면 메모리에만 있는 내용이 사라집니다.",
		notify.StorageBack:    "메모리에서 기다리던 결과는 원래 시각으로 저장되었습니다.",
	},

	headlines: map[incident.Change]string{
		incident.Opened:   "{word}",
		incident.Changed:  "{word}, 원인 변경",
		incident.Reminded: "{word} 지속",
		incident.Resolved: "복구",
		incident.Reopened: "{word} 재발",

		incident.Withdrawn: "감시 중단",
		incident.Escalated: "{word}, 긴급도 상승",
		incident.Overdue:   "{word} 지속, 예고한 복구 시각 경과",
		incident.Risen:     "{word}, 성능 저하에서 악화",
		incident.Eased:     "{word}, 장애에서 완화",
		incident.Settled:   "복구 확정",

		incident.Acknowledged: "{word}, 확인함",
	},
	causes: map[incident.Change]string{
		incident.Opened:   "*{symptom}*: {cause}. {meaning}",
		incident.Changed:  "*{symptom}*: {cause}. {meaning}",
		incident.Reminded: "*{symptom}*, {lasted} 경과: {cause}",
		incident.Resolved: "*{symptom}*, *{lasted}* 동안 지속: {cause}",
		incident.Reopened: "*{symptom}*: {cause}. {meaning}",

		incident.Withdrawn: "*{symptom}*: {cause}, 구성에서 제거됨",
		incident.Escalated: "*{symptom}*: {cause}. {meaning}",
		incident.Overdue:   "*{symptom}*, {lasted} 경과: {cause}, 예고한 복구 시각 {promised} 경과",
		incident.Risen:     "*{symptom}*: {cause}. {meaning}",
		incident.Eased:     "*{symptom}* 간헐적 발생: {cause}. {meaning}",
		incident.Settled:   "*{recovered}*부터 정상, 그 전 *{symptom}* {openings}: {cause}",

		incident.Acknowledged: "*{symptom}*, {lasted} 경과: {cause}, {by} 확인함",
	},

	started: "시작", trouble: "기간", cause: "원인", check: "요청", failing: "실패 중", failed: "실패", location: "위치",
	evidence: "증거",
	budget:   "에러 버짓", back: "복구 예정 시각", ends: "만료", next: "다음에 확인할 것", runbook: "런북", incident: "인시던트",
	unverified: "검증되지 않음: 인증서를 확인하지 않습니다(insecure)",

	causeLine:  "{reason} · {class}\n재시도 {retry} · 책임 {fault}",
	budgetLine: "{objective}: {total} 중 {spent} 소모({share})",
	noBudget:   "{objective}: 아직 판정한 결과 없음",

	dependents: " 의존 프로브: {probes}.",
	failingToo: " 의존 프로브: {probes}, 그중 {failing} 실패 중({names}), 따로 알리지 않음.",
	held: map[notify.Why]string{
		notify.WhySilence:     " {since}부터 알림 중지(silence) 때문에 알리지 않았음.",
		notify.WhyProber:      " {since}부터 sonde 자체 문제 때문에 알리지 않았음.",
		notify.WhyDown:        " {since}부터 {by} 장애 때문에 알리지 않았음.",
		notify.WhyAuth:        " {since}부터 자격증명 거부 때문에 알리지 않았음.",
		notify.WhyParent:      " {since}부터 의존 대상 {by} 장애 때문에 알리지 않았음.",
		notify.WhyMaintenance: " {since}부터 의존 대상 {by} 점검 때문에 알리지 않았음.",
		notify.WhyQuiet:       " {since}부터 조용한 시간이어서 알리지 않았음.",
		notify.WhyStorm:       " {since}부터 동시 장애의 하나로 알렸음.",
	},
	probes: func(n int) string { return strconv.Itoa(n) + "개" },

	noAnswer:  "무응답",
	failures:  func(n int) string { return strconv.Itoa(n) + "회 실패" },
	every:     func(interval time.Duration) string { return koreanDuration(interval) + " 간격" },
	duration:  koreanDuration,
	took:      koreanTook,
	objective: koreanObjective,
	ordinal:   func(n int) string { return strconv.Itoa(n) + "번째" },
}

func koreanCount(n int) string { return strconv.Itoa(n) + "건" }

// koreanDuration tells a length of time in its two largest units.
func koreanDuration(d time.Duration) string {
	return lengthIn([4]string{"일", "시간", "분", "초"}, d)
}
