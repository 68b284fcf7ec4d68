package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"avow/internal/account"
	"avow/internal/app"
)

type accountCommand struct {
	Create  accountCreate  `cmd:"" help:"Make an account: created and unverified, or with --verified active and verified."`
	Show    accountShow    `cmd:"" help:"Show an account."`
	Disable accountDisable `cmd:"" help:"Block an account; its tokens stop working at once."`
	Export  accountExport  `cmd:"" help:"Print everything that is kept of an account, as JSON."`
	Erase   accountErase   `cmd:"" help:"Erase an account for good: its address and names are free again."`
}

type accountLine struct {
	ID       string `json:"id"`
	Email    string `json:"email"`
	Status   string `json:"status"`
	Verified bool   `json:"verified"`
}

type accountCreate struct {
	Org          string `required:"" help:"An org_… id or the organisation's name."`
	Email        string `required:"" help:"The address; the account signs in with it."`
	PasswordFile string `name:"password-file" placeholder:"FILE" help:"File that holds the password, - for standard input; without it the account cannot sign in."`
	Verified     bool   `help:"The address is known to be the holder's."`
	Language     string `placeholder:"LANGUAGE" help:"Of the mails to it, such as sv; without it the organisation's."`

	LoginDisabled      bool              `name:"login-disabled" help:"A customer's record: no way to sign in, no token."`
	Alias              string            `help:"The alias, unique in the organisation."`
	CustomerNumber     string            `name:"customer-number" help:"The customer number, unique in the organisation: at most 10 letters, digits, - or _."`
	TuloCustomerNumber string            `name:"tulo-customer-number" help:"The other customer number, unique in the organisation."`
	ExternalID         map[string]string `name:"external-id" mapsep:"none" placeholder:"KEY=VALUE" help:"The id that another system has for the account, unique in the organisation; may be repeated."`
}

func (c accountCreate) account(org, password string) account.NewAccount {
	return account.NewAccount{
		Org: org, Email: c.Email, Password: password, Verified: c.Verified, LoginDisabled: c.LoginDisabled,
		Profile: account.Profile{Alias: c.Alias, CustomerNumber: c.CustomerNumber, TuloCustomerNumber: c.TuloCustomerNumber, ExternalIDs: c.ExternalID, Language: c.Language},
	}
}

// Run makes an account.
func (c accountCreate) Run(s *session) error {
	password, err := s.password(c.PasswordFile)
	if err != nil {
		return err
	}
	return s.with(func(a *app.App) error {
		o, err := a.Admin.Organisation(s.ctx, c.Org)
		if err != nil {
			return err
		}
		made, err := a.Accounts.Create(s.ctx, c.account(o.ID, password))
		if err != nil {
			return err
		}
		return s.print(accountLine{made.ID, made.Email, string(made.Status), made.Verified})
	})
}

// password reads a password; the line break at its end is not part of it.
func (s *session) password(file string) (string, error) {
	var text []byte
	var err error
	switch file {
	case "":
		return "", nil
	case "-":
		text, err = io.ReadAll(s.env.in)
	default:
		text, err = os.ReadFile(file)
	}
	password := strings.TrimRight(string(text), "\r\n")
	if err == nil && password == "" {
		err = fmt.Errorf("the password in %s is empty", file)
	}
	return password, err
}

type accountShow struct {
	ID string `arg:"" help:"The account's id."`
}

// Run shows an account.
func (c accountShow) Run(s *session) error {
	return s.with(func(a *app.App) error {
		found, err := a.Accounts.Show(s.ctx, strings.ToLower(c.ID))
		if err != nil {
			return err
		}
		line := accountLine{found.ID, found.Email, string(found.Status), found.Verified}
		p := found.Profile
		return s.print(shownAccount{
			line, found.Org, found.LoginDisabled, p.Alias, p.CustomerNumber, p.TuloCustomerNumber, p.ExternalIDs, stamp(found.CreatedAt), stamp(found.UpdatedAt),
		})
	})
}

type shownAccount struct {
	accountLine
	Org                string            `json:"org"`
	LoginDisabled      bool              `json:"login_disabled"`
	Alias              string            `json:"alias,omitempty"`
	CustomerNumber     string            `json:"customer_number,omitempty"`
	TuloCustomerNumber string            `json:"tulo_customer_number,omitempty"`
	ExternalIDs        map[string]string `json:"external_ids,omitempty"`
	CreatedAt          string            `json:"created_at"`
	UpdatedAt          string            `json:"updated_at"`
}

type accountDisable struct {
	ID string `arg:"" help:"The account's id."`
}

// Run blocks an account.
func (c accountDisable) Run(s *session) error {
	return s.with(func(a *app.App) error {
		if err := a.Accounts.Disable(s.ctx, strings.ToLower(c.ID)); err != nil {
			return err
		}
		return s.done(c.ID + " is inactive")
	})
}
