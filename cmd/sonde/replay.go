package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"sonde/configs"
	"sonde/incident"
	"sonde/notify"
	"sonde/probe"
	"sonde/record"
	"sonde/report"
	"sonde/store"
)

func newReplay() *cobra.Command {
	c := &cobra.Command{
		Use:   "replay [NAME...]",
		Short: "Show what the rules of a configuration would have made of the past",
		Long: `replay plays the results of a range through the rules of a configuration, and prints the
incidents that would have opened, when, and what each rule costs. So thresholds are tuned
before they are switched on. It asks no target, stores nothing and tells nobody.

Results come from the database, for all configured probes or for those that are named; or
from a table with the columns of sonde history --format csv (--csv), where a column "probe"
or the one NAME says whose they are.

Maintenance counts, that of the configuration and that of the database, and so do rules about what
several probes share. Messages go to whom the configuration says; what it keeps back is kept back: openings
of what depends on something that is down, and what the silences of the database cover. What it cannot
know: re-checks that other rules would have asked for, and acknowledgements. A table knows no slots
that were skipped.`,
		Example: `  sonde replay -c new.yaml --db /var/lib/sonde/sonde.db --since 30d
  sonde replay checkout --since 7d --json
  sonde replay checkout --csv checkout.csv`,
		RunE: replay,
	}
	c.Flags().String("since", "30d", "where the range begins: how long ago (36h, 30d), a day (2026-11-23) or a time of RFC 3339")
	c.Flags().String("until", "", "where the range ends, written alike (default: now)")
	c.Flags().String("csv", "", "a table of results to play instead; - for standard input")
	addJSON(c)
	return c
}

func replay(c *cobra.Command, names []string) error {
	config, err := loadConfig(c, false)
	if err != nil {
		return err
	}
	probes, err := rehearsed(config, names)
	if err != nil {
		return err
	}
	var played *report.Replay
	if table, _ := c.Flags().GetString("csv"); c.Flags().Changed("csv") {
		played, err = replayTable(c, table, probes, config.Maintenance)
	} else {
		played, err = replayStored(c, config.Database, probes, config.Maintenance)
	}
	if err != nil {
		return err
	}
	if asJSON(c) {
		return writeJSON(c.OutOrStdout(), played)
	}
	return played.WriteText(c.OutOrStdout())
}

// rehearsed are the probes whose rules are played: those that are named, or all.
func rehearsed(config *configs.Config, names []string) ([]store.Probe, error) {
	all := describe(config)
	if len(names) == 0 {
		return all, nil
	}
	known := make([]string, len(all))
	for i := range all {
		known[i] = all[i].Name()
	}
	var some []store.Probe
	for _, name := range names {
		found := false
		for i := range all {
			if all[i].Name() == name {
				some, found = append(some, all[i]), true
			}
		}
		if !found {
			return nil, fmt.Errorf("no probe is called %q in %s; %s", name, config.Path, configs.Suggest(name, known))
		}
	}
	return some, nil
}

// replayTable plays a table of results.
func replayTable(c *cobra.Command, path string, probes []store.Probe, planned []incident.Command) (*report.Replay, error) {
	in := c.InOrStdin()
	if path != "-" {
		file, err := os.Open(path)
		if err != nil {
			return nil, fmt.Errorf("--csv: %w", err)
		}
		defer func() { _ = file.Close() }()
		in = file
	}
	results, err := report.ReadResults(in)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if len(results) == 0 {
		return nil, fmt.Errorf("%s: there are no results in it", path)
	}
	ids := map[string]probe.ID{}
	for i := range probes {
		probes[i].ID = probe.ID(i + 1)
		ids[probes[i].Name()] = probes[i].ID
	}
	first, last := results[0].Input.At, results[len(results)-1].Input.At
	played := report.NewRehearsal(probes, first, last.Add(time.Millisecond), planned...)
	played.Tell(newTeller(c, probes, played, nil))
	for i := range results {
		r := &results[i]
		id, known := ids[r.Probe]
		switch {
		case r.Probe == "" && len(probes) == 1:
			id = probes[0].ID
		case r.Probe == "":
			return nil, fmt.Errorf("%s: it has no column \"probe\", and there are %d probes; name the one whose results they are", path, len(probes))
		case !known:
			continue // of a probe that is not played
		}
		played.Take(id, &r.Input)
	}
	return played.End(), nil
}

// replayStored plays what a database holds.
func replayStored(c *cobra.Command, database string, probes []store.Probe, planned []incident.Command) (*report.Replay, error) {
	from, to, err := rangeOf(c, time.Now())
	if err != nil {
		return nil, err
	}
	giveWay(c.Context())
	reader, err := store.OpenReader(c.Context(), database)
	if err != nil {
		return nil, storageError(err)
	}
	defer func() { _ = reader.Close() }()
	known, err := reader.Probes(c.Context())
	if err != nil {
		return nil, storageError(err)
	}
	stored := identified(c, probes, known)
	ordered, err := reader.Commands(c.Context(), from)
	if err != nil {
		return nil, storageError(err)
	}
	work, silences := ordersOf(ordered, to)
	played := report.NewRehearsal(stored, from, to, append(work, planned...)...)
	played.Tell(newTeller(c, stored, played, silences))
	slice := sliceOf(stored)
	for begin := from; begin.Before(to); begin = begin.Add(slice) {
		end := begin.Add(slice)
		if end.After(to) {
			end = to
		}
		if err := playSlice(c.Context(), reader, played, stored, begin, end); err != nil {
			return nil, storageError(err)
		}
	}
	return played.End(), nil
}

