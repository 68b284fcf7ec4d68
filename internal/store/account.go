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

const accountColumns = `COALESCE(a.id, ''), COALESCE(a.org_id, ''), COALESCE(a.email, ''), COALESCE(a.status, ''), COALESCE(a.verified, FALSE),
  COALESCE(a.login_disabled, FALSE), COALESCE(a.password, ''), COALESCE(a.profile, '{}'), COALESCE(a.created_at, 0), COALESCE(a.updated_at, 0), COALESCE(a.version, 0),
  COALESCE(a.codes, '{}')`

// A token is revoked by its own row or with its family. The family's mark counts for tokens that are issued at the same moment, too.
const (
	tokenColumns = `t.hash, t.kind, t.org_id, t.client_id, t.account_id, t.scopes, t.family, t.created_at, t.expires_at, t.used_at, COALESCE(f.revoked_at, t.revoked_at)`
	ofFamily     = ` LEFT JOIN revoked_families f ON f.family = t.family`
)

const clientColumns = `c.id, c.org_id, c.name, c.secret_hash, c.scopes, c.verification_urls, c.offline_access, c.created_at, c.disabled_at`

// The organisation of everything that is loaded is the token's: a client of one organisation cannot name an account of another.
var loadByToken = newSet(`hash bytea`, `SELECT v.unit, `+tokenColumns+`, `+clientColumns+`, o.name, o.settings, `+accountColumns+`
FROM v JOIN tokens t ON t.hash = v.hash`+ofFamily+`
JOIN clients c ON c.id = t.client_id AND c.org_id = t.org_id
JOIN organisations o ON o.id = t.org_id
LEFT JOIN accounts a ON a.id = t.account_id AND a.org_id = t.org_id`)

var loadByID = newSet(`id text`, `SELECT v.unit, o.name, o.settings, `+accountColumns+`
FROM v JOIN accounts a ON a.id = v.id
JOIN organisations o ON o.id = a.org_id`)

// View implements account.Accounts.
func (s *Store) View(ctx context.Context, k account.Key) (account.State, error) {
	var state account.State
	err := s.view(ctx, loadAccount(k, &state))
	return state, err
}

