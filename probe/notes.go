package probe

import "net/http"

// What people are told about answers whose status promises more than they hold.
const (
	noteCreated     = "201 without Location: where the new resource is has to be guessed (RFC 9110 section 15.3.2)"
	noteUnsolicited = "304 although the request had no If-None-Match or If-Modified-Since that it could answer (RFC 9110 section 15.4.5); look at caches and proxies on the way"
	noteAccepted    = "202: accepted is not done; the answer says nothing of how the work ends (RFC 9110 section 15.3.3)"
)

// noteRedirects are about redirects that do not say where to go.
var noteRedirects = map[int]string{
	http.StatusMovedPermanently:  "301 without Location: nobody learns the new address (RFC 9110 section 15.4.2)",
	http.StatusFound:             "302 without Location: nobody can follow (RFC 9110 section 15.4.3)",
	http.StatusSeeOther:          "303 without Location: nobody can follow (RFC 9110 section 15.4.4)",
	http.StatusTemporaryRedirect: "307 without Location: nobody can follow (RFC 9110 section 15.4.8)",
	http.StatusPermanentRedirect: "308 without Location: nobody learns the new address (RFC 9110 section 15.4.9)",
}

// statusNote says what is odd about the head of a final answer; "" if nothing is. The
// resource that a PUT creates is where it was put.
func statusNote(method string, status int, header http.Header) string {
	located := header.Get("Location") != ""
	switch {
	case status == http.StatusAccepted:
		return noteAccepted
	case located:
		return ""
	case status == http.StatusCreated && method != http.MethodPut:
		return noteCreated
	}
	return noteRedirects[status]
}

// noteUnasked says what is odd about a 304 that was not asked for, or by nobody but the
// configured headers.
func (t *Target) noteUnasked() string {
	for name := range t.Header {
		if name = http.CanonicalHeaderKey(name); name == "If-None-Match" || name == "If-Modified-Since" {
			return "304 answers the header " + name + " that is configured; expect: {status: 304} if that is good, or cache: true to have it asked with what came last"
		}
	}
	return noteUnsolicited
}
