package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/event"
	"avow/internal/outbox"
)

func neighbours(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"a change of one code keeps those of other purposes": (*world).codesByPurpose,
		"address, password and sessions are saved":           (*world).credentialsSaved,
		"an address that is taken meanwhile is refused":      (*world).addressTakenMeanwhile,
		"a one-time password is used up with the sign-in":    (*world).oncePasswordUsed,
		"endpoints are one organisation's, and come with it": (*world).endpointsLoaded,
		"a disabled endpoint hears and signs nothing":        (*world).endpointDisabled,
		"an event is written with its change, or not at all": (*world).eventWithChange,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

// changeOne carries out a change of the first account.
func (w *world) changeOne(decide func(account.State) account.Next) error {
	return w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		next := decide(s)
		if next.Account == nil {
			next.Account = s.Account
		}
		return next, nil
	})
}

func (w *world) codesByPurpose() {
	move, reset, verify := w.code("move"), w.code("reset"), w.code("verify")
	move.About = "new@example.com"
	for _, next := range []account.Next{
		{Codes: account.Codes{account.ChangeEmail: move}}, {Code: verify}, {Codes: account.Codes{account.ResetPassword: reset}}, {},
	} {
		w.must(w.changeOne(func(account.State) account.Next { return next }))
	}
	state := w.view(w.keyOf(w.one.token))
	if diff := cmp.Diff(account.Codes{account.ChangeEmail: move, account.ResetPassword: reset}, state.Codes) + cmp.Diff(verify, state.Code); diff != "" {
		w.Errorf("got +, want -:\n%s", diff)
	}
	w.must(w.changeOne(func(account.State) account.Next { return account.Next{NoCode: true} }))
	w.must(w.changeOne(func(account.State) account.Next { return account.Next{Codes: account.Codes{account.ChangeEmail: nil}} }))
	if state := w.view(w.keyOf(w.one.token)); state.Code != nil || len(state.Codes) != 1 || state.Codes[account.ResetPassword] == nil {
		w.Errorf("got %v and %v, want the reset alone", state.Code, state.Codes)
	}
}

func (w *world) credentialsSaved() {
	want := w.one.account
	want.Email, want.Password, want.Sessions = "New@example.com", "hash", account.Sessions{Epoch: 3, Kept: "fam_1"}
	w.must(w.changeOne(func(account.State) account.Next { return account.Next{Account: &want} }))
	state := w.view(w.named(w.one.token, account.Named(account.ByEmail, "new@EXAMPLE.com")))
	if state.Account == nil || state.Holder == nil || state.Holder.Sessions != want.Sessions {
		w.Fatalf("got %+v, want the account by its new address, and its sessions", state)
	}
	want.Version = state.Account.Version
	if diff := cmp.Diff(&want, state.Account); diff != "" {
		w.Errorf("got +, want -:\n%s", diff)
	}
	if old := w.view(w.named(w.one.token, account.Named(account.ByEmail, "holder@example.com"))); old.Account != nil {
		w.Errorf("got %+v by the old address, want nothing", old.Account)
	}
	if t := w.view(w.keyOf(w.one.token)).Token; t.Epoch != 0 {
		w.Errorf("got a token of epoch %d, want 0", t.Epoch)
	}
}

func (w *world) addressTakenMeanwhile() {
	w.must(w.create(w.newAccount(w.one.org.ID, "taken@example.com")))
	moved := w.one.account
	moved.Email = "TAKEN@example.com"
	mail := outbox.NewMail("dlv_1", w.one.org.ID, "holder@example.com", "t", map[string]string{}, start)
	if err := w.changeOne(func(account.State) account.Next { return account.Next{Account: &moved, Mails: []account.Mail{mail}} }); !errors.Is(err, account.ErrEmailTaken) {
		w.Errorf("got %v, want %v", err, account.ErrEmailTaken)
	}
	if a := w.view(w.keyOf(w.one.token)).Account; a.Email != "holder@example.com" || len(w.claim(start)) != 0 {
		w.Errorf("got %+v, want it as it was, and no mail", a)
	}
	moved.Email = "two@example.com" // of another organisation, which is no hindrance
	w.must(w.create(w.newAccount(w.two.org.ID, "two@example.com")))
	w.must(w.changeOne(func(account.State) account.Next { return account.Next{Account: &moved} }))
}

