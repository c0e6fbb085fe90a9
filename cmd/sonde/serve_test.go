package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"sonde/report"
)

func TestASecondServiceOnTheSameDatabaseNamesTheFirst(t *testing.T) {
	s := newScene(t)
	first := s.serve(t)
	other := filepath.Join(s.folder, "other.yaml")
	require.NoError(t, os.WriteFile(other, []byte("listen: \"\"\ndatabase: sonde.db\nprobes: [{name: a, url: \"http://127.0.0.1:1/\", notify: []}]\n"), 0o600))
	code, _, stderr := sonde(t, "serve", "-c", other)
	require.Equal(t, 75, code)
	require.Contains(t, stderr, fmt.Sprintf("pid %d", first.cmd.Process.Pid))
	t.Setenv("SLACK_TOKEN", "x")
	code, _, stderr = sonde(t, "serve", "-c", s.config)
	require.Equal(t, 75, code, "the very same configuration")
	require.Contains(t, stderr, fmt.Sprintf("pid %d", first.cmd.Process.Pid), "the database comes before the address")
	require.Equal(t, 0, first.end(syscall.SIGTERM))
}

func TestExitCodesOfServe(t *testing.T) {
	folder := t.TempDir()
	newer := filepath.Join(folder, "newer.db")
	writeNewerDatabase(t, newer)
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = busy.Close() }()
	probes := "\nprobes: [{name: a, url: \"http://127.0.0.1:1/\", notify: []}]\n"
	for name, tc := range map[string]struct {
		config string
		code   int
		says   string
	}{
		"a bad file is 78":                {"probes: []", 78, "probes"},
		"a secret that is not set is 78":  {"probes: [{name: a, url: \"http://127.0.0.1:1/\", notify: [], headers: {authorization: \"${env:SONDE_NO_SUCH}\"}}]", 78, "SONDE_NO_SUCH"},
		"a newer database is 78":          {"listen: \"\"\ndatabase: newer.db" + probes, 78, "newer sonde"},
		"an address that is in use is 75": {"listen: " + busy.Addr().String() + "\ndatabase: a.db" + probes, 75, "free the port"},
		"a database in no folder is 74":   {"listen: \"\"\ndatabase: none/sonde.db" + probes, 74, "none/sonde.db"},
		"a folder as the database is 74":  {"listen: \"\"\ndatabase: .\n" + probes, 74, "database"},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(folder, "sonde.yaml")
			require.NoError(t, os.WriteFile(path, []byte(tc.config), 0o600))
			code, _, stderr := sonde(t, "serve", "-c", path)
			require.Equal(t, tc.code, code, stderr)
			require.Contains(t, stderr, tc.says)
		})
	}
	code, _, _ := sonde(t, "serve", "--no-such-flag")
	require.Equal(t, 64, code, "usage")
}

// The unit file relies on it: READY when the work has begun, WATCHDOG while it goes on,
// STOPPING at the end, all within the time that systemd gives.
func TestServeSpeaksToSystemd(t *testing.T) {
	s := newScene(t)
	socket := filepath.Join(s.folder, "notify")
	listener, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: socket, Net: "unixgram"})
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	p := begin(t, []string{"SLACK_TOKEN=x", "NOTIFY_SOCKET=" + socket, "WATCHDOG_USEC=600000"}, "serve", "-c", s.config)
	hear := func() string {
		require.NoError(t, listener.SetReadDeadline(time.Now().Add(20*time.Second)))
		buf := make([]byte, 256)
		n, err := listener.Read(buf)
		require.NoError(t, err)
		return string(buf[:n])
	}
	require.Equal(t, "READY=1\nSTATUS=1 probes", hear())
	require.Equal(t, "WATCHDOG=1", hear())
	require.NoError(t, p.cmd.Process.Signal(syscall.SIGTERM))
	began := time.Now()
	for said := hear(); said != "STOPPING=1"; said = hear() {
		require.Equal(t, "WATCHDOG=1", said)
	}
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	require.Less(t, time.Since(began), 5*time.Second)
}

func TestExplainAgreesWithEveryRowOfThePaper(t *testing.T) {
	code, stdout, _ := sonde(t, "explain", "--all", "--json")
	require.Equal(t, 0, code)
	var entries []report.Explanation
	require.NoError(t, json.Unmarshal([]byte(stdout), &entries))
	byCode := map[int]report.Explanation{}
	for _, e := range entries {
		if e.Code != nil {
			byCode[*e.Code] = e
		}
	}
	rows := readCSV(t, filepath.Join("..", "..", "probe", "testdata", "status-codes.csv"))
	require.Len(t, rows, 25)
	for _, row := range rows {
		code, err := strconv.Atoi(row["code"])
		require.NoError(t, err)
		e := byCode[code]
		require.Equal(t, row, map[string]string{
			"code": strconv.Itoa(code), "name": e.Name, "class": e.Class.String(), "retry": e.Retry, "note": row["note"],
		})
		require.NotEmpty(t, e.Next)
	}
}

func readCSV(t *testing.T, path string) []map[string]string {
	f, err := os.Open(path)
	require.NoError(t, err)
	defer func() { _ = f.Close() }()
	records, err := csv.NewReader(f).ReadAll()
	require.NoError(t, err)
	var rows []map[string]string
	for _, record := range records[1:] {
		row := map[string]string{}
		for i, name := range records[0] {
			row[strings.TrimSpace(name)] = record[i]
		}
		rows = append(rows, row)
	}
	return rows
}

func TestAStopDoesNotWaitForATargetThatHangs(t *testing.T) {
	s := newScene(t)
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = silent.Close() }()
	s.write(t, fmt.Sprintf("listen: %s\nprobes: [{name: mute, url: \"http://%s/\", interval: 60s, timeout: 50s, notify: []}]\n", s.listen, silent.Addr()))
	p := s.serve(t)
	accepted, err := silent.Accept()
	require.NoError(t, err)
	defer func() { _ = accepted.Close() }()
	began := time.Now()
	require.Equal(t, 0, p.end(syscall.SIGTERM))
	require.Less(t, time.Since(began), 5*time.Second)
	status, code := s.report(t)
	require.Equal(t, 3, code)
	require.Equal(t, "unknown", string(status.Probes[0].State), "a run that we cut short says nothing of the target")
}
