package store_test

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/outbox"
	"avow/internal/store"
	"avow/internal/storetest"
)

func open(t *testing.T) storetest.Store {
	t.Helper()
	ctx, url := context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "avow.db")
	if err := store.Migrate(ctx, url, func(string) {}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, store.Options{URL: url, Keys: storetest.Keys(t)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

// TestSQLite runs the suite on the embedded database.
func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, open)
}

// TestOpenRefusesAnOldSchema keeps a server from working on tables that it does not know.
func TestOpenRefusesAnOldSchema(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "avow.db")
	_, err := store.Open(context.Background(), store.Options{URL: url, Keys: storetest.Keys(t)})
	if !errors.Is(err, store.ErrSchema) {
		t.Errorf("got %v, want %v", err, store.ErrSchema)
	}
}

// TestCloseLeavesOneFile keeps everything in the one file that operators copy, closed to other users.
func TestCloseLeavesOneFile(t *testing.T) {
	t.Parallel()
	ctx, file := context.Background(), filepath.Join(t.TempDir(), "avow.db")
	if err := store.Migrate(ctx, "sqlite:"+file, func(string) {}); err != nil {
		t.Fatal(err)
	}
	s, err := store.Open(ctx, store.Options{URL: "sqlite:" + file, Keys: storetest.Keys(t)})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.CreateOrganisation(ctx, access.Organisation{ID: "org_1", Name: "one"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v for the log after the close, want it written back and gone", err)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got mode %v (%v), want 0600", info.Mode(), err)
	}
}

// TestLockedDeliveryStopsNoOther has a delivery that was sealed under a master key that the claiming process does not have.
func TestLockedDeliveryStopsNoOther(t *testing.T) {
	t.Parallel()
	ctx, url := context.Background(), "sqlite:"+filepath.Join(t.TempDir(), "avow.db")
	if err := store.Migrate(ctx, url, func(string) {}); err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	var claimed []outbox.Delivery
	for i, id := range []string{"a", "b"} {
		keys, err := access.NewKeyring([][]byte{bytes.Repeat([]byte{byte(i)}, 32)})
		if err != nil {
			t.Fatal(err)
		}
		s, err := store.Open(ctx, store.Options{URL: url, Keys: keys})
		if err != nil {
			t.Fatal(err)
		}
		enqueue(t, s, id, now)
		if i == 1 {
			if claimed, err = s.Claim(ctx, outbox.Claim{Kind: outbox.Mail, Now: now, Until: now.Add(time.Minute), Limit: 10}); err != nil {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	if len(claimed) != 2 || claimed[0].Locked == nil || claimed[1].Locked != nil {
		t.Errorf("got %+v, want both, the first with an error", claimed)
	}
}

// enqueue makes an account and a mail to it.
func enqueue(t *testing.T, s *store.Store, id string, now time.Time) {
	t.Helper()
	ctx := context.Background()
	for _, err := range []error{
		s.CreateOrganisation(ctx, access.Organisation{ID: "org_" + id, Name: id}),
		s.Change(ctx, account.KeyOfNew("org_"+id, id+"@example.com", nil), func(state account.State) (account.Next, error) {
			return account.Enrol(state, account.RegisterInput{Account: account.Account{ID: id, Org: "org_" + id, Email: id + "@example.com"}})
		}),
		s.Change(ctx, account.KeyOfID(id), func(state account.State) (account.Next, error) {
			return account.Next{Account: state.Account, Mails: []account.Mail{outbox.NewMail(id, state.Account.Org, state.Account.Email, "t", map[string]string{}, now)}}, nil
		}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}
