package store

import (
	"context"
	"errors"
	"slices"

	"avow/internal/account"
)

const accountColumns = `COALESCE(a.id, ''), COALESCE(a.org_id, ''), COALESCE(a.email, ''), COALESCE(a.status, ''), COALESCE(a.verified, FALSE),
  COALESCE(a.login_disabled, FALSE), COALESCE(a.password, ''), COALESCE(a.profile, '{}'), COALESCE(a.created_at, 0), COALESCE(a.updated_at, 0), COALESCE(a.version, 0),
  COALESCE(a.codes, '{}'), COALESCE(a.token_epoch, 0), COALESCE(a.kept_family, ''), COALESCE(a.wrong_passwords, 0), COALESCE(a.wrong_until, 0)`

// A token is revoked by its own row or with its family. The family's mark counts for tokens that are issued at the same moment, too.
const (
	tokenColumns = `t.hash, t.kind, t.org_id, t.client_id, t.account_id, t.scopes, t.family, t.epoch, t.created_at, t.expires_at, t.used_at, COALESCE(f.revoked_at, t.revoked_at)`
	ofFamily     = ` LEFT JOIN revoked_families f ON f.family = t.family`
)

const clientColumns = `c.id, c.org_id, c.name, c.secret_hash, c.scopes, c.verification_urls, c.offline_access, c.created_at, c.disabled_at`

// The organisation of everything that is loaded is the token's: a client of one organisation cannot name an account of another.
var loadByToken = newSet(`hash bytea`, `SELECT v.unit, `+tokenColumns+`, `+clientColumns+`, `+organisationColumns+`, `+accountColumns+`
FROM v JOIN tokens t ON t.hash = v.hash`+ofFamily+`
JOIN clients c ON c.id = t.client_id AND c.org_id = t.org_id
JOIN organisations o ON o.id = t.org_id
LEFT JOIN accounts a ON a.id = t.account_id AND a.org_id = t.org_id`)

var loadByID = newSet(`id text`, `SELECT v.unit, `+organisationColumns+`, `+accountColumns+`
FROM v JOIN accounts a ON a.id = v.id
JOIN organisations o ON o.id = a.org_id`)

// View implements account.Accounts.
func (s *Store) View(ctx context.Context, k account.Key) (account.State, error) {
	var state account.State
	err := s.view(ctx, loadAccount(k, &state))
	return state, err
}

// Change implements account.Accounts. A key in use means that somebody else has just made an account with the same name: then the change is decided again, on a state
// that knows that account.
func (s *Store) Change(ctx context.Context, k account.Key, decide func(account.State) (account.Next, error)) error {
	var state account.State
	var next account.Next
	var outcome error
	load := func() *batch {
		if k.Seen != nil {
			state, k.Seen = *k.Seen, nil
			return nil
		}
		state = account.State{}
		return loadAccount(k, &state)
	}
	save := func() *batch {
		next, outcome = decide(state)
		return s.saveAccount(state, next)
	}
	err := s.change(ctx, load, save, func() string { return changesOfAccount(k, state) })
	for try := 1; k.New && errors.Is(err, errTaken) && try < maxTries; try++ {
		err = s.change(ctx, load, save, func() string { return changesOfAccount(k, state) })
	}
	if errors.Is(err, errTaken) && movesTo(state, next) {
		return account.ErrEmailTaken
	}
	if err != nil {
		return err
	}
	if len(next.Mails)+len(next.Hooks) > 0 {
		s.wake()
	}
	return outcome
}

// movesTo reports whether a decision gives an account another address, which somebody else may have by now.
func movesTo(state account.State, next account.Next) bool {
	return state.Account != nil && next.Account != nil && account.EmailKey(state.Account.Email) != account.EmailKey(next.Account.Email)
}

// changesOfAccount names what no two changes of a group may both change: an account, or the one that is to have an address.
func changesOfAccount(k account.Key, state account.State) string {
	switch {
	case state.Account != nil:
		return state.Account.ID
	case k.New && state.Token != nil:
		return state.Token.Org + "\x00" + k.Name.Value
	case k.New:
		return k.Org + "\x00" + k.Name.Value
	}
	return ""
}

func loadAccount(k account.Key, state *account.State) *batch {
	b := &batch{}
	switch {
	case k.New:
		loadNew(b, k, state)
	case k.ByToken && k.Name != (account.Name{}):
		loadNamed(b, k, state)
	case k.ByToken:
		b.find(loadByToken, func(scan scanner) error {
			err := scanTokenState(scan, state)
			state.Holder = state.Account
			return err
		}, candidates(k.Token)...)
	default:
		b.find(loadByID, func(scan scanner) error {
			var o organisationRow
			var a accountRow
			err := scan(join(o.columns(), a.columns())...)
			o.tell(state)
			a.tell(state)
			return err
		}, []any{k.Name.Value})
	}
	return b
}

// scanTokenState reads what every load by a token has, and into more what stands behind it.
func scanTokenState(scan scanner, state *account.State, more ...any) error {
	var t tokenRow
	var c clientRow
	var o organisationRow
	var a accountRow
	err := scan(join(t.columns(), c.columns(), o.columns(), a.columns(), more)...)
	token, client := t.token(), c.client()
	state.Token, state.Client = &token, &client
	o.tell(state)
	a.tell(state)
	return err
}

const (
	updatedAccount = `id text, org text, loaded bigint, fresh bigint, email text, email_key text, status text, verified boolean, login_disabled boolean, password text,
  token_epoch bigint, kept_family text, codes text, updated_at bigint, wrong bigint, wrong_until bigint`

	setAccount = `UPDATE accounts SET email = v.email, email_key = v.email_key, status = v.status, verified = v.verified, login_disabled = v.login_disabled, password = v.password,
  token_epoch = v.token_epoch, kept_family = v.kept_family, codes = v.codes, updated_at = v.updated_at,
  wrong_passwords = v.wrong, wrong_until = v.wrong_until, version = v.fresh FROM v WHERE accounts.id = v.id AND accounts.org_id = v.org AND accounts.version = v.loaded`
)

// The account's version guards a change: the update finds the version that was loaded, everything else the one that the update wrote. Its codes are a document in its
// row: a new one takes the place of the old, so that two can never be live.
var (
	updateAccount = guardSet(0, updatedAccount, setAccount+` RETURNING accounts.id`)

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
	switch {
	case next.Empty():
		return nil
	case next.Idle:
		return idle()
	}
	a := state.Account
	if next.Account != nil {
		a = next.Account
	}
	b, fresh := &batch{}, stamp()
	codes := codesToJSON(state, next)
	if a.Version == 0 {
		b.writeNew(*a, fresh, codes)
	} else {
		b.write(updateAccount, a.ID, a.Org, state.Account.Version, fresh, a.Email, account.EmailKey(a.Email), string(a.Status), a.Verified, a.LoginDisabled, a.Password,
			a.Sessions.Epoch, a.Sessions.Kept, codes, micros(a.UpdatedAt), int64(a.Attempts.Wrong), micros(a.Attempts.Until))
	}
	for _, id := range next.Unsend {
		b.write(cancelDelivery, a.ID, a.Org, fresh, id, micros(a.UpdatedAt))
	}
	for _, d := range slices.Concat(next.Mails, next.Hooks) {
		b.write(enqueueDelivery, append([]any{a.ID, a.Org, fresh}, s.deliveryRow(d, a.ID)...)...)
	}
	return b
}
