package skill

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
)

func TestMailbox(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{
		"": "", "nobody": "", " Jane@Example.COM ": "jane@example.com", "jane+work@example.com": "jane@example.com", "jane+a+b@example.com": "jane@example.com",
		"j.a.ne@example.com": "j.a.ne@example.com", "J.a.ne+x@Gmail.com": "jane@gmail.com", "jane@googlemail.com": "jane@gmail.com",
		"jane@exämple.com": "jane@xn--exmple-cua.com", "jane@xn--exmple-cua.com": "jane@xn--exmple-cua.com", "jane@ＥＸＡＭＰＬＥ.com": "jane@example.com",
	} {
		if got := mailbox(email); got != want {
			t.Errorf("%q: got %q, want %q", email, got, want)
		}
	}
}

func TestValidEmail(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]bool{
		"a@example.com": true, " a.b+c@sub.example.co ": true, "ä@exämple.com": true, "o'neil@example.com": true,
		"": false, "a": false, "a@": false, "@example.com": false, "a@example": false, "a@example.com.": false, "a@.example.com": false, "a@-x.com": false, "a@x_y.com": false,
		"a b@example.com": false, "A <a@example.com>": false, "a@example.com,b@example.com": false, "a@[127.0.0.1]": false, `"a"@example.com`: false, "a@b@example.com": false,
		"a@example.com\r\nBcc: b@example.com": false, strings.Repeat("a", 250) + "@example.com": false,
	} {
		if got := ValidEmail(email); got != want {
			t.Errorf("%q: got %v, want %v", email, got, want)
		}
	}
}

func TestDomain(t *testing.T) {
	t.Parallel()
	for website, want := range map[string]string{
		"https://www.Northwind.example/jobs": "northwind.example", "http://northwind.example:8080": "northwind.example", " northwind.example ": "northwind.example",
		"www.northwind.example/x?y": "northwind.example", "wwww.example": "wwww.example", "": "", "nowhere": "", "ftp://northwind.example": "", "https://u@northwind.example": "",
		"https://": "", "a b.example": "", "mailto:a@northwind.example": "",
	} {
		if got, ok := Domain(website); got != want || ok != (want != "") {
			t.Errorf("%q: got %q, %v, want %q", website, got, ok, want)
		}
	}
	website, email := Reviewer{Email: "r@mail.example", Website: "https://www.x.example"}.Domains()
	if website != "x.example" || email != "mail.example" {
		t.Errorf("got %q and %q, want x.example and mail.example", website, email)
	}
}

// asked is a verification of Jane's that waits for its reviewer.
func asked() State {
	v := Verification{ID: "ver_live_1", Owner: access.Owner{Org: "org_1", Mode: access.Live}, Key: "key_1", Method: Human, Name: "Jane", Callback: "https://client.example/hook"}
	return State{
		Key: &access.Key{ID: "key_1", Owner: v.Owner}, Brand: "Acme", Settings: access.Settings{},
		Session:      &Session{Verification: v.ID, ExpiresAt: start.Add(sessionTTL)},
		Verification: &v, User: &User{ID: "usr_1", Email: "jane@example.com", Mailboxes: []string{"old@example.com"}},
		Skills: []Skill{{ID: "go", Name: "Go", Status: Pending, ProofURLs: []string{"https://p.example"}}, {ID: "rust", Status: Pending}},
		Items:  []Item{{Source: shop, Title: "Shop"}},
	}
}

func reviewerInput(email string) ReviewerInput {
	return ReviewerInput{Carriers: Carriers{IDs: []string{"ver_live_1"}}, Name: " Robin\x00 ", Email: email, Company: "Northwind", Now: start}
}

func TestStoreReviewer(t *testing.T) {
	t.Parallel()
	in := reviewerInput(" Robin@Northwind.Example ")
	in.Website, in.EndorsementType = " https://northwind.example ", "peer"
	next, err := StoreReviewer(asked(), in)
	if err != nil {
		t.Fatalf("got error %v, want none", err)
	}
	want := Reviewer{Name: "Robin ", Email: "robin@northwind.example", Company: "Northwind", Website: "https://northwind.example", StoredAt: start}
	if d := cmp.Diff(want, *next.Reviewer); d != "" {
		t.Errorf("reviewer: got (+), want (-):\n%s", d)
	}
	if next.Verification.EndorsementType != "peer" || next.Review != nil || next.Deliveries != nil {
		t.Errorf("got %+v, want the type, and nothing sent or voided", next)
	}
}