func (w *world) oncePasswordUsed() {
	once, reset := w.code("once"), w.code("reset")
	w.must(w.changeOne(func(account.State) account.Next {
		return account.Next{Codes: account.Codes{account.SignInOnce: once, account.ResetPassword: reset}}
	}))
	w.must(w.ChangeGrant(w.ctx, w.signInKey(), func(s account.GrantState) (account.GrantNext, error) {
		if diff := cmp.Diff(once, s.Codes[account.SignInOnce]); diff != "" {
			w.Errorf("got +, want -:\n%s", diff)
		}
		return account.GrantNext{Counted: s.Account, Codes: account.Codes{account.SignInOnce: nil}}, nil
	}))
	if codes := w.view(w.keyOf(w.one.token)).Codes; len(codes) != 1 || codes[account.ResetPassword] == nil {
		w.Errorf("got %v, want the one-time password gone and the other code kept", codes)
	}
}

// endpoint registers one of an organisation.
func (w *world) endpoint(org, url string, events ...string) access.Endpoint {
	w.Helper()
	names := []string{string(event.AccountChanged), string(event.RegisteredAccountConfirmed)}
	e, err := w.admin.CreateEndpoint(w.ctx, w.Store, access.EndpointPolicy{Events: names}, access.Endpoint{Org: org, URL: url, Events: events})
	w.must(err)
	return e
}

func (w *world) endpointsLoaded() {
	first, second := w.endpoint("one", "https://a.example/"), w.endpoint("one", "https://b.example/", "account_changed")
	theirs := w.endpoint("two", "https://c.example/")
	shown := []access.Endpoint{first, second}
	for i := range shown {
		shown[i].Secret = ""
	}
	listed, err := w.Endpoints(w.ctx, w.one.org.ID)
	w.must(err)
	if diff := cmp.Diff(shown, listed); diff != "" {
		w.Errorf("list: got +, want -:\n%s", diff)
	}
	for i := range shown {
		shown[i].Org = ""
	}
	for name, k := range map[string]account.Key{
		"token": w.keyOf(w.one.token), "id": account.KeyOfID(w.one.account.ID), "name": w.named(w.one.token, account.Named(account.ByID, w.one.account.ID)),
		"new": account.KeyOfNew(w.one.org.ID, "fresh@example.com", nil),
	} {
		if diff := cmp.Diff(shown, w.view(k).Endpoints); diff != "" {
			w.Errorf("%s: got +, want -:\n%s", name, diff)
		}
	}
	d, _ := w.hook(w.one.org.ID, "", "https://a.example/", false)
	w.wantSecrets(d, outbox.Signer{Endpoint: first.ID}, start, first.Secret)
	w.wantSecrets(d, outbox.Signer{Endpoint: theirs.ID}, start)
	all, err := w.Secrets(w.ctx)
	w.must(err)
	if diff := cmp.Diff([]string{first.Secret, second.Secret, theirs.Secret}, all); diff != "" {
		w.Errorf("secrets: got +, want -:\n%s", diff)
	}
}

func (w *world) endpointDisabled() {
	e := w.endpoint("one", "https://a.example/")
	w.must(w.DisableEndpoint(w.ctx, e.ID, start))
	if all := w.view(w.keyOf(w.one.token)).Endpoints; len(all) != 0 {
		w.Errorf("got %+v, want none that hears", all)
	}
	d, _ := w.hook(w.one.org.ID, "", "https://a.example/", false)
	w.wantSecrets(d, outbox.Signer{Endpoint: e.ID}, start)
	for _, id := range []string{e.ID, "whe_none"} {
		if err := w.DisableEndpoint(w.ctx, id, start); !errors.Is(err, access.ErrEndpointGone) {
			w.Errorf("%s: got %v, want %v", id, err, access.ErrEndpointGone)
		}
	}
	if listed, err := w.Endpoints(w.ctx, ""); err != nil || len(listed) != 1 || !listed[0].DisabledAt.Equal(start) {
		w.Errorf("got %+v, %v, want it listed as disabled", listed, err)
	}
}

func (w *world) eventWithChange() {
	e := w.endpoint("one", "https://a.example/")
	tell := func(id string) outbox.Delivery {
		return outbox.NewWebhook(id, w.one.org.ID, false, outbox.Hook{URL: e.URL, Event: "evt_1", Signer: outbox.Signer{Endpoint: e.ID}, Body: []byte("{}")}, start)
	}
	if err := w.changeOne(func(account.State) account.Next {
		return account.Next{Code: w.code("r"), Hooks: []account.Mail{tell("h"), tell("h")}}
	}); err == nil {
		w.Error("got no error, want one for two deliveries of one id")
	}
	if state := w.view(w.keyOf(w.one.token)); state.Code != nil || len(w.claimKind(outbox.Webhook, start)) != 0 {
		w.Errorf("got %v, want neither code nor event", state.Code)
	}
	w.must(w.changeOne(func(account.State) account.Next { return account.Next{Hooks: []account.Mail{tell("h")}} }))
	if claimed := w.claimKind(outbox.Webhook, start); len(claimed) != 1 || claimed[0].Test || claimed[0].Target != e.URL {
		w.Errorf("got %+v, want the event", claimed)
	}
}
