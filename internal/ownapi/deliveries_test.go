package ownapi

import (
	"encoding/base64"
	"net/url"
	"testing"
	"time"

	"avow/internal/outbox"
)

// A cursor leads back to the very place, whatever the delivery's id looks like.
func TestCursor(t *testing.T) {
	t.Parallel()
	for _, want := range []outbox.Place{
		{Created: time.Date(2025, 4, 9, 10, 0, 0, 123456000, time.UTC), ID: "evt_89bd6d78-4ace-4a0c-a517-afbbbc97c659"},
		{Created: time.Unix(0, 0), ID: "an id with spaces"},
	} {
		got, err := readCursor(*cursorBehind(outbox.Record{Created: want.Created, ID: want.ID}))
		if err != nil || got.ID != want.ID || !got.Created.Equal(want.Created) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	}
}

func TestCursorRefuses(t *testing.T) {
	t.Parallel()
	for _, plain := range []string{"", "5", "5 ", " id", "x id"} {
		if got, err := readCursor(base64.RawURLEncoding.EncodeToString([]byte(plain))); err == nil {
			t.Errorf("%q: got %+v, want it refused", plain, got)
		}
	}
}

// What a webhook never is cannot be asked for.
func TestFilterKnowsTheStatusesOfWebhooks(t *testing.T) {
	t.Parallel()
	for _, s := range outbox.Standings {
		_, err := readFilter(url.Values{"status": {string(s)}})
		if refused, mail := err != nil, s == outbox.HandedOver || s == outbox.Kept || s == outbox.CameBack; refused != mail {
			t.Errorf("%s: got %v, want it refused: %t", s, err, mail)
		}
	}
}
