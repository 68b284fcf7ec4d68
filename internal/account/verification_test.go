package account

import (
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/outbox"
)

func createInput() CreateInput {
	return CreateInput{
		Need: meWrite, Policy: serveAny, RequestID: "65a3ccc0aaaaaaaaaaaaaaaa", Code: "89bd6d78-4ace-4a0c-a517-afbbbc97c659", CodeHash: access.Hash{9}, MailID: "dlv_new",
		Now: start, ExpiresAt: start.Add(24 * time.Hour),
	}
}

// accounts-api.md 3.1, 13.6: the one live code is the last one mailed or about to be mailed, whatever became of the code before.
func TestCreateRequest(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*State)
		unsend []string
	}{
		"first":               {noCode, nil},
		"again":               {func(*State) {}, []string{"dlv_old"}},
		"after wrong codes":   {wrong(7), []string{"dlv_old"}},
		"after twenty":        {wrong(20), []string{"dlv_old"}},
		"after expiry":        {expired, []string{"dlv_old"}},
		"long after expiry":   {func(s *State) { s.Code.ExpiresAt = start.Add(-72 * time.Hour) }, []string{"dlv_old"}},
		"active account":      {func(s *State) { s.Account.Status, s.Code = Active, nil }, nil},
		"last instant":        {func(s *State) { s.Token.ExpiresAt, s.Code = start.Add(1), nil }, nil},
		"with the scope only": {func(s *State) { s.Token.Scopes, s.Code = []string{ScopeMeWrite}, nil }, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pending(tt.change)
			want := *s.Account
			want.UpdatedAt = start
			next, err := CreateRequest(s, createInput())
			if err != nil {
				t.Fatal(err)
			}
			next.Mails = nil
			if diff := cmp.Diff(Next{
				Account: &want, Unsend: tt.unsend,
				Code: &Code{ID: "65a3ccc0aaaaaaaaaaaaaaaa", Hash: access.Hash{9}, Delivery: "dlv_new", CreatedAt: start, ExpiresAt: start.Add(24 * time.Hour)},
			}, next); diff != "" {
				t.Errorf("got +, want -:\n%s", diff)
			}
		})
	}
}

// The code leaves the house in the mail only.
func TestConfirmationMail(t *testing.T) {
	t.Parallel()
	const added = "id=" + accountID + "&confirmation_code=89bd6d78-4ace-4a0c-a517-afbbbc97c659"
	for url, link := range map[string]string{"": public + "/confirm?" + added, "https://Domain.tld/v?a=%C3%A5#top": "https://Domain.tld/v?a=%C3%A5&" + added + "#top"} {
		in := createInput()
		in.URL = url
		in.ExpiresAt = in.ExpiresAt.In(time.FixedZone("CET", 3600))
		next, err := CreateRequest(pending(), in)
		if err != nil || len(next.Mails) != 1 {
			t.Fatalf("%q: got %d mails, %v, want 1", url, len(next.Mails), err)
		}
		mail := next.Mails[0]
		var message outbox.Message
		var data Confirmation
		if err := errors.Join(json.Unmarshal(mail.Payload, &message), json.Unmarshal(message.Data, &data)); err != nil {
			t.Fatal(err)
		}
		want := Confirmation{Language: "en", Brand: "Acme", Email: "anna@example.com", Link: link, Expires: "2024-01-15T12:00:00Z"}
		if diff := cmp.Diff(want, data); diff != "" {
			t.Errorf("%q: got +, want -:\n%s", url, diff)
		}
		mail.Payload, message.Data = nil, nil
		if diff := cmp.Diff(outbox.Message{To: "anna@example.com", Template: "confirm_email"}, message); diff != "" {
			t.Errorf("%q: got +, want -:\n%s", url, diff)
		}
		if diff := cmp.Diff(outbox.Delivery{ID: "dlv_new", Org: orgID, Kind: outbox.Mail, Target: "anna@example.com", Due: start, Created: start, About: accountID}, mail); diff != "" {
			t.Errorf("%q: got +, want -:\n%s", url, diff)
		}
	}
}

