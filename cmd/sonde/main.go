// Command sonde probes endpoints on a schedule, keeps their history and their error
// budgets, and tells people in Slack when a promise is breaking.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	_ "time/tzdata" // zones, where the machine has none

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/report"
	"sonde/store"
)

// The exit codes of commands other than status and check. They are those of
// sysexits.h; systemd does not restart after exitConfig.
const (
	exitOK       = 0
	exitProblems = 1
	exitUsage    = 64
	exitStorage  = 74
	exitRunning  = 75
	exitConfig   = 78
)

func main() {
	ctx, stop := signal.NotifyContext(ownProcess(context.Background()), syscall.SIGINT, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the first signal asks to end, a second one ends
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

type ownProcessKey struct{}

// ownProcess says that a command has its process for itself, and may change what is
// everybody's in it.
func ownProcess(ctx context.Context) context.Context {
	return context.WithValue(ctx, ownProcessKey{}, true)
}

// giveWay lets the service go before a command that only reads: probing comes first. What the command
// reads, it keeps until it ends: there is little to collect.
func giveWay(ctx context.Context) {
	if ctx.Value(ownProcessKey{}) != nil {
		_ = store.GiveWay() // a courtesy; who may not, reads all the same
		growHeap(briefGrowth)
	}
}

// run is the program without the process around it. It returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	root := newRoot()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	command, err := root.ExecuteContextC(ctx)
	if err == nil {
		return exitOK
	}
	code := exitCode(command, err)
	if !errors.Is(err, errSaid) {
		_, _ = fmt.Fprintf(stderr, "sonde: %v\n", err)
	}
	return code
}

// errSaid is an error that people have been told of already.
var errSaid = errors.New("already reported")

// exit is an error that carries its exit code.
type exit struct {
	code int
	err  error
}

func (e *exit) Error() string { return e.err.Error() }

func (e *exit) Unwrap() error { return e.err }

// exitCode finds the code of an error; one that carries none is about the usage. status
// and check exit 0 to 3 only, whatever happens: monitoring systems call them.
func exitCode(command *cobra.Command, err error) int {
	if e, ok := errors.AsType[*exit](err); ok {
		return e.code
	}
	if command.Annotations["monitoring"] != "" {
		return report.ExitUnknown
	}
	return exitUsage
}

func newRoot() *cobra.Command {
	root := &cobra.Command{
		Use:   "sonde",
		Short: "Synthetic uptime and endpoint probes that say why",
		Long: `sonde asks endpoints how they are, judges every answer by what HTTP says about it,
keeps the history and the error budget, and tells people in Slack and by mail when a promise is
breaking: 5xx, no answer, or authentication failures.

  sonde demo       shows all of it in a minute, without any set-up
  sonde serve      runs the service
  sonde status     shows how everything is
  sonde history    shows how a probe was
  sonde slo        shows what is left of the error budgets`,
		SilenceErrors: true,
		SilenceUsage:  true,
		Version:       version,
		Args:          cobra.NoArgs,
		RunE:          func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.PersistentFlags().StringP("config", "c", "", "configuration file (default $SONDE_CONFIG, ./sonde.yaml, /etc/sonde/sonde.yaml)")
	root.PersistentFlags().String("db", "", "database file (default: as the configuration says)")
	root.AddCommand(newServe(), newDemo(), newStatus(), newSLO(), newHistory(), newIncidents(), newOutbox(), newCheck(), newExplain(), newReplay(), newValidate(), newAck(), newSilence(), newMaintenance(), newRun(), newSlack(), newTest(), newBackup(), newRestore(), newVersion())
	return root
}

// loadConfig reads the configuration that the flags name. Those who only read are not
// bothered with warnings.
func loadConfig(c *cobra.Command, secrets bool) (*configs.Config, error) {
	return loadConfigWith(c, configs.Options{Secrets: secrets})
}

func loadConfigWith(c *cobra.Command, o configs.Options) (*configs.Config, error) {
	flag, _ := c.Flags().GetString("config")
	path, err := configs.Find(flag, os.LookupEnv)
	if err != nil {
		return nil, &exit{configCode(c), err}
	}
	config, warnings, err := configs.Load(path, o)
	if c.Name() == "serve" {
		warn(c, warnings)
	}
	if problems, ok := errors.AsType[configs.Problems](err); ok {
		c.PrintErrln(problems.Error())
		return nil, &exit{configCode(c), fmt.Errorf("%s is not valid: %w", path, errSaid)}
	}
	if err != nil {
		return nil, &exit{configCode(c), err}
	}
	if db, _ := c.Flags().GetString("db"); db != "" {
		config.Database = db
	}
	return config, nil
}

func warn(c *cobra.Command, warnings []configs.Problem) {
	for _, w := range warnings {
		c.PrintErrf("warning: %s\n", w)
	}
}

// configCode is how a command exits that has no valid configuration.
func configCode(c *cobra.Command) int {
	if c.Annotations["monitoring"] != "" {
		return report.ExitUnknown
	}
	return exitConfig
}

// forMonitoring marks commands that exit 0 to 3 only.
func forMonitoring() map[string]string { return map[string]string{"monitoring": "yes"} }
