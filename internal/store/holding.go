package store

import (
	"context"

	"avow/internal/account"
	"avow/internal/outbox"
)

var (
	loadHolding = newSet(`id text`, `SELECT v.unit, `+accountColumns+` FROM v JOIN accounts a ON a.id = v.id`)

	loadHoldersTokens = newSet(`id text`, `SELECT v.unit, `+tokenColumns+` FROM v JOIN accounts a ON a.id = v.id
JOIN tokens t ON t.account_id = a.id AND t.account_id <> '' AND t.org_id = a.org_id`+ofFamily+` ORDER BY t.created_at, t.hash`)

	loadHoldersDeliveries = newSet(`id text`, `SELECT v.unit, `+recordColumns+` FROM v JOIN accounts a ON a.id = v.id
JOIN deliveries d ON d.about = a.id AND d.about <> '' AND d.org_id = a.org_id ORDER BY d.created_at, d.kind, d.id`)

	loadHoldersMails = newSet(`id text`, `SELECT v.unit, m.id, m.recipient, m.created_at FROM v JOIN accounts a ON a.id = v.id
JOIN captured_mails m ON m.about = a.id AND m.about <> '' AND m.org_id = a.org_id ORDER BY m.created_at, m.id`)

	loadErasedAccount = newSet(`id text`, `SELECT v.unit, q.org_id, q.id, q.created_at, q.erased_at FROM v JOIN erasures q ON q.id = v.id AND q.mode = ''`)

	// An address takes part in a unique key; the id in its place is nobody's address.
	blankAccount = guardSet(0, `id text, org text, loaded bigint, fresh bigint`, `UPDATE accounts SET email = '', email_key = v.id, password = '', profile = '{}', codes = '{}',
  version = v.fresh FROM v WHERE accounts.id = v.id AND accounts.org_id = v.org AND accounts.version = v.loaded RETURNING accounts.id`)
)

// ViewHolding implements account.Holdings.
func (s *Store) ViewHolding(ctx context.Context, id string) (account.HoldingState, error) {
	var state account.HoldingState
	var h account.Holding
	b := loadAccountHolding(id, &state, &h)
	b.find(loadHoldersTokens, func(scan scanner) error {
		var r tokenRow
		err := scan(r.columns()...)
		h.Tokens = append(h.Tokens, r.token())
		return err
	}, []any{id})
	b.find(loadHoldersDeliveries, func(scan scanner) error {
		r, err := scanRecord(scan)
		h.Deliveries = append(h.Deliveries, r)
		return err
	}, []any{id})
	b.find(loadHoldersMails, func(scan scanner) error {
		m, err := scanKept(scan)
		h.Mails = append(h.Mails, m)
		return err
	}, []any{id})
	return state, s.view(ctx, b)
}

// loadAccountHolding reads an account with its codes into h, to which the state leads once there is one.
func loadAccountHolding(id string, state *account.HoldingState, h *account.Holding) *batch {
	b := &batch{}
	b.find(loadHolding, func(scan scanner) error {
		var r accountRow
		err := scan(r.columns()...)
		h.Account, h.Codes = *r.account(), codesFrom(r.codes)
		state.Holding = h
		return err
	}, []any{id})
	b.find(loadErasedAccount, func(scan scanner) error {
		var e account.Erasure
		var created, erased int64
		err := scan(&e.Org, &e.ID, &created, &erased)
		e.CreatedAt, e.ErasedAt = instant(created), instant(erased)
		state.Erased = &e
		return err
	}, []any{id})
	return b
}

// scanKept reads a captured mail without what is in it.
func scanKept(scan scanner) (m outbox.Captured, err error) {
	var created int64
	err = scan(&m.ID, &m.To, &created)
	m.CreatedAt = instant(created)
	return m, err
}

// EraseHolding implements account.Holdings. Tokens that are issued at the very moment are worth nothing without the account, and hold no word of it.
func (s *Store) EraseHolding(ctx context.Context, id string, decide func(account.HoldingState) (*account.Erasure, error)) error {
	var state account.HoldingState
	var refusal error
	err := s.change(ctx, func() *batch {
		state = account.HoldingState{}
		return loadAccountHolding(id, &state, &account.Holding{})
	}, func() *batch {
		var erased *account.Erasure
		if erased, refusal = decide(state); erased == nil {
			return nil
		}
		return s.eraseAccount(state.Holding.Account, *erased)
	}, func() string { return id })
	if err != nil {
		return err
	}
	if refusal != nil {
		return refusal
	}
	return s.engine.scrub(ctx)
}

func (s *Store) eraseAccount(a account.Account, e account.Erasure) *batch {
	w := eraser{batch: &batch{}, store: s, whose: oneAccount, one: []any{a.ID, "", a.Org, stamp()}}
	w.write(blankAccount, a.ID, a.Org, a.Version, w.one[3])
	w.note(micros(e.CreatedAt), micros(e.ErasedAt), noCodes)
	w.deliveries(micros(e.ErasedAt))
	for _, table := range []string{"tokens", "account_names"} {
		w.exec(`DELETE FROM `+table+` WHERE account_id = $1 AND account_id <> '' AND org_id = $3 AND `+oneAccount, w.one...)
	}
	w.exec(`DELETE FROM accounts WHERE id = $1 AND $2 = '' AND org_id = $3 AND version = $4`, w.one...)
	return w.batch
}
