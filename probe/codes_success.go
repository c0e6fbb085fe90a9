package probe

var successes = []Code{
	{Status: 200, Name: "OK",
		Source:  "RFC 9110 section 15.3.1; white paper section 3.2, section 3.4",
		Meaning: "The request was carried out and the answer carries its result.",
		Next: []string{
			"Check the body as well: an error page can arrive as a 200",
			"An empty search is a 200 too: check that it answers [] and not an error",
		}},
	{Status: 201, Name: "Created",
		Source:  "RFC 9110 section 15.3.2; white paper section 3.2",
		Meaning: "The request made a new resource.",
		Next: []string{
			"Read the address of the new resource from the Location header",
			"If there is no Location header, correct the server: clients should not have to guess the address",
			"Remove what the probe creates, or let it ask with GET",
		}},
	{Status: 202, Name: "Accepted",
		Source:  "RFC 9110 section 15.3.3; white paper section 3.1",
		Meaning: "The request was taken for processing, which has not ended and may still fail.",
		Next: []string{
			"Do not take it as done: ask for the result until it is there",
			"Probe the result or the length of the queue as well",
		}},
	{Status: 203, Name: "Non-Authoritative Information",
		Source:  "RFC 9110 section 15.3.4",
		Meaning: "The request succeeded, but a proxy changed the answer on its way.",
		Next: []string{
			"Find the proxy that changes answers (Via header)",
			"Probe the origin directly to see the answer as it was sent",
		}},
	{Status: 204, Name: "No Content",
		Source:  "RFC 9110 section 15.3.5; white paper section 3.2",
		Meaning: "The request succeeded and there is nothing to send back.",
		Next: []string{
			"Expect no body: check the state through another request",
		}},
	{Status: 205, Name: "Reset Content",
		Source:  "RFC 9110 section 15.3.6",
		Meaning: "The request succeeded and the form that sent it should be cleared.",
		Next: []string{
			"Expect no body: check the state through another request",
		}},
	{Status: 206, Name: "Partial Content",
		Source:  "RFC 9110 section 15.3.7",
		Meaning: "The answer holds only the part of the resource that the Range header asked for.",
		Next: []string{
			"Check whether the probe meant to send a Range header",
			"Compare Content-Range with the part that was asked for",
		}},
	{Status: 207, Name: "Multi-Status",
		Source:  "RFC 4918 section 11.1",
		Meaning: "The body lists a status for each of several resources, and some may be failures.",
		Next: []string{
			"Read every status in the body: the 207 itself says nothing about them",
			"Let the probe expect something of the body",
		}},
	{Status: 208, Name: "Already Reported",
		Source:  "RFC 5842 section 7.1",
		Meaning: "The members of a collection were listed earlier in the same multi-status answer.",
		Next: []string{
			"Look for the first listing in the same answer",
		}},
	{Status: 226, Name: "IM Used",
		Source:  "RFC 3229 section 10.4.1",
		Meaning: "The answer is a difference to a version that the client holds.",
		Next: []string{
			"Check whether the probe meant to send an A-IM header",
		}},
}
