package app

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/account"
	"avow/internal/fault"
)

// Demo is what `avow dev` prints for trying avow out, in the form of the ready line.
type Demo struct {
	Org             string `json:"org"`
	APIKey          string `json:"apiKey"`
	SecretKey       string `json:"secretKey"`
	KeyID           string `json:"keyId"`
	ClientID        string `json:"client_id"`
	ClientSecret    string `json:"client_secret"`
	AccountID       string `json:"account_id"`
	AccountEmail    string `json:"account_email"`
	AccountPassword string `json:"account_password"`
	AccessToken     string `json:"access_token"`
	MailsURL        string `json:"mails_url"`
	WebhooksURL     string `json:"webhooks_url"`
}

const (
	demoName     = "demo"
	demoTokenTTL = 24 * time.Hour
)

// demoScopes are those of the demo client and token.
var demoScopes = []string{"/external/me/r", "/external/me/w", "/external/account/r", "/external/account/w"}

var errForeign = fault.New(fault.Conflict, "not_dev_data", "This database was not made by `avow dev`. Use another --data directory.")

// MakeDemo makes the demo organisation, key, client and an unverified account where they are missing, and issues a token. Every secret derives from the master
// key, so that each start prints the same ones.
func (a *App) MakeDemo(ctx context.Context) (Demo, error) {
	org, err := a.demoOrganisation(ctx)
	if err != nil {
		return Demo{}, err
	}
	d := Demo{Org: org.ID, MailsURL: a.o.PublicURL + "/dev/mails", WebhooksURL: a.o.PublicURL + "/dev/webhooks"}
	steps := []func(context.Context, *Demo) error{a.demoKey, a.demoClient, a.demoAccount, a.demoToken}
	for _, step := range steps {
		if err := step(ctx, &d); err != nil {
			return Demo{}, fmt.Errorf("demo: %w", err)
		}
	}
	return d, nil
}

// demoRandom draws the same values for a label at every start.
func (a *App) demoRandom(label string) access.Random {
	return access.Random{Source: rand.NewChaCha8(a.keys.Derive(access.ForDemo, label))}
}

func (a *App) demoOrganisation(ctx context.Context) (access.Organisation, error) {
	orgs, err := a.Store.Organisations(ctx)
	if err != nil {
		return access.Organisation{}, err
	}
	if i := slices.IndexFunc(orgs, func(o access.Organisation) bool { return o.Demo }); i >= 0 {
		return orgs[i], nil
	}
	if len(orgs) > 0 {
		return access.Organisation{}, errForeign
	}
	return a.Admin.CreateOrganisation(ctx, demoName, true)
}

func (a *App) demoKey(ctx context.Context, d *Demo) error {
	keys, err := a.Store.Keys(ctx, d.Org)
	if err != nil {
		return err
	}
	// The key is drawn again to know its text; only the first start saves it.
	k := a.Admin.DrawKey(a.demoRandom("key"), access.Owner{Org: d.Org, Mode: access.Test}, demoName)
	d.KeyID, d.APIKey, d.SecretKey = k.ID, k.Text, k.Secret
	if slices.ContainsFunc(keys, func(have access.Key) bool { return have.ID == k.ID }) {
		return nil
	}
	return a.Store.CreateKey(ctx, k.Key)
}

func (a *App) demoClient(ctx context.Context, d *Demo) error {
	clients, err := a.Store.Clients(ctx, d.Org)
	if err != nil {
		return err
	}
	c, secret := a.Admin.DrawClient(a.demoRandom("client"), access.NewClient{Org: d.Org, Name: demoName, Scopes: demoScopes, OfflineAccess: true})
	d.ClientID, d.ClientSecret = c.ID, secret
	if slices.ContainsFunc(clients, func(have access.Client) bool { return have.ID == c.ID }) {
		return nil
	}
	return a.Store.CreateClient(ctx, c)
}

// demoAccount takes the first demo account that can still be verified, and makes one when there is none.
func (a *App) demoAccount(ctx context.Context, d *Demo) error {
	d.AccountPassword = strings.ToLower(a.demoRandom("password").ID("demo-"))
	for n := 1; ; n++ {
		d.AccountEmail = fmt.Sprintf("demo-%d@example.com", n)
		created, err := a.Accounts.Create(ctx, account.NewAccount{Org: d.Org, Email: d.AccountEmail, Password: d.AccountPassword})
		if err == nil {
			d.AccountID = created.ID
			return nil
		}
		if !errors.Is(err, account.ErrEmailTaken) {
			return err
		}
		state, err := a.Store.ViewGrant(ctx, account.GrantKey{Client: d.ClientID, Org: d.Org, EmailKey: d.AccountEmail})
		if err != nil {
			return err
		}
		if known := state.Account; known != nil && known.Status == account.Created && !known.Verified {
			d.AccountID = known.ID
			return nil
		}
	}
}

func (a *App) demoToken(ctx context.Context, d *Demo) error {
	issued, err := a.Accounts.Issue(ctx, d.ClientID, d.AccountID, demoScopes, demoTokenTTL)
	d.AccessToken = issued.Access
	return err
}
