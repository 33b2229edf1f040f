package main

import (
	"iter"
	"slices"
	"strings"

	"github.com/jacinth-rpc/jacinth/openrpc"
)

// similar returns the names of methods that name may have been meant for: those it is a part of, those it is begun by,
// and those that a few letters away.
func similar(name string, methods iter.Seq[*openrpc.Method]) []string {
	wanted := strings.ToLower(name)
	var near []string
	for m := range methods {
		have := strings.ToLower(m.Name)
		if strings.Contains(have, wanted) || strings.HasPrefix(wanted, have) || distance(wanted, have) <= 1+len(wanted)/5 {
			near = append(near, m.Name)
		}
	}
	slices.Sort(near)
	return near
}

// distance is how many letters must be put in, left out or changed to make one text of the other (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}
