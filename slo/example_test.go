package slo_test

import (
	"fmt"
	"time"

	"sonde/slo"
)

func ExampleParseObjective() {
	o, err := slo.ParseObjective("99.95% over 4w")
	fmt.Println(o, err)
	fmt.Println(o.BadPPM, o.Window.Length, o.Total(o.Window.Length))

	_, err = slo.ParseObjective("100% over 30d")
	fmt.Println(err)
	// Output:
	// 99.95% over 28d <nil>
	// 500 672h0m0s 20m9.6s
	// objective "100%" leaves no budget to account for; use a number above 0% and below 100%, and for zero tolerance the down alert
}

func ExampleObjective_Budget() {
	promise := slo.Objective{BadPPM: 1000, Window: slo.Rolling(30 * 24 * time.Hour)} // 99.9% over 30d
	budget := promise.Budget(slo.Tally{Good: 29 * 24 * time.Hour, Bad: 36 * time.Minute, Unknown: 12 * time.Hour}, promise.Window.Span(time.Now()))

	left, _ := budget.RemainingRatio()
	fmt.Printf("%s of %s spent, %.1f%% left, %.1f%% seen: %s\n",
		budget.Spent, budget.Total, 100*left, 100*budget.Coverage, budget.Status)
	// Output: 36m0s of 43m12s spent, 16.7% left, 98.3% seen: at_risk
}

func ExampleObjective_BurnRate() {
	monday := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	promise := slo.Objective{BadPPM: 1000, Window: slo.Rolling(30 * 24 * time.Hour)}
	rate, _ := promise.BurnRate(slo.Tally{Good: 54 * time.Minute, Bad: 6 * time.Minute}, time.Hour)
	at, _ := promise.Budget(slo.Tally{Good: time.Hour}, promise.Window.Span(monday)).Exhaustion(monday, rate)

	fmt.Printf("%.0f times too fast, spent by %s\n", rate, at.Format(time.DateTime))
	// Output: 100 times too fast, spent by 2026-11-23 07:12:00
}

func ExampleStretch_Within() {
	noon := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	outage := slo.Stretch{First: noon, Last: noon.Add(4 * time.Minute), Step: time.Minute}

	fmt.Println(outage.Weight())
	fmt.Println(outage.Within(noon.Add(2*time.Minute), noon.Add(time.Hour))) // the slots at 12:03 and 12:04
	// Output:
	// 5m0s
	// 2m0s
}

func ExampleLatest() {
	day := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	shift := [2]time.Time{day.Add(22 * time.Hour), day.Add(30 * time.Hour)}
	from, to := slo.Latest(day, shift[0]), slo.Earliest(day.AddDate(0, 0, 1), shift[1])
	fmt.Println(to.Sub(from), "of the shift lie in the day")
	// Output: 2h0m0s of the shift lie in the day
}

// Three failures in an hour of checks every minute are more than chance gives a service
// that keeps its promise of 99.9%.
func ExamplePoissonTail() {
	for k := 1; k <= 3; k++ {
		fmt.Printf("%d or more: %.5f\n", k, slo.PoissonTail(60*0.001, k))
	}
	// Output:
	// 1 or more: 0.05824
	// 2 or more: 0.00173
	// 3 or more: 0.00003
}
