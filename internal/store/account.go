package store

import (
	"context"
	"encoding/json"
	"errors"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/account"
)

// verifyEmail is the purpose of the codes of e-mail verification.
const verifyEmail = "verify_email"

const accountColumns = `COALESCE(a.id, ''), COALESCE(a.org_id, ''), COALESCE(a.email, ''), COALESCE(a.status, ''), COALESCE(a.verified, FALSE),
  COALESCE(a.login_disabled, FALSE), COALESCE(a.password, ''), COALESCE(a.profile, '{}'), COALESCE(a.created_at, 0), COALESCE(a.updated_at, 0), COALESCE(a.version, 0)`

const codeColumns = `COALESCE(k.request_id, ''), k.hash, COALESCE(k.wrong, 0), COALESCE(k.delivery_id, ''), COALESCE(k.created_at, 0), COALESCE(k.expires_at, 0)`

const tokenColumns = `t.hash, t.kind, t.org_id, t.client_id, t.account_id, t.scopes, t.family, t.created_at, t.expires_at, t.used_at, t.revoked_at`

const clientColumns = `c.id, c.org_id, c.name, c.secret_hash, c.scopes, c.verification_urls, c.offline_access, c.created_at, c.disabled_at`

// The organisation of everything that is loaded is the token's: a client of one organisation cannot name an account of another.
const loadByToken = `SELECT ` + tokenColumns + `, ` + clientColumns + `, o.name, o.settings, ` + accountColumns + `, ` + codeColumns + `
FROM tokens t
JOIN clients c ON c.id = t.client_id AND c.org_id = t.org_id
JOIN organisations o ON o.id = t.org_id
LEFT JOIN accounts a ON a.id = t.account_id AND a.org_id = t.org_id
LEFT JOIN account_codes k ON k.account_id = a.id AND k.org_id = a.org_id AND k.purpose = '` + verifyEmail + `'
WHERE t.hash IN ($1, $2, $3)`

const loadByID = `SELECT o.name, o.settings, ` + accountColumns + `, ` + codeColumns + `
FROM accounts a
JOIN organisations o ON o.id = a.org_id
LEFT JOIN account_codes k ON k.account_id = a.id AND k.org_id = a.org_id AND k.purpose = '` + verifyEmail + `'
WHERE a.id = $1`

// View implements account.Accounts.
func (s *Store) View(ctx context.Context, k account.Key) (account.State, error) {
	var state account.State
	err := s.engine.view(ctx, loadAccount(k, &state))
	return state, err
}

// Change implements account.Accounts.
func (s *Store) Change(ctx context.Context, k account.Key, decide func(account.State) (account.Next, error)) error {
	var state account.State
	var next account.Next
	var outcome error
	load := func() *batch { state = account.State{}; return loadAccount(k, &state) }
	err := s.change(ctx, load, func() (*batch, error) {
		next, outcome = decide(state)
		return s.saveAccount(state, next), nil
	})
	if err != nil {
		return err
	}
	if len(next.Mails) > 0 {
		s.wake()
	}
	return outcome
}

func loadAccount(k account.Key, state *account.State) *batch {
	b := &batch{}
	if k.ByToken {
		b.query(loadByToken, func(scan scanner) error { return scanTokenState(scan, state) }, anyOf(k.Token)...)
		return b
	}
	b.query(loadByID, func(scan scanner) error {
		var o organisationRow
		var a accountRow
		var c codeRow
		err := scan(join(o.columns(), a.columns(), c.columns())...)
		state.Brand, state.Account, state.Code = o.brand(), a.account(), c.code()
		return err
	}, k.ID)
	return b
}

func scanTokenState(scan scanner, state *account.State) error {
	var t tokenRow
	var c clientRow
	var o organisationRow
	var a accountRow
	var k codeRow
	err := scan(join(t.columns(), c.columns(), o.columns(), a.columns(), k.columns())...)
	token, client := t.token(), c.client()
	state.Token, state.Client = &token, &client
	state.Brand, state.Account, state.Code = o.brand(), a.account(), k.code()
	return err
}

// saveAccount writes what a decision returned. The account's version guards all of it.
func (s *Store) saveAccount(state account.State, next account.Next) *batch {
	b := &batch{}
	if next.Empty() {
		return b
	}
	a := state.Account
	if next.Account != nil {
		a = next.Account
	}
	b.guard(`UPDATE accounts SET status = $1, verified = $2, login_disabled = $3, updated_at = $4, version = version + 1
WHERE id = $5 AND org_id = $6 AND version = $7`,
		string(a.Status), a.Verified, a.LoginDisabled, micros(a.UpdatedAt), a.ID, a.Org, state.Account.Version)
	saveCode(b, a, next)
	for _, id := range next.Unsend {
		cancelDelivery(b, id, a.Org, a.UpdatedAt)
	}
	for _, d := range next.Mails {
		s.enqueue(b, d)
	}
	return b
}

func saveCode(b *batch, a *account.Account, next account.Next) {
	if c := next.Code; c != nil {
		b.exec(`INSERT INTO account_codes (account_id, purpose, org_id, request_id, hash, wrong, delivery_id, created_at, expires_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
ON CONFLICT (account_id, purpose) DO UPDATE SET request_id = excluded.request_id, hash = excluded.hash, wrong = excluded.wrong,
  delivery_id = excluded.delivery_id, created_at = excluded.created_at, expires_at = excluded.expires_at`,
			a.ID, verifyEmail, a.Org, c.ID, c.Hash[:], c.Wrong, c.Delivery, micros(c.CreatedAt), micros(c.ExpiresAt))
	}
	if next.NoCode {
		b.exec(`DELETE FROM account_codes WHERE account_id = $1 AND org_id = $2 AND purpose = $3`, a.ID, a.Org, verifyEmail)
	}
}

