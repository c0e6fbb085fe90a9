package probe

var informational = []Code{
	{Status: 100, Name: "Continue", Retry: RetryYes,
		Source:  "RFC 9110 section 15.2.1; white paper section 3.1",
		Meaning: "The server has seen the headers and wants the rest of the request.",
		Next: []string{
			"Send the body, then wait for the final answer",
			"If no final answer follows, look at the proxy or server that broke off after the interim one",
		}},
	{Status: 101, Name: "Switching Protocols", Retry: RetryYes,
		Source:  "RFC 9110 section 15.2.2; white paper section 3.1",
		Meaning: "The server agrees to speak another protocol, such as WebSocket, on this connection.",
		Next: []string{
			"Check whether the probe meant to ask for an upgrade",
			"Compare the Upgrade header of the answer with what was asked for",
		}},
	{Status: 102, Name: "Processing", Retry: RetryYes,
		Source:  "RFC 2518 section 10.1",
		Meaning: "The server has the whole request and is still working on it.",
		Next: []string{
			"Wait for the final answer",
			"If it takes too long, look at how long the server works on this request",
		}},
	{Status: 103, Name: "Early Hints", Retry: RetryYes,
		Source:  "RFC 8297 section 2; white paper section 4",
		Meaning: "The server names resources worth loading while it prepares the final answer.",
		Next: []string{
			"Wait for the final answer",
			"If none follows, look at the application: the hints often come from a proxy in front of it",
			"Compare the Link headers with what the page really loads: a wrong hint wastes bandwidth",
		}},
	{Status: 104, Name: "Upload Resumption Supported", Retry: RetryYes,
		Source:  "IANA HTTP status code registry, temporary registration; draft-ietf-httpbis-resumable-upload",
		Meaning: "The server says that this upload can be resumed should it break off.",
		Next: []string{
			"Go on sending, then wait for the final answer",
			"As its registration is temporary, check that client and server follow the same draft",
		}},
}