func TestStoreReviewerRefuses(t *testing.T) {
	t.Parallel()
	elsewhere := Touchpoint{Source: shop, Skill: "go", Endorsement: "peer", Status: Pending, Reviewer: "robin@northwind.example", Until: start.Add(time.Hour)}
	touched := func(change func(*Touchpoint)) func(*State) {
		t := elsewhere
		change(&t)
		return func(s *State) { s.Touchpoints = []Touchpoint{t} }
	}
	tests := map[string]struct {
		email  string
		change func(*State)
		want   error
	}{
		"no key":                     {"r@x.example", func(s *State) { s.Key = nil }, access.ErrKeyUnknown},
		"a session in its place":     {"r@x.example", func(s *State) { s.Key, s.Pass = nil, s.Session }, access.ErrKeyUnknown},
		"expired session":            {"r@x.example", func(s *State) { s.Session.ExpiresAt = start }, ErrVerificationUnresolved},
		"unknown":                    {"r@x.example", func(s *State) { *s = State{Key: s.Key} }, ErrVerificationUnresolved},
		"completed":                  {"r@x.example", func(s *State) { s.Verification.CompletedAt = start }, ErrCompleted},
		"assessment":                 {"r@x.example", func(s *State) { s.Verification.Method = Assessment }, ErrMethodOther},
		"no method yet":              {"r@x.example", func(s *State) { s.Verification.Method = "" }, nil},
		"the student":                {"JANE+x@example.com", func(*State) {}, ErrSelfReview},
		"the student's old address":  {"old@example.com", func(*State) {}, ErrSelfReview},
		"other type":                 {"Robin@northwind.example", touched(func(*Touchpoint) {}), ErrReviewerTaken},
		"other type, sent":           {"robin@northwind.example", touched(func(t *Touchpoint) { t.Sent, t.Until = true, time.Time{} }), ErrReviewerTaken},
		"other type, rejected":       {"robin@northwind.example", touched(func(t *Touchpoint) { t.Sent, t.Status = true, Rejected }), ErrReviewerTaken},
		"other type, never sent":     {"robin@northwind.example", touched(func(t *Touchpoint) { t.Until = start }), nil},
		"same type":                  {"robin@northwind.example", touched(func(t *Touchpoint) { t.Endorsement = "human" }), nil},
		"other skill":                {"robin@northwind.example", touched(func(t *Touchpoint) { t.Skill = "java" }), nil},
		"other source":               {"robin@northwind.example", touched(func(t *Touchpoint) { t.Source = station }), nil},
		"other reviewer":             {"kim@northwind.example", touched(func(*Touchpoint) {}), nil},
		"before the items are known": {"robin@northwind.example", func(s *State) { touched(func(*Touchpoint) {})(s); s.Items = nil }, nil},
	}
	for name, test := range tests {
		s := asked()
		test.change(&s)
		next, err := StoreReviewer(s, reviewerInput(test.email))
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		if err != nil && !next.Empty() {
			t.Errorf("%s: got %+v with a refusal, want nothing", name, next)
		}
	}
	in := reviewerInput("r@x.example")
	in.Carriers.Tokens = []string{"unknown"}
	if _, err := StoreReviewer(State{Key: asked().Key}, in); !errors.Is(err, ErrSessionUnknown) {
		t.Errorf("unknown token: got %v, want %v", err, ErrSessionUnknown)
	}
}

func TestCheckReviewer(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		email, website string
		want           error
	}{
		{"r@x.example", "", nil}, {"r@x.example", "https://x.example/a", nil}, {"bad", "bad", ErrEmail}, {"r@x.example", "bad", ErrWebsite},
		{"r@x.example", "javascript:alert(1)", ErrWebsite}, {"r@x.example", "https://localhost", ErrWebsite}, {"r@x.example", "https://x.example/" + strings.Repeat("a", 2000), ErrWebsite},
	} {
		if err := CheckReviewer(ReviewerInput{Email: test.email, Website: test.website}); !errors.Is(err, test.want) {
			t.Errorf("%q, %.40q: got %v, want %v", test.email, test.website, err, test.want)
		}
	}
}

func TestChangeEmail(t *testing.T) {
	t.Parallel()
	holder := User{ID: "john", Email: "john@example.com"}
	tests := map[string]struct {
		email  string
		change func(*State)
		want   error
		became string // empty: nobody is saved
		told   string
	}{
		"new":           {" New@Example.com ", func(*State) {}, nil, "New@Example.com", "jane@example.com"},
		"the same":      {"JANE@example.com", func(*State) {}, nil, "", ""},
		"taken":         {"john@example.com", func(s *State) { s.ByEmail = &holder }, nil, "", "john@example.com"},
		"first":         {"new@example.com", func(s *State) { s.User.Email = "" }, nil, "new@example.com", ""},
		"no mail to it": {"new@example.com", func(s *State) { s.User.Email = "x" }, nil, "new@example.com", ""},
		"expired":       {"new@example.com", func(s *State) { s.Session.ExpiresAt = start }, ErrSessionUnknown, "", ""},
		"unknown":       {"new@example.com", func(s *State) { s.Session = nil }, ErrSessionUnknown, "", ""},
		"after the end": {"new@example.com", func(s *State) { s.Verification.CompletedAt = start }, nil, "new@example.com", "jane@example.com"},
	}
	for name, test := range tests {
		s := asked()
		test.change(&s)
		next, err := ChangeEmail(s, EmailInput{Email: test.email, MailID: "dlv_1", Now: start})
		if !errors.Is(err, test.want) {
			t.Errorf("%s: got %v, want %v", name, err, test.want)
		}
		became, told := "", ""
		if next.User != nil {
			became = next.User.Email
			if !next.User.owns(test.email) || !next.User.owns(s.User.Email) && strings.Contains(s.User.Email, "@") || !next.User.owns("old@example.com") {
				t.Errorf("%s: got mailboxes %v, want every address of the person", name, next.User.Mailboxes)
			}
		}
		if len(next.Deliveries) > 0 {
			told = next.Deliveries[0].Target
		}
		if became != test.became || told != test.told {
			t.Errorf("%s: got %q and a mail to %q, want %q and %q", name, became, told, test.became, test.told)
		}
	}
}
