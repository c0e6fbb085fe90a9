// Command alerts simulates months of probes, healthy and not, and counts who is woken.
//
//	go run ./bench/alerts
//	go run ./bench/alerts -out bench/RESULTS.md
//
// The rules are those that are shipped, as the configuration's defaults have them, and no
// copies: every made-up result goes through incident.Step, every re-check that this asks
// for is made, and every message counts that the notify.Desk lets people have. What is assumed is the
// weather. The same seed gives the same numbers on every machine.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"time"

	"sonde/bench/results"
)

// order is what the command line says.
type order struct {
	months int // at 60 s, in typical weather
	times  int // that each trouble happens
	seed   uint64
	out    string
}

const usage = `alerts simulates probes with the shipped rules and counts false alarms, how long real
trouble takes to be found, and how many messages people get.

`

func main() {
	var o order
	flag.IntVar(&o.months, "months", 1000, "how many healthy months there are at 60 s in typical weather; others are fewer")
	flag.IntVar(&o.times, "times", 400, "how often each trouble happens")
	flag.Uint64Var(&o.seed, "seed", 1, "what chance begins with")
	flag.StringVar(&o.out, "out", "", "file in which the tables replace the ones before")
	flag.Usage = func() {
		fmt.Fprint(os.Stderr, usage)
		flag.PrintDefaults()
	}
	flag.Parse()
	if err := o.follow(); err != nil {
		fmt.Fprintln(os.Stderr, "alerts:", err)
		os.Exit(1)
	}
}

// follow simulates and prints.
func (o *order) follow() error {
	if o.months < 20 || o.times < 1 {
		return errors.New("-months must be 20 at least, and -times 1")
	}
	machine, began := results.Machine(), time.Now()
	s, err := o.simulate()
	if err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "simulated in %.0f s\n", time.Since(began).Seconds())
	part := results.Part{Name: "Alerts", Command: "go run ./bench/alerts -out bench/RESULTS.md", Machine: machine, Body: s.markdown()}
	fmt.Print(part)
	if o.out == "" {
		return nil
	}
	return results.Put(o.out, part)
}

// usual is the interval that most is told of.
const usual = time.Minute

// intervals are those that are simulated.
var intervals = []time.Duration{10 * time.Second, 30 * time.Second, usual, 5 * time.Minute}

// simulation is all that was seen.
type simulation struct {
	order
	quiet []quiet
	found []found
}

// simulate lets everything happen.
func (o *order) simulate() (*simulation, error) {
	all, err := probes(intervals...)
	if err != nil {
		return nil, err
	}
	s := &simulation{order: *o}
	seed := o.seed << 32 // and a number of its own for each cell
	for _, interval := range intervals {
		for _, sees := range weathers {
			seed++
			s.quiet = append(s.quiet, beQuiet(all[interval], sees, o.monthsOf(interval, sees), seed))
		}
		for i := range troubles {
			seed++
			s.found = append(s.found, find(all[interval], &troubles[i], o.timesOf(interval), seed))
		}
	}
	return s, nil
}

// monthsOf is how many healthy months are worth their time: a promise is made of the usual
// interval in typical weather.
func (o *order) monthsOf(interval time.Duration, sees weather) int {
	if interval == usual && sees == typical {
		return o.months
	}
	n := o.months / 2
	if interval < usual {
		n = n * int(interval) / int(usual)
	}
	if sees != typical {
		n /= 8
	}
	return max(1, n)
}

// timesOf is how often a trouble is worth happening: results every 10 s take long.
func (o *order) timesOf(interval time.Duration) int {
	if interval < usual/2 {
		return max(1, o.times/2)
	}
	return o.times
}
