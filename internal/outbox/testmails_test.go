package outbox

import (
	"bytes"
	"context"
	"errors"
	"testing"
	"time"

	"avow/internal/access"
)

// drawer is a TestMailbox with one key. It notes what it is asked for.
type drawer struct {
	key *access.Key
	err error
	to  string
	of  access.Lookup
}

func (d *drawer) TestMails(_ context.Context, key access.Lookup, to string) (*access.Key, []Captured, error) {
	d.of, d.to = key, to
	return d.key, []Captured{{ID: "dlv_1"}}, d.err
}

func TestTestMailsAreForGoodKeysOfTestMode(t *testing.T) {
	t.Parallel()
	keys, err := access.NewKeyring([][]byte{bytes.Repeat([]byte{1}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	of := func(mode access.Mode) *access.Key { return &access.Key{Owner: access.Owner{Org: "org_1", Mode: mode}} }
	revoked := of(access.Live)
	revoked.RevokedAt = time.Unix(1, 0)
	for name, c := range map[string]struct {
		box  drawer
		want error
	}{
		"test mode":        {drawer{key: of(access.Test)}, nil},
		"live mode":        {drawer{key: of(access.Live)}, ErrTestModeOnly},
		"revoked and live": {drawer{key: revoked}, access.ErrKeyUnknown},
		"unknown":          {drawer{}, access.ErrKeyUnknown},
		"broken":           {drawer{key: of(access.Test), err: errBroken}, errBroken},
	} {
		mails, err := TestMails{Mailbox: &c.box, Keys: keys}.List(t.Context(), "avow_test_x", " Anna@Example.COM ")
		if !errors.Is(err, c.want) || (len(mails) == 1) != (c.want == nil) {
			t.Errorf("%s: got %d mails, %v, want %v", name, len(mails), err, c.want)
		}
		if c.box.to != "anna@example.com" || c.box.of != keys.Lookup(access.ForAPIKey, "avow_test_x") {
			t.Errorf("%s: got a look-up of %q, want the shown key and the address in lower case", name, c.box.to)
		}
	}
}
