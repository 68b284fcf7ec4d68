package skill

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

func TestInitFindsThePerson(t *testing.T) {
	t.Parallel()
	owner := access.Owner{Org: "org_1", Mode: access.Live}
	anna := User{ID: "anna", Name: "Anna", Email: "anna@example.com", Version: 3}
	phone := User{ID: "phone", Name: "Phone", Phone: "+46 70", Version: 1}
	fresh := User{ID: "usr_live_u", Owner: owner, CreatedAt: start}
	tests := map[string]struct {
		byEmail, byPhone   *User
		name, email, phone string
		want               User
	}{
		"new":                  {nil, nil, "A\tB", " Anna@example.com ", "1", User{Name: "A B", Email: "Anna@example.com", Phone: "1"}},
		"new without e-mail":   {nil, nil, "A", " ", "1", User{Name: "A", Phone: "1"}},
		"by e-mail":            {&anna, nil, "B", "ANNA@example.com", "", anna},
		"by e-mail, new phone": {&anna, nil, "B", "x", "1", User{ID: "anna", Name: "Anna", Email: "anna@example.com", Phone: "1", Version: 3}},
		"by e-mail, taken":     {&anna, &phone, "B", "x", "+4670", anna},
		"by phone":             {nil, &phone, "B", "", "+4670", phone},
		"by phone, new e-mail": {nil, &phone, "B", "b@example.com", "+4670", User{ID: "phone", Name: "Phone", Email: "b@example.com", Phone: "+46 70", Version: 1}},
		"nameless":             {&User{ID: "x", Email: "x"}, nil, "B", "x", "", User{ID: "x", Name: "B", Email: "x"}},
	}
	for name, test := range tests {
		in := initInput(t)
		in.Name, in.Email, in.Phone, in.UserID, in.Now = test.name, test.email, test.phone, "u", start
		next, err := Init(State{Key: &access.Key{Owner: owner}, ByEmail: test.byEmail, ByPhone: test.byPhone}, in)
		if err != nil {
			t.Fatalf("%s: got error %v, want none", name, err)
		}
		want := test.want
		if want.ID == "" {
			want.ID, want.Owner, want.CreatedAt = fresh.ID, fresh.Owner, fresh.CreatedAt
		}
		want = want.reachedAt(test.email) // whatever becomes of it, nobody reviews from it
		if d := cmp.Diff(want, *next.User); d != "" {
			t.Errorf("%s: got (+), want (-):\n%s", name, d)
		}
		if next.Verification.User != want.ID || next.Session.Verification != next.Verification.ID {
			t.Errorf("%s: got verification of %q, want %q", name, next.Verification.User, want.ID)
		}
	}
}

func TestInitRefuses(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1025)
	tests := map[string]struct {
		change func(*State, *InitInput)
		want   error
	}{
		"no key":      {func(s *State, _ *InitInput) { s.Key = nil }, access.ErrKeyUnknown},
		"pass":        {func(s *State, _ *InitInput) { s.Key, s.Pass = nil, &Session{ExpiresAt: start.Add(1)} }, access.ErrKeyUnknown},
		"callback":    {func(_ *State, in *InitInput) { in.Callback = "/hook" }, ErrCallback},
		"long e-mail": {func(_ *State, in *InitInput) { in.Email = long }, ErrDataFormat},
		"long number": {func(_ *State, in *InitInput) { in.Phone = long }, ErrDataFormat},
	}
	for name, test := range tests {
		s, in := State{Key: &access.Key{}}, initInput(t)
		in.Now = start
		test.change(&s, &in)
		if next, err := Init(s, in); !errors.Is(err, test.want) || !next.Empty() {
			t.Errorf("%s: got %+v and %v, want nothing and %v", name, next, err, test.want)
		}
	}
}

func TestContactKeys(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{" Jane@Example.COM ": "jane@example.com", "\t": "", "a\x00b": "a b"} {
		if got := EmailKey(in); got != want {
			t.Errorf("e-mail %q: got %q, want %q", in, got, want)
		}
	}
	for in, want := range map[string]string{" +46 (70) 123-45.67\n": "+46701234567", " - ": "", "ext 5": "ext5"} {
		if got := PhoneKey(in); got != want {
			t.Errorf("phone %q: got %q, want %q", in, got, want)
		}
	}
}

func TestCallbackPolicy(t *testing.T) {
	t.Parallel()
	dev := CallbackPolicy{AllowHTTP: true}
	serve := CallbackPolicy{Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("fd00::/8")}}
	const live, test = access.Live, access.Test
	tests := []struct {
		policy CallbackPolicy
		mode   access.Mode
		url    string
		want   bool
	}{
		{serve, live, "https://client.example/hook?a=1", true},
		{serve, live, "HTTPS://client.example:8443", true},
		{serve, live, "http://client.example/hook", false},
		{serve, live, "http://10.1.2.3:8080/hook", true},
		{serve, live, "http://[::ffff:10.1.2.3]/hook", true},
		{serve, live, "http://[fd00::1]/hook", true},
		{serve, live, "http://11.1.2.3/hook", false},
		{serve, live, "http://10.1.2.3.example/hook", false},
		{serve, test, "http://client.example/hook", true},
		{dev, live, "http://127.0.0.1:9/hook", true},
		{dev, live, "ftp://client.example/hook", false},
		{dev, live, "/hook", false},
		{dev, live, "//client.example/hook", false},
		{dev, live, "client.example/hook", false},
		{dev, live, "https://", false},
		{dev, live, "https://:443/hook", false},
		{dev, live, "https://user@client.example/hook", false},
		{dev, live, "https://client.example/hook#part", false},
		{dev, live, "https://client.example/hook#", false},
		{dev, live, "mailto:hook@client.example", false},
		{dev, live, "https://client.example/\x00", false},
		{dev, live, "not a url", false},
	}
	for _, test := range tests {
		if got := test.policy.allow(test.url, test.mode) == nil; got != test.want {
			t.Errorf("%s %q: got %v, want %v", test.mode, test.url, got, test.want)
		}
	}
}