// The mail speaks the holder's language, else the organisation's.
func TestConfirmationMailLanguage(t *testing.T) {
	t.Parallel()
	for want, languages := range map[string][2]string{"": {"", ""}, "sv": {"", "sv"}, "nb-NO": {"nb-NO", "sv"}, "fi": {"fi", ""}} {
		next, err := CreateRequest(pending(func(s *State) {
			s.Account.Profile.Language, s.Settings = languages[0], access.Settings{access.Language: languages[1]}
		}), createInput())
		if err != nil || len(next.Mails) != 1 {
			t.Fatalf("%q: got %d mails, %v, want 1", want, len(next.Mails), err)
		}
		var message outbox.Message
		var data Confirmation
		if err := errors.Join(json.Unmarshal(next.Mails[0].Payload, &message), json.Unmarshal(message.Data, &data)); err != nil || data.Language != want {
			t.Errorf("account %q, organisation %q: got %q, %v, want %q", languages[0], languages[1], data.Language, err, want)
		}
	}
}

// decision is one of the calls on the own account.
type decision func(State) (Next, error)

func decisions() map[string]decision {
	return map[string]decision{
		"create": func(s State) (Next, error) { return CreateRequest(s, createInput()) },
		"verify": func(s State) (Next, error) { return Verify(s, VerifyInput{Need: meWrite, Code: rightCode, Now: start}) },
		"verify wrong": func(s State) (Next, error) {
			return Verify(s, VerifyInput{Need: meWrite, Code: wrongCode, Now: start})
		},
		"standing": func(s State) (Next, error) { _, err := StandingOf(s, meRead, start); return Next{}, err },
		"account":  func(s State) (Next, error) { _, err := AccountOf(s, meWrite, start); return Next{}, err },
	}
}

// Nothing is saved, and nothing told, with a token that is not good; no account is 404.
func TestRefusedCalls(t *testing.T) {
	t.Parallel()
	refusals := map[string]error{}
	spoilers := map[string]func(*State){}
	for name, tt := range refusedTokens {
		spoilers[name], refusals[name] = tt.spoil, tt.want
	}
	for name, spoil := range missing {
		spoilers[name], refusals[name] = spoil, ErrAccountUnknown
	}
	for name, spoil := range spoilers {
		for call, decide := range decisions() {
			next, err := decide(pending(spoil))
			if !errors.Is(err, refusals[name]) || !next.Empty() {
				t.Errorf("%s, %s: got %+v, %v, want nothing and %v", name, call, next, err, refusals[name])
			}
		}
	}
}

func TestScopesAreNotImplied(t *testing.T) {
	t.Parallel()
	needs := map[string]string{"create": ScopeMeWrite, "verify": ScopeMeWrite, "verify wrong": ScopeMeWrite, "standing": ScopeMeRead, "account": ScopeMeWrite}
	for call, decide := range decisions() {
		for _, scope := range scopes {
			_, err := decide(pending(func(s *State) { s.Token.Scopes = []string{scope} }))
			if got, want := !errors.Is(err, access.ErrScopeMissing), scope == needs[call]; got != want {
				t.Errorf("%s with %s alone: got %v, want the scope to do %t", call, scope, err, want)
			}
		}
	}
}

// accounts-api.md 13.1: token, scope and identity, values, account, state. Each row mends the fault of the row before.
func TestCreateRequestOrder(t *testing.T) {
	t.Parallel()
	s := pending(isVerified, status(Archived), func(s *State) { s.Token.ExpiresAt, s.Token.Scopes, s.Client.DisabledAt = start, nil, start })
	in := createInput()
	in.URL = "https://evil.test/"
	in.Policy = serveList
	steps := []struct {
		mend func()
		want error
	}{
		{func() {}, access.ErrTokenUnknown},
		{func() { s.Client.DisabledAt = time.Time{} }, access.ErrTokenExpired},
		{func() { s.Token.ExpiresAt = start.Add(time.Hour) }, access.ErrScopeMissing},
		{func() { s.Token.Scopes = scopes }, ErrURLNotAllowed},
		{func() { in.URL = "https://other.example/" }, ErrAccountUnknown},
		{func() { s.Account.Status = Active }, ErrAlreadyVerified},
		{func() { s.Account.Verified = false }, nil},
	}
	for i, step := range steps {
		step.mend()
		if next, err := CreateRequest(s, in); !errors.Is(err, step.want) || (err != nil) != next.Empty() {
			t.Errorf("step %d: got %+v, %v, want %v", i, next, err, step.want)
		}
	}
}

