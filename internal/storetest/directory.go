package storetest

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

func directory(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"organisations come back by name":            (*world).organisations,
		"a name is taken once":                       (*world).nameTaken,
		"keys are listed without secrets":            (*world).keysListed,
		"a rotated key keeps its old secret a while": (*world).keyRotated,
		"a revoked key is gone":                      (*world).keyRevoked,
		"clients are listed and rotated":             (*world).clientsListed,
		"the store answers":                          func(w *world) { w.must(w.Ready(w.ctx)) },
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

func (w *world) organisations() {
	all, err := w.Organisations(w.ctx)
	w.must(err)
	if diff := cmp.Diff([]access.Organisation{w.one.org, w.two.org}, all); diff != "" {
		w.Errorf("got +, want -:\n%s", diff)
	}
	if err := w.SaveSettings(w.ctx, "org_none", access.Settings{}); !errors.Is(err, access.ErrOrganisationUnknown) {
		w.Errorf("got %v, want %v", err, access.ErrOrganisationUnknown)
	}
}

func (w *world) nameTaken() {
	if _, err := w.admin.CreateOrganisation(w.ctx, "one", false); !errors.Is(err, access.ErrNameTaken) {
		w.Errorf("got %v, want %v", err, access.ErrNameTaken)
	}
}

func (w *world) newKey(org string, mode access.Mode) access.NewKey {
	w.Helper()
	k, err := w.admin.CreateKey(w.ctx, org, "k", mode)
	w.must(err)
	return k
}

func (w *world) keysListed() {
	k := w.newKey("one", access.Test)
	w.newKey("two", access.Live)
	keys, err := w.Keys(w.ctx, w.one.org.ID)
	w.must(err)
	want := k.Key
	want.Hash, want.Secret = access.Hash{}, ""
	if diff := cmp.Diff([]access.Key{want}, keys); diff != "" {
		w.Errorf("got +, want -:\n%s", diff)
	}
	all, err := w.Keys(w.ctx, "")
	w.must(err)
	if len(all) != 2 {
		w.Errorf("got %d keys of all organisations, want 2", len(all))
	}
}

func (w *world) keyRotated() {
	k := w.newKey("one", access.Live)
	rotated, err := w.admin.RotateKey(w.ctx, k.ID, time.Hour)
	w.must(err)
	if rotated.Secret == k.Secret || !rotated.PreviousUntil.Equal(start.Add(time.Hour)) {
		w.Errorf("got %+v, want another secret and the old one for an hour", rotated)
	}
	secrets, err := w.Secrets(w.ctx)
	w.must(err)
	if !slices.Contains(secrets, rotated.Secret) {
		w.Errorf("got secrets without the new one, want it among them")
	}
}

func (w *world) keyRevoked() {
	k := w.newKey("one", access.Live)
	w.must(w.RevokeKey(w.ctx, k.ID, start))
	for name, err := range map[string]error{
		"revoke": w.RevokeKey(w.ctx, k.ID, start),
		"rotate": func() error { _, err := w.RotateKey(w.ctx, k.ID, "s", start); return err }(),
	} {
		if !errors.Is(err, access.ErrKeyGone) {
			w.Errorf("%s: got %v, want %v", name, err, access.ErrKeyGone)
		}
	}
	secrets, err := w.Secrets(w.ctx)
	w.must(err)
	if len(secrets) != 0 {
		w.Errorf("got %d secrets, want none", len(secrets))
	}
}

func (w *world) clientsListed() {
	clients, err := w.Clients(w.ctx, w.one.org.ID)
	w.must(err)
	if diff := cmp.Diff([]access.Client{w.one.client}, clients); diff != "" {
		w.Errorf("got +, want -:\n%s", diff)
	}
	secret, err := w.admin.RotateClient(w.ctx, w.one.client.ID)
	w.must(err)
	clients, err = w.Clients(w.ctx, "")
	w.must(err)
	i := slices.IndexFunc(clients, func(c access.Client) bool { return c.ID == w.one.client.ID })
	if len(clients) != 2 || clients[i].SecretHash != w.keys.Hash(access.ForClientSecret, secret) {
		w.Errorf("got %+v, want both clients, the first with the new secret", clients)
	}
}
