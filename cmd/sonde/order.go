package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/user"
	"slices"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"sonde/configs"
	"sonde/incident"
	"sonde/probe"
	"sonde/record"
	"sonde/store"
)

// errNoService says that no service answers.
var errNoService = errors.New("no service runs")

// order has a command obeyed: by the service that writes the database, else by taking the
// lock and storing it for the next start.
func order(c *cobra.Command, command incident.Command) (incident.Command, error) {
	path, config, err := databaseOf(c)
	if err != nil {
		return command, err
	}
	command.Key = rand.Text()
	if command.By == "" {
		command.By = caller()
	}
	answer, err := ask(c.Context(), path, request{Command: &command, Key: command.Key, From: command.From, Until: command.Until})
	if errors.Is(err, errNoService) {
		return storeOrder(c.Context(), path, config, command)
	}
	if err != nil {
		return command, err
	}
	done := *answer.Command
	done.ID, done.From, done.Until = answer.ID, answer.From, answer.Until
	return done, nil
}

// caller is who types.
func caller() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}

// ask asks the service that writes a database.
func ask(ctx context.Context, database string, in request) (reply, error) {
	address, folder, err := socketAddress(database + controlSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return reply{}, errNoService
	}
	if err != nil {
		return reply{}, storageError(err)
	}
	defer func() { _ = closed(folder) }()
	client := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", address)
	}}}
	body, err := json.Marshal(in)
	if err != nil {
		return reply{}, err
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://sonde/", bytes.NewReader(body))
	if err != nil {
		return reply{}, err
	}
	answer, err := client.Do(r)
	switch {
	case errors.Is(err, unix.ENOENT), errors.Is(err, unix.ECONNREFUSED):
		return reply{}, errNoService // ECONNREFUSED: what a service that was killed has left
	case errors.Is(err, unix.EACCES):
		return reply{}, &exit{exitStorage, fmt.Errorf("the service obeys its own user and root only; try sudo: %w", unix.EACCES)}
	case err != nil:
		return reply{}, &exit{exitStorage, fmt.Errorf("ask the service: %w", err)}
	}
	defer func() { _ = answer.Body.Close() }()
	var out reply
	if err := json.NewDecoder(answer.Body).Decode(&out); err != nil {
		return reply{}, &exit{exitStorage, fmt.Errorf("ask the service: %w", err)}
	}
	if out.Error != "" {
		return reply{}, &exit{out.Code, errors.New(out.Error)}
	}
	return out, nil
}

// storeOrder stores a command while no service runs. It holds from the next start on; an
// acknowledgement at once.
func storeOrder(ctx context.Context, path string, config *configs.Config, command incident.Command) (incident.Command, error) {
	info, err := os.Stat(path)
	if err != nil {
		return command, storageError(err)
	}
	options := store.Options{Path: path, OnCorrupt: store.Stop}
	if config != nil {
		options.Location = config.Location
	}
	options.Fallback, _ = os.Hostname()
	s, err := store.OpenWith(ctx, options)
	if err != nil {
		return command, storageError(err)
	}
	done, err := commit(ctx, s, command)
	err = errors.Join(err, s.Close())
	giveBack(path, info)
	return done, err
}

// commit checks a command against what is stored, and stores it.
func commit(ctx context.Context, s *store.Store, c incident.Command) (incident.Command, error) {
	c.At = time.Now().UTC().Truncate(time.Millisecond)
	known, memory, err := s.Load(ctx)
	if err != nil {
		return c, storageError(err)
	}
	inForce, err := s.Commands(ctx, time.Time{})
	if err != nil {
		return c, storageError(err)
	}
	_, acks, err := s.Held(ctx)
	if err != nil {
		return c, storageError(err)
	}
	if known, done, err := obeyedBefore(ctx, s, c, acks); done || err != nil {
		return known, err
	}
	named := func(each func(id probe.ID, name, group string)) {
		for i := range known {
			if known[i].RetiredAt.IsZero() {
				each(known[i].ID, known[i].Name(), known[i].Subject.Group)
			}
		}
	}
	if err := record.Complete(&c, inForce, named, func(id incident.ID) (probe.ID, bool) { return whose(memory, id) }); err != nil {
		return c, &exit{exitUsage, err}
	}
	batch := &store.Batch{Seq: memory.Seq, At: c.At, Commands: []incident.Command{c}}
	if err := s.Commit(ctx, batch); err != nil {
		return c, storageError(err)
	}
	return batch.Commands[0], nil
}

// obeyedBefore reports whether what a command asks for is so already.
func obeyedBefore(ctx context.Context, s *store.Store, c incident.Command, acks []incident.Command) (incident.Command, bool, error) {
	if c.Kind == incident.Acknowledge {
		i := slices.IndexFunc(acks, func(ack incident.Command) bool { return ack.Incident == c.Incident })
		if i >= 0 && !c.Undo {
			return acks[i], true, nil
		}
	}
	if c.Kind != incident.FalseAlarm {
		return c, false, nil
	}
	reader, err := store.OpenReader(ctx, s.Path())
	if err != nil {
		return c, false, storageError(err)
	}
	defer func() { _ = reader.Close() }()
	past, err := reader.Incident(ctx, c.Incident)
	switch {
	case err != nil:
		return c, false, storageError(err)
	case past == nil:
		return c, false, &exit{exitUsage, fmt.Errorf("%w: %s; sonde incidents lists those of the last 30 days", incident.ErrNoIncident, c.Incident)}
	case !c.Undo && !past.FalseAlarmAt.IsZero():
		c.At, c.By = past.FalseAlarmAt, past.FalseAlarmBy
		return c, true, nil
	}
	return c, false, nil
}

// whose finds whose an open incident is.
func whose(memory *store.Memory, id incident.ID) (probe.ID, bool) {
	for about, s := range memory.States {
		for i := range s.Problems {
			if s.Problems[i].ID == id && s.Problems[i].Phase == incident.Open {
				return about, true
			}
		}
	}
	return 0, false
}

// giveBack gives what root has written beside a database to whom the database belongs:
// the service must be able to write it.
func giveBack(path string, info os.FileInfo) {
	owner, ok := info.Sys().(*syscall.Stat_t)
	if os.Geteuid() != 0 || !ok {
		return
	}
	for _, suffix := range []string{"", "-wal", "-shm", ".lock", ".stamp", ".ballast"} {
		_ = os.Lchown(path+suffix, int(owner.Uid), int(owner.Gid)) // what is not there needs no owner
	}
}
