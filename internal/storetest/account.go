package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/outbox"
)

func accounts(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"a token loads its account, client and brand":          (*world).tokenLoads,
		"what is unknown is nil":                               (*world).unknownIsNil,
		"a token of another organisation finds no account":     (*world).foreignToken,
		"a change is saved whole":                              (*world).changeSaved,
		"a refusal is saved with its state":                    (*world).refusalSaved,
		"an empty next saves nothing":                          (*world).emptySavesNothing,
		"a change that fails leaves nothing":                   (*world).failedLeavesNothing,
		"a new code takes the place of the old":                (*world).codeReplaced,
		"a panicking decision saves nothing and frees the row": (*world).panicSavesNothing,
		"parallel changes never decide on the same state":      (*world).parallelChanges,
		"a change on a state that was seen":                    (*world).seenSaved,
		"a change on a state that was seen and is stale":       (*world).seenStale,
		"an address is taken once in an organisation":          (*world).addressTaken,
		"the brand is the setting, else the name":              (*world).brand,
		"languages are the account's and the organisation's":   (*world).languages,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

func (w *world) view(k account.Key) account.State {
	w.Helper()
	state, err := w.View(w.ctx, k)
	w.must(err)
	return state
}

func (w *world) tokenLoads() {
	state := w.view(w.keyOf(w.one.token))
	if state.Token == nil || state.Token.Account != w.one.account.ID || state.Token.Kind != access.AccessToken || !state.Token.ExpiresAt.Equal(start.Add(time.Hour)) {
		w.Fatalf("got token %+v, want the one of account %s", state.Token, w.one.account.ID)
	}
	if diff := cmp.Diff(&w.one.client, state.Client); diff != "" {
		w.Errorf("client: got +, want -:\n%s", diff)
	}
	if diff := cmp.Diff(&w.one.account, state.Account); diff != "" {
		w.Errorf("account: got +, want -:\n%s", diff)
	}
	if state.Code != nil {
		w.Errorf("got code %+v, want none", state.Code)
	}
}

func (w *world) unknownIsNil() {
	for name, k := range map[string]account.Key{"token": w.keyOf("nobody's"), "id": account.KeyOfID("ffffffffffffffffffffffff")} {
		if state := w.view(k); state.Token != nil || state.Client != nil || state.Account != nil || state.Code != nil {
			w.Errorf("%s: got %+v, want nothing", name, state)
		}
	}
}

// foreignToken has a client of one organisation hold a token that names an account of the other.
func (w *world) foreignToken() {
	token := w.issue(w.two.client, w.one.account.ID)
	if state := w.view(w.keyOf(token)); state.Account != nil || state.Token == nil {
		w.Errorf("got account %+v, want none", state.Account)
	}
	refresh := account.GrantKey{Client: w.two.client.ID, ByToken: true, Refresh: w.keys.Lookup(access.ForToken, w.one.token)}
	if state := w.grant(refresh); state.Refresh != nil || state.Account != nil {
		w.Errorf("got %+v, want nothing of another organisation", state)
	}
}

func (w *world) code(request string) *account.Code {
	return &account.Code{
		ID: request, Hash: w.keys.Hash(access.ForCode, request), Delivery: "dlv_" + request, CreatedAt: start, ExpiresAt: start.Add(24 * time.Hour),
	}
}

func (w *world) changeSaved() {
	code := w.code("r1")
	mail := outbox.NewMail(code.Delivery, w.one.org.ID, "holder@example.com", "confirm_email", map[string]string{"a": "b"}, start)
	w.must(w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		a := *s.Account
		a.Status, a.Verified, a.UpdatedAt = account.Active, true, start.Add(time.Minute)
		return account.Next{Account: &a, Code: code, Mails: []account.Mail{mail}}, nil
	}))
	want := w.one.account
	want.Status, want.Verified, want.UpdatedAt = account.Active, true, start.Add(time.Minute)
	state := w.view(account.KeyOfID(want.ID))
	if state.Account.Version == want.Version {
		w.Errorf("got version %d before and after a change, want another", want.Version)
	}
	want.Version = state.Account.Version
	if diff := cmp.Diff(&want, state.Account); diff != "" {
		w.Errorf("account: got +, want -:\n%s", diff)
	}
	if diff := cmp.Diff(code, state.Code); diff != "" {
		w.Errorf("code: got +, want -:\n%s", diff)
	}
	claimed := w.claim(start)
	if len(claimed) != 1 || claimed[0].ID != mail.ID || string(claimed[0].Payload) != string(mail.Payload) {
		w.Errorf("got deliveries %+v, want the mail", claimed)
	}
}

