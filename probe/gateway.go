package probe

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"sonde/text"
)

// side is which side of a gateway answered: the edge, which is whatever stands before
// the application, or the origin, which is the application. nobody knows is "".
type side string

const (
	unknownSide side = ""
	edge        side = "edge"
	origin      side = "origin"
)

// clues are what is known of an answer that was not good, for telling who gave it.
type clues struct {
	status int
	wait   time.Duration // from the request being written to the first byte of the answer
	header http.Header
	body   string // its beginning
}

// attribution says who answered, and why one may think so.
type attribution struct {
	side side
	who  string // the software; empty if nobody knows
	why  string
}

// attribute finds out who answered. It is pure, and says nothing where it cannot know: a
// Server header alone proves nothing, for gateways put theirs on what they pass on.
func attribute(c clues) attribution {
	if c.status < http.StatusMultipleChoices {
		return attribution{}
	}
	for _, rule := range []func(clues) attribution{
		byProxyStatus, byErrorPage, byCloudflareCode, byServer, byKong, byUpstreamTime, byApplication, byCache, byUsualTimeout,
	} {
		if found := rule(c); found.side != unknownSide {
			return found
		}
	}
	return attribution{}
}

// sentence tells it to people; "" if there is nothing to tell.
func (a attribution) sentence(c clues) string {
	if a.side == unknownSide {
		return ""
	}
	s := fmt.Sprintf("%d %s from the %s", c.status, inWords(c.wait), a.side)
	if a.who != "" {
		s += " (" + a.who + ")"
	}
	return text.Printable(s+": "+a.why, maxText)
}

// by is who answered in short, such as "edge (nginx)"; without a side it is the name that
// the answer gives.
func (a attribution) by(named string) string {
	switch {
	case a.side == unknownSide:
		return named
	case a.who != "" && !strings.Contains(strings.ToLower(named), strings.ToLower(a.who)):
		named = a.who
	}
	if named == "" {
		return string(a.side)
	}
	return text.Printable(string(a.side)+" ("+named+")", maxText)
}

// prompt is how fast an answer is that nobody worked for.
const prompt = 250 * time.Millisecond

func inWords(wait time.Duration) string {
	if wait < prompt {
		return "at once"
	}
	return fmt.Sprintf("after %.1f s", wait.Seconds())
}

// troubleBehind says what an answer of a gateway itself means.
func (c clues) troubleBehind() string {
	switch {
	case c.status == http.StatusBadGateway && c.wait < prompt:
		return "nothing listens behind it, or what does hangs up"
	case c.status == http.StatusBadGateway:
		return "what is behind it broke off, or did not answer in HTTP"
	case c.status == http.StatusServiceUnavailable:
		return "nothing behind it is fit to answer, or it sheds load itself"
	case c.status == http.StatusGatewayTimeout:
		return "upstream timeout"
	case c.status == http.StatusTooManyRequests:
		return "it limits the rate itself"
	case c.status >= http.StatusInternalServerError:
		return "it failed by itself"
	}
	return "it refuses the request itself"
}

// isGateway reports whether only a gateway gives a status (RFC 9110 sections 15.6.3 and
// 15.6.5).
func isGateway(status int) bool {
	return status == http.StatusBadGateway || status == http.StatusGatewayTimeout
}

// byProxyStatus trusts a gateway that says what went wrong (RFC 9209 section 2.1.1).
func byProxyStatus(c clues) attribution {
	for _, value := range c.header.Values("Proxy-Status") {
		for member := range strings.SplitSeq(value, ",") {
			name, parameters, _ := strings.Cut(member, ";")
			for parameter := range strings.SplitSeq(parameters, ";") {
				if what, found := strings.CutPrefix(strings.TrimSpace(parameter), "error="); found && what != "" {
					return attribution{edge, strings.Trim(strings.TrimSpace(name), `"`), strings.ReplaceAll(what, "_", " ")}
				}
			}
		}
	}
	return attribution{}
}

// byErrorPage knows what gateways write when nothing else answers.
func byErrorPage(c clues) attribution {
	for _, page := range errorPages {
		if page.only502 && !isGateway(c.status) || c.status < http.StatusBadRequest || !strings.Contains(c.body, page.says) {
			continue
		}
		if page.who == "Envoy" && c.header.Get("X-Envoy-Upstream-Service-Time") != "" {
			continue // it is what another Envoy says, behind this one
		}
		why := page.means
		if why == "" {
			why = c.troubleBehind()
		}
		return attribution{edge, page.who, why}
	}
	return attribution{}
}

// byCloudflareCode knows the codes that only Cloudflare gives.
func byCloudflareCode(c clues) attribution {
	means := cloudflareCodes[c.status]
	if means == "" || !strings.EqualFold(c.header.Get("Server"), "cloudflare") {
		return attribution{}
	}
	return attribution{edge, "Cloudflare", means}
}

