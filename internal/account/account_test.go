package account

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/fault"
)

// accounts-api.md 5.2, 13.8: blocking kills the tokens by the status and the live code by its removal.
func TestBlock(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		change func(*State)
		noCode bool
		unsend []string
	}{
		"created, pending": {func(*State) {}, true, []string{"dlv_old"}},
		"code is dead":     {expired, true, []string{"dlv_old"}},
		"no code":          {noCode, false, nil},
		"verified":         {isVerified, false, nil},
		"blocked before":   {func(s *State) { s.Account.Status, s.Code = Inactive, nil }, false, nil},
		"login disabled":   {func(s *State) { s.Account.LoginDisabled, s.Code = true, nil }, false, nil},
		"without a token":  {func(s *State) { s.Token, s.Client, s.Code = nil, nil, nil }, false, nil},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := pending(tt.change)
			want := *s.Account
			want.Status, want.UpdatedAt = Inactive, start
			got, err := Block(s, start, EventIDs{})
			if diff := cmp.Diff(Next{Account: &want, NoCode: tt.noCode, Unsend: tt.unsend}, got); diff != "" || err != nil {
				t.Errorf("got error %v, and got +, want -:\n%s", err, diff)
			}
		})
	}
	for name, spoil := range missing {
		if next, err := Block(pending(spoil), start, EventIDs{}); !errors.Is(err, ErrAccountUnknown) || !next.Empty() {
			t.Errorf("%s: got %+v, %v, want nothing and %v", name, next, err, ErrAccountUnknown)
		}
	}
}

// A store may decide more than once: a decision changes nothing that it was given and says the same each time.
func TestDecisionsArePure(t *testing.T) {
	t.Parallel()
	all := decisions()
	all["block"] = func(s State) (Next, error) { return Block(s, start, EventIDs{}) }
	all["register"] = func(s State) (Next, error) {
		s.Account, s.Code = nil, nil
		s.Token.Scopes = []string{ScopeAccountWrite}
		next, err := Register(s, registerInput(false))
		s.Token.Scopes = scopes
		return next, err
	}
	all["page"] = func(s State) (Next, error) { return VerifyOnPage(s, VerifyInput{Code: rightCode, Now: start}) }
	all["page wrong"] = func(s State) (Next, error) { return VerifyOnPage(s, VerifyInput{Code: wrongCode, Now: start}) }
	for name, decide := range all {
		s := pending()
		first, firstErr := decide(s)
		second, secondErr := decide(s)
		if diff := cmp.Diff(first, second); diff != "" || !errors.Is(secondErr, firstErr) {
			t.Errorf("%s, decided again: got %v, want %v, and got +, want -:\n%s", name, secondErr, firstErr, diff)
		}
		if diff := cmp.Diff(pending(), s); diff != "" {
			t.Errorf("%s, state afterwards: got +, want -:\n%s", name, diff)
		}
	}
}

func TestNextEmpty(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		next Next
		want bool
	}{
		"zero": {Next{}, true}, "account": {Next{Account: &Account{}}, false}, "code": {Next{Code: &Code{}}, false}, "no code": {Next{NoCode: true}, false},
		"mail": {Next{Mails: []Mail{{}}}, false}, "unsend": {Next{Unsend: []string{"dlv_1"}}, false}, "idle": {Next{Idle: true}, false}, "empty lists": {Next{Mails: []Mail{}, Unsend: []string{}}, true},
	}
	for name, tt := range tests {
		if got := tt.next.Empty(); got != tt.want {
			t.Errorf("%s: got %t, want %t", name, got, tt.want)
		}
	}
	grants := map[string]struct {
		next GrantNext
		want bool
	}{
		"zero": {GrantNext{}, true}, "issue": {GrantNext{Issue: []access.Token{{}}}, false}, "exchange": {GrantNext{Exchange: &access.Token{}}, false},
		"revoke": {GrantNext{RevokeFamily: "fam_1"}, false}, "an instant alone": {GrantNext{RevokedAt: start}, true},
	}
	for name, tt := range grants {
		if got := tt.next.Empty(); got != tt.want {
			t.Errorf("grant, %s: got %t, want %t", name, got, tt.want)
		}
	}
}

// accounts-api.md 2.5, 5.2: words that clients and rows hold.
func TestDocumentedWords(t *testing.T) {
	t.Parallel()
	got := []string{string(Created), string(Active), string(Inactive), string(Archived), ScopeMeRead, ScopeMeWrite, ScopeAccountRead, ScopeAccountWrite}
	if diff := cmp.Diff([]string{"created", "active", "inactive", "archived", "/external/me/r", "/external/me/w", "/external/account/r", "/external/account/w"}, got); diff != "" {
		t.Errorf("got +, want -:\n%s", diff)
	}
}

func TestEmailKey(t *testing.T) {
	t.Parallel()
	for email, want := range map[string]string{"anna@example.com": "anna@example.com", " Anna@Example.COM\t": "anna@example.com", "ÅSA@example.com": "åsa@example.com", "": ""} {
		if got := EmailKey(email); got != want {
			t.Errorf("%q: got %q, want %q", email, got, want)
		}
	}
}

// declaredReasons are the reasons of all refusals that the package's code declares.
func declaredReasons(t *testing.T) map[fault.Reason]bool {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	reasons := map[fault.Reason]bool{}
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 3 && isFaultNew(call) {
				reasons[fault.Reason(strings.Trim(call.Args[1].(*ast.BasicLit).Value, `"`))] = true
			}
			return true
		})
	}
	return reasons
}

func isFaultNew(call *ast.CallExpr) bool {
	name, ok := call.Fun.(*ast.SelectorExpr)
	return ok && name.Sel.Name == "New" && name.X.(*ast.Ident).Name == "fault"
}

// The lists that the wire's tables are held against must not forget a refusal. Operators alone are told that a token is gone, that an account gets none, or that a language is
// none.
func TestRefusalsAreListed(t *testing.T) {
	t.Parallel()
	listed := map[fault.Reason]bool{ErrTokenGone.Reason: true, ErrNoTokens.Reason: true, ErrLanguageMalformed.Reason: true}
	for _, e := range append(Refusals, GrantRefusals...) {
		if listed[e.Reason] || e.Kind == fault.Internal || e.Message == "" {
			t.Errorf("got %+v, want each once, classified, with a sentence", e)
		}
		listed[e.Reason] = true
	}
	if diff := cmp.Diff(declaredReasons(t), listed); diff != "" {
		t.Errorf("got +, want -:\n%s", diff)
	}
}
