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
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"golang.org/x/sys/unix"

	"sonde/configs"
	"sonde/incident"
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
	done, err := record.Leave(ctx, s, command, time.Now())
	switch {
	case err == nil:
	case orderCode(err) == exitUsage:
		err = &exit{exitUsage, err}
	default:
		err = storageError(err)
	}
	err = errors.Join(err, s.Close())
	giveBack(path, info)
	return done, err
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
