package account

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"
	"time"

	"avow/internal/access"
	"avow/internal/outbox"
)

const (
	bearer   = "the bearer token"
	secret   = "the client secret"
	password = "correct horse battery"
)

// fixture is a service over a world whose one account has a token and a password.
type fixture struct {
	*Service
	world *world
	keys  *access.Keyring
	now   time.Time
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	keys, err := access.NewKeyring([][]byte{bytes.Repeat([]byte{7}, 32)})
	if err != nil {
		t.Fatal(err)
	}
	f := &fixture{world: newWorld(), keys: keys, now: start}
	random := access.Random{Source: rand.NewChaCha8([32]byte{1})}
	f.Service = NewService(Options{
		Accounts: f.world, Keys: keys, Random: random, Passwords: access.NewPasswords(random, 1), Now: func() time.Time { return f.now }, Links: serveAny, TTL: 24 * time.Hour,
	})
	f.world.tokens[0].Hash = keys.Hash(access.ForToken, bearer)
	c := f.world.clients[clientID]
	c.SecretHash = keys.Hash(access.ForClientSecret, secret)
	f.world.clients[clientID] = c
	return f
}

var credentials = Credentials{ID: clientID, Secret: secret}

var inLink = regexp.MustCompile(`\?id=([0-9a-f]{24})&confirmation_code=([0-9a-f-]{36})$`)

// mailedCode reads id and code out of the newest mail's link.
func (f *fixture) mailedCode(t *testing.T) (id, code string) {
	t.Helper()
	if len(f.world.sent) == 0 {
		t.Fatal("got no mail, want one")
	}
	var message outbox.Message
	var data Confirmation
	if err := errors.Join(json.Unmarshal(f.world.sent[len(f.world.sent)-1].Payload, &message), json.Unmarshal(message.Data, &data)); err != nil {
		t.Fatal(err)
	}
	found := inLink.FindStringSubmatch(data.Link)
	if found == nil {
		t.Fatalf("got link %q, want id and code in it", data.Link)
	}
	return found[1], found[2]
}

