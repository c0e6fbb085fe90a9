package slo_test

import (
	"fmt"
	"time"

	"sonde/slo"
)

func ExampleWorstOf() {
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	slots := func(from, to int) slo.Stretch {
		return slo.Stretch{First: noon.Add(time.Duration(from) * time.Minute), Last: noon.Add(time.Duration(to) * time.Minute), Step: time.Minute}
	}
	group := slo.WorstOf([]slo.Piece{
		slo.PieceOf(slots(0, 9), slo.MeansGood), slo.PieceOf(slots(2, 3), slo.MeansBad), // one member
		slo.PieceOf(slots(0, 9), slo.MeansGood), slo.PieceOf(slots(3, 5), slo.MeansBad), // another
	})
	fmt.Println(group.Good, "good,", group.Bad, "bad")
	// Output: 6m0s good, 4m0s bad
}

func ExampleTally_Share() {
	members := slo.Tally{Good: 3 * time.Hour, Bad: time.Hour} // one of four was down
	fmt.Println(members.Share(4))
	// Output: {45m0s 15m0s 0s 0s 0s}
}

func ExampleStretch_Cut() {
	noon := time.Date(2026, 11, 26, 12, 0, 0, 0, time.UTC)
	outage := slo.Stretch{First: noon, Last: noon.Add(9 * time.Minute), Step: time.Minute}
	rest := outage.Cut(noon.Add(6*time.Minute), noon.Add(time.Hour))
	fmt.Println(rest.First.Format(time.TimeOnly), rest.Weight())
	// Output: 12:07:00 3m0s
}
