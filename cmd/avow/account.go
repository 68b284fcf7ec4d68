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
		made, err := a.Accounts.Create(s.ctx, account.NewAccount{Org: o.ID, Email: c.Email, Password: password, Verified: c.Verified, Language: c.Language})
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
		return s.print(struct {
			accountLine
			Org           string `json:"org"`
			LoginDisabled bool   `json:"login_disabled"`
			CreatedAt     string `json:"created_at"`
			UpdatedAt     string `json:"updated_at"`
		}{accountLine{found.ID, found.Email, string(found.Status), found.Verified}, found.Org, found.LoginDisabled, stamp(found.CreatedAt), stamp(found.UpdatedAt)})
	})
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
