package slack

import (
	"sonde/incident"
	"sonde/probe"
)

// measureWords are about what a rule has measured: how an error budget is spent, and how
// long answers take.
type measureWords struct {
	sentences map[incident.Change]string // facts: as of all sentences, and measured better
	anew      map[probe.Kind]string      // those of Changed that are not as the others; facts: the same, and usual
	better    map[probe.Kind]string      // what is so again

	symptom string // that of an error budget
	burns   string // facts: rate most over objective left
	spent   string // facts: share objective left
	slower  string // facts: is usual

	promise string // stands for an objective that is not known
	left    string // facts: share left
	nothing string // is left
	unknown string // is what is left
}

var englishMeasures = measureWords{
	sentences: map[incident.Change]string{
		incident.Opened:    "{symptom}: {name} {now}: {measured}; latest: {cause}.",
		incident.Changed:   "{symptom}: {name} {still}: {measured}.",
		incident.Reminded:  "{symptom}: {name} {still} after {lasted}: {measured}.",
		incident.Resolved:  "{symptom}: {name} {better}, after {lasted}.",
		incident.Reopened:  "{symptom}: {name} {again}, for the {times} time: {measured}; latest: {cause}.",
		incident.Withdrawn: "{symptom}: {name} is not watched for this any more, after {lasted}.",
		incident.Escalated: "{symptom}: {name} {still}, and it is more urgent now: {measured}; latest: {cause}.",
		incident.Overdue:   "{symptom}: {name} {still}: {measured}.",
		incident.Risen:     "{symptom}: {name} {still}: {measured}.",
		incident.Eased:     "{symptom}: {name} {still}: {measured}.",
		incident.Settled:   "{symptom}: {name} {better} since {recovered}, after it had come and gone for {openings}.",
	},
	anew: map[probe.Kind]string{
		probe.KindLatency:         "{symptom}: {name} has been slower than usual for {lasted}, and from now on that is usual: 95% of answers within {usual}.",
		probe.KindBudgetThreshold: "{symptom}: what {name} promises has changed: {measured}.",
	},
	better: map[probe.Kind]string{
		probe.KindLatency:         "is as fast as usual again",
		probe.KindBudgetFast:      "burns its error budget fast no more",
		probe.KindBudgetSlow:      "burns its error budget no more",
		probe.KindBudgetThreshold: "has its error budget back for the most part",
	},
	symptom: "budget",
	burns:   "{rate} times as fast as {objective} bears over {over} ({most} at the most), and {left}",
	spent:   "{share} of what {objective} allows is spent, and {left}",
	slower:  "95% of the latest answers within {is}, usually within {usual}",
	promise: "the promise",
	left:    "{share} of the budget is left ({left})",
	nothing: "nothing of the budget is left",
	unknown: "what is left of the budget is not known",
}

var koreanMeasures = measureWords{
	sentences: map[incident.Change]string{
		incident.Opened:    "{symptom}: {name} {now}: {measured}, 최근: {cause}.",
		incident.Changed:   "{symptom}: {name} {still}: {measured}.",
		incident.Reminded:  "{symptom}: {name} {still}, {lasted} 경과: {measured}.",
		incident.Resolved:  "{symptom}: {name} {better}, {lasted} 만에.",
		incident.Reopened:  "{symptom}: {name} {again}, {times}: {measured}, 최근: {cause}.",
		incident.Withdrawn: "{symptom}: {name} 이 항목 감시 중단, {lasted} 경과.",
		incident.Escalated: "{symptom}: {name} {still}, 긴급도 상승: {measured}, 최근: {cause}.",
		incident.Overdue:   "{symptom}: {name} {still}: {measured}.",
		incident.Risen:     "{symptom}: {name} {still}: {measured}.",
		incident.Eased:     "{symptom}: {name} {still}: {measured}.",
		incident.Settled:   "{symptom}: {name} {better} 확정: {recovered}부터, 그 전 {openings}.",
	},
	anew: map[probe.Kind]string{
		probe.KindLatency:         "{symptom}: {name} 평소보다 느린 상태 {lasted} 지속, 이제부터 이를 평소로 봄: 응답의 95%가 {usual} 이내.",
		probe.KindBudgetThreshold: "{symptom}: {name} 목표 변경: {measured}.",
	},
	better: map[probe.Kind]string{
		probe.KindLatency:         "평소 속도 회복",
		probe.KindBudgetFast:      "에러 버짓 급속 소진 종료",
		probe.KindBudgetSlow:      "에러 버짓 소진 가속 종료",
		probe.KindBudgetThreshold: "에러 버짓 회복",
	},
	symptom: "에러 버짓",
	burns:   "{over} 동안 {objective} 허용 속도의 {rate}배로 소진 (한도 {most}배), {left}",
	spent:   "{objective} 허용량의 {share} 소진, {left}",
	slower:  "최근 응답의 95%가 {is} 이내, 평소 {usual} 이내",
	promise: "목표",
	left:    "예산 {share} 남음 ({left})",
	nothing: "남은 예산 없음",
	unknown: "남은 예산 알 수 없음",
}
