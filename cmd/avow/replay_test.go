package main

import (
	"testing"
	"time"

	"avow/internal/outbox"
)

// Whoever stops a replay is told how to go on: behind what was looked at last, and with the mode that has not begun yet.
func TestStoppedReplayTellsHowToGoOn(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC)
	for _, tt := range []struct {
		mode string
		test bool
		want string
	}{
		{"", false, "stopped after 7; go on with --mode live --since 2026-01-02T03:04:05.000006Z, then as before with --mode test"},
		{"live", false, "stopped after 7; go on with --mode live --since 2026-01-02T03:04:05.000006Z"},
		{"", true, "stopped after 7; go on with --mode test --since 2026-01-02T03:04:05.000006Z"},
	} {
		if got := stopped(deliveriesReplay{Mode: tt.mode}, outbox.Selection{Test: tt.test}, 7, at).Error(); got != tt.want {
			t.Errorf("got  %s\nwant %s", got, tt.want)
		}
	}
}
