package account

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/fault"
	"avow/internal/outbox"
)

// fresh is the state in which nobody has the address of an account to be made.
func fresh(changes ...func(*State)) State {
	return named(append([]func(*State){func(s *State) { s.Account, s.Code = nil, nil }}, changes...)...)
}

func registerInput(verified bool) RegisterInput {
	in := RegisterInput{CreateInput: createInput(), Verified: verified}
	in.Need = accountWrite
	in.Account = Account{ID: accountID, Email: "anna@example.com", Password: keptPassword, CreatedAt: start, UpdatedAt: start}
	return in
}

func notRequired(s *State) { s.Settings = access.Settings{access.VerificationRequired: "off"} }

// accounts-api.md 5.2, 5.3, 13.10.
func TestRegister(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change   func(*State)
		verified bool
		status   Status
		mailed   bool
	}{
		"verified":                         {func(*State) {}, true, Active, false},
		"to be verified":                   {func(*State) {}, false, Created, true},
		"verified, not required":           {notRequired, true, Active, false},
		"to be verified, but not required": {notRequired, false, Active, false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			in := registerInput(tt.verified)
			want := in.Account
			want.Org, want.Status, want.Verified = orgID, tt.status, tt.status == Active
			next, err := Register(fresh(tt.change), in)
			if diff := cmp.Diff(&want, next.Account); diff != "" || err != nil {
				t.Fatalf("got error %v, and got +, want -:\n%s", err, diff)
			}
			if got := next.Code != nil; got != tt.mailed || got != (len(next.Mails) == 1) || next.NoCode || next.Unsend != nil || next.Idle {
				t.Errorf("got %+v, want a code and a mail: %t", next, tt.mailed)
			}
			operator, err := Enrol(fresh(tt.change), in)
			want.Org = ""
			if diff := cmp.Diff(Next{Account: &want}, operator); diff != "" || err != nil {
				t.Errorf("on an operator's word: got error %v, and got +, want -:\n%s", err, diff)
			}
		})
	}
}

// The mail of a new account is that of a request without verification_url; its code is the one that is kept.
func TestRegisterMail(t *testing.T) {
	t.Parallel()
	in := registerInput(false)
	in.URL = ""
	next, err := Register(fresh(), in)
	if err != nil {
		t.Fatal(err)
	}
	code := Code{ID: in.RequestID, Hash: in.CodeHash, Delivery: in.MailID, CreatedAt: start, ExpiresAt: in.ExpiresAt}
	if diff := cmp.Diff(&code, next.Code); diff != "" {
		t.Errorf("code: got +, want -:\n%s", diff)
	}
	var message outbox.Message
	var data Confirmation
	if err := errors.Join(json.Unmarshal(next.Mails[0].Payload, &message), json.Unmarshal(message.Data, &data)); err != nil {
		t.Fatal(err)
	}
	want := Confirmation{Language: "en", Brand: "Acme", Email: "anna@example.com", Link: public + "/confirm?id=" + accountID + "&confirmation_code=" + in.Code, Expires: in.ExpiresAt.Format(time.RFC3339)}
	if diff := cmp.Diff(want, data); diff != "" {
		t.Errorf("mail: got +, want -:\n%s", diff)
	}
}

// Nothing is made of what is refused; authentication comes first.
func TestRegisterRefuses(t *testing.T) {
	t.Parallel()
	taken := func(s *State) {
		s.Account = &Account{ID: "bbbbbbbbbbbbbbbbbbbbbbbb", Org: orgID, Email: "anna@example.com", Status: Inactive}
	}
	tests := map[string]struct {
		change func(*State)
		want   *fault.Error
		field  string
	}{
		"address in use":              {taken, ErrEmailTaken, "email"},
		"alias in use":                {func(s *State) { s.InUse = []NameKind{ByAlias} }, ErrNameInUse, "alias"},
		"customer number in use":      {func(s *State) { s.InUse = []NameKind{ByCustomerNumber} }, ErrNameInUse, "customer_number"},
		"tulo customer number in use": {func(s *State) { s.InUse = []NameKind{ByTuloCustomerNumber} }, ErrNameInUse, "tulo_customer_number"},
		"external id in use":          {func(s *State) { s.InUse = []NameKind{ByExternalID("crm")} }, ErrNameInUse, "external_ids"},
		"no scope":                    {both(taken, func(s *State) { s.Token.Scopes = scopes }), access.ErrScopeMissing, ""},
		"token expired":               {both(taken, func(s *State) { s.Token.ExpiresAt = start }), access.ErrTokenExpired, ""},
		"token of a blocked account":  {both(taken, held(Inactive, false)), access.ErrTokenUnknown, ""},
	}
	for name, tt := range tests {
		next, err := Register(fresh(tt.change), registerInput(false))
		if f := fault.From(err); !errors.Is(err, tt.want) || f.Field != tt.field || !next.Empty() {
			t.Errorf("%s: got %+v, %v, want nothing and %v on %q", name, next, err, tt.want, tt.field)
		}
	}
}

