package probe

// Code is what a status code means and what to do about it.
type Code struct {
	Status  int
	Name    string
	Retry   Retry
	Fault   Fault
	Meaning string   // one sentence
	Next    []string // what to check, most telling first; shared, not to be changed
	Source  string   // the sections that say so
}

// Class is the group that the code belongs to.
func (c Code) Class() Class { return ClassOf(c.Status) }

// The status codes that RFC 9110 section 15 calls valid.
const (
	firstStatus = 100
	lastStatus  = 599
)

// codeTable is the catalogue in English by status code: an entry for each code that is
// registered with IANA or that a common server or proxy is known to send.
var codeTable = byStatus(informational, successes, redirections, clientErrors, serverErrors, vendorCodes)

func byStatus(groups ...[]Code) (table [lastStatus - firstStatus + 1]*Code) {
	for _, group := range groups {
		for i := range group {
			table[group[i].Status-firstStatus] = &group[i]
		}
	}
	return table
}

// unknownCodes stand in for codes without an entry, by first digit; the entry 0
// is for numbers that are no status codes. How they are judged is not written
// here: it is taken from the x00 code.
var unknownCodes = [...]Code{
	{Name: "Invalid Status Code", Source: "RFC 9110 section 15",
		Meaning: "The number lies outside 100 to 599, so it is no status code and counts as a server error.",
		Next: []string{
			"Find out what wrote this status: the application, a proxy or a firewall in front of it",
			"Make the server answer with a registered code",
		}},
	{Name: "Unknown 1xx", Source: "RFC 9110 section 15",
		Meaning: "The code is not registered and counts as 100: the final answer is still to come.",
		Next:    []string{"Look the code up in the documentation of the server that sent it"}},
	{Name: "Unknown 2xx", Source: "RFC 9110 section 15",
		Meaning: "The code is not registered and counts as 200: the request succeeded.",
		Next:    []string{"Look the code up in the documentation of the server that sent it"}},
	{Name: "Unknown 3xx", Source: "RFC 9110 section 15",
		Meaning: "The code is not registered and counts as 300: something else has to be asked.",
		Next: []string{
			"Look the code up in the documentation of the server that sent it",
			"Check whether a Location header says where to go",
		}},
	{Name: "Unknown 4xx", Source: "RFC 9110 section 15",
		Meaning: "The code is not registered and counts as 400: the server sees a mistake in the request.",
		Next: []string{
			"Look the code up in the documentation of the server or proxy that sent it",
			"Compare URL, method, headers and body with the API document",
			"Read the body of the answer: it may say what is wrong",
		}},
	{Name: "Unknown 5xx", Source: "RFC 9110 section 15",
		Meaning: "The code is not registered and counts as 500: the server failed on a request it accepts.",
		Next: []string{
			"Look the code up in the documentation of the server or proxy that sent it",
			"Read the application log of that moment",
			"Check CPU, memory and disk, then the database and the services it calls",
		}},
}

// CodeOf returns the entry of a status code. A code without an entry is judged
// as the x00 code of its class, a number outside 100-599 as 500 (RFC 9110
// section 15); Status is what was asked for in any case.
func CodeOf(status int) Code {
	if Known(status) {
		return *codeTable[status-firstStatus]
	}
	digit, like := 0, 500
	if valid(status) {
		digit = status / 100
		like = digit * 100
	}
	code, judge := unknownCodes[digit], codeTable[like-firstStatus]
	code.Status, code.Retry, code.Fault = status, judge.Retry, judge.Fault
	return code
}

// Known reports whether the catalogue has an entry of its own for a status code.
func Known(status int) bool { return valid(status) && codeTable[status-firstStatus] != nil }

func valid(status int) bool { return firstStatus <= status && status <= lastStatus }

// Codes lists every entry of the catalogue in ascending order of status code.
func Codes() []Code {
	var all []Code
	for _, code := range codeTable {
		if code != nil {
			all = append(all, *code)
		}
	}
	return all
}
