package report

import "sonde/probe"

// explainWords are the words around an entry of the catalogue, each label as wide as the
// others of its language.
type explainWords struct {
	class, retry, fault, next, source, reasons string

	retries map[string]string
	faults  map[probe.Fault]string
}

func inLanguage(l probe.Language) *explainWords {
	if l == probe.Korean {
		return &explainKO
	}
	return &explainEN
}

var explainEN = explainWords{
	class: "class  ", retry: "retry  ", fault: "fault  ", next: "check next", source: "source  ", reasons: "reasons",
	retries: map[string]string{
		"not_applicable": "not applicable", "yes": "yes", "no": "no", "conditional": "conditional",
		"after_delay": "after delay", "backoff": "backoff", "by_code": "by code",
	},
	faults: map[probe.Fault]string{
		probe.FaultNone: "none", probe.FaultTarget: "target", probe.FaultNetwork: "network", probe.FaultCredential: "credential",
		probe.FaultRequest: "request", probe.FaultThrottle: "throttle", probe.FaultProber: "prober",
	},
}

// The words of the last column of the table in the white paper, section 3.1.
var explainKO = explainWords{
	class: "분류    ", retry: "재시도  ", fault: "책임    ", next: "다음에 확인할 것", source: "출처  ", reasons: "사유",
	retries: map[string]string{
		"not_applicable": "해당 없음", "yes": "가능", "no": "불가", "conditional": "조건부(한 번)",
		"after_delay": "지연 후 재시도", "backoff": "백오프 후 재시도", "by_code": "상태 코드에 따름",
	},
	faults: map[probe.Fault]string{
		probe.FaultNone: "없음", probe.FaultTarget: "대상 서비스", probe.FaultNetwork: "네트워크", probe.FaultCredential: "자격증명",
		probe.FaultRequest: "요청", probe.FaultThrottle: "요청 빈도", probe.FaultProber: "프로버",
	},
}
