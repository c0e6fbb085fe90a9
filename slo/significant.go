package slo

import "math"

// significant is the least number of bad slots that is more than chance: at most so likely
// where so many are expected, and never one alone.
func significant(expected, chance float64) int {
	low, high := 2, 2+int(expected+10*math.Sqrt(expected))+10 // no tail is as long as that
	for low < high {
		middle := (low + high) / 2
		if poissonTail(expected, middle) <= chance {
			high = middle
		} else {
			low = middle + 1
		}
	}
	return low
}

// poissonTail is the chance of at least k events where so many are expected.
func poissonTail(expected float64, k int) float64 {
	if k <= 0 {
		return 1
	}
	if expected <= 0 {
		return 0
	}
	lg, _ := math.Lgamma(float64(k) + 1)
	term := math.Exp(float64(k)*math.Log(expected) - expected - lg)
	sum := 0.0
	if float64(k) < expected { // below the mean the complement is shorter
		t := term * float64(k) / expected
		for i := k - 1; i >= 0 && t > 0; i-- {
			sum += t
			t *= float64(i) / expected
		}
		return math.Max(0, 1-sum)
	}
	for i := k; term > sum*1e-17 && i < k+10_000_000; i++ {
		sum += term
		term *= expected / float64(i+1)
	}
	return math.Min(1, sum)
}
