package main

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/app"
	"avow/internal/event"
	"avow/internal/outbox"
)

// document prints one value as JSON: in a line, or laid out for people.
func (s *session) document(v any) error {
	text, err := event.Marshal(v)
	if err != nil {
		return err
	}
	if !s.json {
		var laidOut strings.Builder
		encoder := json.NewEncoder(&laidOut)
		encoder.SetEscapeHTML(false)
		encoder.SetIndent("", "  ")
		if err := encoder.Encode(json.RawMessage(text)); err != nil {
			return err
		}
		text = []byte(strings.TrimRight(laidOut.String(), "\n"))
	}
	_, err = fmt.Fprintf(s.env.out, "%s\n", text)
	return err
}

type accountExport struct {
	ID string `arg:"" help:"The account's id."`
}

// Run prints an account with everything that is kept of it.
func (c accountExport) Run(s *session) error {
	return s.with(func(a *app.App) error {
		found, err := a.Accounts.Export(s.ctx, c.ID)
		if err != nil {
			return err
		}
		return s.document(exportOf(found, time.Now()))
	})
}

type accountErase struct {
	ID string `arg:"" help:"The account's id."`
}

// Run erases an account.
func (c accountErase) Run(s *session) error {
	return s.with(func(a *app.App) error {
		erased, err := a.Accounts.Erase(s.ctx, c.ID)
		if err != nil {
			return err
		}
		return s.print(erasedLine{erased.ID, stamp(erased.ErasedAt)})
	})
}

type erasedLine struct {
	ID       string `json:"id"`
	ErasedAt string `json:"erased_at"`
}

// exportedAccount is what docs/privacy.md explains member by member.
type exportedAccount struct {
	ExportedAt    string             `json:"exported_at"`
	ID            string             `json:"id"`
	Org           string             `json:"org"`
	Email         string             `json:"email"`
	Status        account.Status     `json:"status"`
	Verified      bool               `json:"verified"`
	LoginDisabled bool               `json:"login_disabled"`
	HasPassword   bool               `json:"has_password"`
	CreatedAt     string             `json:"created_at"`
	UpdatedAt     string             `json:"updated_at"`
	Profile       account.Profile    `json:"profile"`
	WrongTries    int                `json:"wrong_passwords"`
	Codes         []exportedCode     `json:"codes"`
	Tokens        []exportedToken    `json:"tokens"`
	Deliveries    []exportedDelivery `json:"deliveries"`
	Mails         []exportedMail     `json:"captured_mails"`
}

type exportedCode struct {
	Purpose   account.Purpose `json:"purpose"`
	About     string          `json:"about,omitempty"`
	CreatedAt string          `json:"created_at"`
	ExpiresAt string          `json:"expires_at"`
}

type exportedToken struct {
	Kind      access.TokenKind `json:"kind"`
	Client    string           `json:"client_id"`
	Scopes    []string         `json:"scopes"`
	CreatedAt string           `json:"created_at"`
	ExpiresAt string           `json:"expires_at"`
	RevokedAt string           `json:"revoked_at,omitempty"`
}

type exportedDelivery struct {
	ID         string          `json:"id"`
	Kind       outbox.Kind     `json:"kind"`
	Target     string          `json:"target"`
	Status     outbox.Standing `json:"status"`
	Attempts   int             `json:"attempts"`
	CreatedAt  string          `json:"created_at"`
	FinishedAt string          `json:"finished_at,omitempty"`
}

type exportedMail struct {
	ID        string `json:"id"`
	To        string `json:"to"`
	CreatedAt string `json:"created_at"`
}

func exportOf(h account.Holding, now time.Time) exportedAccount {
	a := h.Account
	e := exportedAccount{
		ExportedAt: stamp(now), ID: a.ID, Org: a.Org, Email: a.Email, Status: a.Status, Verified: a.Verified, LoginDisabled: a.LoginDisabled, HasPassword: a.Password != "",
		CreatedAt: stamp(a.CreatedAt), UpdatedAt: stamp(a.UpdatedAt), Profile: a.Profile, WrongTries: a.Attempts.Wrong,
		Codes: []exportedCode{}, Tokens: []exportedToken{}, Deliveries: []exportedDelivery{}, Mails: []exportedMail{},
	}
	for _, purpose := range slices.Sorted(maps.Keys(h.Codes)) {
		code := h.Codes[purpose]
		e.Codes = append(e.Codes, exportedCode{purpose, code.About, stamp(code.CreatedAt), stamp(code.ExpiresAt)})
	}
	for _, t := range h.Tokens {
		e.Tokens = append(e.Tokens, exportedToken{t.Kind, t.Client, t.Scopes, stamp(t.CreatedAt), stamp(t.ExpiresAt), stamp(t.RevokedAt)})
	}
	for _, d := range h.Deliveries {
		e.Deliveries = append(e.Deliveries, exportedDelivery{d.ID, d.Kind, d.Target, d.Standing(now), d.Attempts, stamp(d.Created), stamp(d.Finished)})
	}
	for _, m := range h.Mails {
		e.Mails = append(e.Mails, exportedMail{m.ID, m.To, stamp(m.CreatedAt)})
	}
	return e
}