func (w *world) refusalSaved() {
	refusal := errors.New("refused")
	err := w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		code := w.code("r1")
		code.Wrong = 7
		return account.Next{Account: s.Account, Code: code}, refusal
	})
	if !errors.Is(err, refusal) {
		w.Fatalf("got error %v, want the refusal", err)
	}
	if state := w.view(w.keyOf(w.one.token)); state.Code == nil || state.Code.Wrong != 7 {
		w.Errorf("got code %+v, want 7 wrong tries", state.Code)
	}
}

func (w *world) emptySavesNothing() {
	refusal := errors.New("refused")
	err := w.Change(w.ctx, w.keyOf(w.one.token), func(account.State) (account.Next, error) { return account.Next{}, refusal })
	if !errors.Is(err, refusal) {
		w.Fatalf("got error %v, want the refusal", err)
	}
	if diff := cmp.Diff(&w.one.account, w.view(w.keyOf(w.one.token)).Account); diff != "" {
		w.Errorf("got +, want -:\n%s", diff)
	}
}

// failedLeavesNothing has a change fail at its last write: neither its state nor its mail is there, for they are of one transaction.
func (w *world) failedLeavesNothing() {
	mail := outbox.NewMail("dlv_1", w.one.org.ID, "holder@example.com", "t", map[string]string{}, start)
	err := w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		a := *s.Account
		a.Verified = true
		return account.Next{Account: &a, Code: w.code("r1"), Mails: []account.Mail{mail, mail}}, nil
	})
	if err == nil {
		w.Fatal("got no error, want one for two deliveries of one id")
	}
	if state := w.view(w.keyOf(w.one.token)); state.Account.Verified || state.Code != nil {
		w.Errorf("got verified %v and code %+v, want neither", state.Account.Verified, state.Code)
	}
	w.wantClaimed(start.Add(time.Hour))
}

func (w *world) codeReplaced() {
	for _, request := range []string{"r1", "r2"} {
		w.must(w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
			return account.Next{Account: s.Account, Code: w.code(request)}, nil
		}))
	}
	if state := w.view(w.keyOf(w.one.token)); state.Code == nil || state.Code.ID != "r2" {
		w.Fatalf("got code %+v, want that of r2", state.Code)
	}
	w.must(w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, NoCode: true}, nil
	}))
	if state := w.view(w.keyOf(w.one.token)); state.Code != nil {
		w.Errorf("got code %+v, want none", state.Code)
	}
}

func (w *world) panicSavesNothing() {
	func() {
		defer func() { _ = recover() }()
		_ = w.Change(w.ctx, w.keyOf(w.one.token), func(account.State) (account.Next, error) { panic("bug") })
	}()
	w.must(w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
		return account.Next{Account: s.Account, Code: w.code("r1")}, nil
	}))
	if state := w.view(w.keyOf(w.one.token)); state.Code == nil {
		w.Error("got no code, want the change after the panic saved")
	}
}

// parallelChanges has each caller raise a count by one from the state that it sees: none may get lost.
func (w *world) parallelChanges() {
	const callers = 32
	count := func(s account.State) *account.Code {
		code := w.code("r1")
		if s.Code != nil {
			code.Wrong = s.Code.Wrong + 1
		}
		return code
	}
	var group sync.WaitGroup
	for range callers + 1 {
		group.Go(func() {
			err := w.Change(w.ctx, w.keyOf(w.one.token), func(s account.State) (account.Next, error) {
				return account.Next{Account: s.Account, Code: count(s)}, nil
			})
			if err != nil {
				w.Error(err)
			}
		})
	}
	group.Wait()
	if got := w.view(w.keyOf(w.one.token)).Code.Wrong; got != callers {
		w.Errorf("got a count of %d, want %d", got, callers)
	}
}

