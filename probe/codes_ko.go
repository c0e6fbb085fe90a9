package probe

// codeWords are what the catalogue says in another language, by status code.
type codeWords map[int]wording

// codeTableKO says in Korean what codeTable says.
var codeTableKO = wordsByStatus(informationalKO, successesKO, redirectionsKO, clientErrorsKO, serverErrorsKO, vendorCodesKO)

func wordsByStatus(groups ...codeWords) (table [lastStatus - firstStatus + 1]wording) {
	for _, group := range groups {
		for status, words := range group {
			table[status-firstStatus] = words
		}
	}
	return table
}

// unknownCodesKO says in Korean what unknownCodes says.
var unknownCodesKO = [len(unknownCodes)]wording{
	{"유효하지 않은 상태 코드", "100에서 599 사이가 아니어서 상태 코드가 아니며 서버 오류로 취급합니다.", []string{
		"애플리케이션, 앞단의 프록시, 방화벽 중에 이 값을 보낸 것을 찾습니다",
		"서버가 등록된 상태 코드로 응답하도록 수정합니다",
	}},
	{"알 수 없는 1xx", "등록되지 않은 코드이므로 100으로 취급하며, 최종 응답이 아직 남아 있습니다.", []string{
		"이 코드를 보낸 서버의 문서에서 의미를 확인합니다",
	}},
	{"알 수 없는 2xx", "등록되지 않은 코드이므로 200으로 취급하며, 요청은 성공한 것으로 봅니다.", []string{
		"이 코드를 보낸 서버의 문서에서 의미를 확인합니다",
	}},
	{"알 수 없는 3xx", "등록되지 않은 코드이므로 300으로 취급하며, 다른 곳에 다시 요청해야 합니다.", []string{
		"이 코드를 보낸 서버의 문서에서 의미를 확인합니다",
		"Location 헤더가 이동할 곳을 알려 주는지 확인합니다",
	}},
	{"알 수 없는 4xx", "등록되지 않은 코드이므로 400으로 취급하며, 서버는 요청이 잘못되었다고 봅니다.", []string{
		"이 코드를 보낸 서버나 프록시의 문서에서 의미를 확인합니다",
		"URI, 메서드, 헤더, 본문을 API 명세와 비교합니다",
		"응답 본문에 무엇이 잘못되었는지 적혀 있는지 확인합니다",
	}},
	{"알 수 없는 5xx", "등록되지 않은 코드이므로 500으로 취급하며, 서버가 유효한 요청의 처리에 실패했습니다.", []string{
		"이 코드를 보낸 서버나 프록시의 문서에서 의미를 확인합니다",
		"해당 시점의 애플리케이션 로그를 확인합니다",
		"CPU, 메모리, 디스크를 확인한 다음 데이터베이스와 외부 서비스를 점검합니다",
	}},
}

// NameIn is the name of the code in a language: the registered one if there is one.
func (c Code) NameIn(l Language) string {
	if l == Korean {
		return codeWordsKO(c).name
	}
	return c.Name
}

// codeWordsKO is what is said in Korean about a code, which has its entry as by [CodeOf].
func codeWordsKO(c Code) wording {
	var words wording
	switch {
	case Known(c.Status):
		words = codeTableKO[c.Status-firstStatus]
	case valid(c.Status):
		words = unknownCodesKO[c.Status/100]
	default:
		words = unknownCodesKO[0]
	}
	if words.name == "" {
		words.name = c.Name
	}
	return words
}
