//go:build !race

package jacinth_test

const raceEnabled = false