func (w *world) addressTaken() {
	if err := w.create(w.newAccount(w.one.org.ID, " Holder@Example.COM ")); !errors.Is(err, account.ErrEmailTaken) {
		w.Errorf("got %v, want %v", err, account.ErrEmailTaken)
	}
	w.must(w.create(w.newAccount(w.one.org.ID, "other@example.com")))
}

func (w *world) brand() {
	if got := w.view(w.keyOf(w.one.token)).Brand; got != "one" {
		w.Errorf("got brand %q, want one", got)
	}
	w.must(w.SaveSettings(w.ctx, w.one.org.ID, access.Settings{access.BrandName: "Uno"}))
	if got := w.view(account.KeyOfID(w.one.account.ID)).Brand; got != "Uno" {
		w.Errorf("got brand %q, want Uno", got)
	}
}

func (w *world) languages() {
	a := w.newAccount(w.one.org.ID, "other@example.com")
	a.Profile.Language = "sv-SE"
	w.must(w.create(a))
	if got := w.view(account.KeyOfID(a.ID)); got.Account.Profile.Language != "sv-SE" || got.Settings.Get(access.Language) != "en" {
		w.Errorf("got account %q, organisation %q, want sv-SE, en", got.Account.Profile.Language, got.Settings.Get(access.Language))
	}
	w.must(w.SaveSettings(w.ctx, w.one.org.ID, access.Settings{access.Language: "sv"}))
	for name, k := range map[string]account.Key{"token": w.keyOf(w.one.token), "id": account.KeyOfID(a.ID)} {
		if got := w.view(k).Settings.Get(access.Language); got != "sv" {
			w.Errorf("by %s: got the organisation's language %q, want sv", name, got)
		}
	}
}

func grants(t *testing.T, open Open) {
	cases := map[string]func(*world){
		"sign-in finds the account of the client's organisation only": (*world).signInOwner,
		"a refresh token is exchanged once":                           (*world).exchangedOnce,
		"a family is revoked whole":                                   (*world).familyRevoked,
		"revoking an access token leaves its family":                  (*world).revokeOne,
		"a disabled client is told":                                   (*world).disabledClient,
		"a token that is shown comes with its own client":             (*world).shownToken,
		"a revoked token takes no other with it":                      (*world).revokedAlone,
		"parallel wrong passwords are all counted":                    (*world).countedInParallel,
		"a count outlives other changes of its account":               (*world).countKept,
		"tokens issued on a count come with it or not at all":         (*world).issuedOnCount,
		"an idle grant writes nothing":                                (*world).idleGrant,
	}
	for name, check := range cases {
		t.Run(name, func(t *testing.T) { t.Parallel(); check(newWorld(t, open)) })
	}
}

func (w *world) grant(k account.GrantKey) account.GrantState {
	w.Helper()
	state, err := w.ViewGrant(w.ctx, k)
	w.must(err)
	return state
}

func (w *world) signInOwner() {
	own := account.GrantKey{Client: w.one.client.ID, Org: w.one.org.ID, EmailKey: "holder@example.com"}
	if state := w.grant(own); state.Account == nil || state.Account.ID != w.one.account.ID || state.Client == nil {
		w.Errorf("got %+v, want the account of one", state)
	}
	for name, k := range map[string]account.GrantKey{
		"another organisation's name": {Client: w.one.client.ID, Org: w.two.org.ID, EmailKey: "holder@example.com"},
		"unknown address":             {Client: w.one.client.ID, Org: w.one.org.ID, EmailKey: "nobody@example.com"},
		"unknown client":              {Client: "client_none", Org: w.one.org.ID, EmailKey: "holder@example.com"},
	} {
		if state := w.grant(k); state.Account != nil {
			w.Errorf("%s: got account %+v, want none", name, state.Account)
		}
	}
}

