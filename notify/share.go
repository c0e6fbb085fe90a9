package notify

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"sonde/probe"
)

// shareLeast is how many of a hundred have to have something in common.
const shareLeast = 80

// most says whether n of all are most.
func most(n, all int) bool { return n > 0 && n*100 >= all*shareLeast }

// shareOf is the most specific of what most members have in common.
func shareOf(members []StormMember) Share {
	for _, by := range []ShareBy{ShareParent, ShareHost, ShareGroup} {
		counts := map[string]int{}
		for i := range members {
			for _, key := range members[i].keys(by) {
				counts[key]++
			}
		}
		if key, n := commonest(counts); most(n, len(members)) {
			return Share{by, key, n}
		}
	}
	return Share{}
}

// keys are what a member may have in common with others.
func (m *Member) keys(by ShareBy) []string {
	key := m.Host
	switch by {
	case ShareParent:
		return once(m.Parents)
	case ShareGroup:
		key = m.Group
	}
	if key == "" {
		return nil
	}
	return []string{key}
}

// reasonOf is the reason that most members have in common.
func reasonOf(members []StormMember) ReasonShare {
	counts, codes := map[probe.Reason]int{}, map[probe.Reason]int{}
	for i := range members {
		m := &members[i]
		if counts[m.Reason]++; counts[m.Reason] == 1 {
			codes[m.Reason] = m.Status
		} else if codes[m.Reason] != m.Status {
			codes[m.Reason] = 0
		}
	}
	if reason, n := commonest(counts); most(n, len(members)) {
		return ReasonShare{reason, codes[reason], n}
	}
	return ReasonShare{}
}

// commonest is what is counted most often; of several the first in their order.
func commonest[K cmp.Ordered](counts map[K]int) (key K, n int) {
	for _, k := range slices.Sorted(maps.Keys(counts)) {
		if counts[k] > n {
			key, n = k, counts[k]
		}
	}
	return key, n
}

// hostOf is the host of an address that people read, with its port.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return strings.ToLower(u.Host)
}
