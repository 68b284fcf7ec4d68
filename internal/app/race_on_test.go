//go:build race

package app_test

// raced says that the race detector is on: it makes the embedded database some ten times slower, so the cases of the contract then run on the engines that share most
// between goroutines, and on all of them without it (see make test).
const raced = true