// byServer knows names that stand on a gateway's own answers only: what it passes on
// keeps the name of who gave it.
func byServer(c clues) attribution {
	if c.status < http.StatusBadRequest {
		return attribution{}
	}
	switch server := c.header.Get("Server"); {
	case strings.HasPrefix(server, "awselb/"):
		return attribution{edge, "AWS load balancer", c.troubleBehind()}
	case server == "CloudFront":
		return attribution{edge, "CloudFront", c.troubleBehind()}
	case server == "AkamaiGHost":
		return attribution{edge, "Akamai", c.troubleBehind()}
	case server == "Caddy" && isGateway(c.status) && c.body == "":
		return attribution{edge, "Caddy", c.troubleBehind()}
	}
	return attribution{}
}

// byKong knows that Kong writes how long it took by itself where nothing else answered.
func byKong(c clues) attribution {
	if c.header.Get("X-Kong-Response-Latency") == "" || c.header.Get("X-Kong-Upstream-Latency") != "" || c.status < http.StatusBadRequest {
		return attribution{}
	}
	return attribution{edge, "Kong", c.troubleBehind()}
}

// byUpstreamTime knows gateways that write how long the origin took to answer.
func byUpstreamTime(c clues) attribution {
	for _, gateway := range []struct{ name, header string }{{"Envoy", "X-Envoy-Upstream-Service-Time"}, {"Kong", "X-Kong-Upstream-Latency"}} {
		ms, err := strconv.ParseUint(c.header.Get(gateway.header), 10, 32)
		if err == nil && c.status >= http.StatusBadRequest {
			return attribution{origin, "", fmt.Sprintf("it took %d ms to answer, says %s before it", ms, gateway.name)}
		}
	}
	return attribution{}
}

// byApplication knows what applications and the servers in them write about themselves,
// and that a 500 which can be looked up by its id comes from one.
func byApplication(c clues) attribution {
	if c.status < http.StatusBadRequest {
		return attribution{}
	}
	server, _, _ := strings.Cut(c.header.Get("Server"), "/")
	if server, _, _ = strings.Cut(server, " "); slices.ContainsFunc(applicationServers, func(known string) bool { return strings.EqualFold(known, server) }) {
		return attribution{origin, server, "that is an application server" + c.id()}
	}
	for _, name := range []string{"X-Runtime", "X-Powered-By", "X-Aspnet-Version"} {
		if value := c.header.Get(name); value != "" {
			return attribution{origin, "", strings.ToLower(name) + " " + text.Printable(value, maxNamed) + c.id()}
		}
	}
	if id := c.id(); c.status == http.StatusInternalServerError && id != "" {
		return attribution{origin, "", strings.TrimPrefix(id, ", ")}
	}
	return attribution{}
}

// maxNamed is how much of a header stands in a sentence.
const maxNamed = 80

// id is by what the answer can be looked up in a log; "" if it has no such header.
func (c clues) id() string {
	for _, name := range []string{"X-Request-Id", "X-Correlation-Id", "X-Trace-Id", "X-B3-Traceid"} {
		if value := c.header.Get(name); value != "" {
			return ", " + strings.ToLower(name) + " " + text.Printable(value, maxNamed)
		}
	}
	return ""
}

// byCache knows answers that were not made for this request (RFC 9111 section 5.1).
func byCache(c clues) attribution {
	age, err := strconv.ParseUint(strings.TrimSpace(c.header.Get("Age")), 10, 31)
	aged := err == nil && age > 0
	hit := strings.Contains(strings.ToLower(c.header.Get("Cache-Status")), "; hit") || strings.Contains(strings.ToLower(c.header.Get("Server-Timing")), "cdn-cache; desc=hit")
	for _, name := range []string{"X-Cache", "Cf-Cache-Status"} {
		value := strings.ToUpper(c.header.Get(name))
		hit = hit || strings.HasPrefix(value, "HIT") || strings.HasPrefix(value, "TCP_HIT") || value == "STALE"
	}
	switch {
	case aged:
		return attribution{edge, "", fmt.Sprintf("its cache gave an answer of %d s ago", age)}
	case hit:
		return attribution{edge, "", "its cache gave an older answer"}
	}
	return attribution{}
}

// byUsualTimeout knows that a 504 which comes just when a usual timeout ends was given by
// who waited.
func byUsualTimeout(c clues) attribution {
	if c.status != http.StatusGatewayTimeout {
		return attribution{}
	}
	for _, usual := range usualTimeouts {
		if over := c.wait - usual; over >= -50*time.Millisecond && over <= 500*time.Millisecond {
			return attribution{edge, "", "upstream timeout"}
		}
	}
	return attribution{}
}
