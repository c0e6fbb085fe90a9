package slo

import "math"

// Excess is the chance that at least x events come in so many trials by chance, where mean
// are expected after a past of so many trials. The rate itself is known only from that past,
// which is why the count is negative binomial; a past of few events says little, and one of
// none not that there will be none. Dispersion is how much more the counts of the past spread
// than a Poisson process does (variance over mean): events that come in heaps are fewer heaps.
func Excess(x int, mean, trials, past, dispersion float64) float64 {
	dispersion = max(1, dispersion)
	r := mean*past/trials/dispersion + 0.5
	return NegativeBinomialTail(r, trials/(trials+past), int(math.Floor(float64(x)/dispersion)))
}

// Dispersion is the variance of counts over their mean; 1, that of a Poisson process, where
// there is too little to tell.
func Dispersion(counts []int) float64 {
	sum, squares := 0.0, 0.0
	for _, c := range counts {
		sum += float64(c)
		squares += float64(c) * float64(c)
	}
	n := float64(len(counts))
	if sum == 0 || n < 2 {
		return 1
	}
	mean := sum / n
	return (squares/n - mean*mean) / mean
}

// FalseOpenings is how often a rule "at least k bad results of the latest n" opens by chance in
// so many checks, each of which is bad with chance p on its own: with a bad result that makes k of k-1.
func FalseOpenings(n, k int, p float64, checks float64) float64 {
	if k < 1 || k > n {
		return 0
	}
	return checks * p * (BinomialTail(n-1, k-1, p) - BinomialTail(n-1, k, p))
}