func TestCreateRequestURLs(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		url      string
		narrower []string
		want     error
	}{
		"of the list":     {"https://other.example/x", nil, nil},
		"not of the list": {"https://evil.test/", nil, ErrURLNotAllowed},
		"narrowed":        {"https://other.example/x", []string{"https://domain.tld/"}, ErrURLNotAllowed},
		"not widened":     {"https://evil.test/", []string{"https://evil.test/"}, ErrURLNotAllowed},
		"our own page":    {"", []string{"https://domain.tld/"}, nil},
	}
	for name, tt := range tests {
		in := createInput()
		in.URL, in.Policy = tt.url, serveList
		next, err := CreateRequest(pending(func(s *State) { s.Client.VerificationURLs = tt.narrower }), in)
		if !errors.Is(err, tt.want) || (err != nil) != next.Empty() {
			t.Errorf("%s: got %+v, %v, want %v", name, next, err, tt.want)
		}
	}
}

// accounts-api.md 3.3, 9.10, 9.11, 13.7, 13.8.
func TestVerify(t *testing.T) {
	t.Parallel()
	done := func(status Status) func(*State) *Next {
		return func(s *State) *Next {
			a := *s.Account
			a.Status, a.Verified, a.UpdatedAt = status, true, start
			return &Next{Account: &a, NoCode: true, Unsend: []string{"dlv_old"}}
		}
	}
	counted := func(n int) func(*State) *Next {
		return func(s *State) *Next {
			a, c := *s.Account, *s.Code
			a.UpdatedAt, c.Wrong = start, n
			return &Next{Account: &a, Code: &c}
		}
	}
	nothing := func(*State) *Next { return &Next{} }
	tests := map[string]struct {
		change  func(*State)
		code    access.Lookup
		want    func(*State) *Next
		refusal error
	}{
		"created becomes active":     {func(*State) {}, rightCode, done(Active), nil},
		"active stays active":        {status(Active), rightCode, done(Active), nil},
		"after nineteen wrong codes": {wrong(19), rightCode, done(Active), nil},
		"in its last instant":        {func(s *State) { s.Code.ExpiresAt = start.Add(1) }, rightCode, done(Active), nil},
		"hashed under an older key":  {func(*State) {}, access.Lookup{{7}, {8}, {1}}, done(Active), nil},
		"wrong":                      {func(*State) {}, wrongCode, counted(1), ErrCodeInvalid},
		"wrong again":                {wrong(7), wrongCode, counted(8), ErrCodeInvalid},
		"wrong for the twentieth":    {wrong(19), wrongCode, counted(20), ErrCodeInvalid},
		"empty hash":                 {func(*State) {}, access.Lookup{}, counted(1), ErrCodeInvalid},
		"right after twenty":         {wrong(20), rightCode, nothing, ErrCodeInvalid},
		"wrong after twenty":         {wrong(20), wrongCode, nothing, ErrCodeInvalid},
		"right at the expiry":        {expired, rightCode, nothing, ErrCodeInvalid},
		"wrong at the expiry":        {expired, wrongCode, nothing, ErrCodeInvalid},
		"no request":                 {noCode, rightCode, nothing, ErrCodeInvalid},
		"no request, empty hash":     {noCode, access.Lookup{}, nothing, ErrCodeInvalid},
		"verified":                   {isVerified, rightCode, nothing, ErrAlreadyVerified},
		"verified, wrong code":       {isVerified, wrongCode, nothing, ErrAlreadyVerified},
		"verified, code left over":   {func(s *State) { s.Account.Verified = true }, rightCode, nothing, ErrAlreadyVerified},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pending(tt.change)
			want := tt.want(&s)
			next, err := Verify(s, VerifyInput{Need: meWrite, Code: tt.code, Now: start})
			if !errors.Is(err, tt.refusal) {
				t.Errorf("got %v, want %v", err, tt.refusal)
			}
			if diff := cmp.Diff(want, &next); diff != "" {
				t.Errorf("got +, want -:\n%s", diff)
			}
			want.Idle = tt.refusal != nil && want.Empty() // as much work as a counted wrong code
			page, err := VerifyOnPage(s, VerifyInput{Code: tt.code, Now: start})
			if (err != nil || tt.refusal != nil) && !errors.Is(err, ErrCodeInvalid) {
				t.Errorf("on the page: got %v, want %v", err, ErrCodeInvalid)
			}
			if diff := cmp.Diff(want, &page); diff != "" {
				t.Errorf("on the page: got +, want -:\n%s", diff)
			}
		})
	}
}

