package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/signal"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"go.uber.org/goleak"
)

// asSonde makes the test binary the program itself, so that a test can start the real
// one, and kill it.
const asSonde = "SONDE_TEST_BE_THE_PROGRAM"

// hasty is the value of it that makes the program turn its log into history every
// second, all of it but the latest second, and look every second whether a backup is due.
const hasty = "hasty"

func TestMain(m *testing.M) {
	if os.Getenv(asSonde) != "" {
		ctx, stop := signal.NotifyContext(ownProcess(context.Background()), syscall.SIGINT, syscall.SIGTERM)
		if os.Getenv(asSonde) == hasty {
			ctx = context.WithValue(ctx, paceKey{}, pace{time.Second, time.Second, time.Second})
		}
		code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	// Most tests here wait for a service in a process of its own. Two at a time, which is what go does
	// where there are two processors, leave these idle most of the time. What the command line says
	// comes after this, and wins.
	if err := flag.Set("test.parallel", "8"); err != nil {
		panic(err)
	}
	testscript.Main(leakChecked{m}, map[string]func(){"sonde": main})
}

// leakChecked fails tests that leave goroutines behind.
type leakChecked struct{ m *testing.M }

func (l leakChecked) Run() int {
	code := l.m.Run()
	if err := goleak.Find(); code == 0 && err != nil {
		_, _ = os.Stderr.WriteString("goroutines were left behind: " + err.Error() + "\n")
		return 1
	}
	return code
}

// TestCommandLine plays the transcripts in testdata/script.
func TestCommandLine(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", UpdateScripts: os.Getenv("UPDATE") != ""})
}

// sonde runs the program within the test.
func sonde(t *testing.T, args ...string) (code int, stdout, stderr string) {
	t.Helper()
	var out, errs bytes.Buffer
	code = run(t.Context(), args, &out, &errs)
	return code, out.String(), errs.String()
}
