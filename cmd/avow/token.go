package main

import (
	"io"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/app"
)

type tokenCommand struct {
	Issue  tokenIssue  `cmd:"" help:"Issue an access token."`
	Revoke tokenRevoke `cmd:"" help:"Make a token worthless at once; a refresh token takes its family with it."`
}

type tokenIssue struct {
	Client  string        `required:"" help:"The client's id."`
	Scopes  string        `required:"" help:"Scopes, separated by spaces."`
	Account string        `help:"The account that the token belongs to; without it the token has no identity."`
	TTL     time.Duration `name:"ttl" default:"1h" help:"How long the token is good."`
}

// Run issues a token.
func (c tokenIssue) Run(s *session) error {
	return s.with(func(a *app.App) error {
		issued, err := a.Accounts.Issue(s.ctx, c.Client, strings.ToLower(c.Account), access.ParseScopes(c.Scopes), c.TTL)
		if err != nil {
			return err
		}
		return s.print(struct {
			AccessToken string `json:"access_token"`
			ExpiresIn   int    `json:"expires_in"`
			Scope       string `json:"scope"`
		}{issued.Access, int(issued.ExpiresIn.Seconds()), scopeText(issued.Scopes)})
	})
}

type tokenRevoke struct {
	Token string `arg:"" help:"The token, - to read it from standard input."`
}

// Run revokes a token.
func (c tokenRevoke) Run(s *session) error {
	token := c.Token
	if token == "-" {
		text, err := io.ReadAll(s.env.in)
		if err != nil {
			return err
		}
		token = strings.TrimSpace(string(text))
	}
	return s.with(func(a *app.App) error {
		if err := a.Accounts.Revoke(s.ctx, token); err != nil {
			return err
		}
		return s.done("the token is revoked")
	})
}

func scopeText(scopes []string) string { return strings.Join(scopes, " ") }