// The page asks for no token, and has one answer to everything that is wrong (accounts-api.md 13.13).
func TestVerifyOnPageHasOneAnswer(t *testing.T) {
	t.Parallel()
	spoilers := map[string]func(*State){"inactive": status(Inactive)}
	for name, spoil := range missing {
		spoilers[name] = spoil
	}
	for name, spoil := range spoilers {
		next, err := VerifyOnPage(pending(spoil), VerifyInput{Code: rightCode, Now: start})
		if diff := cmp.Diff(Next{Idle: true}, next); diff != "" || err != ErrCodeInvalid {
			t.Errorf("%s: got %v, want %v itself, and got +, want -:\n%s", name, err, ErrCodeInvalid, diff)
		}
	}
	if next, err := VerifyOnPage(pending(loginDisabled), VerifyInput{Code: rightCode, Now: start}); err != nil || !next.Account.Verified {
		t.Errorf("got %+v, %v for an account that may not log in, want it verified", next, err)
	}
	if next, err := VerifyOnPage(pending(func(s *State) { s.Token, s.Client = nil, nil }), VerifyInput{Code: rightCode, Now: start}); err != nil || !next.Account.Verified {
		t.Errorf("got %+v, %v without a token, want it verified", next, err)
	}
}

// accounts-api.md 3.2, 13.7.
func TestStandingOf(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change            func(*State)
		verified, pending bool
	}{
		"pending":                    {func(*State) {}, false, true},
		"pending after nineteen":     {wrong(19), false, true},
		"pending in its last moment": {func(s *State) { s.Code.ExpiresAt = start.Add(1) }, false, true},
		"killed by twenty":           {wrong(20), false, false},
		"expired":                    {expired, false, false},
		"none":                       {noCode, false, false},
		"active and not verified":    {func(s *State) { s.Account.Status, s.Code = Active, nil }, false, false},
		"verified":                   {isVerified, true, false},
		"verified, code left over":   {func(s *State) { s.Account.Verified = true }, true, false},
	}
	for name, tt := range tests {
		s := pending(tt.change)
		want := Standing{AccountID: accountID, Verified: tt.verified}
		if tt.pending {
			want.Request = s.Code
		}
		got, err := StandingOf(s, meRead, start)
		if diff := cmp.Diff(want, got); diff != "" || err != nil {
			t.Errorf("%s: got error %v, and got +, want -:\n%s", name, err, diff)
		}
	}
}

func TestAccountOf(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*State){"created": func(*State) {}, "active": status(Active), "verified": isVerified} {
		s := pending(change)
		got, err := AccountOf(s, meWrite, start)
		if diff := cmp.Diff(*s.Account, got); diff != "" || err != nil {
			t.Errorf("%s: got error %v, and got +, want -:\n%s", name, err, diff)
		}
	}
}
