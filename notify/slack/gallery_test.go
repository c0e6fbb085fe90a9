package slack_test

import (
	"fmt"

	"sonde/notify/slack"
	"sonde/probe"
)

func ExampleGallery() {
	for _, s := range slack.Gallery(slack.View{Language: probe.English, Kind: "auth_bypass"})[:2] {
		fmt.Println(s.Kind, s.Change+":", s.Text)
	}
	// Output:
	// auth_bypass opened: wrong answer: checkout lets us in without a credential: 200 OK, auth_bypass (access without a credential), 4 failed checks since 14:32:10 UTC. Severity: critical. Incident 1000.
	// auth_bypass changed: wrong answer: checkout still lets us in without a credential, for another reason: 200 OK, auth_bypass (access without a credential), 4 failed checks since 14:32:10 UTC. Incident 1000.
}
