package slo_test

import (
	"fmt"
	"time"

	"sonde/slo"
)

func ExampleWindow_Span() {
	march, _ := slo.ParseWindow("month in Europe/Berlin")
	span := march.Span(time.Date(2026, 3, 10, 12, 0, 0, 0, time.UTC))
	fmt.Println("ends", span.End.Format(time.RFC3339), "after", span.Length)

	promise := slo.Objective{BadPPM: 1000, Window: march}
	fmt.Println(promise, "allows", promise.Total(span.Length))
	// Output:
	// ends 2026-03-31T22:00:00Z after 743h0m0s
	// 99.9% over month in Europe/Berlin allows 44m34.8s
}
