package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"sonde/configs"
	"sonde/incident"
	"sonde/notify/slack"
	"sonde/record"
	"sonde/report"
)

// slackAnswers does what people ask for in Slack.
type slackAnswers struct{ *answers }

// Run asks a probe, by its name or as the one that an incident is about.
func (a slackAnswers) Run(ctx context.Context, r slack.Run) (slack.Ran, error) {
	name := r.Probe
	if name == "" {
		past, err := a.reader.Incident(ctx, r.About)
		switch {
		case err != nil:
			return slack.Ran{}, err
		case past == nil:
			return slack.Ran{}, fmt.Errorf("%w: %s", incident.ErrNoIncident, r.About)
		case past.Scope != "":
			return slack.Ran{Probe: past.Name}, fmt.Errorf("%w: %s", incident.ErrManyProbes, r.About)
		}
		name = past.Name
	}
	out, err := a.run(ctx, name, record.Ran{About: r.About, Key: r.Key, By: r.By, User: r.User})
	return slack.Ran{Probe: name, Said: out.said, Told: out.told}, err
}

// Look says what `sonde status` and `sonde slo` do.
func (a slackAnswers) Look(ctx context.Context, what, name string) (string, error) {
	now := time.Now()
	snapshot, err := a.reader.Snapshot(ctx, now)
	if err != nil {
		return "", err
	}
	status := report.NewStatus(snapshot, now)
	var said strings.Builder
	if what == "status" {
		err = status.WriteText(&said, report.Palette{})
		return said.String(), err
	}
	promises := status.Promises()
	if name != "" {
		titles, err := titlesOf(status, []string{name})
		if err != nil {
			return "", fmt.Errorf("%w: %q", incident.ErrNoProbe, name)
		}
		promises = report.Choose(promises, titles)
	}
	err = report.WritePromises(&said, promises)
	return said.String(), err
}

// slackConfig is a place in Slack as its package takes it.
func slackConfig(d *configs.Destination, config *configs.Config) slack.Config {
	return slack.Config{
		Name: d.Name, Token: d.Slack.Token, Channel: d.Slack.Channel, APIURL: d.Slack.APIURL, Webhook: d.Slack.Webhook,
		AppToken: d.Slack.App.Token, Users: d.Slack.App.Users, Groups: d.Slack.App.Groups,
		PublicURL: config.PublicURL, Language: d.Slack.Language, Style: slack.Style(d.Slack.Style), Mentions: slack.Mentions(d.Mention),
	}
}
