//go:build soak

package app_test

import (
	"io"
	"os"
)

// manyHistories and progress are as in history_short_test.go; these are for make soak.
const manyHistories = 1000

var progress io.Writer = os.Stderr

// manyBombs is as in history_short_test.go.
const manyBombs = 10000

// So are these.
const (
	crashMails, crashReceivers, crashEach = 5000, 50, 100
	speedReceivers, speedEach             = 100, 200
	outageDeliveries                      = 3000
)
