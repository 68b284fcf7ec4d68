package main

import (
	"time"

	"avow/internal/access"
	"avow/internal/app"
)

type keyCommand struct {
	Create keyCreate `cmd:"" help:"Make an API key; its secrets are shown once."`
	List   keyList   `cmd:"" help:"List the keys of an organisation."`
	Rotate keyRotate `cmd:"" help:"Give a key another secret; the one before stays good for a while."`
	Revoke keyRevoke `cmd:"" help:"Make a key worthless at once."`
}

type keyCreate struct {
	Org  string `required:"" help:"An org_… id or the organisation's name."`
	Name string `required:"" help:"What the key is for."`
	Mode string `required:"" enum:"live,test" help:"live or test; test data never meets live data."`
}

// Run makes a key.
func (c keyCreate) Run(s *session) error {
	return s.with(func(a *app.App) error {
		k, err := a.Admin.CreateKey(s.ctx, c.Org, c.Name, access.Mode(c.Mode))
		if err != nil {
			return err
		}
		return s.print(struct {
			KeyID         string `json:"keyId"`
			APIKey        string `json:"apiKey"`
			SecretKey     string `json:"secretKey"`
			WebhookSecret string `json:"webhookSecret"`
			Mode          string `json:"mode"`
			Name          string `json:"name"`
		}{k.ID, k.Text, k.Secret, k.WebhookSecret(), c.Mode, c.Name})
	})
}

type keyList struct {
	Org string `help:"An org_… id or the organisation's name; all organisations when left out."`
}

// Run lists keys with what they were counted for, never their secrets.
func (c keyList) Run(s *session) error {
	type line struct {
		KeyID     string `json:"keyId"`
		Name      string `json:"name"`
		Mode      string `json:"mode"`
		Org       string `json:"org"`
		Credits   int    `json:"credits"`
		Profiles  int    `json:"verifiedProfiles"`
		CreatedAt string `json:"createdAt"`
		RevokedAt string `json:"revokedAt,omitempty"`
	}
	return s.with(func(a *app.App) error {
		org, err := orgID(s, a, c.Org)
		if err != nil {
			return err
		}
		keys, err := a.Store.Keys(s.ctx, org)
		if err != nil {
			return err
		}
		var lines []line
		for _, k := range keys {
			lines = append(lines, line{
				k.ID, k.Name, string(k.Owner.Mode), k.Owner.Org, k.Credits, k.VerifiedProfiles, stamp(k.CreatedAt), stamp(k.RevokedAt),
			})
		}
		return list(s, lines)
	})
}

// orgID resolves an organisation that may be left out.
func orgID(s *session, a *app.App, ref string) (string, error) {
	if ref == "" {
		return "", nil
	}
	o, err := a.Admin.Organisation(s.ctx, ref)
	return o.ID, err
}

type keyRotate struct {
	KeyID   string        `arg:"" name:"keyid" help:"A key_… id."`
	Overlap time.Duration `default:"24h" help:"How long the secret before stays good."`
}

// Run gives a key another secret.
func (c keyRotate) Run(s *session) error {
	return s.with(func(a *app.App) error {
		k, err := a.Admin.RotateKey(s.ctx, c.KeyID, c.Overlap)
		if err != nil {
			return err
		}
		return s.print(struct {
			KeyID         string `json:"keyId"`
			SecretKey     string `json:"secretKey"`
			WebhookSecret string `json:"webhookSecret"`
			PreviousUntil string `json:"previousValidUntil"`
		}{k.ID, k.Secret, k.WebhookSecret(), stamp(k.PreviousUntil)})
	})
}

type keyRevoke struct {
	KeyID string `arg:"" name:"keyid" help:"A key_… id."`
}

// Run revokes a key.
func (c keyRevoke) Run(s *session) error {
	return s.with(func(a *app.App) error {
		if err := a.Store.RevokeKey(s.ctx, c.KeyID, time.Now()); err != nil {
			return err
		}
		return s.done(c.KeyID + " is revoked")
	})
}
