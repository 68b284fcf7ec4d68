package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/outbox"
)

func names(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"every name finds its account, in the token's organisation only": (*world).namesFind,
		"a token that names an account brings its own along":             (*world).holderLoads,
		"a change of a named account is saved":                           (*world).namedChange,
		"a new account is saved whole":                                   (*world).newSaved,
		"names in use are told, those of others are free":                (*world).namesInUse,
		"a new account that fails leaves nothing":                        (*world).failedNewLeavesNothing,
		"one of many new accounts of an address is made":                 (*world).parallelAddress,
		"one of many new accounts of a name is made":                     (*world).parallelName,
		"a new account under an id that is in use leaves nothing":        (*world).idInUse,
		"an idle change writes nothing":                                  (*world).idleWritesNothing,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

var allNames = account.Profile{
	Alias: "Kalle", CustomerNumber: "12", TuloCustomerNumber: "0001", ExternalIDs: map[string]string{"crm": "4711", "erp": "12"}, FirstName: "Kalle",
	Address: map[string]string{"city": "Malmö"}, Company: "Acme", RegistrationNumber: "556677-8899", Source: "import", Tags: []string{"a"},
}

// naming lists the names of an account with all names.
func naming(a account.Account) []account.Name {
	return append(a.Profile.Names(), account.Named(account.ByID, a.ID), account.Named(account.ByEmail, a.Email))
}

// kalle makes an account with all names in an organisation.
func (w *world) kalle(t tenant) account.Account {
	w.Helper()
	a := w.newAccount(t.org.ID, "Kalle@example.com")
	a.Profile = allNames
	w.must(w.create(a))
	return *w.view(account.KeyOfID(a.ID)).Account
}

func (w *world) named(token string, n account.Name) account.Key {
	return account.KeyOfNamed(w.keys.Lookup(access.ForToken, token), n)
}

func (w *world) namesFind() {
	mine, theirs := w.kalle(w.one), w.kalle(w.two)
	for _, n := range naming(mine) {
		state := w.view(w.named(w.one.token, n))
		if diff := cmp.Diff(&mine, state.Account); diff != "" || state.Token == nil || state.Client.ID != w.one.client.ID || state.Brand != "one" {
			w.Errorf("%+v: got client %+v, brand %q, and got +, want -:\n%s", n, state.Client, state.Brand, diff)
		}
	}
	for _, n := range naming(theirs) {
		if state := w.view(w.named(w.one.token, n)); state.Account != nil && state.Account.Org != w.one.org.ID {
			w.Errorf("%+v: got account %+v, want none of another organisation", n, state.Account)
		}
	}
	only := w.newAccount(w.two.org.ID, "only@example.com")
	only.Profile = account.Profile{Alias: "Only", CustomerNumber: "99", TuloCustomerNumber: "98", ExternalIDs: map[string]string{"crm": "97"}}
	w.must(w.create(only))
	for _, n := range naming(only) {
		if state := w.view(w.named(w.one.token, n)); state.Account != nil {
			w.Errorf("%+v: got account %+v of another organisation, want none", n, state.Account)
		}
		if state := w.view(w.named(w.two.token, n)); state.Account == nil || state.Account.ID != only.ID {
			w.Errorf("%+v: got account %+v, want that of its own organisation", n, state.Account)
		}
	}
	foreign := w.view(w.named(w.one.token, account.Named(account.ByID, theirs.ID)))
	if foreign.Account != nil || foreign.Code != nil || foreign.Token == nil {
		w.Errorf("got %+v of another organisation, want the token alone", foreign)
	}
	for _, n := range []account.Name{{Kind: account.ByAlias, Value: "12"}, {Kind: account.ByExternalID("crm"), Value: "12"}, {Kind: account.ByAlias, Value: "kalle"}, {Kind: account.ByID}, {Kind: account.ByEmail}} {
		if state := w.view(w.named(w.one.token, n)); state.Account != nil || state.Token == nil {
			w.Errorf("%+v: got %+v, want the token without an account", n, state.Account)
		}
	}
	if state := w.view(w.named("nobody's", account.Named(account.ByID, mine.ID))); state.Token != nil || state.Account != nil {
		w.Errorf("got %+v for an unknown token, want nothing", state)
	}
}

func (w *world) holderLoads() {
	k := w.named(w.one.token, account.Named(account.ByID, w.kalle(w.one).ID))
	if h := w.view(k).Holder; h == nil || h.ID != w.one.account.ID || h.Status != account.Created || h.LoginDisabled {
		w.Errorf("got holder %+v, want the token's own account", h)
	}
	w.must(w.Change(w.ctx, account.KeyOfID(w.one.account.ID), func(s account.State) (account.Next, error) {
		a := *s.Account
		a.Status, a.LoginDisabled = account.Inactive, true
		return account.Next{Account: &a}, nil
	}))
	if h := w.view(k).Holder; h == nil || h.Status != account.Inactive || !h.LoginDisabled {
		w.Errorf("got holder %+v, want it as it stands", h)
	}
	if state := w.view(w.keyOf(w.one.token)); state.Holder == nil || state.Holder.ID != w.one.account.ID {
		w.Errorf("got holder %+v of a call on the own account, want that account", state.Holder)
	}
	if state := w.view(w.named(w.issue(w.one.client, ""), k.Name)); state.Holder != nil || state.Account == nil {
		w.Errorf("got holder %+v of a token without identity, want none", state.Holder)
	}
	if state := w.view(w.named(w.issue(w.one.client, w.two.account.ID), k.Name)); state.Holder != nil {
		w.Errorf("got holder %+v of another organisation, want none", state.Holder)
	}
}

func (w *world) namedChange() {
	for i, n := range naming(w.kalle(w.one)) {
		request := fmt.Sprint("r", i)
		w.must(w.Change(w.ctx, w.named(w.one.token, n), func(s account.State) (account.Next, error) {
			return account.Next{Account: s.Account, Code: w.code(request)}, nil
		}))
		if state := w.view(w.named(w.one.token, n)); state.Code == nil || state.Code.ID != request || state.Account.Email != "Kalle@example.com" {
			w.Errorf("%+v: got code %+v, want that of %s", n, state.Code, request)
		}
	}
	if state := w.view(w.keyOf(w.one.token)); state.Code != nil {
		w.Errorf("got code %+v of the token's own account, want none", state.Code)
	}
}

// keyOfNew is the key of a new account that comes with a token.
func (w *world) keyOfNew(token string, a account.Account) account.Key {
	k := w.named(token, account.Named(account.ByEmail, a.Email))
	k.New, k.Names = true, a.Profile.Names()
	return k
}

func (w *world) newSaved() {
	a, code := w.newAccount(w.one.org.ID, "Kalle@example.com"), w.code("r1")
	a.Status, a.Verified, a.LoginDisabled, a.Password, a.Profile = account.Active, true, true, "kept", allNames
	mail := outbox.NewMail(code.Delivery, a.Org, a.Email, "confirm_email", map[string]string{"a": "b"}, start)
	w.must(w.Change(w.ctx, w.keyOfNew(w.one.token, a), func(s account.State) (account.Next, error) {
		if s.Token == nil || s.Account != nil || len(s.InUse) != 0 {
			w.Errorf("got %+v, want a token and nothing in use", s)
		}
		return account.Next{Account: &a, Code: code, Mails: []account.Mail{mail}}, nil
	}))
	state := w.view(account.KeyOfID(a.ID))
	if state.Account == nil || state.Account.Version == 0 {
		w.Fatalf("got account %+v, want it kept, with a version", state.Account)
	}
	a.Version = state.Account.Version
	if diff := cmp.Diff(&a, state.Account); diff != "" {
		w.Errorf("account: got +, want -:\n%s", diff)
	}
	if diff := cmp.Diff(code, state.Code); diff != "" {
		w.Errorf("code: got +, want -:\n%s", diff)
	}
	if claimed := w.claim(start); len(claimed) != 1 || claimed[0].ID != mail.ID {
		w.Errorf("got deliveries %+v, want the mail", claimed)
	}
}

func (w *world) namesInUse() {
	w.kalle(w.one)
	a := w.newAccount("", "kalle@EXAMPLE.com")
	a.Profile = allNames
	for name, k := range map[string]account.Key{"by token": w.keyOfNew(w.one.token, a), "by organisation": account.KeyOfNew(w.one.org.ID, a.Email, a.Profile.Names())} {
		if state := w.view(k); state.Account == nil || len(state.InUse) != 5 || state.Brand != "one" {
			w.Errorf("%s: got %+v, want the account of that address and five names in use", name, state)
		}
	}
	for name, k := range map[string]account.Key{"by token": w.keyOfNew(w.two.token, a), "by organisation": account.KeyOfNew(w.two.org.ID, a.Email, a.Profile.Names())} {
		if state := w.view(k); state.Account != nil || len(state.InUse) != 0 || state.Brand != "two" {
			w.Errorf("%s of another organisation: got %+v, want nothing in use", name, state)
		}
	}
	w.must(w.SaveSettings(w.ctx, w.two.org.ID, access.Settings{access.VerificationRequired: "off"}))
	for name, k := range map[string]account.Key{"by token": w.keyOfNew(w.two.token, a), "by organisation": account.KeyOfNew(w.two.org.ID, a.Email, nil)} {
		if w.view(k).Settings.On(access.VerificationRequired) {
			w.Errorf("%s: got verification required, want the organisation's setting", name)
		}
	}
}

func (w *world) failedNewLeavesNothing() {
	a := w.newAccount(w.one.org.ID, "kalle@example.com")
	a.Profile = allNames
	mail := outbox.NewMail("dlv_1", a.Org, a.Email, "t", map[string]string{}, start)
	err := w.Change(w.ctx, w.keyOfNew(w.one.token, a), func(account.State) (account.Next, error) {
		return account.Next{Account: &a, Code: w.code("r1"), Mails: []account.Mail{mail, mail}}, nil
	})
	if err == nil {
		w.Fatal("got no error, want one for two deliveries of one id")
	}
	for _, n := range naming(a) {
		if state := w.view(w.named(w.one.token, n)); state.Account != nil {
			w.Errorf("%+v: got account %+v, want none", n, state.Account)
		}
	}
	w.wantClaimed(start)
}

// idInUse has an account drawn with the id of another: it is not made, and the other gets nothing of it.
func (w *world) idInUse() {
	a := w.newAccount(w.one.org.ID, "kalle@example.com")
	a.ID, a.Profile = w.one.account.ID, allNames
	if err := w.create(a); err == nil {
		w.Fatal("got no error, want one")
	}
	for _, n := range append(a.Profile.Names(), account.Named(account.ByEmail, a.Email)) {
		if state := w.view(w.named(w.one.token, n)); state.Account != nil {
			w.Errorf("%+v: got account %+v, want none", n, state.Account)
		}
	}
}

// parallelAddress has many callers make an account of one address, by tokens and on an operator's word.
func (w *world) parallelAddress() {
	w.race(account.ErrEmailTaken, func(int) account.Account { return w.newAccount(w.one.org.ID, "new@example.com") })
}

// parallelName has many callers make accounts of different addresses with one external id.
func (w *world) parallelName() {
	w.race(account.ErrNameInUse, func(n int) account.Account {
		a := w.newAccount(w.one.org.ID, fmt.Sprintf("new%d@example.com", n))
		a.Profile.ExternalIDs = map[string]string{"crm": "1"}
		return a
	})
}

// race has one of many new accounts made; the others are refused.
func (w *world) race(refusal error, draw func(n int) account.Account) {
	const callers = 16
	var mu sync.Mutex
	var group sync.WaitGroup
	made := 0
	for n := range callers {
		a := draw(n)
		k := w.keyOfNew(w.one.token, a)
		if n%2 == 0 {
			k = account.KeyOfNew(a.Org, a.Email, a.Profile.Names())
		}
		group.Go(func() {
			err := w.Change(w.ctx, k, func(s account.State) (account.Next, error) {
				return account.Enrol(s, account.RegisterInput{Account: a})
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made++
			} else if !errors.Is(err, refusal) {
				w.Errorf("got %v, want %v", err, refusal)
			}
		})
	}
	group.Wait()
	if made != 1 {
		w.Errorf("got %d accounts, want 1", made)
	}
}

func (w *world) idleWritesNothing() {
	refusal := errors.New("refused")
	before := w.view(account.KeyOfID(w.one.account.ID))
	for name, k := range map[string]account.Key{"account": account.KeyOfID(w.one.account.ID), "no account": account.KeyOfID("ffffffffffffffffffffffff"), "own": w.keyOf(w.one.token)} {
		if err := w.Change(w.ctx, k, func(account.State) (account.Next, error) { return account.Next{Idle: true}, refusal }); !errors.Is(err, refusal) {
			w.Errorf("%s: got %v, want the refusal", name, err)
		}
	}
	if diff := cmp.Diff(before, w.view(account.KeyOfID(w.one.account.ID))); diff != "" {
		w.Errorf("got +, want -:\n%s", diff)
	}
}
