package store

import (
	"context"
	"strings"
	"time"

	"avow/internal/access"
	"avow/internal/account"
)

var loadClient = newSet(`id text`, `SELECT v.unit, `+clientColumns+` FROM v JOIN clients c ON c.id = v.id`)

// The account that signs in must be of the client's own organisation; the caller's word for it has to agree.
var loadSignIn = newSet(`client text, org text, email_key text`, `SELECT v.unit, `+accountColumns+`
FROM v JOIN clients c ON c.id = v.client JOIN accounts a ON a.org_id = c.org_id AND a.org_id = v.org AND a.email_key = v.email_key`)

// A token that is shown is found in the client's own organisation only.
var loadShown = newSet(`client text, hash bytea`, `SELECT v.unit, `+tokenColumns+`, i.id, i.disabled_at, `+accountColumns+`
FROM v JOIN tokens t ON t.hash = v.hash`+ofFamily+` JOIN clients c ON c.id = v.client AND c.org_id = t.org_id JOIN clients i ON i.id = t.client_id
LEFT JOIN accounts a ON a.id = t.account_id AND a.org_id = t.org_id`)

// An exchange notes by which token the old one was used up: tokens that are issued for it find that note.
var (
	exchangeToken = guardSet(0, `hash bytea, used_by bytea, now bigint`, `UPDATE tokens SET used_at = v.now, used_by = v.used_by
FROM v WHERE tokens.hash = v.hash AND tokens.used_at = 0 AND tokens.revoked_at = 0 RETURNING tokens.hash`)

	revokeFamily = writeSet(1, `family text, now bigint`, `INSERT INTO revoked_families (family, revoked_at) SELECT v.family, v.now FROM v WHERE TRUE
ON CONFLICT (family) DO NOTHING`)

	revokeToken = writeSet(1, `hash bytea, now bigint`, `UPDATE tokens SET revoked_at = v.now FROM v WHERE tokens.hash = v.hash AND tokens.revoked_at = 0`)

	issueToken = writeSet(2, `hash bytea, kind text, org text, client text, account text, scopes text, family text, epoch bigint, created_at bigint, expires_at bigint,
  exchanged bytea, used_by bytea, fresh bigint`,
		`INSERT INTO tokens (hash, kind, org_id, client_id, account_id, scopes, family, epoch, created_at, expires_at, used_at, revoked_at)
SELECT v.hash, v.kind, v.org, v.client, v.account, v.scopes, v.family, v.epoch, v.created_at, v.expires_at, 0, 0
FROM v WHERE (v.exchanged IS NULL OR EXISTS (SELECT 1 FROM tokens r WHERE r.hash = v.exchanged AND r.used_by = v.used_by))
AND (v.fresh = 0 OR EXISTS (SELECT 1 FROM accounts h WHERE h.id = v.account AND h.version = v.fresh))`)
)

// A count of wrong passwords, with which a one-time password may be used up, is guarded by the account's version like any other change of it, and tokens that are issued on the strength of it by what it wrote.
const (
	passwordCount = `id text, org text, loaded bigint, fresh bigint, wrong bigint, until bigint, codes text`

	setCount = `UPDATE accounts SET wrong_passwords = v.wrong, wrong_until = v.until, codes = v.codes, version = v.fresh
FROM v WHERE accounts.id = v.id AND accounts.org_id = v.org AND accounts.version = v.loaded`
)

var (
	countPassword = guardSet(0, passwordCount, setCount+` RETURNING accounts.id`)
	countNothing  = writeSet(0, passwordCount, setCount) // where there is nothing to count
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
		return saveGrant(state, next)
	}, func() string { return changesOfGrant(state) })
	if err != nil {
		return err
	}
	return outcome
}

// changesOfGrant names what no two grants of a group may both change: a family, or the account that signs in.
func changesOfGrant(state account.GrantState) string {
	switch {
	case state.Refresh != nil:
		return state.Refresh.Family
	case state.Account != nil:
		return state.Account.ID
	}
	return ""
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
		b.find(loadShown, func(scan scanner) error {
			var t tokenRow
			var i clientRow
			var a accountRow
			err := scan(join(t.columns(), []any{&i.id, &i.disabledAt}, a.columns())...)
			token := t.token()
			state.Refresh, state.Account = &token, a.account()
			state.Issuer = &access.Client{ID: i.id, DisabledAt: instant(i.disabledAt)}
			return err
		}, behind([]any{k.Client}, candidates(k.Refresh))...)
		return b
	}
	b.find(loadSignIn, func(scan scanner) error {
		var a accountRow
		err := scan(a.columns()...)
		state.Account, state.Codes = a.account(), codesFrom(a.codes)
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
func saveGrant(state account.GrantState, next account.GrantNext) *batch {
	b := &batch{}
	fresh := b.writeCount(state, next)
	var exchanged, usedBy any // NULL when nothing is exchanged
	if r := next.Exchange; r != nil {
		exchanged, usedBy = r.Hash[:], next.Issue[0].Hash[:]
		b.write(exchangeToken, exchanged, usedBy, micros(next.Issue[0].CreatedAt))
	}
	if next.Revoke != nil {
		b.write(revokeToken, next.Revoke.Hash[:], micros(next.RevokedAt))
	}
	if next.RevokeFamily != "" {
		b.write(revokeFamily, next.RevokeFamily, micros(next.RevokedAt))
	}
	for _, t := range next.Issue {
		b.write(issueToken, t.Hash[:], string(t.Kind), t.Org, t.Client, t.Account, strings.Join(t.Scopes, " "), t.Family, t.Epoch, micros(t.CreatedAt), micros(t.ExpiresAt),
			exchanged, usedBy, fresh)
	}
	return b
}

// writeCount adds the count of wrong passwords and returns the account's version after it; 0: nothing is counted.
func (b *batch) writeCount(state account.GrantState, next account.GrantNext) int64 {
	if a := next.Counted; a != nil {
		fresh := stamp()
		b.write(countPassword, a.ID, a.Org, a.Version, fresh, int64(a.Attempts.Wrong), micros(a.Attempts.Until),
			codesAfter(state.Codes, next.Codes))
		return fresh
	}
	if next.Idle {
		b.write(countNothing, "", "", int64(0), int64(0), int64(0), int64(0), noCodes)
	}
	return 0
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
