package slo

import "math"

// PoissonTail is the chance of at least k events where lambda are expected. What is no
// expectation (negative, not a number) is none.
func PoissonTail(lambda float64, k int) float64 {
	switch {
	case k <= 0:
		return 1
	case !(lambda > 0):
		return 0
	case math.IsInf(lambda, 1):
		return 1
	}
	at := float64(k)
	first := math.Exp(at*math.Log(lambda) - lambda - logGamma(at+1))
	if at > lambda {
		return above(first, func(i float64) float64 { return lambda / (i + 1) }, at)
	}
	return 1 - below(first, func(i float64) float64 { return i / lambda }, at)
}

// BinomialTail is the chance of at least k successes in n trials, each of which succeeds
// with chance p.
func BinomialTail(n, k int, p float64) float64 {
	switch {
	case k <= 0:
		return 1
	case k > n, !(p > 0):
		return 0
	case p >= 1:
		return 1
	}
	of, at := float64(n), float64(k)
	choose := logGamma(of+1) - logGamma(at+1) - logGamma(of-at+1)
	first := math.Exp(choose + at*math.Log(p) + (of-at)*math.Log1p(-p))
	odds := p / (1 - p)
	if at > of*p {
		return above(first, func(i float64) float64 { return (of - i) / (i + 1) * odds }, at)
	}
	return 1 - below(first, func(i float64) float64 { return i / (of - i + 1) / odds }, at)
}

// NegativeBinomialTail is the chance of a count of at least k whose mass at i is
// Γ(i+r)/(Γ(r)·i!)·(1-q)^r·q^i, with r > 0 and 0 <= q < 1: what a Poisson count looks like
// whose rate is itself known only from a count.
func NegativeBinomialTail(r, q float64, k int) float64 {
	switch {
	case k <= 0:
		return 1
	case !(r > 0), !(q > 0):
		return 0
	case q >= 1, math.IsInf(r, 1):
		return 1
	}
	at := float64(k)
	choose := logGamma(at+r) - logGamma(r) - logGamma(at+1)
	first := math.Exp(choose + r*math.Log1p(-q) + at*math.Log(q))
	if at > r*q/(1-q) {
		return above(first, func(i float64) float64 { return (i + r) / (i + 1) * q }, at)
	}
	return 1 - below(first, func(i float64) float64 { return i / (i - 1 + r) / q }, at)
}

// negligible is the share of a sum from which on further terms change no digit of it.
const negligible = 1e-17

// above sums the mass from k upwards, beginning with that at k, where k lies above the mean:
// each term is next(i) times the one before. A small tail is summed itself, and is not one
// minus the rest, for that would leave it no digits.
func above(at float64, next func(i float64) float64, k float64) float64 {
	sum := 1.0 // in units of the first, which may be too small to have digits
	for i, term := k, next(k); term > sum*negligible; i, term = i+1, term*next(i+1) {
		sum += term
	}
	return min(at*sum, 1)
}

// below sums the mass below k, given that at k, where k does not lie above the mean.
func below(at float64, before func(i float64) float64, k float64) float64 {
	sum := 0.0
	for i, term := k, before(k); i > 0 && term > sum*negligible; i, term = i-1, term*before(i-1) {
		sum += term
	}
	return min(at*sum, 1)
}

func logGamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}
