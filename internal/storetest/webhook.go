package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/outbox"
)

func webhooks(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"both secrets sign while one is rotated": (*world).signersRotate,
		"a revoked key still signs":              (*world).revokedSigns,
		"nobody signs with another owner's key":  (*world).signerOwner,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

// hook makes a webhook of an organisation, signed by a key, that is never enqueued.
func (w *world) hook(org, key, url string, test bool) (outbox.Delivery, outbox.Signer) {
	signer := outbox.Signer{Key: key}
	return outbox.NewWebhook("h", org, test, outbox.Hook{URL: url, Event: "evt_1", Signer: signer}, start), signer
}

func (w *world) wantSecrets(d outbox.Delivery, by outbox.Signer, now time.Time, want ...string) {
	w.Helper()
	secrets, err := w.SigningSecrets(w.ctx, d, by, now)
	w.must(err)
	var got []string
	for _, one := range secrets {
		got = append(got, string(one))
	}
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("secrets: got +, want -:\n%s", diff)
	}
}

func (w *world) signersRotate() {
	k := w.newKey("one", access.Live)
	d, signer := w.hook(w.one.org.ID, k.ID, "https://a.example/", false)
	w.wantSecrets(d, signer, start, k.Secret)
	rotated, err := w.admin.RotateKey(w.ctx, k.ID, time.Hour)
	w.must(err)
	w.wantSecrets(d, signer, start, rotated.Secret, k.Secret)
	w.wantSecrets(d, signer, start.Add(time.Hour-time.Microsecond), rotated.Secret, k.Secret)
	w.wantSecrets(d, signer, start.Add(time.Hour), rotated.Secret)
}

func (w *world) revokedSigns() {
	k := w.newKey("one", access.Test)
	w.must(w.RevokeKey(w.ctx, k.ID, start))
	d, signer := w.hook(w.one.org.ID, k.ID, "https://a.example/", true)
	w.wantSecrets(d, signer, start, k.Secret)
}

func (w *world) signerOwner() {
	k := w.newKey("one", access.Live)
	for _, other := range []struct {
		org  string
		test bool
		key  string
	}{{w.two.org.ID, false, k.ID}, {w.one.org.ID, true, k.ID}, {w.one.org.ID, false, "key_none"}, {w.one.org.ID, false, ""}} {
		d, signer := w.hook(other.org, other.key, "https://a.example/", other.test)
		w.wantSecrets(d, signer, start)
	}
}
