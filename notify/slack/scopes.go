package slack

import (
	"maps"
	"slices"
	"strings"
)

// feature is something that sonde does in Slack and needs scopes for.
type feature struct {
	does   string // without the scopes, this is not done
	scopes []string
	needed func(Config) bool // nil: always wanted, never in the way
	must   bool              // nothing works without it
	any    bool              // one of the scopes is enough: which one depends on the kind of the channel
}

// features is everything that a bot of sonde's asks of Slack.
var features = []feature{
	{does: "messages are posted, edited and answered", scopes: []string{"chat:write"}, must: true},
	{does: "public channels are written to that the bot is no member of", scopes: []string{"chat:write.public"}},
	{does: "after an unclear delivery it is looked whether the message got through, so that it is not posted twice", scopes: []string{"channels:history", "groups:history"}},
	{does: "it is looked whether the channel exists, and who its members are", scopes: []string{"channels:read", "groups:read"}},
	{does: "a public channel is joined that only members may write to", scopes: []string{"channels:join"}},
	{does: "the members of the groups under allow may act", scopes: []string{"usergroups:read"}, needed: func(c Config) bool { return len(c.Groups) > 0 }},
	{does: "the members of the channel may act", scopes: []string{"channels:read", "groups:read"}, any: true,
		needed: func(c Config) bool { return !c.AppToken.IsZero() && len(c.Users)+len(c.Groups) == 0 }},
	{does: "/sonde is answered", scopes: []string{"commands"}, needed: func(c Config) bool { return !c.AppToken.IsZero() }},
}

// Scopes are those that the bot's token needs for everything, sorted: the app's manifest asks for them.
func Scopes() []string {
	all := map[string]bool{}
	for _, f := range features {
		for _, scope := range f.scopes {
			all[scope] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// lacking is what of a feature is not granted.
func (f *feature) lacking(granted []string) (missing []string) {
	for _, scope := range f.scopes {
		if !slices.Contains(granted, scope) {
			missing = append(missing, scope)
		}
	}
	if f.any && len(missing) < len(f.scopes) {
		return nil
	}
	return missing
}

// scopesIn reads the header in which Slack says what a token may do.
func scopesIn(header string) (scopes []string) {
	for scope := range strings.SplitSeq(header, ",") {
		if scope = strings.TrimSpace(scope); scope != "" {
			scopes = append(scopes, scope)
		}
	}
	return scopes
}