func (f *fixture) request(t *testing.T) Request {
	t.Helper()
	r, err := f.CreateRequest(t.Context(), own(meWrite), "")
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// The mailed code of the last request verifies, once; the id is the account's.
func TestCodeFromTheMail(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	first := f.request(t)
	_, old := f.mailedCode(t)
	f.now = f.now.Add(time.Minute)
	second := f.request(t)
	id, code := f.mailedCode(t)
	if id != accountID || old == code || first.ID == second.ID {
		t.Fatalf("got id %s, codes %s and %s, requests %s and %s, want account %s and all fresh", id, old, code, first.ID, second.ID, accountID)
	}
	if want := f.now.Add(24 * time.Hour); !second.ExpiresAt.Equal(want) || !regexp.MustCompile(`^[0-9a-f]{24}$`).MatchString(second.ID) {
		t.Errorf("got %+v, want 24 hex digits until %v", second, want)
	}
	if _, err := f.Verify(t.Context(), own(meWrite), old); !errors.Is(err, ErrCodeInvalid) {
		t.Errorf("old code: got %v, want %v", err, ErrCodeInvalid)
	}
	if _, err := f.Verify(t.Context(), own(meWrite), strings.ToUpper(code)); !errors.Is(err, ErrCodeInvalid) {
		t.Errorf("code in capitals: got %v, want %v", err, ErrCodeInvalid)
	}
	if standing, err := f.Standing(t.Context(), own(meRead)); err != nil || standing.Request == nil || standing.Request.ID != second.ID || standing.Request.Wrong != 2 {
		t.Errorf("got %+v, %v, want the second request with 2 wrong codes", standing.Request, err)
	}
	if got, err := f.Verify(t.Context(), own(meWrite), code); err != nil || got != accountID {
		t.Fatalf("got %q, %v, want %s", got, err, accountID)
	}
	if _, err := f.Verify(t.Context(), own(meWrite), code); !errors.Is(err, ErrAlreadyVerified) {
		t.Errorf("again: got %v, want %v", err, ErrAlreadyVerified)
	}
	if a, err := f.Account(t.Context(), own(meWrite)); err != nil || !a.Verified || a.Status != Active {
		t.Errorf("got %+v, %v, want it verified and active", a, err)
	}
}

func TestVerifyOnPageOfTheService(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.request(t)
	id, code := f.mailedCode(t)
	for name, try := range map[string][2]string{"another account": {"ffffffffffffffffffffffff", code}, "wrong code": {id, "x"}} {
		if err := f.VerifyOnPage(t.Context(), try[0], try[1]); !errors.Is(err, ErrCodeInvalid) {
			t.Errorf("%s: got %v, want %v", name, err, ErrCodeInvalid)
		}
	}
	if err := f.VerifyOnPage(t.Context(), id, code); err != nil {
		t.Errorf("got %v, want no error", err)
	}
}

// own is a call on the token's own account.
func own(need access.Need) Call { return Call{Bearer: bearer, Need: need} }

// bearerCalls are the calls that take a bearer token.
func bearerCalls(f *fixture) map[string]func(ctx context.Context, bearer string) error {
	write := func(b string) Call { return Call{Bearer: b, Need: meWrite} }
	return map[string]func(context.Context, string) error{
		"Authenticate":  func(ctx context.Context, b string) error { return f.Authenticate(ctx, write(b)) },
		"CreateRequest": func(ctx context.Context, b string) error { _, err := f.CreateRequest(ctx, write(b), ""); return err },
		"Verify":        func(ctx context.Context, b string) error { _, err := f.Verify(ctx, write(b), "x"); return err },
		"Standing": func(ctx context.Context, b string) error {
			_, err := f.Standing(ctx, Call{Bearer: b, Need: meRead})
			return err
		},
		"Account": func(ctx context.Context, b string) error { _, err := f.Account(ctx, write(b)); return err },
		"Register": func(ctx context.Context, b string) error {
			_, err := f.Register(ctx, write(b), NewAccount{Email: "new@example.com", Password: password})
			return err
		},
	}
}

func TestBearer(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for name, call := range bearerCalls(f) {
		f.world.calls = 0
		if err := call(t.Context(), ""); !errors.Is(err, access.ErrNoCredential) || f.world.calls != 0 {
			t.Errorf("%s without a token: got %v after %d look-ups, want %v after none", name, err, f.world.calls, access.ErrNoCredential)
		}
		if err := call(t.Context(), "another token"); !errors.Is(err, access.ErrTokenUnknown) {
			t.Errorf("%s with another token: got %v, want %v", name, err, access.ErrTokenUnknown)
		}
		f.world.broken = true
		if err := call(t.Context(), bearer); !errors.Is(err, errBroken) {
			t.Errorf("%s on a broken store: got %v, want %v", name, err, errBroken)
		}
		f.world.broken = false
	}
	if err := f.Authenticate(t.Context(), own(meWrite)); err != nil {
		t.Errorf("got %v, want no error", err)
	}
	f.now = f.world.tokens[0].ExpiresAt
	if err := f.Authenticate(t.Context(), own(meWrite)); !errors.Is(err, access.ErrTokenExpired) {
		t.Errorf("at its expiry: got %v, want %v", err, access.ErrTokenExpired)
	}
}

// Who is blocked loses the code and the token at once.
func TestDisable(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	f.request(t)
	id, code := f.mailedCode(t)
	if err := f.Disable(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := f.VerifyOnPage(t.Context(), id, code); !errors.Is(err, ErrCodeInvalid) {
		t.Errorf("got %v, want %v", err, ErrCodeInvalid)
	}
	if err := f.Authenticate(t.Context(), own(meWrite)); !errors.Is(err, access.ErrTokenUnknown) {
		t.Errorf("got %v, want %v", err, access.ErrTokenUnknown)
	}
	if a, err := f.Show(t.Context(), id); err != nil || a.Status != Inactive || a.Verified {
		t.Errorf("got %+v, %v, want it inactive and not verified", a, err)
	}
	if err := f.Disable(t.Context(), "ffffffffffffffffffffffff"); !errors.Is(err, ErrAccountUnknown) {
		t.Errorf("unknown: got %v, want %v", err, ErrAccountUnknown)
	}
}

func TestShow(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	if _, err := f.Show(t.Context(), "ffffffffffffffffffffffff"); !errors.Is(err, ErrAccountUnknown) {
		t.Errorf("got %v, want %v", err, ErrAccountUnknown)
	}
	f.world.broken = true
	if _, err := f.Show(t.Context(), accountID); !errors.Is(err, errBroken) {
		t.Errorf("got %v, want %v", err, errBroken)
	}
}

func TestCreate(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	for _, verified := range []bool{false, true} {
		n := NewAccount{Org: orgID, Email: "  Bert@Example.com ", Verified: verified}
		want, email := Created, "Bert@Example.com"
		if verified {
			n.Email, want, email = "carla@example.com", Active, "carla@example.com"
		}
		a, err := f.Create(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		if a.Email != email || a.Status != want || a.Verified != verified || a.Org != orgID || a.Password != "" || !a.CreatedAt.Equal(start) {
			t.Errorf("got %+v, want %s, %s, verified %t, made now, without a password", a, email, want, verified)
		}
		if kept, err := f.Show(t.Context(), a.ID); err != nil || kept.Email != email || !regexp.MustCompile(`^65a3ccc0[0-9a-f]{16}$`).MatchString(a.ID) {
			t.Errorf("got %+v, %v, want it kept under an id of this second", kept, err)
		}
	}
	if _, err := f.Create(t.Context(), NewAccount{Org: orgID, Email: "ANNA@example.com"}); !errors.Is(err, ErrEmailTaken) {
		t.Errorf("got %v for an address in use, want %v", err, ErrEmailTaken)
	}
	if _, err := f.Create(t.Context(), NewAccount{Org: "org_2", Email: "anna@example.com"}); err != nil {
		t.Errorf("got %v in another organisation, want no error", err)
	}
}

func TestCreateWithLanguage(t *testing.T) {
	t.Parallel()
	f := newFixture(t)
	a, err := f.Create(t.Context(), NewAccount{Org: orgID, Email: "bert@example.com", Profile: Profile{Language: "sv-SE"}})
	if err != nil || a.Profile.Language != "sv-SE" {
		t.Errorf("got %q, %v, want sv-SE", a.Profile.Language, err)
	}
	if _, err := f.Create(t.Context(), NewAccount{Org: orgID, Email: "carla@example.com", Profile: Profile{Language: "svenska"}}); !errors.Is(err, ErrLanguageMalformed) {
		t.Errorf("got %v, want %v", err, ErrLanguageMalformed)
	}
}

// accounts-api.md 1.4, 13.14; what could break out of a mail's header above all.
func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	address := func(n int) string { return strings.Repeat("a", n-len("@example.com")) + "@example.com" }
	tests := map[string]struct {
		email, password string
		want            error
	}{
		"1024 characters":      {address(1024), "", nil},
		"documented":           {"A.b-c_d+e@x-1.example.org", "", nil},
		"digits in a name":     {"anna@mail.example2.com", "", ErrEmailMalformed},
		"letter beyond ASCII":  {"\u00e5sa@example.com", "", ErrEmailMalformed},
		"long s, a letter too": {"anna@\u017fexample.com", "", ErrEmailMalformed},
		"Kelvin, a letter too": {"anna@example.\u212aom", "", ErrEmailMalformed},
		"quotation mark":       {"o'hara@example.com", "", ErrEmailMalformed},
		"1025 characters":      {address(1025), "", ErrEmailMalformed},
		"plus":                 {"anna+x@example.com", "", nil},
		"empty":                {"", "", ErrEmailMalformed},
		"no at":                {"anna.example.com", "", ErrEmailMalformed},
		"no host":              {"anna@", "", ErrEmailMalformed},
		"no name":              {"@example.com", "", ErrEmailMalformed},
		"two":                  {"anna@example.com, bert@example.com", "", ErrEmailMalformed},
		"with a display name":  {"Anna <anna@example.com>", "", ErrEmailMalformed},
		"in angle brackets":    {"<anna@example.com>", "", ErrEmailMalformed},
		"with a comment":       {"anna@example.com (x)", "", ErrEmailMalformed},
		"header injection":     {"anna@example.com\r\nBcc: x@evil.test", "", ErrEmailMalformed},
		"line break inside":    {"anna\n@example.com", "", ErrEmailMalformed},
		"blank inside":         {"an na@example.com", "", ErrEmailMalformed},
		"quoted blank":         {`"an na"@example.com`, "", ErrEmailMalformed},
		"null":                 {"anna\x00@example.com", "", ErrEmailMalformed},
		"delete":               {"anna\x7f@example.com", "", ErrEmailMalformed},
		"password too short":   {"bert@example.com", "12345", ErrPasswordLength},
		"short in characters":  {"bert@example.com", "ååååå", ErrPasswordLength},
		"password too long":    {"bert@example.com", strings.Repeat("x", 1025), ErrPasswordLength},
		"address before words": {"bert", "x", ErrEmailMalformed},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if a, err := newFixture(t).Create(t.Context(), NewAccount{Org: orgID, Email: tt.email, Password: tt.password}); !errors.Is(err, tt.want) {
				t.Errorf("got %+v, %v, want %v", a, err, tt.want)
			}
		})
	}
}

// 6 to 1024 characters, not bytes.
func TestCreateWithPassword(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"123456", strings.Repeat("å", 1024)} {
		f := newFixture(t)
		a, err := f.Create(t.Context(), NewAccount{Org: orgID, Email: "bert@example.com", Password: text})
		if err != nil || !strings.HasPrefix(a.Password, "$argon2id$") || strings.Contains(a.Password, text) {
			t.Fatalf("got %q, %v, want a hash", a.Password, err)
		}
		if _, err := f.SignIn(t.Context(), credentials, nil, orgID, "BERT@example.com", text); err != nil {
			t.Errorf("sign in: got %v, want no error", err)
		}
	}
}
