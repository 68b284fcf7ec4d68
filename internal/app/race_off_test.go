//go:build !race

package app_test

// raced is as in race_on_test.go.
const raced = false
