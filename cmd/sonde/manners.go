package main

import (
	"sonde/configs"
	"sonde/notify"
	"sonde/probe"
)

// mannersOf are how the destinations want to be told.
func mannersOf(config *configs.Config) map[string]notify.Manners {
	all := make(map[string]notify.Manners, len(config.Destinations))
	for i := range config.Destinations {
		d := &config.Destinations[i]
		mentions := make(map[probe.Severity]bool, len(d.Mention))
		for severity, called := range d.Mention {
			mentions[severity] = len(called) > 0
		}
		all[d.Name] = notify.Manners{Quiet: d.Quiet, Mentions: mentions, Each: d.Webhook != nil, Chart: d.Slack != nil && d.Slack.Chart}
	}
	return all
}
