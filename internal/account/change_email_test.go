package account

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"avow/internal/access"
	"avow/internal/code"
)

var (
	toldCode    = lookup(7)
	mailedCode  = lookup(8)
	resetCode   = lookup(6)
	accountOnly = access.Need{Scope: ScopeAccountWrite}
)

// moving is the state of a verified account whose holder has asked for another address; its other codes are live, too.
func moving(changes ...func(*State)) State {
	live := func(b byte, about, delivery string) *Code {
		return &Code{ID: "r", Hash: access.Hash{b}, About: about, Delivery: delivery, CreatedAt: start.Add(-time.Minute), ExpiresAt: start.Add(time.Hour)}
	}
	s := pending(append([]func(*State){func(s *State) { s.Account.Verified, s.Account.Status = true, Active }}, changes...)...)
	s.Codes = Codes{ChangeEmail: live(8, "new@example.com", "dlv_8"), ChangeEmailShown: live(7, "new@example.com", ""), ResetPassword: live(6, "", "dlv_6")}
	return s
}

func tryCode(l access.Lookup) VerifyInput {
	return VerifyInput{Need: meWrite, Code: l, MailID: "dlv_notice", Now: start}
}

// The mailed code proves the new mailbox, the told one does not; what was mailed to the old address is dead.
func TestVerifyEmailChange(t *testing.T) {
	t.Parallel()
	off := func(s *State) { s.Settings = access.Settings{access.VerificationRequired: "off"} }
	created := func(s *State) { s.Account.Verified, s.Account.Status = false, Created }
	for name, tt := range map[string]struct {
		code     access.Lookup
		change   func(*State)
		verified bool
		status   Status
	}{
		"mailed":                    {mailedCode, func(*State) {}, true, Active},
		"told":                      {toldCode, func(*State) {}, false, Active},
		"mailed, only created":      {mailedCode, created, true, Active},
		"told, only created":        {toldCode, created, false, Created},
		"told, nobody verifies":     {toldCode, off, true, Active},
		"mailed, after wrong tries": {mailedCode, func(s *State) {}, true, Active},
		"mailed, may not sign in":   {mailedCode, func(s *State) { s.Holder = nil }, true, Active},
	} {
		s := moving(tt.change)
		next, err := VerifyEmailChange(s, tryCode(tt.code))
		if name == "mailed, may not sign in" {
			next, err = moveAddress(s, tryCode(tt.code))
		}
		if err != nil {
			t.Errorf("%s: got %v, want the address changed", name, err)
			continue
		}
		a := next.Account
		if a.Email != "new@example.com" || a.Verified != tt.verified || a.Status != tt.status || a.UpdatedAt != start {
			t.Errorf("%s: got %+v, want the new address, verified %t, %s", name, a, tt.verified, tt.status)
		}
		if !next.NoCode || len(next.Codes) != 3 || next.Codes[ChangeEmail] != nil || next.Codes[ChangeEmailShown] != nil || next.Codes[ResetPassword] != nil {
			t.Errorf("%s: got codes %v, %t, want all of them gone", name, next.Codes, next.NoCode)
		}
		if diff := cmp.Diff([]string{"dlv_old", "dlv_8", "dlv_6"}, next.Unsend); diff != "" {
			t.Errorf("%s: unsend: got +, want -:\n%s", name, diff)
		}
		if len(next.Mails) != 1 || next.Mails[0].Target != "anna@example.com" || strings.Contains(string(next.Mails[0].Payload), "new@example.com") {
			t.Errorf("%s: got %+v, want one notice to the old address that does not tell the new one", name, next.Mails)
		}
	}
}

// A wrong code is counted against both, and twenty kill both.
func TestWrongChangeCode(t *testing.T) {
	t.Parallel()
	s := moving()
	for range code.MaxWrong {
		next, err := VerifyEmailChange(s, tryCode(wrongCode))
		if !errors.Is(err, ErrCodeInvalid) || len(next.Codes) != 2 || next.Account == nil || next.Account.Email != "anna@example.com" {
			t.Fatalf("got %+v, %v, want two counts and a refusal", next, err)
		}
		s.Codes[ChangeEmail], s.Codes[ChangeEmailShown] = next.Codes[ChangeEmail], next.Codes[ChangeEmailShown]
	}
	for _, right := range []access.Lookup{mailedCode, toldCode} {
		if next, err := VerifyEmailChange(s, tryCode(right)); !errors.Is(err, ErrCodeInvalid) || !next.Empty() {
			t.Errorf("got %+v, %v, want it dead", next, err)
		}
	}
	for name, l := range map[string]access.Lookup{"of the verification": rightCode, "of a reset": resetCode} {
		if _, err := VerifyEmailChange(moving(), tryCode(l)); !errors.Is(err, ErrCodeInvalid) {
			t.Errorf("a code %s: got %v, want %v", name, err, ErrCodeInvalid)
		}
	}
}

// The page takes the code of the mail for a change, too; a wrong one is counted against whatever is live, with one answer.
func TestPageChangesTheAddress(t *testing.T) {
	t.Parallel()
	next, err := VerifyOnPage(moving(), tryCode(mailedCode))
	if err != nil || next.Account.Email != "new@example.com" || !next.Account.Verified {
		t.Errorf("got %+v, %v, want the address changed and verified", next.Account, err)
	}
	unverified := moving(func(s *State) { s.Account.Verified = false })
	next, err = VerifyOnPage(unverified, tryCode(wrongCode))
	if !errors.Is(err, ErrCodeInvalid) || next.Code == nil || next.Code.Wrong != 1 || next.Codes[ChangeEmail].Wrong != 1 || next.Codes[ChangeEmailShown].Wrong != 1 || next.Idle {
		t.Errorf("got %+v, %v, want a count against each", next, err)
	}
	for name, spoil := range map[string]func(*State){"inactive": status(Inactive), "archived": status(Archived)} {
		if next, err := VerifyOnPage(moving(spoil), tryCode(mailedCode)); !errors.Is(err, ErrCodeInvalid) || !next.Idle {
			t.Errorf("%s: got %+v, %v, want it refused by as many statements", name, next, err)
		}
	}
}

// A new request takes the place of the old codes and cancels their mail. Codes of other purposes stay.
func TestRequestEmailChange(t *testing.T) {
	t.Parallel()
	in := ChangeEmailInput{CreateInput: createInput(), NewEmail: "third@example.com", ShownHash: access.Hash{3}}
	next, err := RequestEmailChange(moving(), in)
	if err != nil {
		t.Fatal(err)
	}
	if m, told := next.Codes[ChangeEmail], next.Codes[ChangeEmailShown]; m.Hash != in.CodeHash || told.Hash != in.ShownHash || m.About != "third@example.com" || told.About != m.About || told.Delivery != "" {
		t.Errorf("got %+v and %+v, want a code each for the new address", m, told)
	}
	if _, touched := next.Codes[ResetPassword]; touched || next.Code != nil || next.NoCode {
		t.Errorf("got %+v, want the other codes left alone", next)
	}
	if diff := cmp.Diff([]string{"dlv_8"}, next.Unsend); diff != "" || len(next.Mails) != 1 || next.Mails[0].Target != "third@example.com" {
		t.Errorf("got mails %+v, unsend +, want one to the new address, -:\n%s", next.Mails, diff)
	}
}
