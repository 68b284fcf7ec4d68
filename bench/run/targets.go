package main

import "avow/bench/summary"

// targetConns are the connections that targets are set for.
var targetConns = []int{1, 16, 64}

// bound is what a figure should be; a wish of 0 is none.
type bound struct {
	limit, wish float64
	atMost      bool
}

func (b bound) met(figure float64) bool {
	if b.atMost {
		return figure <= b.limit
	}
	return figure >= b.limit
}

func atLeast(limits ...float64) []bound {
	var bounds []bound
	for _, l := range limits {
		bounds = append(bounds, bound{limit: l})
	}
	return bounds
}

func atMost(limits ...float64) []bound {
	bounds := atLeast(limits...)
	for i := range bounds {
		bounds[i].atMost = true
	}
	return bounds
}

// wishing adds wishes; 0 is none.
func wishing(bounds []bound, wishes ...float64) []bound {
	for i, w := range wishes {
		bounds[i].wish = w
	}
	return bounds
}

// target is a ratio of avow to a base, bounded for each of targetConns.
type target struct {
	name, base string
	figure     func(summary.Run) float64
	bounds     []bound
}

// chapter is what targets are set for: call A or B on one kind of database.
type chapter struct {
	title   string
	labels  []string
	targets []target
}

// chapters are the targets. They sit 20 to 25 % under what the limits reached when they were set, which is more than the spread between runs.
var chapters = []chapter{
	{
		"A, create a verification request, on PostgreSQL", []string{aPostgres, aBoth},
		[]target{
			{"rate / `a/cte`", aCTE, summary.Rate, wishing(atLeast(0.65, 0.90, 1.50), 0, 1.20, 1.90)},
			{"CPU / `a/cte`", aCTE, summary.CPU, atMost(1.70, 1.00, 0.65)},
			{"p99 / `a/cte`", aCTE, summary.P99, atMost(1.5, 0.6, 0.8)},
		},
	},
	{
		"A, create a verification request, embedded (SQLite, every commit flushed)", []string{aEmbedded},
		[]target{
			{"rate / `pb-full`", pbFull, summary.Rate, wishing(atLeast(1.3, 2.8, 4.2), 0, 0, 5.5)},
			{"rate / `pb-rec` (not durable)", pbNormal, summary.Rate, wishing(atLeast(0.9, 1.6, 2.4), 0, 0, 3.0)},
			{"rate / `s/group`", sGroup, summary.Rate, wishing(atLeast(0.75, 0.65, 0.65), 0, 0, 0.80)},
		},
	},
	{
		"B, store verification items, on PostgreSQL", []string{bPostgres, bBoth},
		[]target{
			{"rate / `b/r-cte`", bCTE, summary.Rate, atLeast(0.75, 1.15, 1.50)},
			{"CPU / `b/r-cte`", bCTE, summary.CPU, atMost(1.30, 0.80, 0.60)},
			{"rate / `b/r-tx`", bTx, summary.Rate, atLeast(1.5, 2, 2.5)},
		},
	},
}

// comparisons without a target, in the order shown: they say where avow stands, not where it should.
var comparisons = []struct {
	label string
	bases []string
}{
	{aEmbedded, []string{sGroup, pbFull, aCTE}},
	{bEmbedded, []string{bCTE}},
	{aPostgres, []string{aCTE, aGroup, sGroup, pbFull}},
	{aBoth, []string{aCTE, aGroup, sGroup, pbFull}},
	{bPostgres, []string{bCTE}},
	{bBoth, []string{bCTE}},
}

// maxRSS is the memory that avow on PostgreSQL may have after the run at the most connections, in MiB.
const maxRSS = 60
