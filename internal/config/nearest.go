package config

import (
	"cmp"
	"slices"
	"strings"
)

// nearestName is the known setting that a mistyped name most likely means.
func nearestName(name string, known []string) string {
	bare, isFile := strings.CutSuffix(name, fileSuffix)
	best := slices.MinFunc(known, func(a, b string) int {
		return cmp.Compare(distance(bare, a), distance(bare, b))
	})
	if isFile {
		return best + fileSuffix
	}
	return best
}

// distance is the Levenshtein distance of two names in bytes, kept in one row
// of the usual table.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			substituted := diagonal
			if a[i] != b[j] {
				substituted++
			}
			diagonal = row[j+1]
			row[j+1] = min(substituted, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
