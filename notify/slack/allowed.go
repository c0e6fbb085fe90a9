package slack

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/slack-go/slack"

	"sonde/text"
)

// membersFor is how long it is remembered who belongs to a channel or a group.
const membersFor = time.Minute

const pageOfMembers = 999

// counter is where people act: a destination of the app.
type counter struct {
	desk
	name    string // of the destination
	channel string // as it is configured
	users   []string
	groups  []string
	api     *slack.Client
	token   text.Secret
	reach   *reach // of response addresses

	mu      sync.Mutex
	id      string // of the channel, once it is known
	team    string // the workspace of the app, once it is known
	members map[string]roster
}

// roster is who belongs to a channel or a group, as of a time.
type roster struct {
	users []string
	at    time.Time
}

// person is who acts.
type person struct {
	id, name, team string
}

// verdict of whether somebody may act.
type verdict uint8

const (
	mayAct verdict = iota
	aGuest
	aStranger
	nobodyKnows
)

// may says whether somebody may act here. Those who are named may, and so may the members of the
// groups that are named. If none is, the members of the channel may who belong to the workspace
// of the app. In doubt nobody may.
func (c *counter) may(ctx context.Context, who person) (verdict, error) {
	if slices.Contains(c.users, who.id) {
		return mayAct, nil
	}
	team, err := c.home(ctx)
	if err != nil {
		return nobodyKnows, err
	}
	if who.team != "" && who.team != team {
		return aGuest, nil
	}
	for _, group := range c.groups {
		users, err := c.roster(ctx, group, c.usersOfGroup)
		if err != nil {
			return nobodyKnows, err
		}
		if slices.Contains(users, who.id) {
			return mayAct, nil
		}
	}
	if len(c.users)+len(c.groups) > 0 {
		return aStranger, nil
	}
	channel := c.channelID()
	if channel == "" {
		return nobodyKnows, errors.New("the channel is configured by its name; write its id, such as C0123456789")
	}
	users, err := c.roster(ctx, channel, c.usersOfChannel)
	if err != nil {
		return nobodyKnows, err
	}
	if slices.Contains(users, who.id) {
		return mayAct, nil
	}
	return aStranger, nil
}

// home is the workspace of the app.
func (c *counter) home(ctx context.Context) (string, error) {
	c.mu.Lock()
	team := c.team
	c.mu.Unlock()
	if team != "" {
		return team, nil
	}
	ctx, x := recording(ctx)
	answer, err := c.api.AuthTestContext(ctx)
	if err != nil || answer.TeamID == "" {
		return "", c.failure("auth.test", err, x)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.team = answer.TeamID
	return c.team, nil
}

// failure says why a call failed, without what is secret.
func (c *counter) failure(method string, err error, x *exchange) error {
	r := diagnose(err, x)
	return r.failure(method, c.token).Err
}

// roster is who belongs to something, as of a minute ago at the most.
func (c *counter) roster(ctx context.Context, of string, ask func(context.Context, string) ([]string, error)) ([]string, error) {
	c.mu.Lock()
	known, ok := c.members[of]
	c.mu.Unlock()
	if ok && time.Since(known.at) < membersFor {
		return known.users, nil
	}
	users, err := ask(ctx, of)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.members[of] = roster{users, time.Now()}
	return users, nil
}

func (c *counter) usersOfGroup(ctx context.Context, group string) ([]string, error) {
	ctx, x := recording(ctx)
	users, err := c.api.GetUserGroupMembersContext(ctx, group)
	if err != nil {
		return nil, c.failure("usergroups.users.list", err, x)
	}
	return users, nil
}

func (c *counter) usersOfChannel(ctx context.Context, channel string) (all []string, err error) {
	for cursor := ""; ; {
		asking, x := recording(ctx)
		users, next, err := c.api.GetUsersInConversationContext(asking, &slack.GetUsersInConversationParameters{ChannelID: channel, Cursor: cursor, Limit: pageOfMembers})
		if err != nil {
			return nil, c.failure("conversations.members", err, x)
		}
		if all = append(all, users...); next == "" || next == cursor {
			return all, nil
		}
		cursor = next
	}
}

// here reports whether a channel is this counter's, and remembers its id.
func (c *counter) here(id, name string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.channel == id || id != "" && c.id == id {
		return true
	}
	if name == "" || c.channel != "#"+name || id == "" {
		return false
	}
	c.id = id
	return true
}

// channelID is the id of the channel; empty if it is not known yet.
func (c *counter) channelID() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.id != "" {
		return c.id
	}
	if len(c.channel) > 0 && c.channel[0] != '#' {
		return c.channel
	}
	return ""
}
