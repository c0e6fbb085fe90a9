package probe

var redirections = []Code{
	{Status: 300, Name: "Multiple Choices",
		Source:  "RFC 9110 section 15.4.1",
		Meaning: "There are several versions of the resource to choose from.",
		Next: []string{
			"Put the address of the wanted version into the probe",
			"Check the Accept headers that the probe sends",
		}},
	{Status: 301, Name: "Moved Permanently",
		Source:  "RFC 9110 section 15.4.2; white paper section 3.3",
		Meaning: "The resource has a new address for good.",
		Next: []string{
			"Update the address in the probe to the one in the Location header",
			"If there is no Location header, correct the server: it has to name the new address",
			"Check whether the move was planned: new domain, http to https, trailing slash",
		}},
	{Status: 302, Name: "Found",
		Source:  "RFC 9110 section 15.4.3; white paper section 3.3",
		Meaning: "The resource is at another address for now.",
		Next: []string{
			"Check whether Location is a login page: then the credential is missing or has expired",
			"Keep the address in the probe: the move is temporary",
			"Allow redirects if the probe should judge where it leads",
		}},
	{Status: 303, Name: "See Other",
		Source:  "RFC 9110 section 15.4.4",
		Meaning: "The result of the request is to be fetched with GET from another address.",
		Next: []string{
			"Check whether Location is a login page or the expected result",
			"Allow redirects if the probe should judge the result",
		}},
	{Status: 304, Name: "Not Modified",
		Source:  "RFC 9110 section 15.4.5; white paper section 3.3, section 4, section 5",
		Meaning: "The copy that the client holds is still valid, so nothing is sent again.",
		Next: []string{
			"Check whether the probe meant to send If-None-Match or If-Modified-Since",
			"If 304 is rarer than it should be, review ETag and Cache-Control",
		}},
	{Status: 305, Name: "Use Proxy",
		Source:  "RFC 9110 section 15.4.6",
		Meaning: "The server asks to be reached through a proxy, which clients no longer obey.",
		Next: []string{
			"Replace the answer on the server: the code is deprecated for security reasons",
			"If a proxy is needed, configure it in the probe",
		}},
	{Status: 306, Name: "(Unused)",
		Source:  "RFC 9110 section 15.4.7",
		Meaning: "The code is reserved: an earlier version of HTTP defined it, and it is no longer used.",
		Next: []string{
			"Find the application or proxy that sends it: no server should",
			"Make the server answer with a code that has a meaning",
		}},
	{Status: 307, Name: "Temporary Redirect",
		Source:  "RFC 9110 section 15.4.8",
		Meaning: "The resource is at another address for now, to be asked with the same method and body.",
		Next: []string{
			"Check where Location leads, and that it accepts the same method",
			"Keep the address in the probe: the move is temporary",
		}},
	{Status: 308, Name: "Permanent Redirect",
		Source:  "RFC 9110 section 15.4.9",
		Meaning: "The resource has a new address for good, to be asked with the same method and body.",
		Next: []string{
			"Update the address in the probe to the one in the Location header",
			"Check whether the move was planned: new domain, http to https, trailing slash",
		}},
}