func (w *world) pair(family string) (accessText, refreshText string) {
	w.Helper()
	accessText, refreshText = w.random.Secret("a"), w.random.Secret("r")
	base := access.Token{Org: w.one.org.ID, Client: w.one.client.ID, Account: w.one.account.ID, Family: family, CreatedAt: start, ExpiresAt: start.Add(time.Hour)}
	a, r := base, base
	a.Kind, a.Hash = access.AccessToken, w.keys.Hash(access.ForToken, accessText)
	r.Kind, r.Hash = access.RefreshToken, w.keys.Hash(access.ForToken, refreshText)
	w.must(w.ChangeGrant(w.ctx, account.GrantKey{Client: w.one.client.ID}, func(account.GrantState) (account.GrantNext, error) {
		return account.GrantNext{Issue: []access.Token{a, r}}, nil
	}))
	return accessText, refreshText
}

func (w *world) refreshKey(text string) account.GrantKey {
	return account.GrantKey{Client: w.one.client.ID, ByToken: true, Refresh: w.keys.Lookup(access.ForToken, text)}
}

// exchangedOnce lets many callers exchange one refresh token by the real decision.
func (w *world) exchangedOnce() {
	_, refresh := w.pair("fam_1")
	var mu sync.Mutex
	exchanged := 0
	var group sync.WaitGroup
	for n := range 16 {
		group.Go(func() {
			err := w.ChangeGrant(w.ctx, w.refreshKey(refresh), func(s account.GrantState) (account.GrantNext, error) {
				if !s.Refresh.UsedAt.IsZero() {
					return account.GrantNext{}, account.ErrRefreshInvalid
				}
				next := *s.Refresh
				next.Hash, next.CreatedAt = w.keys.Hash(access.ForToken, fmt.Sprint("next", n)), start.Add(time.Second)
				return account.GrantNext{Exchange: s.Refresh, Issue: []access.Token{next}}, nil
			})
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				exchanged++
			} else if !errors.Is(err, account.ErrRefreshInvalid) {
				w.Errorf("got %v, want %v", err, account.ErrRefreshInvalid)
			}
		})
	}
	group.Wait()
	if exchanged != 1 {
		w.Errorf("got %d exchanges, want 1", exchanged)
	}
}

func (w *world) familyRevoked() {
	accessText, refresh := w.pair("fam_1")
	other, _ := w.pair("fam_2")
	w.must(w.ChangeGrant(w.ctx, w.refreshKey(refresh), func(account.GrantState) (account.GrantNext, error) {
		return account.GrantNext{RevokeFamily: "fam_1", RevokedAt: start}, nil
	}))
	if w.view(w.keyOf(accessText)).Token.RevokedAt.IsZero() || w.grant(w.refreshKey(refresh)).Refresh.RevokedAt.IsZero() {
		w.Error("got a token of the family that is not revoked, want all revoked")
	}
	if !w.view(w.keyOf(other)).Token.RevokedAt.IsZero() {
		w.Error("got a token of another family revoked, want it left alone")
	}
}

func (w *world) revokeOne() {
	accessText, refresh := w.pair("fam_1")
	w.revoke(accessText, true)
	if w.view(w.keyOf(accessText)).Token.RevokedAt.IsZero() || !w.grant(w.refreshKey(refresh)).Refresh.RevokedAt.IsZero() {
		w.Error("got another pair of states, want the access token revoked and the refresh token good")
	}
	second, refresh := w.pair("fam_2")
	w.revoke(refresh, true)
	if w.view(w.keyOf(second)).Token.RevokedAt.IsZero() {
		w.Error("got a good access token, want it revoked with its refresh token")
	}
	w.revoke("nobody's", false)
}

func (w *world) revoke(text string, want bool) {
	w.Helper()
	found, err := w.RevokeToken(w.ctx, w.keys.Lookup(access.ForToken, text), start)
	w.must(err)
	if found != want {
		w.Errorf("got found %v, want %v", found, want)
	}
}

func (w *world) disabledClient() {
	w.must(w.DisableClient(w.ctx, w.one.client.ID, start))
	if w.view(w.keyOf(w.one.token)).Client.DisabledAt.IsZero() {
		w.Error("got an enabled client, want it disabled")
	}
	if err := w.DisableClient(w.ctx, w.one.client.ID, start); !errors.Is(err, access.ErrClientGone) {
		w.Errorf("got %v, want %v", err, access.ErrClientGone)
	}
}
