package report

import (
	"time"

	"sonde/incident"
)

// Cache is what came of asking whether what is known still holds.
type Cache struct {
	Hits    int      `json:"hits"`    // 304
	Misses  int      `json:"misses"`  // 200
	Changed int      `json:"changed"` // those of the misses that had another validator
	Ratio   *float64 `json:"ratio"`   // of hits among all; null without any
	Window  string   `json:"window"`
}

func newCache(c *incident.Cache, now time.Time) *Cache {
	hits, missed, changed := c.Since(now)
	out := &Cache{Hits: hits, Misses: missed + changed, Changed: changed, Window: "24h"}
	if all := out.Hits + out.Misses; all > 0 {
		share := float64(hits) / float64(all)
		out.Ratio = &share
	}
	return out
}