// Create implements account.Accounts.
func (s *Store) Create(ctx context.Context, a account.Account) error {
	profile, err := json.Marshal(a.Profile)
	if err != nil {
		return err
	}
	b := &batch{}
	b.exec(`INSERT INTO accounts (id, org_id, email, email_key, status, verified, login_disabled, password, profile, created_at, updated_at, version)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		a.ID, a.Org, a.Email, account.EmailKey(a.Email), string(a.Status), a.Verified, a.LoginDisabled, a.Password, string(profile),
		micros(a.CreatedAt), micros(a.UpdatedAt), a.Version)
	if err = s.save(ctx, b); errors.Is(err, errTaken) {
		return account.ErrEmailTaken
	}
	return err
}

const loadClient = `SELECT ` + clientColumns + ` FROM clients c WHERE c.id = $1`

// The account that signs in must be of the client's own organisation; the caller's word for it has to agree.
const loadSignIn = `SELECT ` + accountColumns + ` FROM clients c JOIN accounts a ON a.org_id = c.org_id WHERE c.id = $1 AND a.org_id = $2 AND a.email_key = $3`

const loadRefresh = `SELECT ` + tokenColumns + `, ` + accountColumns + `
FROM tokens t JOIN clients c ON c.id = $4 AND c.org_id = t.org_id
LEFT JOIN accounts a ON a.id = t.account_id AND a.org_id = t.org_id
WHERE t.hash IN ($1, $2, $3)`

// ViewGrant implements account.Accounts.
func (s *Store) ViewGrant(ctx context.Context, k account.GrantKey) (account.GrantState, error) {
	var state account.GrantState
	err := s.engine.view(ctx, loadGrant(k, &state))
	return state, err
}

// ChangeGrant implements account.Accounts.
func (s *Store) ChangeGrant(ctx context.Context, k account.GrantKey, decide func(account.GrantState) (account.GrantNext, error)) error {
	var state account.GrantState
	var outcome error
	load := func() *batch { state = account.GrantState{}; return loadGrant(k, &state) }
	err := s.change(ctx, load, func() (*batch, error) {
		var next account.GrantNext
		next, outcome = decide(state)
		return saveGrant(next), nil
	})
	if err != nil {
		return err
	}
	return outcome
}

func loadGrant(k account.GrantKey, state *account.GrantState) *batch {
	b := &batch{}
	b.query(loadClient, func(scan scanner) error {
		var c clientRow
		err := scan(c.columns()...)
		client := c.client()
		state.Client = &client
		return err
	}, k.Client)
	if k.ByToken {
		b.query(loadRefresh, func(scan scanner) error {
			var t tokenRow
			var a accountRow
			err := scan(join(t.columns(), a.columns())...)
			token := t.token()
			state.Refresh, state.Account = &token, a.account()
			return err
		}, append(anyOf(k.Refresh), k.Client)...)
		return b
	}
	b.query(loadSignIn, func(scan scanner) error {
		var a accountRow
		err := scan(a.columns()...)
		state.Account = a.account()
		return err
	}, k.Client, k.Org, k.EmailKey)
	return b
}

// saveGrant writes tokens. Only one exchange of a refresh token can find it unused.
func saveGrant(next account.GrantNext) *batch {
	b := &batch{}
	if r := next.Exchange; r != nil {
		b.guard(`UPDATE tokens SET used_at = $1 WHERE hash = $2 AND used_at = 0 AND revoked_at = 0`, micros(next.Issue[0].CreatedAt), r.Hash[:])
	}
	if next.RevokeFamily != "" {
		b.exec(`UPDATE tokens SET revoked_at = $1 WHERE family = $2 AND revoked_at = 0`, micros(next.RevokedAt), next.RevokeFamily)
	}
	for _, t := range next.Issue {
		b.exec(`INSERT INTO tokens (hash, kind, org_id, client_id, account_id, scopes, family, created_at, expires_at, used_at, revoked_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 0)`,
			t.Hash[:], string(t.Kind), t.Org, t.Client, t.Account, strings.Join(t.Scopes, " "), t.Family, micros(t.CreatedAt), micros(t.ExpiresAt))
	}
	return b
}

// RevokeToken implements account.Accounts.
func (s *Store) RevokeToken(ctx context.Context, token access.Lookup, now time.Time) (bool, error) {
	found := false
	load := &batch{}
	load.query(`SELECT hash FROM tokens WHERE hash IN ($1, $2, $3)`, func(scan scanner) error { found = true; return scan(new([]byte)) }, anyOf(token)...)
	err := s.engine.change(ctx, load, func() (*batch, error) {
		b := &batch{}
		b.exec(`UPDATE tokens SET revoked_at = $4 WHERE revoked_at = 0 AND (hash IN ($1, $2, $3)
OR family IN (SELECT family FROM tokens WHERE hash IN ($1, $2, $3) AND kind = 'refresh'))`, append(anyOf(token), micros(now))...)
		return b, nil
	})
	return found, err
}