// ordersOf are the maintenance and the silences that people asked for. That of the configuration
// is as the one that is played has it. A silence that nobody has ended goes on to the end.
func ordersOf(all []incident.Command, to time.Time) (work, silences []incident.Command) {
	for _, command := range all {
		switch {
		case command.Kind == incident.Maintain && !command.File:
			work = append(work, command)
		case command.Kind == incident.Silence:
			if command.UntilRecovered = false; command.Until.IsZero() {
				command.Until = to.Add(time.Second)
			}
			silences = append(silences, command)
		}
	}
	return work, silences
}

// newTeller says what people would have heard. Where nothing says who is told, everybody is.
func newTeller(c *cobra.Command, probes []store.Probe, played *report.Rehearsal, silences []incident.Command) *record.Teller {
	names := map[string]bool{}
	routed := false
	for i := range probes {
		names[probes[i].Name()], names[incident.GroupPrefix+probes[i].Subject.Group] = true, true
		routes := &probes[i].Subject.Routes
		routed = routed || len(routes.Default) > 0
		for _, to := range routes.ByKind {
			routed = routed || len(to) > 0
		}
	}
	for i := range probes {
		if !routed {
			probes[i].Subject.Routes = notify.Routes{Default: []string{""}}
		}
		for _, parent := range probes[i].Subject.DependsOn {
			if !names[parent] {
				c.PrintErrf("warning: %s depends on %s, which is not played; its openings are not kept back\n", probes[i].Name(), parent)
			}
		}
	}
	return record.NewTeller(probes, played.States(), silences)
}

// identified are the probes that a database knows, by their names or by those they had.
func identified(c *cobra.Command, probes, known []store.Probe) []store.Probe {
	ids := make(map[string]probe.ID, len(known))
	for i := range known {
		ids[known[i].Name()] = known[i].ID
	}
	var stored []store.Probe
	for _, p := range probes {
		id, ok := ids[p.Name()]
		if !ok && p.Was != "" {
			id, ok = ids[p.Was]
		}
		if !ok {
			c.PrintErrf("warning: the database knows no probe %s\n", p.Name())
			continue
		}
		p.ID = id
		stored = append(stored, p)
	}
	return stored
}

const (
	playedAtOnce  = 200_000 // results that are read before they are played
	shortestSlice = 10 * time.Minute
	longestSlice  = 100 * 24 * time.Hour
)

// sliceOf is how much of the past is read at once: results of all probes are played in the
// order of time, and not all of the past fits in memory.
func sliceOf(probes []store.Probe) time.Duration {
	var perHour float64
	for i := range probes {
		perHour += float64(time.Hour) / float64(probes[i].Policy.Interval)
	}
	if perHour == 0 {
		return longestSlice
	}
	hours := min(playedAtOnce/perHour, longestSlice.Hours())
	return max(shortestSlice, time.Duration(hours*float64(time.Hour)))
}

// playSlice reads the results of a stretch of time and plays them.
func playSlice(ctx context.Context, reader *store.Reader, played *report.Rehearsal, probes []store.Probe, from, to time.Time) error {
	var results []recorded
	for i := range probes {
		id, before := probes[i].ID, len(results)
		err := reader.Results(ctx, id, from, to, func(in *incident.Input) error {
			results = append(results, recorded{id, *in})
			return nil
		})
		if err != nil {
			return err
		}
		ledger, err := reader.Ledger(ctx, id, from, to)
		if err != nil {
			return err
		}
		missed := ledger.Stretches(from.Add(-time.Millisecond), to.Add(-time.Millisecond))
		results = append(results, skipped(id, results[before:], missed)...)
	}
	slices.SortStableFunc(results, func(a, b recorded) int { return a.input.At.Compare(b.input.At) })
	for i := range results {
		played.Take(results[i].id, &results[i].input)
	}
	return nil
}

// recorded is a result of a probe.
type recorded struct {
	id    probe.ID
	input incident.Input
}

// skipped are the slots of stretches at which a probe was not asked: results alone do not tell
// of those.
func skipped(id probe.ID, results []recorded, stretches []incident.Entry) (all []recorded) {
	asked := make(map[int64]bool, len(results))
	for i := range results {
		if results[i].input.Run == probe.Scheduled {
			asked[results[i].input.At.UnixMilli()] = true
		}
	}
	for _, s := range stretches {
		open := false
		for at := s.Slots.First; s.Slots.Step > 0 && !at.After(s.Slots.Last); at = at.Add(s.Slots.Step) {
			switch {
			case asked[at.UnixMilli()]:
				open = false
				continue
			case !open || s.Outcome != probe.Unknown: // each counts when it comes
				all = append(all, recorded{id, incident.Input{Kind: incident.Skipped, At: at, Verdict: probe.Miss(s.Reason)}})
				open = true
			}
			all[len(all)-1].input.To = at
		}
	}
	return all
}