// accounts-api.md 5.1: what could not be looked up is refused when it is made.
func TestCheckNames(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("å", 256)
	tests := map[string]struct {
		profile Profile
		field   string
	}{
		"none":                     {Profile{}, ""},
		"all":                      {Profile{Alias: "Anna 1", CustomerNumber: "aZ-_0", TuloCustomerNumber: "00001", ExternalIDs: map[string]string{"crm": "4711"}}, ""},
		"the longest":              {Profile{Alias: long[2:], CustomerNumber: "1234567890", TuloCustomerNumber: long[2:], ExternalIDs: map[string]string{long[:128]: long[2:]}}, ""},
		"alias too long":           {Profile{Alias: long}, "alias"},
		"alias with a line break":  {Profile{Alias: "a\nb"}, "alias"},
		"alias with a control":     {Profile{Alias: "a\u0085b"}, "alias"},
		"customer number too long": {Profile{CustomerNumber: "12345678901"}, "customer_number"},
		"customer number, blank":   {Profile{CustomerNumber: "1 2"}, "customer_number"},
		"customer number, newline": {Profile{CustomerNumber: "12\n"}, "customer_number"},
		"customer number, letter":  {Profile{CustomerNumber: "å"}, "customer_number"},
		"tulo number too long":     {Profile{TuloCustomerNumber: long}, "tulo_customer_number"},
		"external key too long":    {Profile{ExternalIDs: map[string]string{long[:130]: "1"}}, "external_ids"},
		"external key empty":       {Profile{ExternalIDs: map[string]string{"": "1"}}, "external_ids"},
		"external key, null":       {Profile{ExternalIDs: map[string]string{"a\x00": "1"}}, "external_ids"},
		"external value too long":  {Profile{ExternalIDs: map[string]string{"crm": long}}, "external_ids"},
		"external value, bad text": {Profile{ExternalIDs: map[string]string{"crm": "\xff"}}, "external_ids"},
	}
	for name, tt := range tests {
		err := tt.profile.CheckNames()
		if (err != nil) != (tt.field != "") || err != nil && (!errors.Is(err, ErrNameMalformed) || fault.From(err).Field != tt.field) {
			t.Errorf("%s: got %v, want it refused on %q", name, err, tt.field)
		}
	}
}

// The service makes accounts in the token's organisation, and no hash for a call that is refused.
func TestRegisterOfTheService(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.world.tokens[0].Account, f.world.tokens[0].Scopes = "", []string{ScopeAccountRead, ScopeAccountWrite}
	write := Call{Bearer: bearer, Need: accountWrite}
	n := NewAccount{Org: "org_2", Email: "Bert@example.com", Password: password, Profile: Profile{FirstName: "Bert", ExternalIDs: map[string]string{"crm": "1"}}}
	made, err := f.Register(t.Context(), write, n)
	if err != nil {
		t.Fatal(err)
	}
	if made.Org != orgID || made.Status != Created || made.Verified || !strings.HasPrefix(made.Password, "$argon2id$") || made.Profile.FirstName != "Bert" {
		t.Errorf("got %+v, want it created in the token's organisation", made)
	}
	id, code := f.mailedCode(t)
	if id != made.ID {
		t.Fatalf("got a mail about %s, want about %s", id, made.ID)
	}
	for name, about := range map[string]Name{"id": Named(ByID, made.ID), "address": Named(ByEmail, "BERT@example.com"), "external id": Named(ByExternalID("crm"), "1")} {
		if found, err := f.Account(t.Context(), Call{bearer, accountWrite, about}); err != nil || found.ID != made.ID {
			t.Errorf("by %s: got %+v, %v, want it found", name, found, err)
		}
	}
	if got, err := f.Verify(t.Context(), Call{bearer, accountWrite, Named(ByID, made.ID)}, code); err != nil || got != made.ID {
		t.Errorf("verify: got %q, %v, want %s", got, err, made.ID)
	}
	f.world.calls = 0
	for name, refused := range map[string]NewAccount{
		"address in use":     {Email: "ANNA@example.com", Password: password},
		"external id in use": {Email: "cleo@example.com", Password: password, Profile: Profile{ExternalIDs: map[string]string{"crm": "1"}}},
	} {
		if made, err := f.Register(t.Context(), write, refused); err == nil || made.ID != "" {
			t.Errorf("%s: got %+v, %v, want nothing", name, made, err)
		}
	}
	if f.world.calls != 2 {
		t.Errorf("got %d calls of the store for two refusals, want one look-up each", f.world.calls)
	}
}

// Whatever cannot be an account is told before anything is looked up.
func TestRegisterChecksFirst(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	tests := map[string]struct {
		n    NewAccount
		want error
	}{
		"address":  {NewAccount{Email: "anna", Password: password}, ErrEmailMalformed},
		"blanks":   {NewAccount{Email: " anna@example.com ", Password: password}, ErrEmailMalformed},
		"password": {NewAccount{Email: "bert@example.com", Password: "12345"}, ErrPasswordLength},
		"name":     {NewAccount{Email: "bert@example.com", Password: password, Profile: Profile{Alias: "\n"}}, ErrNameMalformed},
	}
	for name, tt := range tests {
		if _, err := f.Register(t.Context(), Call{Bearer: bearer, Need: accountWrite}, tt.n); !errors.Is(err, tt.want) || f.world.calls != 0 {
			t.Errorf("%s: got %v after %d calls, want %v after none", name, err, f.world.calls, tt.want)
		}
	}
}
