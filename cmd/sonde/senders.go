package main

import (
	"log/slog"

	"sonde/configs"
	"sonde/notify"
	"sonde/notify/mail"
	"sonde/notify/slack"
	"sonde/notify/webhook"
)

// newSenders makes who delivers to each destination. None talks to anybody yet.
func newSenders(config *configs.Config, history notify.History, log *slog.Logger) (map[string]notify.Sender, error) {
	senders := make(map[string]notify.Sender, len(config.Destinations))
	for i := range config.Destinations {
		d := &config.Destinations[i]
		sender, err := newSender(d, config, history, log.With("destination", d.Name))
		if err != nil {
			return nil, err
		}
		senders[d.Name] = sender
	}
	return senders, nil
}

func newSender(d *configs.Destination, config *configs.Config, history notify.History, log *slog.Logger) (notify.Sender, error) {
	switch {
	case d.Webhook != nil:
		return newWebhook(d, config, log)
	case d.Mail != nil:
		return newMail(d, config, history, log)
	default:
		c := slackConfig(d, config)
		c.History = history
		return slack.New(c)
	}
}

func newWebhook(d *configs.Destination, config *configs.Config, log *slog.Logger) (*webhook.Sender, error) {
	return webhook.New(webhook.Config{
		Name: d.Name, URL: d.Webhook.URL, Headers: d.Webhook.Headers, Secrets: d.Webhook.Secrets, Roots: d.Webhook.Roots,
		UserAgent: userAgent(), PublicURL: config.PublicURL, Log: log, Text: slack.Text,
	})
}

func newMail(d *configs.Destination, config *configs.Config, history notify.History, log *slog.Logger) (*mail.Sender, error) {
	return mail.New(mail.Config{
		Name: d.Name, Host: d.Mail.Host, TLS: mail.Encryption(d.Mail.TLS), From: d.Mail.From, To: d.Mail.To, User: d.Mail.User, Password: d.Mail.Password,
		Roots: d.Mail.Roots, UserAgent: userAgent(), Log: log,
		Write: slack.NewWriter(slack.Config{Language: d.Mail.Language, PublicURL: config.PublicURL, History: history}),
	})
}
