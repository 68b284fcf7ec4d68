//go:build !soak

package app_test

import "io"

// manyHistories is how many are recorded of each kind on each engine, when nothing else is asked for.
const manyHistories = 10

// progress is where it is told how far the histories have come; few are over before anybody asks.
var progress io.Writer = io.Discard

// manyBombs is how many mails are asked for in TestMailBombing.
const manyBombs = 2000

// What is delivered while workers are killed.
const crashMails, crashReceivers, crashEach = 60, 8, 8

// What is delivered past a dead receiver.
const speedReceivers, speedEach = 20, 40

// outageDeliveries wait for a receiver that is down for two days.
const outageDeliveries = 150
