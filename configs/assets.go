package configs

import _ "embed" // for the files below

// Example is a commented configuration that runs as it is: sonde watches itself.
//
//go:embed sonde.example.yaml
var Example []byte

// SlackManifest is what Slack makes the app of: its scopes, its command, Socket Mode.
//
//go:embed slack-manifest.yaml
var SlackManifest []byte

// Unit is the systemd unit of the service.
//
//go:embed sonde.service
var Unit []byte
