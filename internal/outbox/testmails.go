package outbox

import (
	"context"
	"strings"

	"avow/internal/access"
	"avow/internal/fault"
)

// ErrTestModeOnly refuses a live-mode key where only test-mode data is shown.
var ErrTestModeOnly = fault.New(fault.Forbidden, "test_mode_only", "This is for test mode: use an API key that was made with mode test.")

// MaxTestMails bounds a list of test-mode mails.
const MaxTestMails = 500

// TestMailbox is where captured test-mode mails are looked up by an API key.
type TestMailbox interface {
	// TestMails returns the key that was shown, nil when it is unknown, and the test-mode mails of its organisation, newest first, at most MaxTestMails. A key that is
	// revoked or of live mode has none. To is one address in lower case; empty: every address.
	TestMails(ctx context.Context, key access.Lookup, to string) (*access.Key, []Captured, error)
}

// TestMails shows test-mode mails to those who hold a key for them.
type TestMails struct {
	Mailbox TestMailbox
	Keys    *access.Keyring
}

// List returns the test-mode mails of the organisation whose key is shown, newest first. To narrows it to one address, in any case.
func (s TestMails) List(ctx context.Context, apiKey, to string) ([]Captured, error) {
	key, mails, err := s.Mailbox.TestMails(ctx, s.Keys.Lookup(access.ForAPIKey, apiKey), strings.ToLower(strings.TrimSpace(to)))
	if err != nil {
		return nil, err
	}
	if err := access.AuthenticateKey(key); err != nil {
		return nil, err
	}
	if key.Owner.Mode != access.Test {
		return nil, ErrTestModeOnly
	}
	return mails, nil
}