// Change implements account.Accounts.
func (s *Store) Change(ctx context.Context, k account.Key, decide func(account.State) (account.Next, error)) error {
	var state account.State
	var next account.Next
	var outcome error
	err := s.change(ctx, func() *batch {
		state = account.State{}
		return loadAccount(k, &state)
	}, func() *batch {
		next, outcome = decide(state)
		return s.saveAccount(state, next)
	}, func() string {
		if state.Account == nil {
			return ""
		}
		return state.Account.ID
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
		b.find(loadByToken, func(scan scanner) error { return scanTokenState(scan, state) }, candidates(k.Token)...)
		return b
	}
	b.find(loadByID, func(scan scanner) error {
		var o organisationRow
		var a accountRow
		err := scan(join(o.columns(), a.columns())...)
		state.Brand, state.Language, state.Account, state.Code = o.brand(), o.language(), a.account(), a.code(verifyEmail)
		return err
	}, []any{k.ID})
	return b
}

func scanTokenState(scan scanner, state *account.State) error {
	var t tokenRow
	var c clientRow
	var o organisationRow
	var a accountRow
	err := scan(join(t.columns(), c.columns(), o.columns(), a.columns())...)
	token, client := t.token(), c.client()
	state.Token, state.Client = &token, &client
	state.Brand, state.Language, state.Account, state.Code = o.brand(), o.language(), a.account(), a.code(verifyEmail)
	return err
}

// The account's version guards a change: the update finds the version that was loaded, everything else the one that the update wrote. Its codes are a document in its
// row: a new one takes the place of the old, so that two can never be live.
var (
	updateAccount = guardSet(0, `id text, org text, loaded bigint, fresh bigint, status text, verified boolean, login_disabled boolean, codes text, updated_at bigint`,
		`UPDATE accounts SET status = v.status, verified = v.verified, login_disabled = v.login_disabled, codes = v.codes, updated_at = v.updated_at, version = v.fresh
FROM v WHERE accounts.id = v.id AND accounts.org_id = v.org AND accounts.version = v.loaded RETURNING accounts.id`)

	// One that is being sent at this moment is not tried again.
	cancelDelivery = writeSet(1, ofGuard+`id text, now bigint`,
		`UPDATE deliveries SET state = 'cancelled', payload_sealed = NULL, finished_at = v.now`+ofAccount+`
WHERE deliveries.id = v.id AND deliveries.org_id = v.account_org AND deliveries.state = 'queued'`)

	enqueueDelivery = writeSet(2, ofGuard+deliveryRow, insertDelivery+ofAccount)
)

// What a change writes besides its account names the account as its guard has just written it.
const (
	ofGuard   = `account text, account_org text, fresh bigint, `
	ofAccount = ` FROM v JOIN accounts a ON a.id = v.account AND a.org_id = v.account_org AND a.version = v.fresh`
)

// saveAccount writes what a decision returned.
func (s *Store) saveAccount(state account.State, next account.Next) *batch {
	if next.Empty() {
		return nil
	}
	a := state.Account
	if next.Account != nil {
		a = next.Account
	}
	b, fresh := &batch{}, stamp()
	b.write(updateAccount, a.ID, a.Org, state.Account.Version, fresh, string(a.Status), a.Verified, a.LoginDisabled,
		codesToJSON(codeAfter(state, next)), micros(a.UpdatedAt))
	for _, id := range next.Unsend {
		b.write(cancelDelivery, a.ID, a.Org, fresh, id, micros(a.UpdatedAt))
	}
	for _, d := range next.Mails {
		b.write(enqueueDelivery, append([]any{a.ID, a.Org, fresh}, s.deliveryRow(d)...)...)
	}
	return b
}

// codeAfter is the code that is live once the decision is saved; nil: none.
func codeAfter(state account.State, next account.Next) *account.Code {
	switch {
	case next.NoCode:
		return nil
	case next.Code != nil:
		return next.Code
	}
	return state.Code
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

var loadClient = newSet(`id text`, `SELECT v.unit, `+clientColumns+` FROM v JOIN clients c ON c.id = v.id`)

// The account that signs in must be of the client's own organisation; the caller's word for it has to agree.
var loadSignIn = newSet(`client text, org text, email_key text`, `SELECT v.unit, `+accountColumns+`
FROM v JOIN clients c ON c.id = v.client JOIN accounts a ON a.org_id = c.org_id AND a.org_id = v.org AND a.email_key = v.email_key`)

var loadRefresh = newSet(`client text, hash bytea`, `SELECT v.unit, `+tokenColumns+`, `+accountColumns+`
FROM v JOIN tokens t ON t.hash = v.hash`+ofFamily+` JOIN clients c ON c.id = v.client AND c.org_id = t.org_id
LEFT JOIN accounts a ON a.id = t.account_id AND a.org_id = t.org_id`)

// An exchange notes by which token the old one was used up: tokens that are issued for it find that note.
var (
	exchangeToken = guardSet(0, `hash bytea, used_by bytea, now bigint`, `UPDATE tokens SET used_at = v.now, used_by = v.used_by
FROM v WHERE tokens.hash = v.hash AND tokens.used_at = 0 AND tokens.revoked_at = 0 RETURNING tokens.hash`)

	revokeFamily = writeSet(1, `family text, now bigint`, `INSERT INTO revoked_families (family, revoked_at) SELECT v.family, v.now FROM v WHERE TRUE
ON CONFLICT (family) DO NOTHING`)

	issueToken = writeSet(2, `hash bytea, kind text, org text, client text, account text, scopes text, family text, created_at bigint, expires_at bigint,
  exchanged bytea, used_by bytea`,
		`INSERT INTO tokens (hash, kind, org_id, client_id, account_id, scopes, family, created_at, expires_at, used_at, revoked_at)
SELECT v.hash, v.kind, v.org, v.client, v.account, v.scopes, v.family, v.created_at, v.expires_at, 0, 0
FROM v WHERE v.exchanged IS NULL OR EXISTS (SELECT 1 FROM tokens r WHERE r.hash = v.exchanged AND r.used_by = v.used_by)`)
)

// ViewGrant implements account.Accounts.
func (s *Store) ViewGrant(ctx context.Context, k account.GrantKey) (account.GrantState, error) {
	var state account.GrantState
	err := s.view(ctx, loadGrant(k, &state))
	return state, err
}

// ChangeGrant implements account.Accounts.
func (s *Store) ChangeGrant(ctx context.Context, k account.GrantKey, decide func(account.GrantState) (account.GrantNext, error)) error {
	var state account.GrantState
	var outcome error
	err := s.change(ctx, func() *batch {
		state = account.GrantState{}
		return loadGrant(k, &state)
	}, func() *batch {
		var next account.GrantNext
		next, outcome = decide(state)
		return saveGrant(next)
	}, func() string {
		if state.Refresh == nil {
			return ""
		}
		return state.Refresh.Family
	})
	if err != nil {
		return err
	}
	return outcome
}

func loadGrant(k account.GrantKey, state *account.GrantState) *batch {
	b := &batch{}
	b.find(loadClient, func(scan scanner) error {
		var c clientRow
		err := scan(c.columns()...)
		client := c.client()
		state.Client = &client
		return err
	}, []any{k.Client})
	if k.ByToken {
		b.find(loadRefresh, func(scan scanner) error {
			var t tokenRow
			var a accountRow
			err := scan(join(t.columns(), a.columns())...)
			token := t.token()
			state.Refresh, state.Account = &token, a.account()
			return err
		}, behind([]any{k.Client}, candidates(k.Refresh))...)
		return b
	}
	b.find(loadSignIn, func(scan scanner) error {
		var a accountRow
		err := scan(a.columns()...)
		state.Account = a.account()
		return err
	}, []any{k.Client, k.Org, k.EmailKey})
	return b
}

// behind puts the same values in front of every key.
func behind(front []any, keys [][]any) [][]any {
	for i, key := range keys {
		keys[i] = join(front, key)
	}
	return keys
}

// saveGrant writes tokens. Only one exchange of a refresh token can find it unused.
func saveGrant(next account.GrantNext) *batch {
	b := &batch{}
	var exchanged, usedBy any // NULL when nothing is exchanged
	if r := next.Exchange; r != nil {
		exchanged, usedBy = r.Hash[:], next.Issue[0].Hash[:]
		b.write(exchangeToken, exchanged, usedBy, micros(next.Issue[0].CreatedAt))
	}
	if next.RevokeFamily != "" {
		b.write(revokeFamily, next.RevokeFamily, micros(next.RevokedAt))
	}
	for _, t := range next.Issue {
		b.write(issueToken, t.Hash[:], string(t.Kind), t.Org, t.Client, t.Account, strings.Join(t.Scopes, " "), t.Family, micros(t.CreatedAt), micros(t.ExpiresAt),
			exchanged, usedBy)
	}
	return b
}

// RevokeToken implements account.Accounts.
func (s *Store) RevokeToken(ctx context.Context, token access.Lookup, now time.Time) (bool, error) {
	found := false
	b := &batch{}
	for _, key := range candidates(token) {
		b.query(`SELECT hash FROM tokens WHERE hash = $1`, func(scan scanner) error { found = true; return scan(new([]byte)) }, key...)
		b.exec(`UPDATE tokens SET revoked_at = $2 WHERE hash = $1 AND revoked_at = 0`, key[0], micros(now))
		b.exec(`INSERT INTO revoked_families (family, revoked_at) SELECT family, CAST($2 AS BIGINT) FROM tokens WHERE hash = $1 AND kind = 'refresh'
ON CONFLICT (family) DO NOTHING`, key[0], micros(now))
	}
	return found, s.save(ctx, b)
}
